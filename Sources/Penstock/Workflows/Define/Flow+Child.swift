import PenstockModel
import PenstockRuntime
import PenstockStore

// Steps that are runs of other workflows.
extension Flow {
    /// A step that starts a run of another workflow and waits for it; its output is that run's.
    ///
    /// - Parameters:
    ///   - whenStopped: what becomes of the child when this run is cancelled or fails: it is cancelled, by default.
    ///   - within: how long the step waits; then it fails. For ever by default.
    @discardableResult
    public func child<ChildInput, Output>(
        _ name: String, of workflow: Workflow<ChildInput, Output>, after: any StepDependency...,
        join: JoinRule = .all, when: Condition? = nil, whenStopped: WhenParentStops = .cancel,
        within limit: Duration? = nil, retry: RetryPolicy = .standard,
        _ input: @escaping @Sendable (_ input: Input, _ context: StepContext) async throws -> ChildInput
    ) -> Step<Output> {
        child(
            name, workflow.definition, isAwaited: true, edges(after), join, when, whenStopped, limit, retry, input)
    }

    /// A step that starts a run of a state machine and waits for it; its output is the machine's object.
    @discardableResult
    public func child<Object, Status>(
        _ name: String, of machine: StateMachine<Object, Status>, after: any StepDependency..., join: JoinRule = .all,
        when: Condition? = nil, whenStopped: WhenParentStops = .cancel, within limit: Duration? = nil,
        retry: RetryPolicy = .standard,
        _ input: @escaping @Sendable (_ input: Input, _ context: StepContext) async throws -> Object
    ) -> Step<Object> {
        child(name, machine.definition, isAwaited: true, edges(after), join, when, whenStopped, limit, retry, input)
    }

    /// A step that starts a run of another workflow and does not wait for it.
    @discardableResult
    public func launch<ChildInput, Output>(
        _ name: String, _ workflow: Workflow<ChildInput, Output>, after: any StepDependency...,
        join: JoinRule = .all, when: Condition? = nil, retry: RetryPolicy = .standard,
        _ input: @escaping @Sendable (_ input: Input, _ context: StepContext) async throws -> ChildInput
    ) -> Step<NoOutput> {
        child(name, workflow.definition, isAwaited: false, edges(after), join, when, .abandon, nil, retry, input)
    }

    private func child<ChildInput: Codable & Sendable, Output>(
        _ name: String, _ definition: Definition, isAwaited: Bool, _ edges: [Dependency], _ join: JoinRule,
        _ when: Condition?, _ whenStopped: WhenParentStops, _ limit: Duration?, _ retry: RetryPolicy,
        _ input: @escaping @Sendable (Input, StepContext) async throws -> ChildInput
    ) -> Step<Output> {
        let child = ChildWorkflow(definition.shape.name, isAwaited: isAwaited, whenStopped: whenStopped)
        let shape = StepShape(
            name, kind: .child(child), after: edges, join: join, isConditional: when != nil, retry: retry,
            waitLimit: limit)
        return add(shape, when) { coding, code in
            code.child = definition.code(coding)
            code.run = { call in
                let context = StepContext(call, coding)
                return .child(try coding.codec.encode(try await input(try await context.input(), context)))
            }
        }
    }
}
