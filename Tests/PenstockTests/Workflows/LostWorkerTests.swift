import Penstock
import PenstockModel
import PenstockStore
import PenstockTesting
import Testing

/// A task of a run ends by a commit of its run only: what ends jobs leaves it alone, and what a lost worker held goes on.
@Suite("Runs and lost workers", .timeLimit(.minutes(10))) struct LostWorkerTests {
    enum Status: String, CaseIterable, Codable, Sendable { case created, done }

    @Test("a step whose worker was lost three times fails, its code is called no more, and the run is rolled back")
    func step() async throws {
        let journal = Journal()
        let flow = try Workflow("deadly", input: NoInput.self) { flow in
            flow.step("deadly", retry: .quick(5)) { _, _ in journal.note("run") }
                .rollback { _, _ in journal.note("undone") }
        }
        try await Rig.with { rig in
            let run = try await rig.penstock.start(flow).run
            try await rig.loseWorkers(3)
            #expect(try await run.status().state("deadly") == .active)
            try await RunningWorker.with(rig.penstock) {
                $0.handle(flow)
            } _: { _ in
                let status = try await run.wait()
                #expect(status.state == .rolledBack && journal.all == ["undone"])
                let message = status.errors.first?.message
                #expect(
                    message?.hasPrefix("its worker was lost three times: lease expired") == true, "\(status.errors)")
            }
            let queue = try await rig.queue()
            #expect(queue.dead == 0 && queue.recovered == 3)
            #expect(try await KeyspaceAudit.check(rig.penstock.store) == [])
        }
    }

    @Test("the code of a status whose worker was lost three times pauses the run; resumed, it is called again")
    func machine() async throws {
        let journal = Journal()
        let machine = try StateMachine("deadly-machine", object: Int.self, initial: Status.created) { machine in
            machine.step(.created, to: .done, pauseAfterErrors: 1) { object, _ in
                journal.note("run")
                object += 1
                return .to(.done)
            }
        }
        try await Rig.with { rig in
            let run = try await rig.penstock.start(machine, 1)
            try await rig.loseWorkers(3)
            try await RunningWorker.with(rig.penstock) {
                $0.handle(machine)
            } _: { _ in
                #expect(try await run.run.wait(for: .paused).state == .paused && journal.all.isEmpty)
                try await run.run.resume()
                #expect(try await run.output() == 2)
            }
            #expect(try await KeyspaceAudit.check(rig.penstock.store) == [])
        }
    }

    @Test("a hook whose worker was lost three times is given up; a scrubber too, and then all data go")
    func hook() async throws {
        let journal = Journal()
        let machine = try StateMachine("deadly-hook", object: String.self, initial: Status.created) { machine in
            machine.step(.created, to: .done) { _, _ in .to(.done) }
            machine.hook(.completed) { _, _ in journal.note("hook") }
            machine.scrub { _ in
                journal.note("scrub")
                return "scrubbed"
            }
        }
        try await Rig.with { rig in
            // It has ended when it is started.
            let run = try await rig.penstock.start(machine, "secret", in: .done)
            #expect(try await run.output() == "secret")
            try await run.run.deleteData()
            #expect(try await run.run.status().state == .deletingData)
            let why = try await run.run.why()
            #expect(why.count == 2 && why.last?.hasPrefix("delete-data 0: ") == true, "\(why)")
            try await rig.loseWorkers(3)
            try await RunningWorker.with(rig.penstock) {
                $0.handle(machine)
            } _: { _ in
                #expect(try await run.run.wait(for: .dataDeleted).state == .dataDeleted)
                try await eventually("the hook to be given up") { try await rig.queue().completed == 2 }
            }
            #expect(try await run.run.output() == nil && journal.all.isEmpty)
            let error = await #expect(throws: PenstockError.self) { try await run.output() }
            #expect(error?.code == .runFailed && error?.message.contains("data deleted") == true)
            #expect(try await KeyspaceAudit.check(rig.penstock.store) == [])
        }
    }

    @Test(
        "a scrubber that throws is called again, also after a permanent error; who waits meanwhile is told of the end")
    func scrubber() async throws {
        let journal = Journal()
        let flow = try Workflow("scrubber", input: Order.self) { flow in
            flow.step("only") { _, _ in }
            flow.scrub { order in
                journal.note("scrub")
                switch journal.all.count {
                case 1: throw JobFailure.permanent("never")
                case 2: throw JobFailure.retry(after: .milliseconds(1), "not yet")
                default: return Order(number: order.number + 1, items: [])
                }
            }
        }
        let prepare: @Sendable (Worker) -> Void = { $0.handle(flow) }
        try await withWorkflows(prepare) { rig in
            let run = try await rig.penstock.start(flow, Order(number: 1, items: ["secret"])).run
            _ = try await run.wait()
            await expectNotNow { try await run.skip("only") }
            try await run.deleteData()
            try await run.deleteData()
            #expect(try await run.wait(for: .dataDeleted).state == .dataDeleted)
            #expect(journal.all.count == 3)
            // Once more: of what is left.
            try await run.deleteData()
            try await eventually("it to be done again") { journal.all.count == 4 }
            try await eventually("the end of that") { try await run.status().state == .dataDeleted }
            let input = try #require(try await run.input())
            #expect(try JSONCodec().decode(Order.self, from: input) == Order(number: 3, items: []))
            await expectNotNow { try await run.rerun(from: "only") }
            await expectNotNow { _ = try await run.wait(for: .paused) }
        }
    }

    @Test("a step is not cancelled as a job, and a purge of its queue does not take it")
    func doors() async throws {
        let flow = try Workflow("doors", input: NoInput.self) { flow in
            flow.step("first") { _, _ in }
        }
        try await Rig.with { rig in
            let run = try await rig.penstock.start(flow).run
            try await rig.penstock.enqueue(many: (0..<10).map { Work(number: $0) })
            let step = try #require(TaskID("\(run.id)-a1"))
            #expect(try await rig.penstock.cancel(step) == .belongsToRun(run.id))
            #expect(try await rig.penstock.purge(queue: "default") == 10)
            try await RunningWorker.with(rig.penstock) {
                $0.handle(flow)
            } _: { _ in
                let state = try await run.wait().state
                #expect(state == .succeeded)
            }
        }
    }
}

extension Rig {
    /// Has workers claim all that waits and be lost with it, one after the other.
    func loseWorkers(_ count: Int, queue: String = "default") async throws {
        let store = penstock.store
        let lease = Duration.seconds(10)
        let facts = WorkerFacts(queues: [queue], kinds: nil, concurrency: 1, host: "", pid: 0)
        try await store.register(worker: "survivor", lease: lease, facts: facts)
        for number in 1...count {
            try await store.register(worker: "lost\(number)", lease: lease, facts: facts)
            let claim = CycleRequest(worker: "lost\(number)", lease: lease, claim: 1, room: 100, queues: [queue])
            guard case .turn(let turn) = try await store.cycle(claim), !turn.claimed.isEmpty else {
                Issue.record("there is nothing to lose")
                return
            }
            // In small steps: after a long silence of the server nobody is taken over at once, and a busy machine adds to it.
            var isLost = false
            for step in 1...100 where !isLost {
                try await advanceClock(by: .seconds(2))
                _ = try await store.heartbeat(worker: "survivor", lease: lease)
                _ = try await store.cycle(
                    CycleRequest(
                        worker: "survivor", lease: lease, claim: 100 * number + step, room: 0, queues: [queue]))
                isLost = try await command("EXISTS", "{t:0}:held:lost\(number)").int == 0
            }
            #expect(isLost)
        }
        _ = try await store.retire(worker: "survivor")
    }
}
