import PenstockModel
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

@Suite(.timeLimit(.minutes(10))) struct EnqueueTests {
    @Test func `a ready task waits in its lane, once`() async throws {
        try await withStore { store in
            let ids = try await store.fill(3, tenant: "a")
            let audit = try await KeyspaceAudit.read(store)
            #expect(audit.lanes == ["q\ta": ids.map(\.rawValue)])
            #expect(audit.heads.count == 3)
            #expect(audit.queues == ["q"])
            for (place, id) in ids.enumerated() {
                #expect(try await store.inspect(id).detail == .queued(position: place, of: 3))
            }
        }
    }

    @Test func `a delayed task waits for its moment`() async throws {
        try await withStore { store in
            let id = try await store.enqueue(store.task(start: .after(.seconds(5)))).id
            let at = try await store.enqueue(store.task(start: .at(store.serverNow + 60_000))).id
            let past = try await store.enqueue(store.task(start: .at(1000))).id
            let zero = try await store.enqueue(store.task(start: .after(.zero))).id
            #expect(try await store.state(id) == .delayed)
            #expect(try await store.state(at) == .delayed)
            #expect(try await store.state(past) == .queued)
            #expect(try await store.state(zero) == .queued)
            var worker = try await Player(store)
            let turn = try await worker.turn(10)
            #expect(turn.claimed.map(\.id) == [past, zero])
            #expect(try #require(turn.nextDue) - turn.now <= 5000)
            try await store.stepClock(by: .seconds(5))
            #expect(try await worker.turn(10).claimed.map(\.id) == [id])
            try await store.stepClock(by: .seconds(60))
            #expect(try await worker.turn(10).claimed.map(\.id) == [at])
        }
    }

    @Test func `a deadline is written into the head of the record, by Redis's clock`() async throws {
        try await withStore { store in
            try await store.stepClock(by: .seconds(86_400 * 365))
            let payload: [UInt8] = [10, 9, 0, 255, 10]
            var options = TaskOptions()
            options.retention = .seconds(1)
            options.headers = ["id": "a\tb\n"]
            let tasks = (0..<2).map { _ in
                store.task(tenant: "a", priority: 3, options: options, deadline: .seconds(7), payload: payload)
            }
            _ = try await store.enqueue(tasks)
            var worker = try await Player(store)
            let turn = try await worker.turn(5)
            #expect(turn.claimed.count == 2)
            for task in turn.claimed {
                #expect(task.record.payload == payload)
                #expect(task.record.options.retention == .seconds(1))
                #expect(task.record.options.headers == ["id": "a\tb\n"])
                #expect(task.record.priority == 3)
                let deadline = try #require(task.record.options.deadline)
                #expect((0...7000).contains(deadline - turn.now))
            }
        }
    }

    @Test func `an idempotency key answers with the first id: in one call, later, and after completion`() async throws {
        try await withStore { store in
            let answers = try await store.enqueue([
                store.task(key: "x"), store.task(), store.task(key: "x"), store.task(key: "y"), store.task(key: "x"),
            ])
            #expect(answers.map(\.isDuplicate) == [false, false, true, false, true])
            #expect(answers[2].id == answers[0].id && answers[4].id == answers[0].id)
            #expect(Set(answers.map(\.id)).count == 3)
            let again = try await store.enqueue(store.task("other", queue: "r", tenant: "z", key: "x"))
            #expect(again == EnqueueAnswer(id: answers[0].id, isDuplicate: true))
            var worker = try await Player(store)
            let turn = try await worker.turn(10)
            #expect(turn.claimed.map(\.id) == [answers[0].id, answers[1].id, answers[3].id])
            try await worker.turn(ended: turn.claimed.map { $0.ended(.completed) })
            #expect(try await store.enqueue(store.task(key: "x")).isDuplicate)
            let life = try await store.raw("PTTL", "{t:0}:dedupe:x").int ?? 0
            #expect((86_000_000...86_400_000).contains(life))
            #expect(try await KeyspaceAudit.read(store).queues == ["q"])
        }
    }

    @Test func `sent again with the same token it changes nothing and answers the same`() async throws {
        try await withStore { store in
            let (a, b, c) = (store.makeID().rawValue, store.makeID().rawValue, store.makeID().rawValue)
            let record = "k\tq\t\t\nx"
            let arguments = RedisArguments([
                "token", "3", "q\t", "", "k=key\tp=1000", "1", a, record, "q\t", "", "k=key\tp=1000", "1", b, record,
                "q\t", "+5000", "", "1", c, record,
            ])
            let first = try await store.call(Scripts.enqueue, arguments).array ?? []
            #expect(first.count == 3 && first[1].int == 1 && first[2].text == a)
            let before = try await KeyspaceAudit.read(store)
            let second = try await store.call(Scripts.enqueue, arguments).array ?? []
            #expect(second.count == 3 && second[1].int == 1 && second[2].text == a)
            let after = try await KeyspaceAudit.read(store)
            #expect(after.lanes == before.lanes && after.delayed == before.delayed && after.heads == before.heads)
            // Also when the task has been claimed since.
            var worker = try await Player(store)
            let task = try await worker.claim()
            try await worker.end(task, .completed)
            _ = try await store.call(Scripts.enqueue, arguments)
            #expect(try await KeyspaceAudit.read(store).heads.count == 1)
            let life = try await store.raw("TTL", "{t:0}:sent:token").int ?? 0
            #expect(life > 20)
        }
    }

    @Test func `an id in use stores nothing, and the store takes another one`() async throws {
        try await withStore { store in
            let taken = try await store.fill(1)[0]
            var tasks = [store.task(tenant: "b"), store.task(tenant: "b"), store.task(tenant: "b", key: "x")]
            tasks[1].id = taken
            let answers = try await store.enqueue(tasks)
            #expect(answers[0].id == tasks[0].id && answers[2].id == tasks[2].id)
            #expect(answers[1].id != taken && !answers.contains { $0.isDuplicate })
            let audit = try await KeyspaceAudit.read(store)
            #expect(audit.lanes["q\tb"] == answers.map(\.id.rawValue))
            let raw = RedisArguments(["", "1", "q\t", "", "k=k\tp=9", "1", taken.rawValue, "k\tq\t\t\n"])
            await #expect(throws: StoreError.self) { _ = try await store.call(Scripts.enqueue, raw) }
            #expect(try await KeyspaceAudit.read(store).lanes == audit.lanes)
            #expect(try await store.raw("EXISTS", "{t:0}:dedupe:k").int == 0)
        }
    }

    @Test func `the same id twice in one call is stored twice under two ids`() async throws {
        try await withStore { store in
            let task = store.task()
            let answers = try await store.enqueue([task, store.task(tenant: "b"), task])
            #expect(Set(answers.map(\.id)).count == 3)
            #expect(try await KeyspaceAudit.read(store).heads.count == 3)
        }
    }

    @Test func `groups keep the order of each lane`() async throws {
        try await withStore { store in
            var expected: [String: [String]] = [:]
            var tasks: [NewTask] = []
            for i in 0..<2500 {
                var task = store.task(
                    "k\(i % 2)", queue: "q\(i % 3 / 2)", tenant: "t\(i % 5)", priority: i % 7 == 0 ? 2 : .normal,
                    deadline: i % 11 == 0 ? .seconds(60) : nil, key: i % 13 == 0 ? "key\(i)" : nil)
                if i % 17 == 0 { task.uniqueness = Uniqueness("lock\(i)", until: .finished) }
                tasks.append(task)
                expected[task.record.lane, default: []].append(task.id.rawValue)
            }
            _ = try await store.enqueue(tasks)
            #expect(try await KeyspaceAudit.read(store).lanes == expected)
        }
    }

    @Test(arguments: [
        ["", "1", "q\t", "soon", "", "1", "a", "k\tq\t\t\n"],
        ["", "2", "q\t", "", "", "1", "a", "k\tq\t\t\n"],
        ["", "1", "q\t", "", "", "2", "a", "k\tq\t\t\n"],
        ["", "1", "q\t", "", "", "x", "a", "k\tq\t\t\n"],
        ["", "1", "q\t", "", "", "0"],
        ["", "1", "q", "", "", "1", "a", "k\tq\t\t\n"],
        ["", "1", "q\t", "", "k=key\tp=long", "1", "a", "k\tq\t\t\n"],
        ["", "1", "q\t", "", "k=key", "1", "a", "k\tq\t\t\n"],
        ["", "1", "q\t", "", "k=key\tp=9", "2", "a", "k\tq\t\t\n", "b", "k\tq\t\t\n"],
        ["", "1", "q\t", "", "d=5", "1", "a", "no head"],
        ["", "1", "q\t", "", "d=later", "1", "a", "k\tq\t\t\n"],
        ["", "1", "q\t", "", "x=0", "1", "a", "k\tq\t\t\n"],
        ["", "1", "q\t", "", "y=1", "1", "a", "k\tq\t\t\n"],
        ["", "1", "q\t", "", "u=zkey", "1", "a", "k\tq\t\t\n"],
        ["", "1", "q\t", "", "u=e", "1", "a", "k\tq\t\t\n"],
        ["", "1", "q\t", "", "u=pkey", "1", "a", "k\tq\t\t\n"],
        ["", "1", "q\t", "", "b=unknown", "1", "a", "k\tq\t\t\n"],
    ])
    func `a wrong call is refused before anything is written`(arguments: [String]) async throws {
        try await withStore { store in
            // A good group first: it, too, must not be stored.
            let good = ["q\tgood", "", "", "1", "z", "k\tq\tgood\t\n"]
            let groups = (Int(arguments[1]) ?? 0) + 1
            let all = ["token", String(groups)] + good + arguments.dropFirst(2)
            let error = await #expect(throws: StoreError.self) {
                _ = try await store.call(Scripts.enqueue, RedisArguments(all))
            }
            if case .invalid = error {} else { Issue.record("not a refusal: \(String(describing: error))") }
            let audit = try await KeyspaceAudit.read(store)
            #expect(audit.heads.isEmpty && audit.lanes.isEmpty)
            #expect(try await store.raw("EXISTS", "{t:0}:sent:token").int == 0)
        }
    }

    @Test func `what the store refuses names the field`() async throws {
        var limits = StoreLimits()
        limits.payloadBytes = 10
        try await withStore(limits: limits) { store in
            var wrong: [(String, NewTask)] = [
                ("kind", store.task("")), ("kind", store.task("a b")), ("queue", store.task(queue: "a|b")),
                ("tenant", store.task(tenant: "a\tb")), ("key", store.task(key: "a\nb")),
                ("delay", store.task(start: .after(.seconds(-1)))), ("start time", store.task(start: .at(-5))),
                ("deadline", store.task(deadline: .zero)),
                ("payload", store.task(payload: [UInt8](repeating: 0, count: 11))),
            ]
            var options = TaskOptions()
            options.maxAttempts = 0
            wrong.append(("attempts", store.task(options: options)))
            wrong.append(("\"a b\"", store.task(options: .init(headers: ["a b": "1"]))))
            for (field, task) in wrong {
                let error = await #expect(throws: StoreError.self) {
                    _ = try await store.enqueue([store.task(), task])
                }
                guard case .invalid(let text) = error else {
                    Issue.record("\(field): \(String(describing: error))")
                    continue
                }
                #expect(text.contains(field), "\(text)")
            }
            let audit = try await KeyspaceAudit.read(store)
            #expect(audit.heads.isEmpty)
        }
    }

    @Test func `a debounce replaces what has not started, and puts it off no longer than it may`() async throws {
        try await withStore { store in
            func enqueue(
                _ kind: String, _ payload: UInt8, queue: String = "q", expiry: Duration? = nil
            ) async throws -> EnqueueAnswer {
                var task = store.task(kind, queue: queue, payload: [payload])
                task.expiry = expiry
                task.uniqueness = Uniqueness("u", until: .debounced(wait: .seconds(10), atMost: .seconds(15)))
                return try await store.enqueue([task])[0]
            }
            let first = try await enqueue("k", 1, expiry: .seconds(300))
            #expect(try await KeyspaceAudit.read(store).expiring["q"]?.count == 1)
            let begin = try #require(try await KeyspaceAudit.read(store).delayed["q"]?[first.id.rawValue]) - 10_000
            try await store.stepClock(by: .seconds(2))
            let second = try await enqueue("l", 2, queue: "r")
            #expect(second.id == first.id && second.isDuplicate)
            #expect(try await KeyspaceAudit.read(store).expiring.isEmpty)
            let moved = try await KeyspaceAudit.read(store).delayed
            let due = try #require(moved["r"]?[first.id.rawValue]) - begin
            #expect(moved["q"] == nil && (12_000..<15_000).contains(due), "\(due)")
            try await store.stepClock(by: .seconds(6))
            _ = try await enqueue("l", 3, queue: "r")
            #expect(try await KeyspaceAudit.read(store).delayed["r"]?[first.id.rawValue] == begin + 15_000)
            // In its lane it stays, with what belongs there.
            try await store.stepClock(by: .seconds(8))
            try await store.pause(.queue("r"), by: "me")
            var worker = try await Player(store, queues: ["q", "r"])
            #expect(try await worker.turn(1).claimed.isEmpty)
            _ = try await enqueue("l", 4, queue: "r")
            _ = try await enqueue("l", 5, queue: "q")
            _ = try await enqueue("k", 6, queue: "r")
            try await store.resume(.queue("r"))
            let task = try await worker.claim()
            #expect(task.id == first.id && task.record.kind == "l" && task.record.payload == [4])
        }
    }

    @Test func `a debounce leaves a job alone that only its idempotency key names`() async throws {
        try await withStore { store in
            let known = store.task(start: .after(.seconds(3600)), key: "x")
            var debounced = store.task()
            debounced.uniqueness = Uniqueness("u", until: .debounced(wait: .seconds(10), atMost: .seconds(60)))
            _ = try await store.enqueue([known])
            _ = try await store.enqueue([debounced])
            let before = try await KeyspaceAudit.read(store).delayed
            var both = store.task(queue: "other", key: "x")
            both.uniqueness = debounced.uniqueness
            let answer = try #require(try await store.enqueue([both]).first)
            #expect(answer.id == known.id && answer.isDuplicate)
            #expect(try await KeyspaceAudit.read(store).delayed == before)
        }
    }
}
