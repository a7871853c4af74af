import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

/// Calls that the library never makes, but another version or another language may: each is refused by a sentence that
/// names the argument, before anything is written.
@Suite(.timeLimit(.minutes(10))) struct MalformedCallTests {
    struct Case: Sendable, CustomStringConvertible {
        let script: RedisScript
        let arguments: [String]
        let complaint: String

        init(_ script: RedisScript, _ arguments: [String], _ complaint: String) {
            self.script = script
            self.arguments = arguments
            self.complaint = complaint
        }

        var description: String { "\(script.name) \(arguments): \(complaint)" }
    }

    private static let head = "k\tq\t\t"
    /// No error, output, moment, attempt, duration.
    private static let nothing = ["", "", "", "", ""]

    /// A plan of one head and these effects.
    private static func plan(_ effects: [String]) -> [String] {
        nothing + ["1", head, "\(effects.count)"] + effects
    }

    private static func control(_ rest: [String], revision: String = "0") -> [String] {
        ["token", "run", revision, "me"] + rest
    }

    private static func enqueue(_ groups: String, _ rest: String...) -> [String] { ["token", groups] + rest }

    private static func cycle(lease: String = "5000", room: String = "1", _ lists: [String]) -> [String] {
        ["w", lease, "1", room, "0", "0"] + lists
    }

    private static func ticks(_ rest: [String], latest: String = "0", memory: String = "9", live: String = "0")
        -> [String]
    { ["token", "s", "", "", "", "", latest, memory, live] + rest }

    static let plans = [
        Case(Scripts.control, control(plan([]), revision: "x"), "revision (argument 3) is not a number"),
        Case(Scripts.control, control(nothing + ["x", "0"]), "number of heads (argument 10) is not a number"),
        Case(Scripts.control, control(nothing + ["1", "k\tq", "0"]), "head 1 (argument 11) is none"),
        Case(Scripts.control, control(nothing + ["2", head, "0"]), "head 2 (argument 12) is none"),
        Case(
            Scripts.control, control(nothing + ["0", "x"]),
            "number of words of effects (argument 11) is not a number"),
        Case(
            Scripts.control, control(nothing + ["0", "3", "run", "r"]), "effects (argument 11) are not complete"),
        Case(Scripts.control, control(plan(["jump"])), "effect jump (argument 13) is not known, or not complete"),
        Case(Scripts.control, control(plan(["run", "r"])), "effect run (argument 13) is not known, or not complete"),
        Case(
            Scripts.control, control(plan(["fact", "open", "many"])), "effect fact has a wrong number (argument 15)"),
        Case(
            Scripts.control, control(plan(["arm", "0", "t", "9"])), "effect arm has a wrong number (argument 14)"),
        Case(
            Scripts.control, control(plan(["arm", "2", "t", "9"])), "effect arm has a wrong number (argument 14)"),
        Case(
            Scripts.control, control(plan(["items", "a", "1", "i", "1", "g", "1", "0", "", ""])),
            "effect items (argument 20) is not complete"),
        Case(
            Scripts.control, control(plan(["items", "a", "1", "i", "1", "g", "1", "x", "", "", ""])),
            "effect items has a wrong number (argument 20)"),
        Case(
            Scripts.control, control(plan(["idle", "3", "enter", "a"])), "effect idle (argument 15) is not complete"),
    ]

    static let groups = [
        Case(Scripts.enqueue, enqueue("x", "q\t", "", "", "1", "a", head), "groups (argument 2) is not a number"),
        Case(
            Scripts.enqueue, enqueue("1", "q\t", "", "", "x", "a", head),
            "number of tasks (argument 6) is not a number"),
        Case(Scripts.enqueue, enqueue("1", "q\t", "+soon", "", "1", "a", head), "start of group 1 is not a time"),
        Case(Scripts.enqueue, enqueue("1", "q\t", "", "", "2", "a", head, "b"), "group 1 has fewer tasks than it says"),
        Case(
            Scripts.enqueue, enqueue("2", "q\t", "", "", "1", "a", head, "q\t", "", "", "1", "b"),
            "group 2 has fewer tasks than it says"),
        Case(Scripts.enqueue, enqueue("1", "q\t", "", "", "0", "a", head), "group 1 has no task or no lane"),
        Case(Scripts.enqueue, enqueue("1", "q", "", "", "1", "a", head), "group 1 has no task or no lane"),
        Case(
            Scripts.enqueue, enqueue("1", "q\t", "", "k=a\tp=9", "2", "a", head, "b", head),
            "group 1 has one key for several tasks"),
        Case(
            Scripts.enqueue, enqueue("1", "q\t", "", "u=sa", "2", "a", head, "b", head),
            "group 1 has one key for several tasks"),
        Case(
            Scripts.enqueue, enqueue("1", "q\t", "", "d=9", "2", "a", head + "\n", "b", head),
            "the record of b has no head"),
    ]

    static let extras = [
        ("y=1", "y"), ("d=", "d"), ("d=0", "d"), ("x=-1", "x"), ("w=1.5", "w"), ("m=x", "m"), ("k=a", "p"),
        ("u=qa", "u"), ("u=s", "u"), ("u=pa", "w"), ("u=ba", "w"), ("p=x", "p"),
    ].flatMap { text, letter in
        [
            Case(
                Scripts.enqueue, enqueue("1", "q\t", "", text, "1", "a", head + "\n"),
                "extra \(letter) of group 1 is wrong or missing"),
            Case(
                Scripts.fireTicks, ticks(["0", "job", "q\t", text, "1", "a", head + "\n"]),
                "extra \(letter) is wrong or missing"),
        ]
    }

    private static let noLists = ["1", "q", "0", "0", "0"]
    private static func commit(
        _ number: String = "1", tasks: [String] = ["1", "t"], revision: String = "0", ending: String = "done",
        _ effects: [String] = []
    ) -> [String] {
        cycle(noLists + ["0", "0", number] + tasks + ["1", "run", revision, ending, ""] + plan(effects))
    }

    static let cycles = [
        Case(Scripts.cycle, cycle(lease: "x", noLists + ["0", "0", "0"]), "lease (argument 2) is not a number"),
        Case(Scripts.cycle, cycle(room: "x", noLists + ["0", "0", "0"]), "room (argument 4) is not a number"),
        Case(Scripts.cycle, cycle(["x", "q"]), "length of a list (argument 7) is not a number"),
        Case(Scripts.cycle, cycle(noLists + ["x"]), "runs of completed tasks (argument 12) is not a number"),
        Case(
            Scripts.cycle, cycle(noLists + ["1", "1", "x"]), "length of a list (argument 14) is not a number"),
        Case(
            Scripts.cycle, cycle(noLists + ["0", "1", "retry", "t", "1", "soon", "1", "", "0"]),
            "wait (argument 17) is not a number"),
        Case(
            Scripts.cycle, cycle(noLists + ["0", "1", "lose", "t", "1", "0", "1", "", "0"]),
            "outcome lose (argument 14) is not known, or not complete"),
        Case(
            Scripts.cycle, cycle(noLists + ["0", "1", "retry", "t", "1", "0", "1"]),
            "outcome retry (argument 14) is not known, or not complete"),
        Case(Scripts.cycle, commit("x"), "number of commits (argument 14) is not a number"),
        Case(Scripts.cycle, commit(tasks: ["x"]), "number of tasks of a commit (argument 15) is not a number"),
        Case(Scripts.cycle, commit(revision: "x"), "revision (argument 19) is not a number"),
        Case(Scripts.cycle, commit(ending: "stay"), "ending of commit 1 is not known"),
        Case(
            Scripts.cycle, commit(tasks: ["2", "t", "u"], []),
            "commit 1 has several tasks, and is not of as many items"),
        Case(
            Scripts.cycle, commit(tasks: ["2", "t", "u"], ["enter", "a"]),
            "commit 1 has several tasks, and is not of as many items"),
        Case(
            Scripts.cycle, commit(tasks: ["2", "t", "u"], ["items", "a", "1", "i", "1", "g", "1", "0", "", "", ""]),
            "commit 1 has several tasks, and is not of as many items"),
        Case(
            Scripts.cycle,
            commit(
                tasks: ["2", "t", "u"],
                ["items", "a", "1", "i", "1", "g", "2", "0", "", "", "", "1", "", "", "", "enter", "a"]),
            "commit 1 has several tasks, and is not of as many items"),
    ]

    static let schedules = [
        Case(Scripts.fireTicks, ticks(["0", "none"], memory: "x"), "memory (argument 8) is not a number"),
        Case(Scripts.fireTicks, ticks(["0", "none"], live: "x"), "live (argument 9) is not a number"),
        Case(Scripts.fireTicks, ticks(["x", "none"]), "notes (argument 10) is not a number"),
        Case(Scripts.fireTicks, ticks(["0", "none"], latest: "x"), "latest (argument 7) is not a number"),
        Case(Scripts.fireTicks, ticks(["0", "song"]), "what is started is not known"),
        Case(
            Scripts.fireTicks, ticks(["0", "job", "q\t", "", "x", "a", head]),
            "what is started (argument 14) is not a number"),
        Case(Scripts.fireTicks, ticks(["0", "none", "and", "more"]), "lists have another length than they say"),
        Case(
            Scripts.fireTicks, ticks(["0", "job", "q\t", "", "2", "a", head]),
            "lists have another length than they say"),
        Case(
            Scripts.fireTicks, ticks(["0", "job", "q\t", "", "1", "a", head, "b"]),
            "lists have another length than they say"),
        Case(Scripts.saveSchedule, ["s", "", "", "{}", "", "", "soon", ""], "due (argument 7) is not a number"),
        Case(Scripts.saveSchedule, ["s", "", "soon", "{}", "", "", "", ""], "before (argument 3) is not a number"),
    ]

    static let others = [
        Case(Scripts.startRun, start(head: "k\tq"), "head (argument 7) is none"),
        Case(Scripts.startRun, start(retention: "long"), "retention (argument 10) is not a number"),
        Case(Scripts.startRun, start(extras: "k=a"), "extras (argument 12) are wrong"),
        Case(Scripts.signal, ["token", "run", "s", "", "me", "x", ""], "most (argument 6) is not a number"),
        Case(Scripts.signal, ["token", "run", "s", "", "me", "9", "k=a"], "extras (argument 7) are wrong"),
        Case(Scripts.openBatch, ["b", "x", "", ""], "keep (argument 2) is not a number"),
        Case(
            Scripts.openBatch, ["b", "9", "", "", "never", "t", head], "callback never is not known, or not complete"),
        Case(Scripts.openBatch, ["b", "9", "", "", "done", "t"], "callback done is not known, or not complete"),
        Case(Scripts.purge, ["q", "x", ""], "chunk (argument 2) is not a number"),
        Case(Scripts.purge, ["q", "9", "here"], "cursor (argument 3) is none"),
        Case(Scripts.takeRole, ["r", "me", "", "x", "", "", ""], "lease (argument 4) is not a number"),
        Case(Scripts.depths, ["q", "x", "9"], "offset (argument 2) is not a number"),
        Case(Scripts.depths, ["q", "0", "x"], "limit (argument 3) is not a number"),
        Case(Scripts.note, ["w", "t", "1", "p", "x"], "most (argument 5) is not a number"),
        Case(Scripts.locate, ["x"], "depth (argument 1) is not a number"),
        Case(Scripts.examine, ["tries", "x", "0"], "count (argument 2) is not a number"),
        Case(Scripts.examine, ["tears", "9", "0"], "aspect tears is not known"),
        Case(Scripts.why, ["t", "x"], "depth (argument 2) is not a number"),
        Case(Scripts.walkKeys, ["0", "x"], "count (argument 2) is not a number"),
        Case(Scripts.listTasks, ["0", "x"], "count (argument 2) is not a number"),
        Case(Scripts.mendTask, ["t", "", "x", ""], "depth (argument 3) is not a number"),
        Case(Scripts.register, ["w", "x", "queues", "q"], "lease (argument 2) is not a number"),
        Case(Scripts.heartbeat, ["w", "x"], "lease (argument 2) is not a number"),
        Case(Scripts.keepShape, ["shape", "flow", "x"], "version (argument 3) is not a number"),
        Case(Scripts.listRuns, ["x", "9", "0", "9", "", "r", "", "", "0", "0"], "limit (argument 1) is not a number"),
        Case(Scripts.listRuns, ["9", "x", "0", "9", "", "r", "", "", "0", "0"], "look (argument 2) is not a number"),
        Case(
            Scripts.listRuns, ["9", "9", "0", "9", "", "r", "", "", "0", "x"],
            "length of a list (argument 10) is not a number"),
        Case(Scripts.weighRun, ["run", "x"], "from (argument 2) is not a number"),
        Case(Scripts.expiredRuns, ["w", "x"], "limit (argument 2) is not a number"),
        Case(Scripts.inspect, ["t", "x"], "depth (argument 2) is not a number"),
    ]

    private static func start(head: String = head, retention: String = "", extras: String = "") -> [String] {
        ["token", "run", "flow", "digest", "", "", head, "", "", retention, "me", extras] + nothing + ["0", "0"]
    }

    static let limits =
        [
            "x\t\t\t", "0\t1\t\t", "1000\t0\t\t", "1000\t\t\t", "\t\t\t", "1000\t5\t", "1000\t\t5\t", "0\t5\t5\t",
        ].map { Case(Scripts.limit, ["a:b", $0], "terms are not interval, burst, most, text") }
        + ["a", "a:", ":b"].map { Case(Scripts.limit, [$0, "\t\t5\t"], "name is not scope:name") }

    /// Calls that are well made, and refused by what is there: task `t`, run `r`, batch `over` that has ended, queue
    /// `narrow` that is full, and a shape.
    static let refused = [
        Case(Scripts.enqueue, enqueue("1", "q\t", "", "", "1", "t", head), "IDTAKEN t"),
        Case(Scripts.enqueue, enqueue("1", "q\t", "", "", "3", "b", head, "a", head, "b", head), "IDTAKEN b"),
        Case(Scripts.enqueue, enqueue("1", "q\t", "", "b=none", "1", "a", head), "batch is not known: none"),
        Case(Scripts.enqueue, enqueue("1", "q\t", "", "b=over", "1", "a", head), "batch has ended: over"),
        Case(Scripts.enqueue, enqueue("1", "narrow\t", "", "", "1", "a", head), "the length cap of queue narrow"),
        Case(Scripts.enqueue, enqueue("1", "q\t", "", "f=lead 1", "1", "a", head), "role \"lead\" was lost"),
        Case(Scripts.fireTicks, ticks(["0", "job", "q\t", "", "2", "a", head, "t", head]), "IDTAKEN t"),
        Case(Scripts.fireTicks, ticks(run("r", shape: "SHAPE")), "IDTAKEN a run"),
        Case(Scripts.fireTicks, ticks(run("new", shape: "none")), "NOSHAPE none"),
        Case(Scripts.startRun, start("r", shape: "SHAPE"), "IDTAKEN r"),
        Case(Scripts.startRun, start("new", shape: "none"), "NOSHAPE none"),
        Case(Scripts.startRun, start("new", shape: "SHAPE", extras: "f=lead 1"), "role \"lead\" was lost"),
        Case(Scripts.startRun, start("new", shape: "SHAPE", plan: plan(["run", "r", "s"])), "UNFIT"),
        Case(Scripts.signal, ["token", "r", "s", "", "me", "9", "f=lead 1"], "role \"lead\" was lost"),
        Case(Scripts.openBatch, ["b", "9", "none", ""], "batch is not known: none"),
        Case(Scripts.openBatch, ["b", "9", "over", ""], "batch has ended: over"),
    ]

    private static func run(_ id: String, shape: String) -> [String] {
        ["0", "run", "flow", shape, head, "", "", "", "", "1", id, ""]
    }

    private static func start(_ id: String, shape: String, extras: String = "", plan: [String] = nothing + ["0", "0"])
        -> [String]
    { ["token", id, "flow", shape, "", "", head, "", "", "", "me", extras] + plan }

    static let tables = [
        "plans": plans, "groups": groups, "extras": extras, "cycles": cycles, "schedules": schedules,
        "limits": limits, "others": others,
    ]

    @Test(arguments: tables.keys.sorted())
    func `a malformed call is refused by name, and writes nothing`(_ table: String) async throws {
        try await withStore { store in
            _ = try await store.keepShape([1], workflow: "flow", version: 1)
            for one in try #require(Self.tables[table]) { try await expect(one, one.arguments, store) }
        }
    }

    @Test func `a call that does not fit what is there is refused, and writes nothing`() async throws {
        try await withStore(audits: false) { store in
            let shape = try await store.keepShape([1], workflow: "flow", version: 1)
            try await store.setCap(queue: "narrow", tenant: nil, most: 1, policy: .reject)
            let calls = [
                (Scripts.enqueue, Self.enqueue("1", "q\t", "", "", "1", "t", Self.head + "\n")),
                (Scripts.enqueue, Self.enqueue("1", "narrow\t", "", "", "1", "n", "k\tnarrow\t\t\n")),
                (Scripts.startRun, Self.start("r", shape: shape)),
                (Scripts.openBatch, ["over", "60000", "", ""]), (Scripts.sealBatch, ["over"]),
            ]
            for (number, (script, arguments)) in calls.enumerated() {
                let own = arguments.map { $0 == "token" ? "call \(number)" : $0 }
                _ = try await store.call(script, RedisArguments(own))
            }
            for one in Self.refused {
                try await expect(one, one.arguments.map { $0 == "SHAPE" ? shape : $0 }, store)
            }
        }
    }

    private func expect(_ one: Case, _ arguments: [String], _ store: Store) async throws {
        let before = try await store.dump()
        let error = await #expect(throws: StoreError.self, "\(one)") {
            _ = try await store.call(one.script, RedisArguments(arguments))
        }
        let told = error.map { "\($0)" } ?? "nothing"
        #expect(told.contains(one.complaint), "\(one): \(told)")
        #expect(try await store.dump() == before, "\(one)")
    }
}
