/// What a task of a run is for. Beside the run's id and its round this is all that the task's payload has to say.
package enum RunTask: Sendable, Hashable {
    /// Schedules the first steps, from this place in the graph's order on.
    case start(from: Int)
    /// Executes a step.
    case step(String)
    /// One item or batch of a step's fan-out, counted from 0.
    case item(String, Int)
    /// Brings the results of a fan-out together.
    case gather(String)
    /// A call of `sync` of a step in progress.
    case sync(String)
    /// A call of `sync` of a step that has succeeded.
    case health(String)
    /// The step has waited for as long as it may.
    case waitLimit(String)
    /// The signal that the step waits for has come; its payload is with the task.
    case signalled(String)
    /// The awaited child run has ended; how is with the task.
    case childEnded(String)
    /// Ends what waits in a run that has stopped, from this place in the graph's order on.
    case sweep(from: Int)
    /// Plans the rollback, from this place in the graph's order on.
    case planRollback(from: Int)
    /// Rolls a step back, by calling its code or, where nothing was done, without.
    case rollBack(String, call: Bool)
    /// Prepares the run to be run again, from this place in the graph's order on.
    case prepare(Preparation, from: Int)
    /// A visit of a state machine to one of its states; visits are counted from 1 through the whole run.
    case visit(String, Int)
    /// The time-out of that visit.
    case visitTimeout(String, Int)
    /// An outside event of this name for that visit; its payload is with the task.
    case event(String, String, Int)
    /// Resumes a run that errors have paused, if it still is at that visit.
    case resume(Int)
    /// Cancels the run: what `cancelChild` sends to it, since only who has its definition can plan that.
    case cancel
    /// Deletes the data of a run that has ended, from this place in the graph's order on; of a machine all at once.
    case deleteData(from: Int)
    /// Calls the hook for this moment.
    case hook(HookMoment)
    /// Delivers an HTTP callback.
    case callback(CallbackMoment)

    /// The step that it is about.
    package var step: String? {
        switch self {
        case .step(let name), .item(let name, _), .gather(let name), .sync(let name), .health(let name),
            .waitLimit(let name), .signalled(let name), .childEnded(let name), .rollBack(let name, _):
            name
        case .start, .sweep, .planRollback, .prepare, .visit, .visitTimeout, .event, .resume, .cancel, .deleteData,
            .hook,
            .callback:
            nil
        }
    }

    /// The visit of a state machine that it belongs to.
    package var visit: (state: String, number: Int)? {
        switch self {
        case .visit(let state, let number), .visitTimeout(let state, let number), .event(_, let state, let number):
            (state, number)
        default: nil
        }
    }
}

/// What a callback tells. `step` is nil for those about the run.
package struct CallbackMoment: Sendable, Hashable {
    package enum Phase: String, Sendable, Hashable, CaseIterable {
        case started, succeeded, failed, cancelled, rollingBack, rolledBack
    }

    package var phase: Phase
    package var step: String?

    package init(_ phase: Phase, step: String? = nil) {
        self.phase = phase
        self.step = step
    }
}

/// How an ended run is to be run again.
package enum Preparation: Sendable, Hashable {
    /// What failed, did not start or was rolled back, and all that depends on it.
    case retry
    /// As retry, and this step with all that depends on it.
    case rerun(String)
    /// As retry, except that this step counts as done.
    case skip(String)
}
