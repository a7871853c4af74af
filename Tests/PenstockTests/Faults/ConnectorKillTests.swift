import Glibc
import Penstock
import PenstockTesting
import Testing

/// Processes that serve a connector, killed and stopped at any moment: each effect once, those of a key in order.
@Suite("Connectors under fire", .timeLimit(.minutes(20))) struct ConnectorKillTests {
    @discardableResult
    private func serving<Result>(
        _ rig: Rig, shards: Int, keys: String = "shared", lease: Duration = .seconds(1),
        isolation: isolated (any Actor)? = #isolation, _ body: (TestProcess) async throws -> Result
    ) async throws -> Result {
        let own = try WorkerProgram.path()
        let path = String(own.dropLast("WorkerProcess".count)) + "ConnectorProcess"
        return try await TestProcess.withProcess(path, [rig.redis.url, "\(shards)", "\(lease.milliseconds)", keys]) {
            process in
            try await process.output.line("its start", within: .seconds(30)) { $0 == "serving" }
            return try await body(process)
        }
    }

    @Test func `kills again and again`() async throws {
        let isLong = getenv("PENSTOCK_LONG_TESTS") != nil
        let count = isLong ? 100_000 : 10_000
        let seed = UInt64.random(in: 0...9999)
        let entries = (0..<count).map { "k\($0 % 97) \($0)" }
        try await Rig.with { rig in
            try await rig.publish(Array(entries.prefix(count / 2)))
            let start = ContinuousClock.now
            let kills = try await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask {
                    // The other half comes while the first is taken.
                    for from in stride(from: count / 2, to: count, by: 500) {
                        try await rig.publish(Array(entries[from..<min(from + 500, count)]))
                    }
                    return 0
                }
                for lane in 0..<3 {
                    group.addTask {
                        var (kills, random) = (0, SeededRandom(seed: seed + UInt64(lane)))
                        while try await rig.ledgerCount() < count {
                            try await serving(rig, shards: 4) { process in
                                // So much is done between two kills, in which any moment may be met.
                                let goal =
                                    try await rig.ledgerCount() + Int.random(in: 1...(count / 30), using: &random)
                                try await eventually("\(goal) jobs, seed \(seed)", within: .seconds(120)) {
                                    try await rig.ledgerCount() >= min(goal, count)
                                }
                                if try await rig.ledgerCount() < count {
                                    process.signal(SIGKILL)
                                    kills += 1
                                }
                            }
                        }
                        return kills
                    }
                }
                return try await group.reduce(0, +)
            }
            print("\(count) entries, \(kills) kills, \(ContinuousClock.now - start), seed \(seed)")
            #expect(kills >= 5)
            try await rig.expectLedger(entries)
            let aside = try await rig.penstock.setAsideEvents(of: "ledger")
            #expect(aside == [])
        }
    }

    @Test func `a process that was stopped for longer than its lease wakes up to nothing`() async throws {
        let entries = (0..<6000).map { "k\($0 % 11) \($0)" }
        try await Rig.with { rig in
            try await rig.publish(entries)
            // Keys of each process's own: nothing but the role keeps an effect from happening twice.
            try await serving(rig, shards: 1, keys: "own") { zombie in
                try await eventually("some jobs") { try await rig.ledgerCount() > 300 }
                zombie.signal(SIGSTOP)
                let before = try await rig.ledgerCount()
                // What it had sent is done with, or it is known nowhere: both are counted below.
                try await serving(rig, shards: 1, keys: "own") { heir in
                    try await eventually("the heir to go on", within: .seconds(30)) {
                        try await rig.ledgerCount() > before + 1000
                    }
                    zombie.signal(SIGCONT)
                    try await eventually("all jobs", within: .seconds(30)) {
                        try await rig.ledgerCount() >= entries.count
                    }
                    heir.signal(SIGTERM)
                    #expect(try await heir.exit() == .code(0))
                }
                zombie.signal(SIGTERM)
                #expect(try await zombie.exit() == .code(0))
            }
            // A batch that was applied and not yet acknowledged when the process was stopped is done again by the heir, under
            // keys of its own: one call at most. Beside that, nothing is there twice, and nothing out of order.
            let found = try await rig.ledger()
            let twice = Dictionary(grouping: found) { $0 }.filter { $0.value.count > 1 }
            #expect(twice.count <= 250 && Set(found) == Set(entries))
            print("\(twice.count) entries were in hand when the process was stopped")
        }
    }
}
