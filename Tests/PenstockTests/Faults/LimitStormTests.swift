import Foundation
import Glibc
import Penstock
import PenstockModel
import PenstockStore
import PenstockTesting
import Testing

/// Limits while workers are killed, and while clocks of clients are wrong. The ledger lies outside Redis.
@Suite("Limits under faults", .timeLimit(.minutes(10))) struct LimitStormTests {
    private static var isLong: Bool { ProcessInfo.processInfo.environment["PENSTOCK_LONG_TESTS"] == "1" }

    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    @Test("five slots, twenty workers, a kill every second: never a sixth holder, and no slot leaks")
    func slots() async throws {
        let (workers, kills) = Self.isLong ? (20, 30) : (8, 6)
        let lease = Duration.seconds(2)
        try await withTemporaryDirectory { directory in
            try await Rig.with { rig in
                let ledger = Ledger(in: directory)
                try await rig.penstock.store.setLimit(.kind("ledger"), LimitTerms(concurrency: 5))
                // Enough for the storm and what follows.
                try await rig.penstock.enqueue(
                    many: (0..<3000).map { LedgerJob(number: $0, milliseconds: 40 + 20 * ($0 % 7)) })
                let dead = EventBox<(pid: Int32, at: Int64)>("deaths")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    let victims = EventBox<TestProcess>("workers")
                    for _ in 0..<workers {
                        group.addTask {
                            for life in 0... {
                                let goesOn = try await WorkerProgram.run(
                                    rig, ledger: ledger, concurrency: 2, lease: lease
                                ) {
                                    worker in
                                    try await worker.output.line("its registration", within: .seconds(60)) {
                                        $0.hasPrefix("registered")
                                    }
                                    victims.post(worker)
                                    if life > 50 { return false }
                                    return try await worker.exit(within: .seconds(200)) == .signal(SIGKILL)
                                }
                                guard goesOn else { return }
                            }
                        }
                    }
                    var alive: [TestProcess] = []
                    for _ in 0..<workers {
                        alive.append(try await victims.next("a worker", within: .seconds(90)) { _ in true })
                    }
                    for kill in 0..<kills {
                        // Sleeps because: the storm has a kill a second.
                        try await Task.sleep(for: .seconds(1))
                        let victim = alive.remove(at: kill % alive.count)
                        let pid = victim.pid
                        victim.signal(SIGKILL)
                        dead.post((pid, Self.now))
                        alive.append(try await victims.next("its successor", within: .seconds(60)) { _ in true })
                    }
                    // No leak: all five slots are in use within one lease.
                    try await eventually("all slots to be in use", within: lease + .seconds(1)) {
                        try await rig.command("SCARD", "{t:0}:holders:kind:ledger").int == 5
                    }
                    try await eventually("five at once", within: .seconds(10)) {
                        Self.holders(ledger.entries, dead: dead.pending, lease: 0).last == 5
                    }
                    _ = try await rig.penstock.pause(queue: "default")
                    try await eventually("the last one to end", within: .seconds(20)) {
                        try await rig.queue().running == 0
                    }
                    for worker in alive { worker.signal(SIGTERM) }
                    try await group.waitForAll()
                }
                // A killed worker's lease holds for at least its length less a heartbeat (a third).
                let most = Self.holders(ledger.entries, dead: dead.pending, lease: 1200).max() ?? 0
                print("storm: \(ledger.entries.count) lines, \(kills) kills, at most \(most) holders at once")
                #expect(most == 5)
                #expect(try await KeyspaceAudit.check(rig.penstock.store) == [])
                #expect(try await rig.command("EXISTS", "{t:0}:holders:kind:ledger").int == 0)
            }
        }
    }

    /// How many executions are under an unexpired lease, after each line of the ledger. One of a killed worker counts for
    /// `lease` ms after its death.
    private static func holders(_ entries: [Ledger.Entry], dead: [(pid: Int32, at: Int64)], lease: Int64) -> [Int] {
        var changes: [(at: Int64, by: Int)] = []
        let death = Dictionary(dead.map { ($0.pid, $0.at) }) { first, _ in first }
        var open: [String: Ledger.Entry] = [:]
        for entry in entries {
            let key = "\(entry.pid) \(entry.number)"
            changes.append((entry.at, entry.isEnd ? -1 : 1))
            open[key] = entry.isEnd ? nil : entry
        }
        for entry in open.values { if let at = death[entry.pid] { changes.append((at + lease, -1)) } }
        var now = 0
        // Ends before begins of the same millisecond.
        return changes.sorted { ($0.at, $0.by) < ($1.at, $1.by) }.map { change in
            now += change.by
            return now
        }
    }

    @Test("rates and delays hold when the clocks of clients are an hour off, either way")
    func clocks() async throws {
        let libraries = ["x86_64", "aarch64"].map { "/usr/lib/\($0)-linux-gnu/faketime/libfaketime.so.1" }
        let library = try #require(libraries.first { access($0, R_OK) == 0 }, "libfaketime is missing: run .ci/setup")
        func shifted(_ by: String) -> [String: String?] {
            ["LD_PRELOAD": library, "FAKETIME": by, "FAKETIME_DONT_FAKE_MONOTONIC": "1"]
        }
        try await withTemporaryDirectory { directory in
            try await Rig.with { rig in
                let ledger = Ledger(in: directory)
                try await rig.penstock.store.setLimit(.kind("ledger"), LimitTerms(jobs: 20, burst: 2))
                try await WorkerProgram.run(
                    rig, ledger: ledger, concurrency: 1, lease: .seconds(60), environment: shifted("+3600s")
                ) {
                    ahead in
                    try await WorkerProgram.run(
                        rig, ledger: ledger, concurrency: 1, lease: .seconds(60), environment: shifted("-3600s")
                    ) {
                        behind in
                        for worker in [ahead, behind] {
                            try await worker.output.line("its registration", within: .seconds(30)) {
                                $0.hasPrefix("registered")
                            }
                        }
                        let began = Self.now
                        try await rig.penstock.enqueue(many: (0..<40).map { LedgerJob(number: $0, milliseconds: 90) })
                        try await rig.penstock.enqueue(
                            LedgerJob(number: 100), .init(queue: "default", delay: .seconds(1)))
                        try await eventually("all of them", within: .seconds(30)) { ledger.ended.count == 41 }
                        let entries = ledger.entries.filter { !$0.isEnd }
                        // 41 jobs: two at once, then one every 50 ms; each takes longer, so that both workers are needed.
                        for (place, entry) in entries.sorted(by: { $0.at < $1.at }).enumerated() {
                            #expect(
                                entry.at - began >= Int64(place - 1) * 50 - 5,
                                "job \(place) after \(entry.at - began) ms")
                        }
                        let delayed = try #require(entries.first { $0.number == 100 })
                        #expect(delayed.at - began >= 995)
                        let last = try #require(entries.map(\.at).max())
                        #expect(last - began < 15_000)
                        #expect(Set(entries.map(\.pid)).count == 2, "both take part")
                        ahead.signal(SIGTERM)
                        behind.signal(SIGTERM)
                        let exits = [try await ahead.exit(), try await behind.exit()]
                        #expect(exits == [.code(0), .code(0)])
                    }
                }
            }
        }
    }
}
