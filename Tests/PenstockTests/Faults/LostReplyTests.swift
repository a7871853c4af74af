import EmbeddedRedis
import Penstock
import PenstockRuntime
import PenstockStore
import PenstockTesting
import Testing

/// A proxy in the test loses replies that Redis has given.
@Suite("Lost replies", .timeLimit(.minutes(10))) struct LostReplyTests {
    struct Loss: Sendable, CustomTestStringConvertible {
        /// How many calls get their reply first.
        var sparing: Int
        var then: Fault.Aftermath
        var testDescription: String { "call \(sparing + 1), connection \(then)" }
    }

    static let losses = [0, 1, 3].flatMap { sparing in
        [Fault.Aftermath.close, .hang].map { Loss(sparing: sparing, then: $0) }
    }

    /// A call with a claim, with commits, or with both: whatever it did has happened, and the worker does not know.
    @Test("of a claim or a commit: no job is stranded, each runs once and is committed once", arguments: losses)
    func cycle(loss: Loss) async throws {
        try await Rig.with { rig in
            try await rig.load(Scripts.cycle)
            try await FaultProxy.withProxy(to: rig.redis) { proxy in
                let client = try Rig.client(proxy.url)
                let runs = Notes<Int>("runs")
                try await rig.penstock.enqueue(many: (0..<40).map { Work(number: $0) })
                let rule = proxy.apply(
                    .dropReply(then: loss.then), to: .script(Scripts.cycle.digest), sparing: loss.sparing)
                let options = Worker.Options.draining.with { $0.lease = .seconds(3) }
                let began = ContinuousClock.now
                try await RunningWorker.with(client, concurrency: 4, options: options) { worker in
                    worker.handle(Work.self) { job, context in
                        #expect(context.attempt == 1 && context.recoveries == 0)
                        // Sleeps because: it is the job's work.
                        try await Task.sleep(for: .milliseconds(5))
                        runs.post(job.number)
                    }
                } _: { running in
                    try await proxy.applied(rule, within: .seconds(20))
                    try await running.events.next("the end", within: .seconds(40)) { $0 == .stopped }
                    let statistics = running.worker.statistics
                    #expect(statistics.completed == 40 && statistics.refused == 0 && statistics.retried == 0)
                    #expect(!running.events.pending.contains { if case .incarnationLost = $0 { true } else { false } })
                }
                let took = ContinuousClock.now - began
                #expect(took < .seconds(15), "\(took)")
                #expect(runs.pending.sorted() == Array(0..<40), "each ran exactly once")
                let queue = try await rig.queue()
                #expect(queue.completed == 40 && queue.recovered == 0 && queue.retried == 0)
                await client.shutdown()
            }
            try await rig.expectNothingLeft()
        }
    }

    @Test("of a commit that retries or buries: counted once", arguments: [Fault.Aftermath.close, .hang])
    func failedAttempts(then: Fault.Aftermath) async throws {
        try await Rig.with { rig in
            try await rig.load(Scripts.cycle)
            try await FaultProxy.withProxy(to: rig.redis) { proxy in
                let client = try Rig.client(proxy.url)
                let attempts = Notes<Int>("attempts")
                let id = try await rig.penstock.enqueue(Work()).id
                // The first call claims; each one that commits a failure loses its reply.
                proxy.apply(.dropReply(then: then), to: .script(Scripts.cycle.digest), sparing: 1)
                proxy.apply(.dropReply(then: then), to: .script(Scripts.cycle.digest), sparing: 3)
                let options = Worker.Options.quick.with { $0.lease = .milliseconds(1500) }
                try await RunningWorker.with(client, concurrency: 1, options: options) { worker in
                    worker.handle(Work.self, retry: .fixed(.milliseconds(50), attempts: 3)) { _, context in
                        attempts.post(context.attempt)
                        throw JobFailure.retryable("no")
                    }
                } _: { running in
                    try await eventually("the dead letter", within: .seconds(30)) {
                        try await rig.penstock.status(id).state == .dead
                    }
                    try await eventually("the worker to know") { running.worker.statistics.dead == 1 }
                    #expect(running.worker.statistics.retried == 2 && running.worker.statistics.refused == 0)
                }
                #expect(attempts.pending == [1, 2, 3])
                let status = try await rig.penstock.status(id)
                #expect(status.failedAttempts == 3 && status.history.count == 3 && status.recoveries == 0)
                #expect(try await rig.queue().retried == 2)
                await client.shutdown()
            }
        }
    }

    @Test("of an enqueue: stored once, and the caller gets its id", arguments: [Fault.Aftermath.close, .hang])
    func enqueue(then: Fault.Aftermath) async throws {
        try await Rig.with { rig in
            try await rig.load(Scripts.enqueue)
            try await FaultProxy.withProxy(to: rig.redis) { proxy in
                let client = try Rig.client(proxy.url)
                let rule = proxy.apply(.dropReply(then: then), to: .script(Scripts.enqueue.digest))
                let one = try await client.enqueue(Work(number: 1))
                try await proxy.applied(rule)
                #expect(!one.isDuplicate)
                #expect(try await rig.states([one.id]) == [.queued])
                if then == .close {
                    proxy.apply(.dropReply(then: then), to: .script(Scripts.enqueue.digest))
                    let many = try await client.enqueue(many: (0..<500).map { Work(number: $0) })
                    #expect(Set(many.map(\.id)).count == 500 && many.allSatisfy { !$0.isDuplicate })
                    proxy.apply(.dropReply(then: then), to: .script(Scripts.enqueue.digest))
                    let keyed = try await client.enqueue(Work(), .init(idempotencyKey: "k"))
                    #expect(!keyed.isDuplicate)
                    let repeated = try await client.enqueue(Work(), .init(idempotencyKey: "k"))
                    #expect(repeated.isDuplicate && repeated.id == keyed.id)
                    #expect(try await rig.queue().ready == 502)
                } else {
                    #expect(try await rig.queue().ready == 1)
                }
                await client.shutdown()
            }
        }
    }

    @Test("of its registration: the worker starts all the same")
    func registration() async throws {
        try await Rig.with { rig in
            try await rig.load(Scripts.register)
            try await FaultProxy.withProxy(to: rig.redis) { proxy in
                let client = try Rig.client(proxy.url)
                let done = Notes<Int>("done")
                let rule = proxy.apply(.dropReply(), to: .script(Scripts.register.digest), times: 2)
                try await rig.penstock.enqueue(Work(number: 5))
                try await RunningWorker.with(client) {
                    $0.handle(Work.self) { job, _ in done.post(job.number) }
                } _: { running in
                    try await proxy.applied(rule, times: 2)
                    #expect(try await done.next() == 5)
                    #expect(try await rig.penstock.workers().count == 1)
                    try await eventually("the commit") { running.worker.statistics.completed == 1 }
                }
                await client.shutdown()
            }
            try await rig.expectNothingLeft()
        }
    }

    /// A call that was given up for lost and reaches Redis after all, when its repetition has been executed: it claims
    /// tasks that nobody runs.
    @Test("of a claim that is executed late, behind its repetition: found by the review of leases")
    func overtaken() async throws {
        try await Rig.with { rig in
            let runs = Notes<Int>("runs")
            let options = Worker.Options.quick.with { $0.lease = .milliseconds(1500) }
            try await RunningWorker.with(rig.penstock, concurrency: 4, options: options) { worker in
                worker.handle(Work.self) { job, context in
                    #expect(context.recoveries == 0)
                    runs.post(job.number)
                }
            } _: { running in
                let event = try await running.events.next { if case .registered = $0 { true } else { false } }
                guard case .registered(let name) = event else { return }
                // The late call itself, as it would arrive: same incarnation, an old number, no hint to the worker.
                try await rig.penstock.pause(queue: "default")
                try await rig.penstock.enqueue(many: (0..<10).map { Work(number: $0) })
                try await rig.command("HDEL", "{t:0}:paused", "queue:default")
                let late = CycleRequest(
                    worker: name, lease: .milliseconds(1500), claim: 0, room: 10, queues: ["default"])
                guard case .turn(let turn) = try await rig.penstock.store.cycle(late) else {
                    Issue.record("the incarnation is lost")
                    return
                }
                // Unless a look of the worker's own came between.
                #expect(turn.claimed.count <= 10)
                #expect(Set(try await runs.next(10)) == Set(0..<10))
                try await eventually("the commits") { running.worker.statistics.completed == 10 }
                #expect(running.worker.statistics.refused == 0)
            }
            #expect(runs.pending.isEmpty)
            try await rig.expectNothingLeft()
        }
    }

    @Test("of a heartbeat on a connection that fell silent: found in time, the lease holds")
    func heartbeat() async throws {
        try await Rig.with { rig in
            try await rig.load(Scripts.heartbeat)
            try await FaultProxy.withProxy(to: rig.redis) { proxy in
                let client = try Rig.client(proxy.url)
                let door = Door()
                let started = TestSignal("the start")
                let options = Worker.Options.quick.with { $0.lease = .seconds(3) }
                try await rig.penstock.enqueue(Work())
                // A second worker that would take over.
                try await RunningWorker.with(rig.penstock, queues: ["elsewhere"], options: options) {
                    $0.handle(Work.self) { _, _ in }
                } _: { _ in
                    try await RunningWorker.with(client, concurrency: 1, options: options) { worker in
                        worker.handle(Work.self) { _, _ in
                            started.raise()
                            await door.pass()
                        }
                    } _: { running in
                        try await started.wait()
                        for _ in 0..<2 {
                            let rule = proxy.apply(.dropReply(then: .hang), to: .script(Scripts.heartbeat.digest))
                            try await proxy.applied(rule)
                            let next = proxy.hits(of: .script(Scripts.heartbeat.digest)) + 2
                            try await proxy.waitForHits(of: .script(Scripts.heartbeat.digest), count: next)
                        }
                        door.open()
                        try await eventually("the commit") { running.worker.statistics.completed == 1 }
                        #expect(running.worker.statistics.refused == 0)
                        #expect(
                            !running.events.pending.contains { if case .incarnationLost = $0 { true } else { false } })
                    }
                }
                await client.shutdown()
            }
        }
    }
}
