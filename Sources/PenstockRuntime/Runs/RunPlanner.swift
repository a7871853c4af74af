import PenstockModel
import PenstockStore

/// Plans the runs of one shape. A class, since every attempt of their tasks holds it.
package final class RunPlanner: Sendable {
    package enum Body: Sendable {
        case graph(GraphPlanner)
        case machine(StateMachinePlanner)
    }

    package let shape: WorkflowShape
    package let body: Body

    package init(_ shape: WorkflowShape) throws(InvalidShape) {
        let problems = shape.problems
        guard problems.isEmpty else { throw InvalidShape(problems: problems) }
        self.shape = shape
        switch shape.body {
        case .graph(let graph): body = .graph(GraphPlanner(try GraphIndex(graph), hooks: shape.hooks))
        case .machine(let machine): body = .machine(try StateMachinePlanner(machine, hooks: shape.hooks))
        }
    }

    package func step(_ name: String) -> StepShape? {
        if case .graph(let planner) = body { planner.graph.step(named: name) } else { nil }
    }

    package var hasMachine: Bool { if case .machine = body { true } else { false } }

    /// What has to be read of a run before one of its tasks is looked at.
    ///
    /// - Parameter listed: whether the list of the fan-out is at hand.
    package func query(_ run: RunID, _ task: RunTask, listed: Bool) -> RunQuery {
        switch body {
        case .machine: return RunQuery(run, wantsInput: true)
        case .graph(let planner):
            guard let name = task.step, let step = planner.graph.step(named: name) else {
                return RunQuery(run, steps: planner.looksAt(task), wantsInput: task.wantsInput)
            }
            let before = step.dependencies.map(\.step)
            var query = RunQuery(run, steps: [name] + before, wantsInput: task.wantsInput)
            switch task {
            case .step: query.outputs = before
            case .rollBack, .sync, .health: query.outputs = [name]
            case .item where !listed: query.lists = [name]
            default: break
            }
            return query
        }
    }

    /// The facts that planning looks at.
    package func facts(_ step: StepShape, _ reading: RunReading, round: Int, wasAttempted: Bool) -> StepFacts {
        StepFacts(
            run: reading.facts, round: round, state: reading.standing(step.name).state,
            dependencies: step.dependencies.map { reading.standing($0.step) }, wasAttempted: wasAttempted,
            fan: reading.fans[step.name])
    }

    /// How the tasks of a run are queued.
    ///
    /// - Parameter home: the record of any of its tasks.
    package func head(_ home: TaskRecord) -> (RunTask) -> TaskRecord {
        { task in
            var record = home
            record.payload = []
            record.options = TaskOptions(
                limits: self.limits(of: task).compactMap { try? LimitName($0) }, headers: home.options.headers)
            return record
        }
    }

    /// Steps are limited where their code acts: run forward, for each item, and when rolled back.
    private func limits(of task: RunTask) -> [String] {
        switch (task, body) {
        case (.step(let name), .graph(let planner)), (.item(let name, _), .graph(let planner)),
            (.rollBack(let name, call: true), .graph(let planner)):
            planner.graph.step(named: name)?.limits ?? []
        case (.visit(let state, _), .machine(let planner)): planner.state(named: state)?.limits ?? []
        default: []
        }
    }

    /// How a task is retried.
    package func retry(_ task: RunTask) -> RetryPolicy {
        switch (task, body) {
        case (.hook, _), (.callback, _), (.deleteData, _): .untilItSucceeds
        case (.rollBack(let name, _), .graph(let planner)):
            planner.graph.step(named: name)?.rollbackRetry ?? .standard
        case (_, .graph(let planner)):
            task.step.map { planner.graph.step(named: $0)?.retry ?? .standard } ?? .untilItSucceeds
        case (_, .machine(let planner)):
            task.visit.map { visit in
                guard let state = planner.state(named: visit.state) else { return .standard }
                // One that pauses never gives up.
                return RetryPolicy(
                    attempts: state.pauseAfterErrors == nil ? state.retry.attempts : .max, backoff: state.retry.backoff)
            } ?? .untilItSucceeds
        }
    }

    package func timeout(_ task: RunTask) -> Duration? { task.step.flatMap { step($0)?.timeout } }
}

extension RunTask {
    /// Whether somebody's code that takes the run's input may follow.
    fileprivate var wantsInput: Bool {
        switch self {
        case .step, .item, .sync, .health, .rollBack, .signalled, .childEnded, .deleteData, .hook: true
        default: false
        }
    }
}

extension RetryPolicy {
    /// For what has to happen in the end: hooks, callbacks, and the engine's own tasks. An hour apart at most.
    package static let untilItSucceeds = exponential(from: .seconds(1), cap: .seconds(3600), attempts: .max)
}
