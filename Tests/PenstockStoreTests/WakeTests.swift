import PenstockModel
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

/// Who is told of what.
@Suite(.timeLimit(.minutes(10))) struct WakeTests {
    /// The hints since the last look.
    private func hints(_ store: Store) async throws -> [String: [String]] {
        let hints = try await KeyspaceAudit.read(store).hints
        for worker in hints.keys { try await store.raw("DEL", store.keys.wake(worker)) }
        return hints
    }

    private func idlers(_ store: Store, _ count: Int, kinds: [String]? = nil, as name: String = "w") async throws
        -> [Player]
    {
        var players: [Player] = []
        for i in 0..<count {
            var player = try await Player(store, "\(name)\(i)", kinds: kinds, lease: .seconds(300))
            try await player.turn(1)
            players.append(player)
        }
        return players
    }

    @Test func `an enqueue wakes exactly one idle worker, and none of another queue`() async throws {
        try await withStore { store in
            let players = try await idlers(store, 3)
            var other = try await Player(store, "other", queues: ["r"])
            try await other.turn(1)
            try await store.fill(5)
            let told = try await hints(store)
            #expect(told.count == 1 && told.values.first == ["work"] && told["other"] == nil)
            try await store.fill(5)
            let next = try await hints(store)
            #expect(next.count == 1 && next.keys.first != told.keys.first)
            #expect(try await KeyspaceAudit.read(store).idle["q"]?.count == players.count - 2)
        }
    }

    @Test func `who is told of a kind and has no room for it now passes the hint on`() async throws {
        try await withStore { store in
            var idle = try await Player(store, "idle", lease: .seconds(300))
            var full = try await Player(store, "full", lease: .seconds(300))
            var narrow = try await Player(store, "narrow", kinds: ["other"], lease: .seconds(300))
            try await store.fill(1)
            try await narrow.turn(1)
            try await idle.turn(0)
            _ = try await hints(store)
            try await store.raw("SADD", store.keys.prefix + "idle:q", "idle")
            #expect(try await full.turn(5, bounds: [(kind: "k", room: 0)]).claimed.isEmpty)
            #expect(try await hints(store) == ["idle": ["work"]])
            // Nothing is left to be told of.
            #expect(try await idle.turn(5).claimed.count == 1)
            try await full.turn(5, bounds: [(kind: "k", room: 0)])
            #expect(try await hints(store) == [:])
        }
    }

    @Test func `a slot that is given back wakes a worker of the queue in which a lane waits for it`() async throws {
        try await withStore { store in
            let name = try LimitName("a:1")
            try await store.setLimit(name, LimitTerms(concurrency: 1))
            var options = TaskOptions()
            options.limits = [name]
            _ = try await store.enqueue([store.task(queue: "q", options: options)])
            var holder = try await Player(store, "holder", lease: .seconds(300))
            let task = try await holder.claim()
            _ = try await store.enqueue([store.task(queue: "r", options: options)])
            var other = try await Player(store, "other", queues: ["r"], lease: .seconds(300))
            #expect(try await other.turn(1).claimed.isEmpty)
            _ = try await hints(store)
            try await holder.end(task, .completed)
            #expect(try await hints(store) == ["other": ["work"]])
            #expect(try await other.turn(1).claimed.count == 1)
        }
    }

    @Test(arguments: ["a:1", "a:*"])
    func `a limit that is removed wakes a worker for what it kept back`(text: String) async throws {
        try await withStore { store in
            let name = try LimitName(text)
            try await store.setLimit(name, LimitTerms(concurrency: 1))
            var options = TaskOptions()
            options.limits = [try LimitName("a:1")]
            _ = try await store.enqueue([store.task(options: options), store.task(options: options)])
            var holder = try await Player(store, "holder", lease: .seconds(300))
            #expect(try await holder.turn(2).claimed.count == 1)
            try await holder.turn(0)
            let idle = try await idlers(store, 1)
            _ = try await hints(store)
            try await store.setLimit(name, nil)
            #expect(try await hints(store) == [idle[0].name: ["work"]])
        }
    }

    @Test(arguments: [
        Outcome.dead(attempt: 1, message: "no"), .retry(after: .seconds(60), counted: true, attempt: 1, message: "no"),
    ])
    func `what starts again by hand wakes a worker`(outcome: Outcome) async throws {
        try await withStore { store in
            try await store.fill(1)
            var worker = try await Player(store, lease: .seconds(300))
            let task = try await worker.claim()
            try await worker.end(task, outcome)
            let idle = try await idlers(store, 1, as: "idle")
            _ = try await hints(store)
            #expect(try await store.revive([task.id]) == [.ready])
            #expect(try await hints(store) == [idle[0].name: ["work"]])
        }
    }

    @Test func `the end of a pause wakes who takes a kind that was set aside`() async throws {
        try await withStore { store in
            try await store.fill(1, "b")
            var other = try await Player(store, "other", kinds: ["a"], lease: .seconds(300))
            #expect(try await other.turn(1).claimed.isEmpty)
            var right = try await Player(store, "right", kinds: ["b"], lease: .seconds(300))
            // Several times, since one of the two is woken in any case.
            for _ in 0..<8 {
                _ = try await store.pause(.queue("q"), by: "me")
                try await other.turn(1)
                #expect(try await right.turn(1).claimed.isEmpty)
                _ = try await hints(store)
                _ = try await store.resume(.queue("q"))
                #expect(try await hints(store)["right"] == ["work"])
            }
        }
    }

    @Test(arguments: [0, 1])
    func `a slot that is given back wakes who takes the kind that waits for it, by a worker that does not`(
        room: Int
    ) async throws {
        try await withStore { store in
            let name = try LimitName("a:1")
            try await store.setLimit(name, LimitTerms(concurrency: 1))
            var options = TaskOptions()
            options.limits = [name]
            var choosy = try await Player(store, "choosy", kinds: ["a"], lease: .seconds(300))
            _ = try await store.enqueue([store.task("b", options: options)])
            #expect(try await choosy.turn(1).claimed.isEmpty, "b is set aside")
            _ = try await store.enqueue([store.task("a", options: options)])
            let task = try await choosy.claim()
            var right = try await Player(store, "right", lease: .seconds(300))
            #expect(try await right.turn(1).claimed.isEmpty, "b waits for the slot")
            _ = try await hints(store)
            try await choosy.turn(room, ended: [EndedTask(id: task.id, claim: task.claim, outcome: .completed)])
            #expect(try await hints(store) == ["right": ["work"]])
            #expect(try await right.turn(1).claimed.map(\.record.kind) == ["b"])
        }
    }

    @Test func `a schedule that is due before all others tells a worker, a later one nobody`() async throws {
        try await withStore { store in
            let worker = try await idlers(store, 1)[0]
            func save(_ name: String, in milliseconds: Int64) async throws {
                let due = store.serverNow + milliseconds
                let change = ScheduleChange(name: name, spec: Array("{}".utf8), payload: [], tick: due, due: due)
                #expect(try await store.save(change) == .saved)
            }
            try await save("first", in: 60_000)
            #expect(try await hints(store) == [worker.name: ["work"]])
            try await save("later", in: 90_000)
            #expect(try await hints(store) == [:])
            try await save("sooner", in: 30_000)
            #expect(try await hints(store) == [worker.name: ["work"]])
        }
    }

    @Test func `a debounced job that moves to another queue tells a worker of that one`() async throws {
        try await withStore { store in
            func enqueue(_ queue: String) async throws {
                var task = store.task(queue: queue)
                task.uniqueness = Uniqueness("u", until: .debounced(wait: .seconds(10), atMost: .seconds(60)))
                try await store.enqueue([task])
            }
            try await enqueue("q")
            var one = try await Player(store, "one", queues: ["q"], lease: .seconds(300))
            var other = try await Player(store, "other", queues: ["r"], lease: .seconds(300))
            for _ in 0..<2 { _ = (try await one.turn(1), try await other.turn(1)) }
            _ = try await hints(store)
            try await enqueue("r")
            #expect(try await hints(store) == ["other": ["work"]])
            try await other.turn(1)
            try await enqueue("r")
            #expect(try await hints(store) == [:])
        }
    }

    @Test func `a callback of a batch wakes a worker`() async throws {
        try await withStore { store in
            let batch = BatchID(store.makeID())
            try await store.openBatch(
                batch, keep: .seconds(60), parent: nil, name: "", callbacks: [.done: store.task(queue: "after")])
            var idle = try await Player(store, "idle", queues: ["after"], lease: .seconds(300))
            try await idle.turn(1)
            #expect(try await store.sealBatch(batch) == .ended)
            #expect(try await hints(store) == ["idle": ["work"]])
            #expect(try await idle.turn(1).claimed.count == 1)
        }
    }

    @Test func `what a full worker hands back, since it does not run it, wakes another one`() async throws {
        try await withStore { store in
            try await store.fill(1)
            var full = try await Player(store, "full")
            _ = try await full.claim()
            let idle = try await idlers(store, 1)
            try await full.turn(0, reconcile: [])
            #expect(try await hints(store) == [idle[0].name: ["work"]])
        }
    }

    @Test func `nobody is woken for a paused queue, one for its resumption`() async throws {
        try await withStore { store in
            _ = try await idlers(store, 2)
            _ = try await store.pause(.queue("q"), by: "me")
            try await store.fill(5)
            try await store.fill(1, start: .after(.seconds(1)))
            #expect(try await hints(store) == [:])
            _ = try await store.resume(.queue("q"))
            #expect(try await hints(store).count == 1)
        }
    }

    @Test func `a delayed task wakes one worker when it is the next to come`() async throws {
        try await withStore { store in
            var players = try await idlers(store, 3)
            try await store.fill(1, start: .after(.seconds(60)))
            var told = try await hints(store)
            #expect(told.count == 1)
            let woken = try #require(players.firstIndex { $0.name == told.keys.first })
            let turn = try await players[woken].turn(1)
            #expect((59_000...60_000).contains(try #require(turn.nextDue) - turn.now))
            try await store.fill(1, start: .after(.seconds(61)))
            #expect(try await hints(store) == [:])
            try await store.fill(1, start: .after(.seconds(30)))
            told = try await hints(store)
            #expect(told.count == 1)
        }
    }

    @Test func `work that one leaves behind is told to the next`() async throws {
        try await withStore { store in
            var players = try await idlers(store, 3)
            try await store.fill(3)
            var served: Set<String> = []
            for left in [2, 1, 0] {
                let told = try await hints(store)
                #expect(told.count == 1)
                let name = try #require(told.keys.first)
                #expect(served.insert(name).inserted)
                let place = try #require(players.firstIndex { $0.name == name })
                #expect(try await players[place].turn(1).claimed.count == 1)
                let waiting = try await KeyspaceAudit.read(store).lanes["q\t"]?.count ?? 0
                #expect(waiting == left)
            }
            #expect(try await hints(store) == [:])
            #expect(try await KeyspaceAudit.read(store).idle == [:], "who is full is not idle")
        }
    }

    @Test func `a worker that hears a hint while its turn is under way is registered again`() async throws {
        try await withStore { store in
            var players = try await idlers(store, 1)
            try await store.fill(1)
            #expect(try await KeyspaceAudit.read(store).idle == [:])
            let turn = try await players[0].turn(2)
            #expect(turn.claimed.count == 1)
            #expect(try await KeyspaceAudit.read(store).idle == ["q": ["w0"]])
            try await store.fill(1)
            #expect(try await hints(store) == ["w0": ["work", "work"]])
        }
    }

    @Test func `a worker without room is not idle, and does not swallow hints`() async throws {
        try await withStore { store in
            var players = try await idlers(store, 1)
            try await players[0].turn(0)
            try await store.fill(1)
            #expect(try await hints(store) == [:])
            #expect(try await KeyspaceAudit.read(store).idle == [:])
        }
    }

    @Test func `nobody is woken for a queue that is empty`() async throws {
        try await withStore { store in
            var busy = try await Player(store, "busy", queues: ["q", "r", "s"])
            for queue in ["r", "s"] {
                var player = try await Player(store, "idle-\(queue)", queues: [queue])
                try await player.turn(1)
            }
            try await store.fill(10)
            for _ in 0..<9 { #expect(try await busy.turn(1).claimed.count == 1) }
            #expect(try await hints(store) == [:])
        }
    }

    @Test func `what is handed back by a full worker wakes another one`() async throws {
        for outcome in [Outcome.released, .retry(after: .seconds(1), counted: true, attempt: 1, message: "m")] {
            try await withStore { store in
                try await store.fill(1)
                var worker = try await Player(store, "worker")
                let task = try await worker.claim()
                _ = try await idlers(store, 2)
                try await worker.end(task, outcome)
                #expect(try await hints(store).count == 1)
            }
        }
    }

    @Test func `kinds that a worker does not take are set aside for one that does`() async throws {
        try await withStore { store in
            var a = try await Player(store, "a", kinds: ["a"])
            var b = try await Player(store, "b", kinds: ["b", "c"])
            var d = try await Player(store, "d", kinds: ["d"])
            try await b.turn(1)
            try await d.turn(1)
            try await store.raw("DEL", "{t:0}:idle:q")
            var ids: [String: [TaskID]] = [:]
            for i in 0..<12 {
                let kind = ["a", "b", "c", "x"][i % 4]
                ids[kind, default: []] += try await store.fill(1, kind, tenant: "t\(i % 2)")
            }
            try await store.raw("SADD", "{t:0}:idle:q", "b", "d")
            let turn = try await a.turn(20)
            #expect(turn.claimed.map(\.id) == ids["a"])
            let audit = try await KeyspaceAudit.read(store)
            #expect(audit.kinds == ["q": ["b", "c", "x"]])
            #expect(audit.hints == ["b": ["work"]], "it takes two of the three kinds and is told once")
            #expect(Set(try await b.turn(20).claimed.map(\.id)) == Set((ids["b"] ?? []) + (ids["c"] ?? [])))
            #expect(try await KeyspaceAudit.read(store).kinds == ["q": ["x"]])
            #expect(try await a.turn(20).claimed.isEmpty)
            let view = try #require(try await store.queues().first)
            #expect(view.asideKinds == ["x"] && view.ready == 3)
            // One who takes any kind finds them.
            var any = try await Player(store, "any")
            #expect(try await any.turn(20).claimed.map(\.id) == ids["x"])
        }
    }

    @Test func `a bound of a kind holds, what is beyond it is set aside for others`() async throws {
        try await withStore { store in
            let slow = try await store.fill(5, "slow")
            let fast = try await store.fill(5, "fast")
            var worker = try await Player(store, "worker")
            var turn = try await worker.turn(4, bounds: [("slow", 2)])
            #expect(turn.claimed.map(\.id) == Array(slow[..<2] + fast[..<2]))
            turn = try await worker.turn(4, bounds: [("slow", 0)])
            #expect(turn.claimed.map(\.id) == Array(fast[2...]))
            #expect(try await worker.turn(4, bounds: [("slow", 0)]).claimed.isEmpty)
            let another = try await store.fill(1, "slow")
            turn = try await worker.turn(4, bounds: [("slow", 1)])
            #expect(turn.claimed.map(\.id) == [slow[2]])
            turn = try await worker.turn(9, bounds: [("slow", 3)])
            #expect(turn.claimed.map(\.id) == [slow[3], slow[4]] + another)
        }
    }

    @Test func `a kind set aside shares the room with the others`() async throws {
        try await withStore { store in
            try await store.fill(200, "b")
            var a = try await Player(store, "a", kinds: ["a"])
            _ = try await a.turn(10)
            try await store.fill(200, "a")
            var any = try await Player(store, "any")
            var counts: [String: Int] = [:]
            for _ in 0..<10 {
                for task in try await any.turn(10).claimed { counts[task.record.kind, default: 0] += 1 }
            }
            #expect(counts == ["a": 50, "b": 50])
        }
    }

    @Test func `queues share the room of a worker`() async throws {
        try await withStore { store in
            for queue in ["q", "r", "s"] { try await store.fill(100, queue: queue) }
            for room in [1, 7] {
                var worker = try await Player(store, "w\(room)", queues: ["q", "r", "s"])
                var counts: [String: Int] = [:]
                for _ in 0..<9 {
                    for task in try await worker.turn(room).claimed { counts[task.record.queue, default: 0] += 1 }
                }
                let (most, least) = (counts.values.max() ?? 0, counts.values.min() ?? 0)
                #expect(counts.count == 3 && most - least <= 3, "\(counts)")
            }
        }
    }
}
