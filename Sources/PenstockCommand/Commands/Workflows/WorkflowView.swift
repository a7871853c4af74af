import Penstock
import PenstockModel

/// A workflow as it is printed.
struct WorkflowView: Encodable {
    struct Step: Encodable {
        let name: String
        /// What executing it means: "work", "decision", "for_each", "long_running", "signal" or "child".
        let kind: String
        /// What it waits for, each in words.
        let after: [String]
        /// So many of these are enough.
        let need: Int?
        let conditional: Bool
        let branches: [String]?
        let signal: String?
        let workflow: String?
        let attempts: Int
        let timeoutMs: Int64?
        let waitLimitMs: Int64?
        let limits: [String]
        let rollback: Bool
    }

    struct State: Encodable {
        let name: String
        let next: [String]
        /// Whether code runs when it is entered.
        let step: Bool
        let callbacks: [String]
        let timeout: Bool
        let attempts: Int
        let pauseAfterErrors: Int?
        let limits: [String]
    }

    let name: String
    let version: Int
    let versions: [Int]
    /// "graph" or "state_machine".
    let kind: String
    /// How a failed run is rolled back; absent: not at all.
    let rollback: String?
    let failFast: Bool?
    /// The step whose output is the run's.
    let output: String?
    let initial: String?
    let hooks: [String]
    let steps: [Step]?
    let states: [State]?

    init(_ shape: WorkflowShape, versions: [Int]) {
        name = shape.name
        version = shape.version
        self.versions = versions
        hooks = shape.hooks.map(\.rawValue)
        switch shape.body {
        case .graph(let graph):
            kind = "graph"
            rollback = graph.rollback?.rawValue
            failFast = graph.failFast
            output = graph.output
            initial = nil
            steps = graph.steps.map(Step.init)
            states = nil
        case .machine(let machine):
            kind = "state_machine"
            (rollback, failFast, output, steps) = (nil, nil, nil, nil)
            initial = machine.initial
            states = machine.states.map(State.init)
        }
    }

    var forPeople: String {
        var sheet = Sheet()
        let others = versions.filter { $0 != version }
        sheet.add("workflow", name)
        sheet.add(
            "version",
            "\(version)" + (others.isEmpty ? "" : " (known too: \(others.map(String.init).joined(separator: ", ")))"))
        sheet.add("kind", steps == nil ? "state machine" : "graph")
        sheet.add("rollback", steps == nil ? nil : rollback ?? "none")
        sheet.add("fail fast", failFast.map { $0 ? "yes" : "no, other branches go on" })
        sheet.add("output", output)
        sheet.add("initial", initial)
        sheet.add("hooks", hooks.isEmpty ? nil : hooks.joined(separator: ", "))
        return sheet.render() + "\n\n" + (steps.map(Self.table) ?? states.map(Self.table) ?? "")
    }

    private static func table(_ steps: [Step]) -> String {
        var table = Table([
            .text("step"), .text("kind"), .text("after"), .number("attempts"), .text("timeout"), .text("limits"),
            .text("rollback"),
        ])
        for step in steps {
            let what = [
                step.kind.replacing("_", with: " "), step.signal ?? step.workflow, step.conditional ? "if wanted" : nil,
            ]
            table.add([
                Table.Cell(step.name, paint: Style.output.bold),
                Table.Cell(what.compactMap { $0 }.joined(separator: " ")),
                Table.Cell(
                    step.after.isEmpty
                        ? "-" : (step.need.map { "\($0) of " } ?? "") + step.after.joined(separator: ", ")),
                Table.Cell(attempts(step.attempts)),
                Table.Cell((step.timeoutMs ?? step.waitLimitMs).map { HumanText.duration(milliseconds: $0) } ?? "-"),
                Table.Cell(step.limits.isEmpty ? "-" : step.limits.joined(separator: ", ")),
                Table.Cell(step.rollback ? "yes" : "-"),
            ])
        }
        return table.render()
    }

    private static func table(_ states: [State]) -> String {
        var table = Table([
            .text("status"), .text("goes on by"), .text("to"), .number("attempts"), .text("limits"),
        ])
        for state in states {
            let causes =
                (state.step ? ["its code"] : []) + state.callbacks.map { "callback \($0)" }
                + (state.timeout ? ["time-out"] : [])
            table.add([
                Table.Cell(state.name, paint: Style.output.bold),
                Table.Cell(causes.isEmpty ? "-" : causes.joined(separator: ", ")),
                Table.Cell(state.next.isEmpty ? "(end)" : state.next.joined(separator: ", ")),
                Table.Cell(state.step ? attempts(state.attempts) : ""),
                Table.Cell(state.limits.isEmpty ? "-" : state.limits.joined(separator: ", ")),
            ])
        }
        return table.render()
    }

    private static func attempts(_ count: Int) -> String { count == .max ? "any" : "\(count)" }
}

extension WorkflowView.Step {
    fileprivate init(_ step: StepShape) {
        name = step.name
        var (signal, workflow): (String?, String?)
        switch step.kind {
        case .signal(let name): (kind, signal) = ("signal", name)
        case .child(let child): (kind, workflow) = ("child", child.workflow)
        case .work where !step.branches.isEmpty: kind = "decision"
        case .work where step.fanOut != nil: kind = "for_each"
        case .work where step.longRunning != nil: kind = "long_running"
        case .work: kind = "work"
        }
        self.signal = signal
        self.workflow = workflow
        after = step.dependencies.map(\.words)
        need = step.join == .all ? nil : step.join.need(of: step.dependencies.count)
        conditional = step.isConditional
        branches = step.branches.isEmpty ? nil : step.branches
        attempts = step.retry.attempts
        timeoutMs = step.timeout?.milliseconds
        waitLimitMs = step.waitLimit?.milliseconds
        limits = step.limits
        rollback = step.hasRollback
    }
}

extension WorkflowView.State {
    fileprivate init(_ state: MachineState) {
        name = state.name
        next = state.next
        step = state.hasStep
        callbacks = state.callbacks
        timeout = state.hasTimeout
        attempts = state.retry.attempts
        pauseAfterErrors = state.pauseAfterErrors
        limits = state.limits
    }
}
