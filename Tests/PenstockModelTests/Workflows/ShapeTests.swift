import Foundation
import PenstockModel
import PenstockTesting
import Testing

@Suite struct ShapeTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var shape: GraphShape
        var problems: [ShapeProblem]
        init(_ name: String, _ steps: [StepShape], rollback: RollbackPolicy? = nil, _ problems: ShapeProblem...) {
            testDescription = name
            shape = GraphShape(steps, rollback: rollback)
            self.problems = problems
        }
    }

    static let long = String(repeating: "x", count: 201)

    @Test(
        "what is wrong with a graph is told by step, all at once",
        arguments: [
            Row("empty", [], .noSteps),
            Row("a line", [StepShape("a"), StepShape("b", after: [.init("a")])]),
            Row("no name", [StepShape("")], .invalidName(step: "", problem: "is empty")),
            Row(
                "a long name", [StepShape(long)],
                .invalidName(step: long, problem: "has 201 bytes; at most 200 are allowed")),
            Row("twice", [StepShape("a"), StepShape("a")], .duplicateStep("a")),
            Row(
                "unknown, and more", [StepShape("a", after: [.init("x"), .init("a")]), StepShape("b", join: .any)],
                .unknownDependency(step: "a", dependency: "x"), .dependsOnItself("a"), .joinWithoutDependencies("b")),
            Row(
                "a circle",
                [
                    StepShape("a"), StepShape("b", after: [.init("a"), .init("d")]),
                    StepShape("c", after: [.init("b")]),
                    StepShape("d", after: [.init("c")]),
                ],
                .cycle(["c", "d", "b"])),
            Row(
                "the same twice", [StepShape("a"), StepShape("b", after: [.init("a"), .init("a", phase: .failure)])],
                .duplicateDependency(step: "b", dependency: "a")),
            Row(
                "joins",
                [
                    StepShape("a"), StepShape("b", after: [.init("a")], join: .atLeast(0)),
                    StepShape("c", after: [.init("a")], join: .atLeast(2)),
                ],
                .impossibleJoin(step: "b", need: 0, dependencies: 1),
                .impossibleJoin(step: "c", need: 2, dependencies: 1)),
            Row(
                "branches",
                [
                    StepShape("a", branches: ["x", "y", "y"]), StepShape("b", after: [.init("a", branch: "x")]),
                    StepShape("c", after: [.init("a", branch: "z")]),
                    StepShape("d", after: [.init("a", phase: .end, branch: "x")]),
                    StepShape("e", after: [.init("a", branch: "y"), .init("a", branch: "x")]),
                ],
                .duplicateBranch(step: "a", branch: "y"), .unknownBranch(step: "c", dependency: "a", branch: "z"),
                .branchNeedsSuccess(step: "d", dependency: "a")),
            Row(
                "a branch without use", [StepShape("a", branches: ["x"])], .unreachableBranch(step: "a", branch: "x")),
            Row(
                "fan-outs",
                [
                    StepShape("a", fanOut: FanOut(concurrency: 1001, batchSize: 0)),
                    StepShape("b", kind: .signal("s"), fanOut: FanOut(concurrency: 1)),
                ],
                .invalidConcurrency(step: "a", 1001), .invalidBatchSize(step: "a", 0), .cannotFanOut("b")),
            Row(
                "times",
                [
                    StepShape("a", longRunning: LongRunning(syncInterval: .zero), timeout: .zero, waitLimit: .zero),
                    StepShape("b", waitLimit: .seconds(1)),
                ],
                .invalidDuration(step: "a", what: "the interval of sync"),
                .invalidDuration(step: "a", what: "the time-out"),
                .invalidDuration(step: "a", what: "the limit for waiting"), .waitLimitWithoutWaiting("b")),
            Row("a rollback without use", [StepShape("a", hasRollback: true)], .rollbackNeverUsed("a")),
            Row("nothing to roll back", [StepShape("a")], rollback: .preserve, .nothingToRollBack),
            Row(
                "limits", [StepShape("a", limits: ["queue:x"])],
                .invalidLimit(
                    step: "a",
                    problem:
                        "limit key \"queue:x\": limits on queues hold for every job by themselves; use another scope")),
        ])
    func graphs(row: Row) {
        #expect(row.shape.problems == row.problems)
        if row.problems.isEmpty {
            #expect(throws: Never.self) { try GraphIndex(row.shape) }
        } else {
            #expect(throws: InvalidShape(problems: row.problems)) { try GraphIndex(row.shape) }
        }
    }

    @Test("what is wrong with a machine is told by state, all at once")
    func machines() {
        let good = StateMachineShape([MachineState("a", next: ["b"]), MachineState("b", hasStep: false)], initial: "a")
        #expect(good.problems.isEmpty)
        #expect(StateMachineShape([], initial: "a").problems == [.noSteps])
        #expect(
            StateMachineShape([MachineState("a", next: ["a", "x", "x"])], initial: "b").problems == [
                .noInitialState("b"), .duplicateNextState(state: "a", next: "x"),
                .unknownNextState(state: "a", next: "x"), .unknownNextState(state: "a", next: "x"), .noEndState,
            ])
        #expect(
            StateMachineShape(
                [
                    MachineState("a", next: ["b"], hasStep: false), MachineState("b"),
                    MachineState("c", next: ["b"], pauseAfterErrors: 0),
                    MachineState("a", next: ["b"], resumeAfter: .seconds(1)),
                ], initial: "b"
            ).problems == [
                .duplicateStep("a"), .stuckState("a"), .stepInEndState("b"), .invalidErrorCount(state: "c", 0),
                .resumeWithoutPause("a"), .unreachableState("a"), .unreachableState("c"), .unreachableState("a"),
            ])
    }

    @Test("messages name the step and the way out")
    func messages() {
        #expect(
            "\(ShapeProblem.cycle(["a", "b"]))"
                == "steps depend on each other in a circle: \"a\" -> \"b\" -> \"a\"; remove one of the dependencies")
        #expect("\(ShapeProblem.unknownDependency(step: "a", dependency: "x\n"))".contains("\"x\u{FFFD}\""))
        let all = InvalidShape(problems: [.noSteps, .dependsOnItself("a")])
        #expect("\(all)".split(separator: "\n").count == 2)
    }

    @Test("a chain of the largest size is checked without recursion, and its circle found")
    func longChain() async throws {
        try await apart {
            var steps = (0..<GraphShape.maximumSteps).map { number in
                StepShape("s\(number)", after: number == 0 ? [] : [Dependency("s\(number - 1)")])
            }
            let index = try GraphIndex(GraphShape(steps))
            #expect(index.count == GraphShape.maximumSteps)
            steps[0].dependencies = [Dependency("s\(GraphShape.maximumSteps - 1)")]
            let problems = GraphShape(steps).problems
            guard case .cycle(let circle) = problems.first else {
                Issue.record("no circle in \(problems.count) problems")
                return
            }
            #expect(circle.count == GraphShape.maximumSteps && problems.count == 1)
        }
    }

    @Test("a shape is written the same way each time, and read back the same")
    func coding() throws {
        let graph = GraphShape(
            [
                StepShape(
                    "reserve", hasRollback: true, retry: .fixed(.seconds(3), attempts: 3), timeout: .milliseconds(1500)),
                StepShape("decide", after: [.init("reserve")], isConditional: true, branches: ["yes"]),
                StepShape(
                    "many", after: [.init("decide", branch: "yes")], fanOut: FanOut(batchSize: 10, failedItems: .goOn)),
                StepShape("child", kind: .child(ChildWorkflow("other")), after: [.init("many", phase: .end)]),
                StepShape(
                    "wait", kind: .signal("go"), after: [.init("many"), .init("child")], join: .atLeast(1),
                    waitLimit: .seconds(60)),
                StepShape("long", longRunning: LongRunning(healthCheck: true), limits: ["account:1"]),
            ], rollback: .always)
        let machine = StateMachineShape(
            [
                MachineState(
                    "a", next: ["b"], callbacks: ["x"], hasTimeout: true, pauseAfterErrors: 3, resumeAfter: .seconds(9)),
                MachineState("b", hasStep: false),
            ], initial: "a")
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        for body in [WorkflowShape.Body.graph(graph), .machine(machine)] {
            let shape = WorkflowShape("checkout", version: 2, body: body, hooks: [.failed])
            #expect(shape.problems.isEmpty)
            let bytes = try encoder.encode(shape)
            let again = try JSONDecoder().decode(WorkflowShape.self, from: bytes)
            #expect(again == shape)
            #expect(try encoder.encode(again) == bytes)
        }
        // Shapes are stored by content, so a change of these bytes makes every workflow a new version.
        let small = WorkflowShape("w", body: .graph(GraphShape([StepShape("a", retry: .never, rollbackRetry: .never)])))
        let text = String(decoding: try encoder.encode(small), as: UTF8.self)
        let never =
            #"{"attempts":1,"backoff":{"capMilliseconds":0,"firstMilliseconds":0,"jitter":0,"shape":"constant"}}"#
        #expect(
            text
                == #"{"body":{"graph":{"_0":{"failFast":true,"steps":[{"branches":[],"dependencies":[],"hasRollback":false,"isConditional":false,"join":{"all":{}},"kind":{"work":{}},"limits":[],"name":"a","retry":\#(never),"rollbackRetry":\#(never)}]}}},"hooks":[],"name":"w","version":1}"#
        )
    }
}
