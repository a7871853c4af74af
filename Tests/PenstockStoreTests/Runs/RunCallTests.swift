import PenstockModel
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

@Suite(.timeLimit(.minutes(10))) struct RunCallTests {
    /// Claims one task of a run, and what it is for.
    private func claim(_ worker: inout Player) async throws -> (ClaimedTask, RunTask) {
        let task = try await worker.claim()
        return (task, try #require(RunTaskPayload(task.record.payload)).task)
    }

    private func ended(_ task: ClaimedTask, _ commit: RunCommit) throws -> EndedRunTask {
        let payload = try #require(RunTaskPayload(task.record.payload))
        return EndedRunTask(id: task.id, claim: task.claim, task: payload.task, commit: commit)
    }

    static let finish: [Effect] = [
        .moveStep("a", from: .active, to: .succeeded), .keepOutput("a"), .close,
        .whenIdle([.moveRun(from: .running, to: .succeeded)]),
    ]

    @Test func `a run is stored, its step executed, and its end told by history and facts`() async throws {
        try await withStore { store in
            let run = try await RunBench(store, effects: [.launch(.step("a"))], input: [5, 0])
            var worker = try await Player(store)
            let (task, what) = try await claim(&worker)
            #expect(what == .step("a") && task.record.options.run == run.id && task.record.kind == "flow")
            let commit = try await run.commit(Self.finish, error: "")
            let turn = try await worker.turn(committed: [try ended(task, commit)])
            #expect(turn.stale.isEmpty && turn.refused.isEmpty)
            let query = RunQuery(run.id, steps: ["a", "b"], outputs: ["a"], errors: ["a"], wantsInput: true)
            let reading = try #require(try await store.read(query))
            #expect(reading.facts.state == .succeeded && reading.summary.open == 0 && reading.workflow == "flow")
            #expect(reading.standing("a").state == .succeeded && reading.standing("b").state == .pending)
            #expect(reading.outputs == ["a": RunBench.output] && reading.errors.isEmpty && reading.input == [5, 0])
            #expect(try await store.shape(reading.shapeDigest) == Array("shape".utf8))
            let history = try await store.history(run.id)
            #expect(history.map(\.by) == ["me", "w"] && history.allSatisfy { $0.error == nil })
            #expect(
                history.map(\.moves) == [
                    [.run(.running), .step("a", .active, branch: nil)],
                    [.step("a", .succeeded, branch: nil), .run(.succeeded)],
                ])
            // The same commit once more.
            let again = try await worker.turn(committed: [try ended(task, commit)])
            #expect(again.stale == [task.id])
            #expect(try await store.read(query)?.summary == reading.summary)
        }
    }

    @Test func `a commit planned for an older revision leaves the task held, and brings the facts`() async throws {
        try await withStore { store in
            let run = try await RunBench(store, effects: [.launch(.step("a"))])
            var worker = try await Player(store)
            let (task, _) = try await claim(&worker)
            let old = try await run.commit(Self.finish)
            let summary = try await run.apply([.moveRun(from: .running, to: .paused)])
            let turn = try await worker.turn(committed: [try ended(task, old)])
            #expect(turn.refused == [RefusedCommit(id: task.id, run: summary)] && turn.stale.isEmpty)
            #expect(try await store.state(task.id) == .running)
            // Ending without effect needs no fence but the lease.
            let plain = try RunBench.commit(run.id, [], revision: 0)
            #expect(try await worker.turn(committed: [try ended(task, plain)]).refused.isEmpty)
            #expect(try await store.state(task.id) == .unknown)
            try await run.apply([
                .moveStep("a", from: .active, to: .waived), .close, .moveRun(from: .paused, to: .running),
            ])
        }
    }

    @Test func `of two commits for one task in a call, one counts; those of one run see each other`() async throws {
        try await withStore { store in
            let run = try await RunBench(store, effects: [.launch(.step("a")), .launch(.step("b"))])
            var worker = try await Player(store)
            let tasks = try await worker.turn(2).claimed
            let first = try await run.commit([.moveStep("a", from: .active, to: .succeeded), .close])
            let second = try await run.commit([
                .moveStep("b", from: .active, to: .failed), .close, .setFact(.isFailing(true)),
                .whenIdle([.moveRun(from: .running, to: .failed)]),
            ])
            let turn = try await worker.turn(committed: [
                try ended(tasks[0], first), try ended(tasks[0], first), try ended(tasks[1], second),
            ])
            #expect(turn.stale == [tasks[0].id] && turn.refused.isEmpty)
            let reading = try #require(try await store.read(RunQuery(run.id)))
            #expect(reading.facts.state == .failed && reading.summary.open == 0 && reading.facts.revision == 3)
        }
    }

    @Test func `parked tasks keep their attempts, hold no slot, and come back`() async throws {
        try await withStore { store in
            try await store.setLimit(try LimitName("kind:flow"), try LimitTerms(concurrency: 1))
            let run = try await RunBench(store, effects: [.launch(.step("a")), .launch(.step("b"))])
            var worker = try await Player(store)
            var task = try await worker.claim()
            #expect(try await worker.turn(1).claimed.isEmpty)
            try await worker.end(task, .retry(after: .zero, counted: true, attempt: 1, message: "no"))
            try await run.apply([.moveRun(from: .running, to: .paused)])
            for _ in 0..<2 {
                task = try await worker.claim()
                try await worker.turn(committed: [try ended(task, try await run.commit([], ending: .parked))])
            }
            #expect(try await worker.turn(1).claimed.isEmpty)
            try await run.apply([.moveRun(from: .paused, to: .running), .releaseParked])
            var attempts: [Int] = []
            for _ in 0..<2 {
                task = try await worker.claim()
                attempts.append(task.attempt)
                let step = try #require(RunTaskPayload(task.record.payload)?.task.step)
                let done = try await run.commit([.moveStep(step, from: .active, to: .succeeded), .close])
                try await worker.turn(committed: [try ended(task, done)])
            }
            #expect(attempts.sorted() == [1, 2])
        }
    }

    @Test func `the history tells which attempt ended and how long it took, and why`() async throws {
        try await withStore { store in
            let run = try await RunBench(store, effects: [.launch(.step("a"))])
            var worker = try await Player(store)
            let task = try await worker.claim()
            let revision = try #require(try await store.read(RunQuery(run.id))).facts.revision
            let commit = try RunCommit(
                Plan([.moveStep("a", from: .active, to: .failed)]), run: run.id, revision: revision, error: "no luck",
                attempt: 3, took: .milliseconds(70), head: RunBench.head)
            try await worker.turn(committed: [try ended(task, commit)])
            try await run.apply([.moveRun(from: .running, to: .failed)])
            let history = try await store.history(run.id)
            #expect(history.map(\.attempt) == [nil, 3, nil] && history.map(\.error) == [nil, "no luck", nil])
            #expect(history.map(\.took) == [nil, .milliseconds(70), nil])
        }
    }

    @Test func `the end of a child is told to the step that waits for it, unless its run is gone`() async throws {
        try await withStore(audits: false) { store in
            for isGone in [false, true] {
                let run = try await RunBench(store, effects: [.startChild(ChildWorkflow("sub"), step: "a")])
                let field = try await KeyspaceAudit.read(store).runs[run.id.rawValue]?["c:a"] ?? ""
                let child = RunBench(store, try #require(RunID(field)))
                if isGone { try await store.raw("DEL", store.keys.prefix + "run:\(run.id)") }
                try await child.apply([
                    .moveRun(from: .pending, to: .running), .moveRun(from: .running, to: .succeeded),
                    .tellParent(.succeeded),
                ])
                var worker = try await Player(store)
                let told = try await worker.turn(9).claimed.compactMap { RunTaskPayload($0.record.payload)?.task }
                #expect(told == (isGone ? [] : [.childEnded("a")]))
            }
        }
    }

    @Test func `a run that a schedule starts has all that was asked for`() async throws {
        try await withStore(audits: false) { store in
            let shape = try await store.keepShape([1], workflow: "flow", version: 1)
            func fields(_ callback: String, tags: String, retention: String, tracked: String) async throws
                -> [String: String]
            {
                let id = store.makeRunID().rawValue
                let run = ["run", "flow", shape, "k\tq\t\t", callback, tags, retention, tracked, "1", id, "in"]
                let words = [id, "s", "", "", "", "", "0", "60", "0", "0"] + run
                _ = try await store.call(Scripts.fireTicks, RedisArguments(words))
                var fields = try await KeyspaceAudit.read(store).runs[id] ?? [:]
                for name in ["f", "a", "p"] { fields[name] = nil }
                return fields
            }
            let plain = ["w": "flow", "d": shape, "h": "k\tq\t\t", "i": "in"]
            let all = ["u": "me", "t": "a\tb", "r": "60000", "o": "s"]
            #expect(try await fields("", tags: "", retention: "", tracked: "") == plain)
            let asked = try await fields("+me", tags: "a\tb", retention: "60000", tracked: "o")
            #expect(asked == plain.merging(all) { one, _ in one })
        }
    }

    @Test func `the history tells which branch a step decided for`() async throws {
        try await withStore(audits: false) { store in
            let run = try await RunBench(store, effects: [.launch(.step("a")), .launch(.step("b"))])
            try await run.apply([
                .moveStep("a", from: .active, to: .succeeded, branch: "left"),
                .moveStep("b", from: .active, to: .succeeded),
            ])
            let moves = try await store.history(run.id).last?.moves
            #expect(moves == [.step("a", .succeeded, branch: "left"), .step("b", .succeeded, branch: nil)])
        }
    }

    @Test func `a timer that is taken back leaves nothing, whatever trouble it had`() async throws {
        try await withStore { store in
            let run = try await RunBench(store, effects: [.arm(.sync("a"), after: .seconds(60))])
            let timer = try #require(try await KeyspaceAudit.read(store).timers[run.id.rawValue]?.values.first)
            try await store.raw("HSET", store.keys.prefix + "tries", timer, "1\t0")
            try await run.apply([.disarm(.sync("a"))])
            let audit = try await KeyspaceAudit.read(store)
            #expect(audit.timers.isEmpty && audit.tries.isEmpty && audit.heads.isEmpty)
        }
    }

    @Test func `signals that were taken leave nothing, timers of an earlier round neither`() async throws {
        try await withStore(audits: false) { store in
            func wait(_ step: String) -> [Effect] {
                [.launch(.step(step)), .moveStep(step, from: .active, to: .waiting), .awaitSignal("go", step: step)]
            }
            let run = try await RunBench(
                store, effects: [.arm(.sync("a"), after: .seconds(60)), .arm(.sync("b"), after: .seconds(60))])
            for number in 1...2 {
                #expect(try await store.signal(run.id, "go", [UInt8(number)], by: "me") == .buffered)
            }
            for step in ["a", "b"] { try await run.apply(wait(step)) }
            try await run.apply([.moveRun(from: .running, to: .failed), .moveRun(from: .failed, to: .pending)])
            let audit = try await KeyspaceAudit.read(store)
            #expect(audit.signals.isEmpty && audit.timers.isEmpty && audit.delayed.isEmpty)
        }
    }

    @Test func `a tick cancels the runs of earlier ones`() async throws {
        try await withStore(audits: false) { store in
            let shape = try await store.keepShape([1], workflow: "flow", version: 1)
            func fire(_ token: String, _ flags: String, _ what: [String]) async throws {
                let words = [token, "s", "", "", "", flags, "0", "60", "0", "0"] + what
                _ = try await store.call(Scripts.fireTicks, RedisArguments(words))
            }
            let ids = (0..<3).map { _ in store.makeRunID() }
            for id in ids {
                let head = ["run", "flow", shape, "k\tq\t\t", "", "", "", "o", "1"]
                try await fire(id.rawValue, "", head + [id.rawValue, ""])
            }
            try await fire("last", "c", ["none"])
            var worker = try await Player(store)
            let tasks = try await worker.turn(9).claimed.compactMap { RunTaskPayload($0.record.payload)?.task }
            #expect(tasks.count { $0 == .cancel } == 3)
        }
    }

    @Test func `very many parked tasks come back in chunks`() async throws {
        try await withStore(audits: false) { store in
            let run = try await RunBench(store, effects: [.launch(.step("a"))])
            var worker = try await Player(store)
            let task = try await worker.claim()
            try await shelve(12_000, of: run, store)
            func ready() async throws -> Int { try await store.queues().first?.ready ?? 0 }
            try await run.apply([.moveRun(from: .paused, to: .running), .releaseParked])
            #expect(try await ready() == 5000)
            // Any commit of the run goes on with it, be it one of a task that was dropped.
            try await run.apply([])
            #expect(try await ready() == 10_000)
            try await worker.turn(committed: [try ended(task, try RunBench.commit(run.id, [], revision: 0))])
            #expect(try await ready() == 12_000)
            #expect(try await KeyspaceAudit.read(store).shelves.isEmpty)
        }
    }

    @Test func `very many parked tasks go with a run that ends before they come back`() async throws {
        try await withStore(audits: false) { store in
            let run = try await RunBench(store)
            try await shelve(12_000, of: run, store)
            try await run.apply([.moveRun(from: .paused, to: .cancelled), .releaseParked])
            let last = try #require(try await store.raw("LINDEX", store.keys.prefix + "shelf:\(run.id)", "-1").text)
            let id = String(last.prefix { $0 != "\t" })
            try await store.raw("HSET", store.keys.prefix + "tries", id, "1\t0")
            #expect(try await store.remove(run.id) == .removed)
            let audit = try await KeyspaceAudit.read(store)
            #expect(audit.tries.isEmpty)
            // Those that are in the lane already are dropped when their turn comes.
            #expect(audit.shelves.isEmpty && audit.heads.count == 5000)
        }
    }

    /// Pauses the run, and sets so many tasks aside until it goes on.
    private func shelve(_ count: Int, of run: RunBench, _ store: Store) async throws {
        try await run.apply([.moveRun(from: .running, to: .paused)])
        let ids = try await store.fill(count)
        try await store.raw("DEL", store.keys.prefix + "lane:q\t", store.keys.prefix + "turn:q")
        for from in stride(from: 0, to: ids.count, by: 1000) {
            let entries = ids[from..<(from + 1000)].map { "\($0)\tq\t" }
            _ = try await store.redis.send(
                RedisCommand("RPUSH", RedisArguments([store.keys.prefix + "shelf:\(run.id)"] + entries)))
        }
    }

    @Test func `starting: once by token, one live run for a foreign id, only with a shape`() async throws {
        try await withStore { store in
            let start: [Effect] = [.moveRun(from: .pending, to: .running)]
            let run = try await RunBench(store, foreignID: "f")
            let digest = try await store.keepShape(Array("shape".utf8), workflow: "flow", version: 1)
            func new(_ workflow: String = "flow", _ foreignID: String? = "f") async throws -> StartAnswer {
                let id = store.makeRunID()
                return try await store.start(
                    NewRun(id: id, workflow: workflow, shapeDigest: digest, head: RunBench.head, foreignID: foreignID),
                    try RunBench.commit(id, start, revision: 0), by: "me")
            }
            #expect(try await new() == .live(run.id))
            guard case .started = try await new("other") else { throw Surprise("another workflow") }
            guard case .started = try await new("flow", "g") else { throw Surprise("another id") }
            try await run.apply([.moveRun(from: .running, to: .failed)])
            guard case .started = try await new() else { throw Surprise("the first has ended") }
            // Now the first cannot come back.
            let again = try await store.control(
                try await run.commit([.moveRun(from: .failed, to: .pending)]), by: "me")
            guard case .taken = again else { throw Surprise("\(again)") }
            let id = store.makeRunID()
            let unknown = try await store.start(
                NewRun(id: id, workflow: "flow", shapeDigest: "none", head: RunBench.head),
                try RunBench.commit(id, start, revision: 0), by: "me")
            #expect(unknown == .unknownShape)
            #expect(try await store.read(RunQuery(id)) == nil)
            let gone = try await store.control(try RunBench.commit(id, [], revision: 0), by: "me")
            #expect(gone == .unknown)
        }
    }

    @Test func `calls with a token that are sent again change nothing and are answered alike`() async throws {
        try await withStore { store in
            let run = try await RunBench(store)
            func call(_ script: RedisScript, _ words: [String], _ commit: RunCommit?) async throws -> [String?] {
                var arguments = RedisArguments(words)
                if let commit { arguments.append(contentsOf: commit.words) }
                let reply = try await store.call(script, arguments)
                return (reply.array ?? []).dropFirst().map(\.text)
            }
            let pause = try await run.commit([.moveRun(from: .running, to: .paused)])
            let first = try await call(Scripts.control, ["t1", run.id.rawValue, "1", "me"], pause)
            let old = try await run.snapshot()
            #expect(first[0] == "applied")
            #expect(try await call(Scripts.control, ["t1", run.id.rawValue, "1", "me"], pause) == first)
            let signal = ["t2", run.id.rawValue, "go", "x", "me", "10", ""]
            let sent = try await call(Scripts.signal, signal, nil)
            #expect(try await call(Scripts.signal, signal, nil) == sent)
            #expect(try await run.snapshot() == old.merging(["signals": "2"]) { $1 })
            let id = store.makeRunID()
            let digest = try await store.keepShape(Array("shape".utf8), workflow: "flow", version: 1)
            let start = try RunBench.commit(id, [.moveRun(from: .pending, to: .running)], revision: 0)
            let words = ["t3", id.rawValue, "flow", digest, "", "", RunBench.head.head, "", "", "", "me", ""]
            let started = try await call(Scripts.startRun, words, start)
            #expect(started[0] == "started")
            #expect(try await call(Scripts.startRun, words, start) == started)
        }
    }

    @Test func `what a run was started with is told, of a child run as well`() async throws {
        try await withStore(audits: false) { store in
            let id = store.makeRunID()
            let digest = try await store.keepShape(Array("shape".utf8), workflow: "flow", version: 1)
            var head = TaskRecord(kind: "flow", queue: "q", tenant: "t", priority: 3, payload: [1])
            head.options.limits = [try LimitName("key:x")]
            let new = NewRun(
                id: id, workflow: "flow", shapeDigest: digest, head: head, foreignID: "order: 7",
                callback: [0, 10, 255], tags: ["eu", "big one", "eu"], retention: .seconds(90))
            #expect(new.facts.hasCallback)
            let start: [Effect] = [
                .moveRun(from: .pending, to: .running), .startChild(ChildWorkflow("sub"), step: "a"),
                .startChild(ChildWorkflow("sub", isAwaited: false), step: "b"),
            ]
            guard
                case .started(let summary) = try await store.start(
                    new, try RunBench.commit(id, start, revision: 0), by: "me")
            else { throw Surprise("not started") }
            #expect(summary.facts.hasCallback)
            let reading = try #require(try await store.read(RunQuery(id, steps: ["a", "b"], wantsHome: true)))
            head.payload = []
            head.options.limits = []
            head.options.run = id
            #expect(reading.head == head && reading.callback == [0, 10, 255] && reading.tags == ["eu", "big one"])
            #expect(reading.retention == .seconds(90) && reading.foreignID == "order: 7" && reading.parent == nil)
            for step in ["a", "b"] {
                let child = try #require(reading.children[step])
                let own = try #require(try await store.read(RunQuery(child, wantsHome: true)))
                #expect(own.parent == id && own.facts.hasParent == (step == "a"))
                #expect(own.head?.queue == "q2" && own.head?.options.run == child && own.retention == .seconds(60))
                #expect(own.callback == nil && own.tags.isEmpty && own.foreignID == nil)
            }
            // Not asked for, not told.
            #expect(try await store.read(RunQuery(id))?.head == nil)
        }
    }

    @Test func `variables: the last commit counts, with all that it does or not at all`() async throws {
        try await withStore { store in
            let run = try await RunBench(store)
            func set(_ variables: [(name: String, value: [UInt8])], revision: Int) async throws -> ControlAnswer {
                let commit = try RunBench.commit(run.id, [], revision: revision, variables: variables)
                return try await store.control(commit, by: "me")
            }
            guard case .applied = try await set([("a", [1]), ("b", []), ("a", [0, 10])], revision: 1) else {
                throw Surprise("not set")
            }
            guard case .conflict = try await set([("a", [2]), ("c", [3])], revision: 0) else { throw Surprise("set") }
            #expect(try await store.variables(run.id) == ["a": [0, 10], "b": []])
            let reading = try #require(try await store.read(RunQuery(run.id, variables: ["a", "c"])))
            #expect(reading.variables == ["a": [0, 10]])
            try await run.apply([
                .moveRun(from: .running, to: .failed), .moveRun(from: .failed, to: .pending),
                .moveRun(from: .pending, to: .running),
            ])
            guard case .applied = try await set([("b", [4])], revision: 4) else { throw Surprise("not set") }
            let both = try await store.read([
                RunQuery(run.id, variables: ["b"]), RunQuery(store.makeRunID(), variables: ["b"]), RunQuery(run.id),
            ])
            #expect(both.map(\.?.variables) == [["b": [4]], nil, [:]])
            #expect(try await store.variables(run.id) == ["a": [0, 10], "b": [4]])
            #expect(throws: StoreError.self) {
                try RunBench.commit(run.id, [], revision: 1, variables: [("no name", [])])
            }
            try await run.apply([.moveRun(from: .running, to: .failed)])
            #expect(try await store.remove(run.id) == .removed)
            #expect(try await KeyspaceAudit.read(store).variables.isEmpty)
        }
    }

    @Test func `the list of a fan-out is kept until its items go; further effects follow the plan's`() async throws {
        try await withStore { store in
            let run = try await RunBench(store, effects: RunEffectTests.fan)
            let query = RunQuery(run.id, lists: ["a", "b"])
            #expect(try await store.read(query)?.lists == ["a": RunBench.output])
            // What is done again is of the same list.
            try await run.apply([.openFan("a", .rest(window: 1))], output: [7])
            #expect(try await store.read(query)?.lists == ["a": RunBench.output])
            let more = try RunBench.commit(
                run.id, [.launch(.step("b"))], revision: 1,
                extra: [.moveStep("b", from: .active, to: .waiting), .awaitSignal("go", step: "b")])
            guard case .applied = try await store.control(more, by: "me") else { throw Surprise("not applied") }
            #expect(try await store.signal(run.id, "go", [], by: "me") == .taken)
        }
    }

    static let bad: [(what: String, change: @Sendable (inout NewRun) -> Void)] = [
        ("many tags", { $0.tags = (0...NewRun.maximumTags).map { "tag \($0)" } }),
        ("a tag of control characters", { $0.tags = ["a\tb"] }), ("an empty tag", { $0.tags = [""] }),
        ("a queue", { $0.head.queue = "q q" }), ("a tenant", { $0.head.tenant = "a\nb" }),
        ("a foreign id", { $0.foreignID = "a\tb" }), ("a workflow", { $0.workflow = "" }),
    ]

    @Test(arguments: bad.indices)
    func `a run with wrong names is refused before it is sent`(index: Int) async throws {
        try await withStore { store in
            var new = NewRun(id: store.makeRunID(), workflow: "flow", shapeDigest: "none", head: RunBench.head)
            Self.bad[index].change(&new)
            await #expect(throws: StoreError.self, "\(Self.bad[index].what)") {
                try await store.start(new, try RunBench.commit(new.id, [], revision: 0), by: "me")
            }
        }
    }

    @Test func `signals: early ones are kept in order, and as many as may be`() async throws {
        try await withStore { store in
            let run = try await RunBench(store)
            for number in 1...3 {
                #expect(try await store.signal(run.id, "go", [UInt8(number)], by: "me") == .buffered)
            }
            #expect(try await store.signal(run.id, "stop", [9], by: "me") == .buffered)
            for step in ["a", "b"] {
                try await run.apply([
                    .launch(.step(step)), .moveStep(step, from: .active, to: .waiting), .awaitSignal("go", step: step),
                ])
            }
            var worker = try await Player(store)
            let claimed = try await worker.turn(9).claimed.compactMap { RunTaskPayload($0.record.payload) }
            #expect(claimed.filter { $0.task.isSignalled }.map(\.brings) == [[1], [2]])
            #expect(try await store.signal(store.makeRunID(), "go", [], by: "me") == .unknown)
            try await run.apply([
                .launch(.step("c")), .moveStep("c", from: .active, to: .waiting), .awaitSignal("other", step: "c"),
                .moveStep("c", from: .waiting, to: .waived), .close, .launch(.step("d")),
                .moveStep("d", from: .active, to: .waiting), .awaitSignal("other", step: "d"),
            ])
            // The first in line waits no more.
            #expect(try await store.signal(run.id, "other", [4], by: "me") == .taken)
            let next = try #require(RunTaskPayload(try await worker.turn(9).claimed.last?.record.payload ?? []))
            #expect(next.task == .signalled("d") && next.brings == [4])
            var count = 0
            while try await store.signal(run.id, "many", [], by: "me") == .buffered { count += 1 }
            #expect((900...1000).contains(count))
            try await run.apply([.moveRun(from: .running, to: .failed)])
            #expect(try await store.signal(run.id, "go", [], by: "me") == .ended)
        }
    }

    @Test func `deleted data are gone from everywhere, the moves of the history stay`() async throws {
        try await withStore { store in
            let run = try await RunBench(store, effects: RunEffectTests.fan, input: Array("secret".utf8))
            let secret = Array("secret".utf8)
            _ = try await store.signal(run.id, "early", secret, by: "me")
            try await run.apply(
                [
                    .endItem("a", index: 0, failed: true, stops: true),
                    .endItem("a", index: 1, failed: false, stops: false),
                    .moveStep("a", from: .waiting, to: .failed), .keepOutput("b"), .keepObject,
                ], error: "secret error", output: secret)
            let variables = try await store.read(RunQuery(run.id))
            let set = try RunBench.commit(
                run.id, [], revision: try #require(variables).facts.revision, variables: [("v", secret)])
            guard case .applied = try await store.control(set, by: "me") else { throw Surprise("not set") }
            try await run.apply([.moveRun(from: .running, to: .failed)])
            let before = try await store.history(run.id)
            #expect(before.compactMap(\.error) == ["secret error"])
            try await run.apply([
                .moveRun(from: .failed, to: .deletingData), .schedule(.deleteData(from: 0), opens: false),
            ])
            var worker = try await Player(store)
            let left = try await worker.turn(20).claimed
            try await worker.turn(
                committed: try left.dropLast().map { try ended($0, try RunBench.commit(run.id, [], revision: 0)) })
            let erase: [Effect] = [
                .eraseStep("a"), .eraseStep("b"), .erase(leaving: .input),
                .moveRun(from: .deletingData, to: .dataDeleted),
            ]
            let task = try #require(left.last)
            try await worker.turn(committed: [try ended(task, try await run.commit(erase, output: Array("left".utf8)))])
            let history = try await store.history(run.id)
            #expect(history.map(\.moves).prefix(before.count) == before.map(\.moves)[...])
            #expect(history.allSatisfy { $0.error == nil } && history.count == before.count + 2)
            let reading = try #require(
                try await store.read(RunQuery(run.id, steps: ["a"], outputs: ["b"], errors: ["a"], wantsInput: true)))
            #expect(reading.input == Array("left".utf8) && reading.object == nil && reading.outputs.isEmpty)
            #expect(reading.standing("a").state == .failed && reading.errors.isEmpty && reading.fans.isEmpty)
            let keys = try await store.redis.send(RedisCommand("KEYS", "*\(run.id)*")).array ?? []
            #expect(Set(keys.compactMap(\.text)) == [store.keys.run(run.id), store.keys.history(run.id)])
        }
    }

    @Test func `a removed run leaves nothing; a live one is not removed`() async throws {
        try await withStore { store in
            let run = try await RunBench(store, foreignID: "f", effects: RunEffectTests.fan)
            try await run.apply(
                [
                    .endItem("a", index: 0, failed: true, stops: true), .arm(.health("b"), after: .seconds(60)),
                    .keepOutput("b"), .awaitSignal("go", step: "b"),
                ], error: "no")
            _ = try await store.signal(run.id, "early", [1], by: "me")
            #expect(
                try await store.results(run.id, "a", items: 0..<2) == [.failure(ItemError(message: "no")), nil])
            #expect(try await store.remove(run.id) == .live)
            try await run.apply([.moveRun(from: .running, to: .failed)])
            #expect(try await store.remove(run.id) == .removed)
            #expect(try await store.remove(run.id) == .unknown)
            #expect(try await store.read(RunQuery(run.id, steps: ["a"])) == nil)
            // Tasks in lanes go when their turn comes.
            var worker = try await Player(store)
            let left = try await worker.turn(9).claimed
            let nothing = try RunBench.commit(run.id, [], revision: 0)
            let close = try RunBench.commit(run.id, [.close], revision: 0)
            let refused = try await worker.turn(committed: try left.map { try ended($0, close) }).refused
            #expect(refused == left.map { RefusedCommit(id: $0.id, run: nil) })
            try await worker.turn(committed: try left.map { try ended($0, nothing) })
            let keys = try await store.redis.send(RedisCommand("KEYS", "*\(run.id)*")).array ?? []
            #expect(keys.isEmpty)
            #expect(try await KeyspaceAudit.read(store).heads.isEmpty)
        }
    }

    @Test func `what cannot be stored is refused before it is sent`() async throws {
        try await withStore { store in
            let run = try await RunBench(store)
            let bad: [Effect] = [
                .startChild(ChildWorkflow("sub"), step: "a"), .armAtCarriedMoment(.visitTimeout("a", 1)),
                .openFan("a", .all(tasks: 5000, window: 5000)),
            ]
            for effect in bad {
                #expect(throws: StoreError.self) {
                    try RunCommit(Plan([effect]), run: run.id, revision: 1, head: RunBench.head)
                }
            }
            #expect(throws: StoreError.self) {
                try RunCommit(Plan([.launch(.step("a"))]), run: run.id, revision: 1) { _ in
                    TaskRecord(kind: "no kind", queue: "q", payload: [])
                }
            }
        }
    }
}

extension RunTask {
    fileprivate var isSignalled: Bool { if case .signalled = self { true } else { false } }
}
