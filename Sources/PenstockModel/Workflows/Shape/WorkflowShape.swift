/// The definition of a workflow as data, without its code: what is stored once by content, what a run keeps for its life, and
/// all that planning looks at.
///
/// Its encoding is deterministic with an encoder that sorts keys: arrays keep their order, durations are whole
/// milliseconds, nothing else is a dictionary.
package struct WorkflowShape: Sendable, Hashable, Codable {
    package var name: String
    package var version: Int
    package var body: Body
    /// Moves of the run for which hooks are registered.
    package var hooks: [HookMoment]
    /// For how long a run is kept after its end; nil for ever.
    package var retentionMilliseconds: Int64?

    package enum Body: Sendable, Hashable, Codable {
        case graph(GraphShape)
        case machine(StateMachineShape)
    }

    package init(
        _ name: String, version: Int = 1, body: Body, hooks: [HookMoment] = [], retention: Duration? = nil
    ) {
        self.name = name
        self.version = version
        self.body = body
        self.hooks = hooks
        retentionMilliseconds = retention?.milliseconds
    }

    package var retention: Duration? { retentionMilliseconds.map { .milliseconds($0) } }
}

/// The moments of a run's life at which a hook can be called.
public enum HookMoment: String, Sendable, Hashable, CaseIterable, Codable {
    /// The run has been paused, by hand or after errors.
    case paused
    /// The run has been cancelled and has come to rest.
    case cancelled
    /// The run has succeeded.
    case completed
    /// The run has ended failed or rolled back.
    case failed

    /// The moment that a move to this state is.
    package init?(entering state: RunState) {
        switch state {
        case .paused: self = .paused
        case .cancelled: self = .cancelled
        case .succeeded: self = .completed
        case .failed, .rolledBack: self = .failed
        case .pending, .running, .cancelling, .rollingBack, .deletingData, .dataDeleted: return nil
        }
    }
}

/// A graph of steps.
package struct GraphShape: Sendable, Hashable, Codable {
    package var steps: [StepShape]
    /// Whether an uncaught failure stops the run; otherwise branches that do not depend on it go on.
    package var failFast: Bool
    /// Whether, and how, a failed run is rolled back.
    package var rollback: RollbackPolicy?
    /// The step whose output is the run's.
    package var output: String?

    package init(
        _ steps: [StepShape], failFast: Bool = true, rollback: RollbackPolicy? = nil, output: String? = nil
    ) {
        self.steps = steps
        self.failFast = failFast
        self.rollback = rollback
        self.output = output
    }
}
