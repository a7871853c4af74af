/// How the execution of a step's task ended, retries behind it. Outputs and errors travel beside it, unseen.
package enum StepOutcome: Sendable, Hashable {
    /// Done, with the branch decided for if the step decides.
    case succeeded(branch: String? = nil)
    /// Failed for good.
    case failed
    /// Not wanted: its condition was false, or its join cannot be met.
    case skipped
    /// The run stopped before the step was executed.
    case stopped
    /// The run stopped while the step was in progress, or between two attempts. What a worker reports for code that it
    /// has cancelled because the run stopped, and for a child that was cancelled for that.
    case interrupted
    /// In progress without a worker: said by long-running steps, and by those that wait for a signal or a child.
    case started
    /// The fan-out has so many items.
    case expanded(items: Int)
    /// The fan-out of an earlier round is gone on with.
    case reopened
}

/// What a worker does with a task of a run that it has claimed.
package enum Beginning: Sendable, Hashable {
    /// Runs its code.
    case execute
    /// Runs nothing, and ends it so.
    case end(StepOutcome)
    /// Puts it aside until the run is resumed: `Plan.park`.
    case park
    /// Ends it without effect: what it was for is no more.
    case drop
}

/// What follows from something: how the task is ended, and what else happens in the same commit.
package struct Plan: Sendable, Hashable {
    package var task: TaskEnding
    package var effects: [Effect]

    package enum TaskEnding: Sendable, Hashable {
        /// The task is done.
        case done
        /// It joins the run's parked tasks, and is queued again by `releaseParked`.
        case parked
    }

    package init(_ effects: [Effect]) {
        task = .done
        self.effects = effects
    }

    /// Nothing follows: a stale or repeated task.
    package static let nothing = Plan([])
    package static let park: Plan = {
        var plan = Plan([])
        plan.task = .parked
        return plan
    }()
}
