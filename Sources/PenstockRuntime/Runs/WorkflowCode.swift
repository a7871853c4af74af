import PenstockModel
import PenstockStore

/// A workflow as a worker calls it: its planner, and the code behind the names. Payloads are bytes here; who defines
/// workflows encodes and decodes them.
package struct WorkflowCode: Sendable {
    package let planner: RunPlanner
    /// Of a graph: by step.
    package var steps: [String: StepCode]
    /// Of a machine: by state.
    package var states: [String: StateCode]
    package var hooks: [HookMoment: @Sendable (RunCall) async throws -> Void]
    /// Makes of the input (of a machine: of the object) what is left of it when the run's data are deleted; nil for
    /// nothing.
    package var scrub: (@Sendable ([UInt8]) async throws -> [UInt8])?
    /// Called around all code of the workflow.
    package var around:
        @Sendable (ClaimedTask, AttemptContext, _ body: @escaping @Sendable () async throws -> Void) async throws
            -> Void = { _, _, body in
                try await body()
            }

    package init(
        _ planner: RunPlanner, steps: [String: StepCode] = [:], states: [String: StateCode] = [:],
        hooks: [HookMoment: @Sendable (RunCall) async throws -> Void] = [:],
        scrub: (@Sendable ([UInt8]) async throws -> [UInt8])? = nil
    ) {
        self.planner = planner
        self.steps = steps
        self.states = states
        self.hooks = hooks
        self.scrub = scrub
    }

    package var shape: WorkflowShape { planner.shape }
}

extension WorkflowShape {
    /// The kind of all tasks of its runs: workers that have another version leave them alone.
    package var kind: String { "\(name)@\(version)" }
}

/// The code of a step of a graph. What a kind of step does not have is nil.
package struct StepCode: Sendable {
    /// Whether the step is wanted at all.
    package var isWanted: (@Sendable (RunCall) async throws -> Bool)?
    package var run: (@Sendable (RunCall) async throws -> StepReturn)?
    package var sync: (@Sendable (RunCall) async throws -> StepReturn)?
    package var rollBack: (@Sendable (RunCall) async throws -> Void)?
    /// Of a fan-out: one task's items to one result.
    package var items: (@Sendable (RunCall, [[UInt8]]) async throws -> [UInt8])?
    /// Of a fan-out: the results of all tasks, in order, to the step's output; nil where there are none.
    package var gather: (@Sendable (RunCall, [Result<[UInt8], ItemError>]) async throws -> [UInt8])?
    /// What a signal, a completion from outside or a child's output is as the step's output.
    package var receive: (@Sendable (RunCall, [UInt8]) async throws -> [UInt8])?
    /// Of a child workflow: the other one.
    package var child: WorkflowCode?

    package init() {}
}

/// What the code of a step came to.
package enum StepReturn: Sendable {
    case succeeded([UInt8], branch: String? = nil)
    /// It goes on without holding a worker.
    case inProgress
    /// The items of a fan-out.
    case items([[UInt8]])
    /// A child workflow is to be started with this input.
    case child([UInt8])
}

/// The code of a state of a machine.
package struct StateCode: Sendable {
    package typealias Body = @Sendable (RunCall, _ object: [UInt8]) async throws -> StateReturn

    package var step: Body?
    /// By name of the event, whose payload the call brings.
    package var callbacks: [String: Body]
    package var timeout: Body?
    /// When the time-out of the state is due that is entered now; milliseconds since 1970, by Redis's clock.
    package var timeoutAt: (@Sendable (_ object: [UInt8], _ now: Int64) async throws -> Int64)?
    /// Older visits than this are told of in the log.
    package var lagAlert: Duration?
    /// Younger visits than this are held back.
    package var consumeLag: Duration?

    package init() { callbacks = [:] }
}

package struct StateReturn: Sendable {
    package var outcome: MachineOutcome
    package var object: [UInt8]

    package init(_ outcome: MachineOutcome, object: [UInt8]) {
        self.outcome = outcome
        self.object = object
    }
}
