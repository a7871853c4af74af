/// The small state of a run that planning may look at, as it was when it was read. A commit carries `revision`; if the run
/// has another by then, nothing is applied and the worker plans again from what it is told. So a plan always fits the
/// state that it is applied to. Counters that every step moves are no part of it.
package struct RunFacts: Sendable, Hashable {
    package var state: RunState
    /// Counted up by `moveRun`, `setFact`, `enterState` and `keepObject`.
    package var revision: Int
    /// Counted up when the run is prepared to run again. A task of an earlier round is dropped.
    package var round: Int
    /// What a paused run goes back to: `running` or `rollingBack`.
    package var pausedFrom: RunState?
    /// Whether a step has failed for good in this round and nothing caught it.
    package var isFailing: Bool
    /// Whether a cancel asked for rollback.
    package var rollsBackOnCancel: Bool
    /// Steps whose rollback failed for good under policy `preserve`.
    package var stuckRollbacks: Int
    /// Whether the run was started with a callback URL.
    package var hasCallback: Bool
    /// Whether another run's step waits for this run.
    package var hasParent: Bool

    package init(
        state: RunState, revision: Int = 0, round: Int = 1, pausedFrom: RunState? = nil, isFailing: Bool = false,
        rollsBackOnCancel: Bool = false, stuckRollbacks: Int = 0, hasCallback: Bool = false, hasParent: Bool = false
    ) {
        self.state = state
        self.revision = revision
        self.round = round
        self.pausedFrom = pausedFrom
        self.isFailing = isFailing
        self.rollsBackOnCancel = rollsBackOnCancel
        self.stuckRollbacks = stuckRollbacks
        self.hasCallback = hasCallback
        self.hasParent = hasParent
    }

    /// The state, or for a paused run the one that it goes back to.
    package var direction: RunState { state == .paused ? pausedFrom ?? .running : state }
}

/// Where a step is, and what it decided.
package struct StepStanding: Sendable, Hashable {
    package var state: StepState
    /// The branch that a step which succeeded has decided for.
    package var branch: String?

    package init(_ state: StepState, branch: String? = nil) {
        self.state = state
        self.branch = branch
    }
}

/// How far a fan-out is.
package struct FanStanding: Sendable, Hashable {
    package var total: Int
    package var done: Int
    package var failed: Int

    package init(total: Int, done: Int, failed: Int) {
        self.total = total
        self.done = done
        self.failed = failed
    }
}

/// What is known when a task of a step begins or ends.
package struct StepFacts: Sendable, Hashable {
    package var run: RunFacts
    /// The round that the task belongs to.
    package var round: Int
    /// Where the step itself is.
    package var state: StepState
    /// Its dependencies, in the order of the shape.
    package var dependencies: [StepStanding]
    /// Whether an earlier attempt of this task may have acted.
    package var wasAttempted: Bool
    /// Where its fan-out is; nil if it has none yet.
    package var fan: FanStanding?

    package init(
        run: RunFacts, round: Int, state: StepState, dependencies: [StepStanding] = [], wasAttempted: Bool = false,
        fan: FanStanding? = nil
    ) {
        self.run = run
        self.round = round
        self.state = state
        self.dependencies = dependencies
        self.wasAttempted = wasAttempted
        self.fan = fan
    }
}
