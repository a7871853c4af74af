/// Why a run does not do what somebody asks of it.
public enum RunControlError: Error, Sendable, Hashable, CustomStringConvertible {
    /// It has ended, so there is nothing to pause, resume or cancel.
    case hasEnded(RunState)
    /// It has not ended, so it cannot be run again.
    case hasNotEnded(RunState)
    /// It is not in a state in which this can be done.
    case notNow(RunState)
    /// Rollbacks cannot be cancelled: they go on to their end.
    case rollsBack
    /// The workflow has no rollback.
    case noRollback
    /// Rollbacks of some steps have failed; retry or skip these first.
    case rollbackIncomplete
    /// Nothing of it failed.
    case nothingToRetry
    /// The data that it would need have been deleted.
    case dataDeleted
    case unknownStep(String)
    /// The step is in a state in which this cannot be done to it.
    case stepNotNow(step: String, StepState)
    /// The event is not one that the present state of the machine takes.
    case wrongState(event: String, state: String)
    /// The state is not declared as one that may follow.
    case undeclaredState(state: String, next: String)
    /// Runs of this workflow know no such thing, being those of a state machine, or of a graph.
    case unsupported(String, String)

    public var description: String {
        switch self {
        case .hasEnded(let state): "the run has ended (\(state.words)); to run it again use retry or rerun"
        case .hasNotEnded(let state): "the run has not ended (\(state.words)); cancel it or wait for its end"
        case .notNow(let state): "this cannot be done to a run that is \(state.words)"
        case .rollsBack: "the run is rolling back, which cannot be cancelled; wait for its end, or pause it"
        case .noRollback: "the workflow has no rollback; cancel without it"
        case .rollbackIncomplete: "some rollbacks have failed; retry or skip these before the run is run again"
        case .nothingToRetry: "nothing of the run failed; to execute steps again use rerun"
        case .dataDeleted: "the run's data have been deleted"
        case .unknownStep(let step): "the run has no step \"\(InvalidName.printable(step))\""
        case .stepNotNow(let step, let state): "this cannot be done to step \"\(step)\": \(state.words)"
        case .wrongState(let event, let state):
            "state \"\(state)\" takes no callback \"\(InvalidName.printable(event))\""
        case .undeclaredState(let state, let next):
            "state \"\(state)\" may not go to \"\(InvalidName.printable(next))\"; declare it as a next state"
        case .unsupported(let what, let workflow): "runs of \(workflow) know no \(what)"
        }
    }
}
