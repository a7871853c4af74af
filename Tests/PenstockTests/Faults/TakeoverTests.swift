import Penstock
import PenstockModel
import PenstockStore
import PenstockTesting
import Testing

/// Takeovers step by step, with the calls that workers make.
@Suite("Takeovers", .timeLimit(.minutes(10))) struct TakeoverTests {
    private let lease = Duration.seconds(10)

    private func register(_ rig: Rig, _ names: String..., queue: String = "default") async throws {
        let facts = WorkerFacts(queues: [queue], kinds: nil, concurrency: 1, host: "", pid: 0)
        for name in names { try await rig.penstock.store.register(worker: name, lease: lease, facts: facts) }
    }

    private func cycle(
        _ rig: Rig, _ worker: String, claim: Int, room: Int = 0, reconcile: [(id: TaskID, claim: Int)]? = nil,
        ended: [EndedTask] = [], queue: String = "default"
    ) async throws -> CycleTurn? {
        let request = CycleRequest(
            worker: worker, lease: lease, claim: claim, room: room, queues: [queue], reconcile: reconcile, ended: ended)
        if case .turn(let turn) = try await rig.penstock.store.cycle(request) { return turn }
        return nil
    }

    /// Lets the lease of all but `living` run out, without a silence.
    private func expireOthers(_ rig: Rig, living: String, queue: String = "default") async throws {
        for claim in 100..<104 {
            try await rig.advanceClock(by: .seconds(4))
            _ = try await rig.penstock.store.heartbeat(worker: living, lease: lease)
            if claim == 103 { _ = try await cycle(rig, living, claim: claim, queue: queue) }
        }
    }

    @Test("a worker that signs off while it is being taken over takes nothing with it")
    func signOffHalfWay() async throws {
        try await Rig.with { rig in
            try await register(rig, "one", "two")
            try await rig.penstock.enqueue(many: (0..<250).map { Work(number: $0) })
            #expect(try await cycle(rig, "one", claim: 1, room: 250)?.claimed.count == 250)
            try await expireOthers(rig, living: "two")
            let first = try await rig.queue()
            #expect(first.recovered == 100 && first.running == 150, "a chunk at a time")
            // The first comes back to life, is told that it is dead, and signs off.
            #expect(try await cycle(rig, "one", claim: 2) == nil)
            #expect(try await rig.penstock.store.retire(worker: "one") == 0)
            let half = try await rig.queue()
            #expect(half.ready == 100 && half.running == 150)
            for claim in 200..<203 { _ = try await cycle(rig, "two", claim: claim) }
            let last = try await rig.queue()
            #expect(last.ready == 250 && last.running == 0 && last.recovered == 250)
            #expect(try await rig.penstock.workers().map(\.name) == ["two"])
            let claimed = try #require(try await cycle(rig, "two", claim: 300, room: 300)?.claimed)
            #expect(claimed.count == 250 && claimed.allSatisfy { $0.history.recoveries == 1 && $0.attempt == 1 })
        }
    }

    @Test("a worker of another queue that takes over wakes one that can do the work")
    func wakesOthers() async throws {
        try await Rig.with { rig in
            try await register(rig, "lost", "same")
            try await register(rig, "other", queue: "elsewhere")
            try await rig.penstock.enqueue(Work())
            #expect(try await cycle(rig, "lost", claim: 1, room: 1)?.claimed.count == 1)
            _ = try await cycle(rig, "same", claim: 1, room: 1)
            for _ in 0..<4 {
                try await rig.advanceClock(by: .seconds(4))
                for name in ["same", "other"] { _ = try await rig.penstock.store.heartbeat(worker: name, lease: lease) }
            }
            try await rig.command("DEL", "{t:0}:wake:same")
            _ = try await cycle(rig, "other", claim: 2, room: 1, queue: "elsewhere")
            #expect(try await rig.queue().ready == 1)
            #expect(try await rig.command("LLEN", "{t:0}:wake:same").int == 1)
        }
    }

    @Test("a review of leases leaves alone what was claimed after its list was made")
    func overtakenReview() async throws {
        try await Rig.with { rig in
            try await register(rig, "one")
            try await rig.penstock.enqueue(many: (0..<4).map { Work(number: $0) })
            let early = try #require(try await cycle(rig, "one", claim: 1, room: 2)?.claimed)
            let later = try #require(try await cycle(rig, "one", claim: 5, room: 2)?.claimed)
            #expect(early.count == 2 && later.count == 2)
            // A call with number 3 that was on its way for long: it knows of the first claim only, and of half of it.
            let turn = try await cycle(rig, "one", claim: 3, reconcile: [(early[0].id, 1)])
            #expect(turn != nil)
            #expect(try await rig.queue().ready == 1)
            let ended = (early + later).map { EndedTask(id: $0.id, claim: $0.claim, outcome: .completed) }
            #expect(try await cycle(rig, "one", claim: 6, ended: ended)?.stale == [early[1].id])
        }
    }

    @Test("what is handed back keeps its order, in whatever order it is named")
    func order() async throws {
        try await Rig.with { rig in
            try await register(rig, "one")
            let ids = try await rig.penstock.enqueue(many: (0..<6).map { Work(number: $0) }).map(\.id)
            let claimed = try #require(try await cycle(rig, "one", claim: 1, room: 4)?.claimed)
            #expect(claimed.map(\.id) == Array(ids[0..<4]))
            let ended = [2, 0, 3, 1].map { EndedTask(id: ids[$0], claim: 1, outcome: .released) }
            #expect(try await cycle(rig, "one", claim: 2, ended: ended)?.stale == [])
            #expect(try await cycle(rig, "one", claim: 3, room: 6)?.claimed.map(\.id) == ids)
        }
    }

    @Test("a record that cannot be read does not hold up the worker: it is a dead letter")
    func unreadable() async throws {
        try await Rig.with { rig in
            let done = Notes<Int>("done")
            let bad = try await rig.penstock.enqueue(Work(number: 1)).id
            try await rig.penstock.enqueue(Work(number: 2))
            // A priority that no version knows.
            try await rig.command("HSET", "{t:0}:tasks", bad.rawValue, "work\tdefault\t\turgent\n{}")
            try await RunningWorker.with(rig.penstock, options: .draining) { worker in
                worker.handle(Work.self) { job, _ in done.post(job.number) }
            } _: { running in
                #expect(try await done.next() == 2)
                try await running.events.next("the end", within: .seconds(20)) { $0 == .stopped }
                #expect(running.worker.statistics.dead == 1)
            }
            #expect(try await rig.queue().dead == 1)
            let letter = try #require(try await rig.penstock.deadLetters(queue: "default").first)
            #expect(letter.id == bad && letter.history.first?.message.contains("cannot be read") == true)
            #expect(try await rig.penstock.discard([bad]) == [.discarded])
            try await rig.expectNothingLeft()
        }
    }
}
