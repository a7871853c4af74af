import Penstock
import PenstockRuntime
import PenstockStore
import PenstockTesting
import Testing

@Suite("Ends of a worker", .timeLimit(.minutes(10))) struct ShutdownTests {
    @Test("a graceful one claims no more, lets end what ends in time, hands the rest back at the head, uncounted")
    func graceful() async throws {
        try await Rig.with { rig in
            let started = Notes<Int>("starts")
            let interrupted = Notes<JobContext.Cancellation?>("interruptions")
            let door = Door()
            let ids = try await rig.penstock.enqueue(many: (0..<10).map { Work(number: $0) }).map(\.id)
            let options = Worker.Options.quick.with { $0.shutdownGrace = .milliseconds(500) }
            try await RunningWorker.with(rig.penstock, concurrency: 4, options: options) { worker in
                worker.handle(Work.self) { job, context in
                    started.post(job.number)
                    if job.number == 1 { return await door.pass() }
                    do { try await untilCancelled() } catch {
                        interrupted.post(context.cancellation)
                        throw error
                    }
                }
            } _: { running in
                #expect(Set(try await started.next(4)) == [0, 1, 2, 3])
                await running.shutDown()
                door.open()
                try await eventually("the end of job 1") { try await rig.penstock.status(ids[1]).state == .unknown }
                #expect(try await interrupted.next(3) == [.shutdown, .shutdown, .shutdown])
                try await running.events.next("the end") { $0 == .stopped }
                #expect(running.worker.statistics.completed == 1)
            }
            #expect(started.pending.isEmpty, "nothing was claimed after the shutdown began")
            #expect(try await rig.penstock.workers().isEmpty)
            let queue = try await rig.queue()
            #expect(queue.ready == 9 && queue.running == 0 && queue.recovered == 0 && queue.retried == 0)
            var positions: [Int?] = []
            for number in [0, 2, 3, 4, 9] {
                let status = try await rig.penstock.status(ids[number])
                #expect(status.state == .queued, "job \(number)")
                #expect(status.failedAttempts == 0 && status.recoveries == 0 && status.history.isEmpty)
                positions.append(status.position)
            }
            // They ran side by side, and so they come back; but before all that had to wait for them.
            #expect(Set(positions[0..<3]) == [0, 1, 2] && positions[3...] == [3, 8])
            let again = Notes<(Int, Int)>("second worker")
            try await RunningWorker.with(rig.penstock, concurrency: 1, options: .draining) { worker in
                worker.handle(Work.self) { job, context in again.post((job.number, context.attempt)) }
            } _: { running in
                try await running.events.next("the end") { $0 == .stopped }
            }
            #expect(Set(again.pending.prefix(3).map(\.0)) == [0, 2, 3])
            #expect(again.pending.dropFirst(3).map(\.0) == [4, 5, 6, 7, 8, 9])
            #expect(again.pending.allSatisfy { $0.1 == 1 })
            try await rig.expectNothingLeft()
        }
    }

    @Test("the cancellation of its task ends it now; its jobs go back uncounted")
    func cancelled() async throws {
        try await Rig.with { rig in
            let started = TestSignal("starts")
            let ids = try await rig.penstock.enqueue(many: (0..<3).map { Work(number: $0) }).map(\.id)
            let worker = Worker(rig.penstock, concurrency: 2, options: .quick, logger: Rig.quiet)
            worker.handle(Work.self) { _, _ in
                started.raise()
                try await untilCancelled()
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await worker.run() }
                try await started.wait(times: 2)
                group.cancelAll()
                let asked = ContinuousClock.now
                try await group.waitForAll()
                #expect(ContinuousClock.now - asked < .seconds(10))
            }
            #expect(try await rig.states(ids) == [.queued, .queued, .queued])
            #expect(try await rig.penstock.status(ids[2]).position == 2, "the others are before it")
            #expect(try await rig.penstock.status(ids[0]).recoveries == 0)
            #expect(try await rig.penstock.workers().isEmpty)
        }
    }

    @Test("a worker that has signed off stays away, however long a deaf handler keeps its process")
    func noGhost() async throws {
        try await Rig.with { rig in
            let door = Door()
            let started = TestSignal("the start")
            try await rig.penstock.enqueue(Work())
            try await FaultProxy.withProxy(to: rig.redis) { proxy in
                let client = try Rig.client(proxy.url)
                let options = Worker.Options.quick.with {
                    $0.lease = .milliseconds(300)
                    $0.shutdownGrace = .zero
                    $0.cancellationGrace = .milliseconds(20)
                }
                try await RunningWorker.with(client, options: options) { worker in
                    worker.handle(Work.self) { _, _ in
                        started.raise()
                        await door.pass()
                    }
                } _: { running in
                    try await started.wait()
                    await running.shutDown()
                    try await proxy.waitForHits(of: .script(Scripts.retire.digest), count: 1)
                    try await eventually("it to be gone") { try await rig.penstock.workers().isEmpty }
                    // Ten of its beats later it still is.
                    try await RunningWorker.with(rig.penstock, queues: ["elsewhere"], options: options) { worker in
                        worker.handle(Other.self) { _, _ in }
                    } _: { second in
                        try await second.started()
                        let before = try await heartbeats(rig)
                        try await eventually("ten beats") { try await heartbeats(rig) >= before + 10 }
                        #expect(try await rig.penstock.workers().count == 1)
                    }
                    door.open()
                    try await running.events.next("the end") { $0 == .stopped }
                }
                await client.shutdown()
            }
            #expect(try await rig.penstock.workers().isEmpty)
        }
    }

    /// How many script calls Redis has seen, at least ten a second from a worker with a short lease.
    private func heartbeats(_ rig: Rig) async throws -> Int {
        let info = try await rig.command("INFO", "commandstats").text ?? ""
        let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_evalsha:") }
        return line?.firstMatch(of: /calls=(\d+)/).flatMap { Int($0.1) } ?? 0
    }

    @Test("what a worker alone knew to come due is not forgotten when it leaves")
    func dueIsPassedOn() async throws {
        try await Rig.with { rig in
            let done = Notes<ContinuousClock.Instant>("done")
            let prepare: @Sendable (Worker) -> Void = { $0.handle(Work.self) { _, _ in done.post(.now) } }
            try await RunningWorker.with(rig.penstock, prepare: prepare) { staying in
                try await eventually("one idle worker") {
                    try await rig.command("SCARD", "{t:0}:idle:default").int == 1
                }
                let due: ContinuousClock.Instant = try await RunningWorker.with(rig.penstock, prepare: prepare) {
                    leaving in
                    try await eventually("two idle workers") {
                        try await rig.command("SCARD", "{t:0}:idle:default").int == 2
                    }
                    try await rig.penstock.enqueue(Work(), .init(delay: .milliseconds(700)))
                    return .now + .milliseconds(700)
                }
                // Whichever of the two was told of the job. Without the news, the other looks every five seconds.
                let late = try await done.next() - due
                #expect(late < .seconds(2), "\(late)")
            }
        }
    }

    @Test("a worker that cannot start says why")
    func cannotStart() async throws {
        let penstock = try Penstock(.init(url: "unix:///nowhere/redis.sock", namespace: "t"), logger: Rig.quiet)
        let worker = Worker(penstock, logger: Rig.quiet)
        worker.handle(Work.self) { _, _ in }
        let error = await #expect(throws: PenstockError.self) { try await worker.run() }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("/nowhere/redis.sock") == true, "\(error?.message ?? "")")
        await penstock.shutdown()
        let wrong = Worker(penstock, queues: [], logger: Rig.quiet)
        wrong.handle(Work.self) { _, _ in }
        let refused = await #expect(throws: PenstockError.self) { try await wrong.run() }
        #expect(refused?.code == .invalidArgument)
        let empty = await #expect(throws: PenstockError.self) { try await Worker(penstock, logger: Rig.quiet).run() }
        #expect(empty?.message.contains("handler") == true)
    }
}
