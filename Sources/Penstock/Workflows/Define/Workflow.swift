import Logging
import PenstockModel
import PenstockRuntime
import PenstockStore

/// A workflow: a graph of steps with a typed input and output.
///
///     let checkout = try Workflow("checkout", input: Order.self) { flow in
///         let reserve = flow.step("reserve") { order, _ in try await stock.reserve(order) }
///             .rollback { reservation, _ in try await stock.release(reservation) }
///         let charge = flow.step("charge", after: reserve, retry: .fixed(.seconds(3), attempts: 3)) { order, context in
///             try await payments.charge(order, for: context[reserve])
///         }
///         return charge
///     }
///
/// A run keeps the version that it was started with. Change the version when steps come, go, or mean something else; then
/// let workers with the old version live until its runs have ended. Tasks of a version that no worker has wait, and say so
/// when asked why.
public struct Workflow<Input: Codable & Sendable, Output: Codable & Sendable>: Sendable {
    let definition: Definition

    public var name: String { definition.shape.name }
    public var version: Int { definition.shape.version }

    /// Defines a workflow whose output is that of the step which the closure returns.
    ///
    /// - Parameters:
    ///   - failFast: whether a failure that nothing catches stops the run; otherwise branches that do not depend on it go
    ///     on, and the run fails at its end.
    ///   - rollback: what a rollback that failed for good means for the steps before it. By default `preserve` where a
    ///     step has a rollback, and no rollback where none has.
    ///   - retention: for how long a run is kept after its end; a week by default, nil for ever.
    /// - Throws: `InvalidShape`, which says all that is wrong, with the steps' names; and what the closure throws.
    public init(
        _ name: String, version: Int = 1, input: Input.Type = Input.self, failFast: Bool = true,
        rollback: RollbackPolicy? = nil, retention: Duration? = Definition.usualRetention,
        _ build: (Flow<Input>) throws -> Step<Output>
    ) throws {
        let flow = Flow<Input>()
        let output = try build(flow)
        definition = try Definition(
            name, version, flow, failFast: failFast, rollback: rollback, output: output.name, retention: retention)
    }

    /// Defines a workflow without an output.
    public init(
        _ name: String, version: Int = 1, input: Input.Type = Input.self, failFast: Bool = true,
        rollback: RollbackPolicy? = nil, retention: Duration? = Definition.usualRetention,
        _ build: (Flow<Input>) throws -> Void
    ) throws where Output == NoOutput {
        let flow = Flow<Input>()
        try build(flow)
        definition = try Definition(
            name, version, flow, failFast: failFast, rollback: rollback, output: nil, retention: retention)
    }

    /// A picture of the steps, in Mermaid's language.
    public func mermaid(direction: DiagramDirection = .topToBottom) -> String {
        definition.shape.mermaid(direction: direction)
    }
}

/// The input of a workflow that takes none.
public typealias NoInput = NoOutput

/// What a workflow or a state machine is made of, without its types.
public struct Definition: Sendable {
    /// A week.
    public static var usualRetention: Duration { .seconds(7 * 86_400) }

    /// Made once, for all runs that are started and executed from here.
    let planner: RunPlanner
    private let fill: @Sendable (Coding, inout WorkflowCode) -> Void

    var shape: WorkflowShape { planner.shape }

    /// - Parameter fill: adds its code, for values that are encoded so.
    init(_ shape: WorkflowShape, fill: @escaping @Sendable (Coding, inout WorkflowCode) -> Void) throws {
        planner = try RunPlanner(shape)
        self.fill = fill
    }

    func code(_ coding: Coding) -> WorkflowCode {
        var code = WorkflowCode(planner)
        fill(coding, &code)
        return code
    }

    fileprivate init<Input>(
        _ name: String, _ version: Int, _ flow: Flow<Input>, failFast: Bool, rollback: RollbackPolicy?,
        output: String?, retention: Duration?
    ) throws {
        let drafts = flow.drafts
        let steps = drafts.map(\.shape)
        let policy = rollback ?? (steps.contains(where: \.hasRollback) ? .preserve : nil)
        let graph = GraphShape(steps, failFast: failFast, rollback: policy, output: output)
        let (hooks, scrub) = (flow.hooks, flow.scrub)
        let shape = WorkflowShape(
            name, version: version, body: .graph(graph), hooks: hooks.keys.sorted { $0.rawValue < $1.rawValue },
            retention: retention)
        try self.init(shape) { coding, code in
            for draft in drafts { code.steps[draft.shape.name] = draft.code(coding) }
            code.hooks = hooks.mapValues { $0(coding) }
            code.scrub = scrub?(coding)
        }
    }
}

/// What a hook knows of its run.
public struct HookContext: Sendable {
    private let context: StepContext
    public let moment: HookMoment

    init(_ call: RunCall, _ coding: Coding, _ moment: HookMoment) {
        context = StepContext(call, coding)
        self.moment = moment
    }

    public var runID: RunID { context.runID }
    public var workflow: String { context.workflow }
    /// Where the run is now; it may have moved on since the moment that the hook is for.
    public var state: RunState { context.call.state }
    public var attempt: Int { context.attempt }
    /// The same for all calls for this moment.
    public var idempotencyKey: String { context.idempotencyKey }
    public var logger: Logger { context.logger }

    public func output<Output>(ifAny step: Step<Output>) async throws -> Output? {
        try await context.output(ifAny: step)
    }

    public func failure<Output>(of step: Step<Output>) async throws -> String? { try await context.failure(of: step) }

    func input<Input: Decodable>() async throws -> Input { try await context.input() }
    func object() -> [UInt8]? { context.call.object }
}
