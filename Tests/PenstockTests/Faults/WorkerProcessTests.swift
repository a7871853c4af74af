import Glibc
import Penstock
import PenstockTesting
import Testing

/// Workers in processes of their own, which are stopped and killed.
@Suite("Worker processes", .timeLimit(.minutes(10))) struct WorkerProcessTests {
    @Test("one that is stopped past its lease: its jobs run elsewhere, its late commits are refused and counted")
    func zombie() async throws {
        try await withTemporaryDirectory { directory in
            try await Rig.with { rig in
                let ledger = Ledger(in: directory)
                let door = directory + "/door"
                try await WorkerProgram.run(rig, ledger: ledger) { zombie in
                    try await zombie.output.line("its registration") { $0.hasPrefix("registered") }
                    try await rig.penstock.enqueue(many: (0..<4).map { LedgerJob(number: $0, until: door) })
                    try await eventually("four jobs to run") { ledger.begun.count == 4 }
                    zombie.signal(SIGSTOP)
                    let first = try #require(zombie.output.lines.first { $0.hasPrefix("registered") })
                    try await WorkerProgram.run(rig, ledger: ledger) { other in
                        try await eventually("the takeover", within: .seconds(20)) {
                            ledger.entries.filter { $0.pid == other.pid && !$0.isEnd }.count == 4
                        }
                        #expect(mkfifo(door, 0o600) == 0)
                        try await eventually("the jobs to be done", within: .seconds(20)) {
                            try await rig.queue().completed == 4
                        }
                        #expect(try await rig.queue().recovered == 4)
                        #expect(zombie.output.lines.allSatisfy { !$0.hasPrefix("refused") })
                        zombie.signal(SIGCONT)
                        try await zombie.output.line("the news", within: .seconds(20)) { $0.hasPrefix("lost") }
                        try await zombie.output.line("its new life", within: .seconds(20)) {
                            $0.hasPrefix("registered") && $0 != first
                        }
                        other.signal(SIGTERM)
                        #expect(try await other.exit() == .code(0))
                    }
                    // It works on.
                    try await rig.penstock.enqueue(many: (10..<30).map { LedgerJob(number: $0) })
                    try await eventually("its new jobs", within: .seconds(20)) { try await rig.queue().completed == 24 }
                    zombie.signal(SIGTERM)
                    #expect(try await zombie.exit() == .code(0))
                    let refused = zombie.output.lines.filter { $0.hasPrefix("refused") }
                        .flatMap { $0.split(separator: " ").dropFirst() }
                    #expect(refused.count == 4 && Set(refused).count == 4)
                    try await zombie.output.line("the count") { $0 == "statistics refused=4 completed=20" }
                }
                let begun = ledger.begun
                #expect(begun.count == 24)
                #expect((0..<4).allSatisfy { begun[$0] == 2 } && (10..<30).allSatisfy { begun[$0] == 1 })
                try await rig.expectNothingLeft()
            }
        }
    }

    @Test("one that is killed is taken over within its lease and a second; only what it ran runs twice")
    func killed() async throws {
        try await withTemporaryDirectory { directory in
            try await Rig.with { rig in
                let ledger = Ledger(in: directory)
                let count = 600
                try await WorkerProgram.run(rig, ledger: ledger, concurrency: 8) { victim in
                    try await WorkerProgram.run(rig, ledger: ledger, concurrency: 8) { survivor in
                        for worker in [victim, survivor] {
                            try await worker.output.line("its registration") { $0.hasPrefix("registered") }
                        }
                        try await rig.penstock.enqueue(
                            many: (0..<count).map { LedgerJob(number: $0, milliseconds: 10) })
                        try await eventually("half of them", within: .seconds(30)) { ledger.ended.count >= count / 3 }
                        victim.signal(SIGKILL)
                        let killed = ContinuousClock.now
                        #expect(try await victim.exit() == .signal(SIGKILL))
                        let inFlight = Set(ledger.entries.filter { $0.pid == victim.pid && !$0.isEnd }.map(\.number))
                            .subtracting(ledger.entries.filter { $0.pid == victim.pid && $0.isEnd }.map(\.number))
                        try await eventually("all jobs to be done", within: .seconds(30)) {
                            try await rig.queue().completed == count
                        }
                        let again = ledger.begun.filter { $0.value > 1 }
                        #expect(again.allSatisfy { $0.value == 2 })
                        // What had ended and was not committed yet is in flight too: no more than the slots, twice.
                        #expect(again.count <= 16, "\(again.count) jobs ran twice")
                        #expect(inFlight.count <= 8)
                        #expect(ledger.ended.count == count)
                        let queue = try await rig.queue()
                        #expect(queue.running == 0 && queue.recovered >= again.count && queue.dead == 0)
                        print(
                            "killed worker: \(inFlight.count) in flight, \(again.count) ran twice, \(queue.recovered) recovered"
                        )
                        let took = ContinuousClock.now - killed
                        #expect(took < .seconds(20), "\(took)")
                    }
                }
                try await rig.expectNothingLeft()
            }
        }
    }

    /// The rest of the fleet is idle, so that the moment of the takeover is the lease's.
    @Test("the takeover comes within the lease and a second")
    func takeoverTime() async throws {
        try await withTemporaryDirectory { directory in
            try await Rig.with { rig in
                let ledger = Ledger(in: directory)
                // Half of it, the silence after which leases get more time, is beyond what a busy machine makes.
                let lease = Duration.seconds(3)
                try await WorkerProgram.run(rig, ledger: ledger, concurrency: 2, lease: lease) { victim in
                    try await victim.output.line("its registration") { $0.hasPrefix("registered") }
                    try await rig.penstock.enqueue(many: (0..<2).map { LedgerJob(number: $0, milliseconds: 1) })
                    try await eventually("a first job") { try await rig.queue().completed == 2 }
                    try await rig.penstock.enqueue(LedgerJob(number: 7, until: directory + "/door"))
                    try await eventually("the job to run") { ledger.begun[7] == 1 }
                    try await WorkerProgram.run(rig, ledger: ledger, concurrency: 2, lease: lease) { survivor in
                        try await survivor.output.line("its registration") { $0.hasPrefix("registered") }
                        try await eventually("it to be idle") {
                            try await rig.command("SCARD", "{t:0}:idle:default").int == 2
                        }
                        victim.signal(SIGKILL)
                        let killed = ContinuousClock.now
                        try await eventually("the takeover", within: .seconds(20)) { ledger.begun[7] == 2 }
                        let took = ContinuousClock.now - killed
                        print("takeover after SIGKILL with a lease of \(lease): \(took)")
                        #expect(took < lease + .seconds(1))
                        #expect(mkfifo(directory + "/door", 0o600) == 0)
                        try await eventually("the end of it") { try await rig.queue().completed == 3 }
                    }
                }
                try await rig.expectNothingLeft()
            }
        }
    }

    @Test("a job that kills its worker each time is a dead letter after three recoveries, and others are done")
    func poison() async throws {
        try await withTemporaryDirectory { directory in
            try await Rig.with { rig in
                let ledger = Ledger(in: directory)
                let poison = try await rig.penstock.enqueue(LedgerJob(number: -1, dies: true)).id
                for life in 1...3 {
                    try await WorkerProgram.run(rig, ledger: ledger, concurrency: 1, lease: .milliseconds(300)) {
                        worker in
                        let exit = try await worker.exit()
                        #expect(exit == .signal(SIGKILL), "life \(life)")
                    }
                }
                try await WorkerProgram.run(rig, ledger: ledger, concurrency: 1, lease: .milliseconds(300)) { worker in
                    try await eventually("the dead letter", within: .seconds(20)) {
                        try await rig.penstock.status(poison).state == .dead
                    }
                    try await rig.penstock.enqueue(LedgerJob(number: 1))
                    try await eventually("another job") { try await rig.queue().completed == 1 }
                    #expect(worker.exitNow == nil)
                }
                #expect(ledger.begun == [-1: 3, 1: 1])
                #expect(
                    ledger.entries.filter { $0.number == -1 }.allSatisfy { $0.attempt == 1 },
                    "recoveries are no attempts")
                let status = try await rig.penstock.status(poison)
                #expect(status.recoveries == 3 && status.failedAttempts == 0 && status.history.count == 3)
                #expect(status.history.allSatisfy { $0.message.hasPrefix("lease expired: worker ") })
                #expect(try await rig.penstock.discard([poison]) == [.discarded])
                try await rig.expectNothingLeft()
            }
        }
    }
}
