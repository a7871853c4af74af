import PenstockModel
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

/// Every effect alone: the run before, the effect, and what is other than before, as Redis has it.
@Suite(.timeLimit(.minutes(10))) struct RunEffectTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var before: [Effect] = []
        var effect: [Effect]
        /// What differs afterwards; empty where it is gone.
        var changes: [String: String]
        var testDescription: String { name }

        init(_ name: String, after before: [Effect] = [], _ effect: [Effect], _ changes: [String: String]) {
            self.name = name
            self.before = before
            self.effect = effect
            self.changes = changes
        }
    }

    static func arrival(_ taken: Int, _ missed: Int, need: Int, edges: Int) -> Effect {
        .arrive(
            Arrival(
                join: .forward("b"), taken: taken, missed: missed, need: need, edges: edges, launch: .step("b")))
    }

    static let fan: [Effect] = [
        .launch(.step("a")), .moveStep("a", from: .active, to: .waiting), .openFan("a", .all(tasks: 3, window: 2)),
    ]
    static let failed: [Effect] = [.launch(.step("a")), .moveStep("a", from: .active, to: .failed), .close]

    static let output = String(decoding: RunBench.output, as: UTF8.self)

    static let cases: [Case] = [
        Case(
            "moveRun to paused", [.moveRun(from: .running, to: .paused)],
            ["state": "paused", "from": "running", "revision": "2"]),
        Case(
            "moveRun from paused", after: [.moveRun(from: .running, to: .paused)],
            [.moveRun(from: .paused, to: .running)], ["state": "running", "from": "", "revision": "3"]),
        Case(
            "moveRun to pending begins a round",
            after: [
                .setFact(.isFailing(true)), .setFact(.rollsBackOnCancel(true)), .setFact(.stuckRollbacks(2)),
                .schedule(.sweep(from: 0), opens: true), .arm(.health("a"), after: .seconds(9)),
                .moveRun(from: .running, to: .failed),
            ], [.moveRun(from: .failed, to: .pending)],
            [
                "state": "pending", "revision": "6", "round": "2", "failing": "", "rolls": "", "stuck": "", "open": "",
                "timers": "",
            ]),
        Case("setFact isFailing", [.setFact(.isFailing(true))], ["failing": "1", "revision": "2"]),
        Case("setFact rollsBackOnCancel", [.setFact(.rollsBackOnCancel(true))], ["rolls": "1", "revision": "2"]),
        Case("setFact stuckRollbacks", [.setFact(.stuckRollbacks(3))], ["stuck": "3", "revision": "2"]),
        Case(
            "moveStep", after: [.launch(.step("a"))], [.moveStep("a", from: .active, to: .succeeded)], ["s:a": "s"]),
        Case(
            "moveStep with a branch", after: [.launch(.step("a"))],
            [.moveStep("a", from: .active, to: .succeeded, branch: "left")], ["s:a": "sleft"]),
        Case(
            "moveStep to failed keeps the error", after: [.launch(.step("a"))],
            [.moveStep("a", from: .active, to: .failed)], ["s:a": "f", "e:a": "broke", "errors": "broke"]),
        Case(
            "moveStep to another state keeps the error of the commit in the history only", after: [.launch(.step("a"))],
            [.moveStep("a", from: .active, to: .waiting)], ["s:a": "w", "errors": "broke"]),
        Case("keepOutput", [.keepOutput("a")], ["o:a": output]),
        Case("launch", [.launch(.step("a"))], ["s:a": "a", "open": "1", "queue": "1 step a"]),
        Case("launch of a step that is elsewhere", after: failed, [.launch(.step("a"))], [:]),
        Case(
            "launch of a rollback", after: failed, [.launch(.rollBack("a", call: true))],
            ["s:a": "b", "open": "1", "queue": "1 roll-back a call, 1 step a"]),
        Case("schedule", [.schedule(.hook(.paused), opens: false)], ["queue": "1 hook paused"]),
        Case("schedule that opens", [.schedule(.sweep(from: 3), opens: true)], ["queue": "1 sweep 3", "open": "1"]),
        Case(
            "schedule of an event brings the payload", [.schedule(.event("paid", "open", 1), opens: true)],
            [
                "queue": "1 event paid open 1\n" + String(decoding: RunBench.output, as: UTF8.self), "open": "1",
            ]),
        Case("arrive, not decided", [arrival(1, 0, need: 2, edges: 2)], ["j:b": "1 0"]),
        Case(
            "arrive, decided", after: [arrival(1, 0, need: 2, edges: 2)], [arrival(1, 0, need: 2, edges: 2)],
            ["j:b": "2 0", "s:b": "a", "open": "1", "queue": "1 step b"]),
        Case(
            "arrive, decided by what is missed", [arrival(0, 1, need: 2, edges: 2)],
            ["j:b": "0 1", "s:b": "a", "open": "1", "queue": "1 step b"]),
        Case(
            "arrive, decided before", after: [arrival(1, 0, need: 1, edges: 2)], [arrival(1, 0, need: 1, edges: 2)],
            ["j:b": "2 0"]),
        Case(
            "arrive backward", after: failed,
            [
                .arrive(
                    Arrival(
                        join: .backward("a"), taken: 2, missed: 0, need: 2, edges: 2,
                        launch: .rollBack("a", call: false)))
            ], ["k:a": "2 0", "s:a": "b", "open": "1", "queue": "1 roll-back a mark, 1 step a"]),
        Case(
            "resetStep to pending", after: failed + [.keepOutput("a")],
            [.resetStep("a", to: .pending, taken: 1, missed: 0, keepsItems: false)],
            ["s:a": "", "o:a": "", "j:a": "1 0"]),
        Case(
            "resetStep to waived", after: failed,
            [.resetStep("a", to: .waived, taken: 0, missed: 0, keepsItems: false)],
            ["s:a": "v"]),
        Case(
            "resetStep with its items gone",
            after: fan + [
                .endItem("a", index: 0, failed: true, stops: false), .moveStep("a", from: .waiting, to: .failed),
                .close,
            ], [.resetStep("a", to: .pending, taken: 0, missed: 0, keepsItems: false)],
            ["s:a": "", "n:a": "", "v:a": "", "items": "", "broken": ""]),
        Case(
            "resetStep with its items kept",
            after: fan + [
                .endItem("a", index: 0, failed: true, stops: false), .moveStep("a", from: .waiting, to: .failed),
                .close,
            ], [.resetStep("a", to: .pending, taken: 0, missed: 0, keepsItems: true)], ["s:a": ""]),
        Case("close", after: [.launch(.step("a"))], [.close], ["open": ""]),
        Case(
            "whenIdle with something open", after: [.launch(.step("a"))],
            [.whenIdle([.moveRun(from: .running, to: .succeeded)])], [:]),
        Case(
            "whenIdle with nothing open, after all else", after: [.launch(.step("a"))],
            [.whenIdle([.moveRun(from: .running, to: .succeeded)]), .close],
            ["state": "succeeded", "revision": "2", "open": ""]),
        Case("arm", [.arm(.sync("a"), after: .seconds(60))], ["timers": "1 sync a"]),
        Case(
            "arm in place of an earlier one", after: [.arm(.sync("a"), after: .seconds(60))],
            [.arm(.sync("a"), after: .seconds(90))], [:]),
        Case("disarm", after: [.arm(.sync("a"), after: .seconds(60))], [.disarm(.sync("a"))], ["timers": ""]),
        Case("disarm of what is not there", [.disarm(.sync("a"))], [:]),
        Case("armAtCarriedMoment", [.armAtCarriedMoment(.visitTimeout("o", 1))], ["timers": "1 visit-timeout o 1"]),
        Case(
            "openFan", after: [.launch(.step("a"))], [.openFan("a", .all(tasks: 3, window: 2))],
            ["n:a": "3 2 0 0 2 0 - 1", "v:a": output, "queue": "1 item a 0, 1 item a 1, 1 step a"]),
        Case(
            "openFan without items", after: [.launch(.step("a"))], [.openFan("a", .all(tasks: 0, window: 0))],
            ["n:a": "0 0 0 0 0 0 - 1", "v:a": output, "queue": "1 gather a, 1 step a"]),
        Case(
            "openFan anew forgets what was",
            after: fan + [.endItem("a", index: 0, failed: true, stops: false)],
            [.openFan("a", .all(tasks: 1, window: 1))],
            [
                "n:a": "1 1 0 0 1 0 - 1", "items": "", "broken": "",
                "queue": "1 item a 0, 1 item a 0, 1 item a 1, 1 item a 2, 1 step a",
            ]),
        Case(
            "endItem", after: fan, [.endItem("a", index: 0, failed: false, stops: false)],
            [
                "n:a": "3 3 1 0 2 0 - 1", "items": "0+1",
                "queue": "1 item a 0, 1 item a 1, 1 item a 2, 1 step a",
            ]),
        Case(
            "endItem counts once", after: fan + [.endItem("a", index: 0, failed: false, stops: false)],
            [.endItem("a", index: 0, failed: true, stops: true)], [:]),
        Case(
            "endItem that stops", after: fan, [.endItem("a", index: 0, failed: true, stops: true)],
            ["n:a": "3 2 1 1 1 1 - 1", "items": "0-1", "broken": "0"]),
        Case(
            "endItem, the last", after: fan + [.endItem("a", index: 0, failed: true, stops: true)],
            [.endItem("a", index: 1, failed: false, stops: false)],
            [
                "n:a": "3 2 2 1 0 1 - 1", "items": "0-1 1+1",
                "queue": "1 gather a, 1 item a 0, 1 item a 1, 1 step a",
            ]),
        Case(
            "openFan with the rest",
            after: fan + [
                .endItem("a", index: 0, failed: true, stops: true),
                .endItem("a", index: 1, failed: false, stops: false),
            ], [.openFan("a", .rest(window: 5))],
            [
                "n:a": "3 3 1 0 2 0 - 2",
                "queue": "1 gather a, 1 item a 0, 1 item a 0, 1 item a 1, 1 item a 2, 1 step a",
            ]),
        Case(
            "endItem of one that had failed",
            after: fan + [
                .endItem("a", index: 0, failed: true, stops: true),
                .endItem("a", index: 1, failed: false, stops: false),
            ], [.openFan("a", .rest(window: 1)), .endItem("a", index: 0, failed: false, stops: true)],
            [
                "n:a": "3 2 2 0 0 1 - 2", "items": "0+2 1+1", "broken": "",
                "queue": "1 gather a, 1 gather a, 1 item a 0, 1 item a 0, 1 item a 1, 1 step a",
            ]),
        Case(
            "awaitSignal", [.awaitSignal("go", step: "a")],
            ["g:go": "a", "w:a": "go\nflow\tq\t\t\tw=RUN\nsignalled\ta"]),
        Case(
            "startChild", [.startChild(ChildWorkflow("sub"), step: "a")],
            ["c:a": "CHILD", "child": "p sub 1", "queue": "1 start 0"]),
        Case(
            "cancelChild", after: [.startChild(ChildWorkflow("sub"), step: "a")],
            [.cancelChild("a"), .cancelChild("a")],
            ["queue": "1 cancel, 1 start 0"]),
        Case("cancelChild without a child", [.cancelChild("a")], [:]),
        Case("tellParent without a parent", [.tellParent(.succeeded)], [:]),
        Case("releaseParked with nothing parked", [.releaseParked], [:]),
        Case(
            "enterState", after: [.schedule(.visit("o", 1), opens: true), .armAtCarriedMoment(.visitTimeout("o", 1))],
            [.enterState("paid")], ["m": "1 paid", "revision": "2", "open": "", "timers": ""]),
        Case(
            "eraseStep takes output and errors, and leaves the state", after: failed + [.keepOutput("a")],
            [.eraseStep("a")], ["o:a": ""]),
        Case(
            "eraseStep with a fan-out",
            after: fan + [.endItem("a", index: 0, failed: true, stops: false)], [.eraseStep("a")],
            ["n:a": "", "v:a": "", "items": "", "broken": ""]),
        Case("eraseStep of one that has left nothing", [.eraseStep("a")], [:]),
        Case("erase", after: [.keepObject], [.erase(leaving: .nothing)], ["i": "", "b": ""]),
        Case("erase leaving what the commit carries as the input", [.erase(leaving: .input)], ["i": output]),
        Case(
            "erase leaving what the commit carries as the object", [.erase(leaving: .object)], ["i": "", "b": output]),
        Case("keepObject", [.keepObject], ["b": String(decoding: RunBench.output, as: UTF8.self), "revision": "2"]),
    ]

    @Test(arguments: cases)
    func `an effect changes this and nothing else`(item: Case) async throws {
        try await withStore(audits: false) { store in
            let run = try await RunBench(store, effects: item.before)
            let before = try await run.snapshot()
            let summary = try await run.apply(
                item.effect, error: item.name.contains("keeps the error") ? "broke" : "")
            let after = try await run.snapshot()
            var changes: [String: String] = [:]
            for name in Set(before.keys).union(after.keys) where before[name] != after[name] {
                changes[name] = (after[name] ?? "").replacing(run.id.rawValue, with: "RUN")
            }
            var expected = item.changes
            if expected["c:a"] != nil { expected["c:a"] = changes["c:a"] ?? "no child" }
            #expect(changes == expected)
            #expect(summary == (try await store.read(RunQuery(run.id)))?.summary)
        }
    }

    static let refusals: [(String, [Effect], [Effect])] = [
        ("moveRun from another state", [], [.keepOutput("a"), .moveRun(from: .paused, to: .running)]),
        (
            "moveStep from another state", [.launch(.step("a"))],
            [.launch(.step("b")), .close, .moveStep("a", from: .waiting, to: .succeeded)]
        ),
        ("moveStep of what this commit moved", [], [.launch(.step("a")), .moveStep("a", from: .pending, to: .waived)]),
        (
            "whenIdle that does not fit", [],
            [.arm(.sync("a"), after: .seconds(1)), .whenIdle([.moveRun(from: .paused, to: .running)])]
        ),
    ]

    @Test(arguments: refusals.indices)
    func `a guard that fails refuses the whole commit`(index: Int) async throws {
        let (name, before, effects) = Self.refusals[index]
        try await withStore(audits: false) { store in
            let run = try await RunBench(store, effects: before)
            let old = try await run.snapshot()
            let answer = try await store.control(try await run.commit(effects), by: "me")
            guard case .conflict(let summary) = answer else { throw Surprise("\(name): \(answer)") }
            #expect(summary.facts.state == .running)
            #expect(try await run.snapshot() == old)
        }
    }
}
