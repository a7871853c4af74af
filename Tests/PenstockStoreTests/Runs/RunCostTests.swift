import PenstockModel
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

/// What runs cost Redis, in calls.
@Suite(.timeLimit(.minutes(10)), .serialized) struct RunCostTests {
    private func calls(_ store: Store, _ body: () async throws -> Void) async throws -> Int {
        let before = try await Commands.count(store)
        try await body()
        return try await Commands.count(store) - before
    }

    /// Bytes that Redis uses for what stays.
    private func used(_ store: Store) async throws -> Int {
        let tokens = try await store.raw("KEYS", store.keys.sent("*")).array ?? []
        for token in tokens { try await store.raw("DEL", token.text ?? "") }
        let info = try await store.raw("INFO", "memory").text ?? ""
        let line = try #require(info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("used_memory:") })
        return try #require(Int(line.dropFirst("used_memory:".count)))
    }

    private func chain(
        _ store: Store, _ planner: GraphPlanner, _ worker: inout Player, foreignID: String? = nil, tags: [String] = [],
        retention: Duration? = nil
    ) async throws -> RunID {
        let id = store.makeRunID()
        let digest = try await store.keepShape(Array("chain".utf8), workflow: "flow", version: 1)
        let new = NewRun(
            id: id, workflow: "flow", shapeDigest: digest, input: Array(#"{"order":12345}"#.utf8), head: RunBench.head,
            foreignID: foreignID, tags: tags, retention: retention)
        let start = try RunCommit(planner.start(new.facts), run: id, revision: 0, head: RunBench.head)
        _ = try await store.start(new, start, by: "me")
        var committed: [EndedRunTask] = []
        while true {
            guard let task = try await worker.turn(1, committed: committed).claimed.first else { return id }
            let payload = try #require(RunTaskPayload(task.record.payload))
            let name = try #require(payload.task.step)
            let step = try #require(planner.graph.step(named: name))
            let names = [name] + step.dependencies.map(\.step)
            let reading = try #require(try await store.read(RunQuery(id, steps: names)))
            let facts = StepFacts(
                run: reading.facts, round: payload.round, state: reading.standing(name).state,
                dependencies: step.dependencies.map { reading.standing($0.step) })
            let plan = planner.ended(payload.task, .succeeded(), facts)
            let commit = try RunCommit(
                plan, run: id, revision: reading.facts.revision, output: Array(#"{"ok":true}"#.utf8),
                head: RunBench.head)
            committed = [EndedRunTask(id: task.id, claim: task.claim, task: payload.task, commit: commit)]
        }
    }

    @Test func `a step costs at most three times the calls of a plain job, and two round trips`() async throws {
        let steps = (0..<5).map { StepShape("step\($0)", after: $0 == 0 ? [] : [Dependency("step\($0 - 1)")]) }
        let planner = GraphPlanner(try GraphIndex(GraphShape(steps)))
        try await withStore { store in
            var worker = try await Player(store, lease: .seconds(3600))
            _ = try await chain(store, planner, &worker)
            _ = try await worker.claimAndComplete(store.fill(1))
            let plain = try await calls(store) {
                var ended: [EndedTask] = []
                for _ in 0..<5 {
                    try await store.fill(1)
                    ended = try await worker.turn(1, ended: ended).claimed.map { $0.ended(.completed) }
                }
                try await worker.turn(1, ended: ended)
            }
            var run: RunID?
            let ofRun = try await calls(store) { run = try await chain(store, planner, &worker) }
            let id = try #require(run)
            let hash = try await store.redis.send(RedisCommand("MEMORY", "USAGE", store.keys.run(id))).int ?? 0
            let history = try await store.redis.send(RedisCommand("MEMORY", "USAGE", store.keys.history(id))).int ?? 0
            // In all, with what it is filed under: so many of them, and what Redis takes more.
            let count = 300
            let before = try await used(store)
            for number in 0..<count {
                _ = try await chain(
                    store, planner, &worker, foreignID: "order-\(number)", tags: ["eu"], retention: .seconds(86_400))
            }
            let memory = (try await used(store) - before) / count
            print(
                """
                calls: \(Double(ofRun) / 5) a step of a chain of five, start and reads included; \(Double(plain) / 5) a plain job.
                A finished run of five steps takes \(memory) bytes, \(hash) of them its hash and \(history) its history.
                """)
            #expect(Double(ofRun) / Double(plain) <= 3)
            #expect(memory <= 2560)
        }
    }

    @Test func `runs that are there make a cycle without any no dearer`() async throws {
        try await withStore { store in
            var worker = try await Player(store, lease: .seconds(3600))
            var other = try await Player(store, "other", lease: .seconds(3600))
            // Of several, the least: now and then a call notes the time.
            func least() async throws -> Int {
                var least = Int.max
                for _ in 0..<10 {
                    let ids = try await store.fill(10)
                    least = min(least, try await calls(store) { _ = try await worker.claimAndComplete(ids) })
                }
                return least
            }
            let without = try await least()
            _ = try await RunBench(store, effects: [.launch(.step("a")), .arm(.sync("a"), after: .seconds(60))])
            _ = try await other.claim()
            let beside = try await least()
            print("calls of ten plain jobs without runs \(without), and beside one \(beside)")
            #expect(without == beside)
        }
    }

    @Test func `the data of a large run go in parts of bounded work, however much there is`() async throws {
        try await withStore(audits: false) { store in
            let names = (0..<2000).map { "step\($0)" }
            let planner = GraphPlanner(try GraphIndex(GraphShape(names.map { StepShape($0) })))
            let run = try await RunBench(
                store,
                effects: [
                    .launch(.step("step7")), .moveStep("step7", from: .active, to: .waiting),
                    .openFan("step7", .all(tasks: 100_000, window: 0)),
                ])
            for part in stride(from: 0, to: names.count, by: 500) {
                try await run.apply(
                    names[part..<(part + 500)].map { .keepOutput($0) }, output: Array(repeating: 65, count: 1000))
            }
            // What the history failed with, variables and items: as many as come to be in a long life.
            for part in 0..<100 {
                for (key, text) in [
                    (store.keys.errors(run.id), "no"), (store.keys.vars(run.id), "1"),
                    (store.keys.items(run.id, "step7"), "+1 x"),
                ] {
                    let fields = (0..<1000).flatMap { ["\(part * 1000 + $0)", text] }
                    _ = try await store.redis.send(RedisCommand("HSET", RedisArguments([key] + fields)))
                }
            }
            try await run.apply([.close, .moveRun(from: .running, to: .failed)])
            let facts = try #require(try await store.read(RunQuery(run.id))).facts
            try await run.apply(try planner.deleteData(facts).effects)
            var worker = try await Player(store, lease: .seconds(3600))
            var figures: [(calls: Int, time: Duration)] = []
            while let task = try await worker.turn(1).claimed.first {
                let payload = try #require(RunTaskPayload(task.record.payload))
                let reading = try #require(try await store.read(RunQuery(run.id)))
                var plan = Plan.nothing
                if case .deleteData(let from) = payload.task { plan = planner.erase(from: from, reading.facts) }
                let commit = try RunCommit(plan, run: run.id, revision: reading.facts.revision, head: RunBench.head)
                let before = try await Commands.count(store)
                let began = ContinuousClock.now
                try await worker.turn(committed: [
                    EndedRunTask(id: task.id, claim: task.claim, task: payload.task, commit: commit)
                ])
                let took = ContinuousClock.now - began
                if plan != .nothing { figures.append((try await Commands.count(store) - before, took)) }
            }
            print("parts of 500 steps: \(figures.map { "\($0.calls) calls in \($0.time)" })")
            #expect(figures.count == 4 && figures.allSatisfy { $0.calls < 60 })
            let reading = try #require(try await store.read(RunQuery(run.id, outputs: names)))
            #expect(reading.facts.state == .dataDeleted && reading.outputs.isEmpty)
            #expect(try await KeyspaceAudit.check(store) == [])
        }
    }

    @Test func `an item of a fan-out of 100,000 costs the same wherever it is`() async throws {
        try await withStore(audits: false) { store in
            let count = 100_000
            let batch = 250
            let run = try await RunBench(
                store,
                effects: [
                    .launch(.step("a")), .moveStep("a", from: .active, to: .waiting),
                    .openFan("a", .all(tasks: count, window: 1000)),
                ])
            var worker = try await Player(store, lease: .seconds(3600))
            _ = try await worker.claim()
            var committed: [EndedRunTask] = []
            var figures: [Int] = []
            var done = 0
            let began = ContinuousClock.now
            while true {
                let before = try await Commands.count(store)
                let claimed = try await worker.turn(batch, committed: committed).claimed
                if committed.count == batch {
                    figures.append(try await Commands.count(store) - before)
                }
                done += committed.count
                committed = []
                for task in claimed {
                    let payload = try #require(RunTaskPayload(task.record.payload))
                    guard case .item(let step, let index) = payload.task else { break }
                    let commit = try RunBench.commit(
                        run.id, [.endItem(step, index: index, failed: false, stops: false)], revision: 1)
                    committed.append(
                        EndedRunTask(id: task.id, claim: task.claim, task: payload.task, commit: commit))
                }
                if committed.isEmpty { break }
            }
            #expect(done == count)
            let costs = figures.dropLast(4)
            print(
                "calls for \(batch) items of \(count): \(costs.min() ?? 0) to \(costs.max() ?? 0); \(ContinuousClock.now - began) in all"
            )
            #expect(Double(costs.max() ?? 0) <= 1.2 * Double(costs.min() ?? 0))
            let fan = try #require(try await store.read(RunQuery(run.id, steps: ["a"]))?.fans["a"])
            #expect(fan == FanStanding(total: count, done: count, failed: 0))
        }
    }
}

extension Player {
    /// Claims as many as there are, and completes them.
    @discardableResult
    mutating func claimAndComplete(_ ids: [TaskID]) async throws -> Int {
        let claimed = try await turn(ids.count).claimed
        try await turn(ended: claimed.map { $0.ended(.completed) })
        return claimed.count
    }
}
