/// What a commit does to its run besides ending its task: the whole list of what Lua can do, which knows nothing of graphs.
///
/// A commit is fenced by the lease of its task (or, where a client sends it, by a token) and by the run's revision, so it is
/// applied once or not at all, and a repeat changes nothing. All guards are looked at before the first write: a `moveRun`
/// or `moveStep` that finds another state than it expects refuses the commit whole, and the worker plans again. Effects
/// are applied in order, each seeing what those before it did.
package enum Effect: Sendable, Hashable {
    /// Sets the run's state and counts up its revision. Into `paused`, the old state is kept as what resuming goes back to;
    /// into `pending`, a new round begins: `round` is counted up, the facts
    /// `isFailing`, `rollsBackOnCancel` and `stuckRollbacks` are cleared, and nothing is open. Everybody who awaits the run is told.
    case moveRun(from: RunState, to: RunState)
    /// Sets one of the run's facts; counts up its revision.
    case setFact(RunFact)
    /// Sets a step's state, and the branch that it decided for.
    case moveStep(String, from: StepState, to: StepState, branch: String? = nil)
    /// Keeps the payload that the commit carries as the step's output.
    case keepOutput(String)

    /// Queues a task if its step is in one of the states, and moves the step; otherwise does nothing. Opens one.
    case launch(Launch)
    /// Queues a task that no step's state depends on. Opens one where asked to.
    case schedule(RunTask, opens: Bool)
    /// Counts arrivals at a join, and launches what waits behind it in the moment that the join is decided.
    case arrive(Arrival)
    /// Sets a step of an ended run back to `pending`, or to `waived`, and its join to these counts. What belongs to the step
    /// (output, error, branch, timers) is removed, and its fan-out with its list unless its items are kept.
    case resetStep(String, to: StepState, taken: Int, missed: Int, keepsItems: Bool)

    /// Counts one less open. What is open keeps the run from ending: tasks that were launched or scheduled as opening, each
    /// until a plan closes it.
    case close
    /// Applies these if nothing is open after all else in the commit.
    case whenIdle([Effect])

    /// Queues the task after this time; in place of an earlier timer of the same task. Opens nothing.
    case arm(RunTask, after: Duration)
    /// Takes that timer back, if it is there and not yet claimed.
    case disarm(RunTask)
    /// Arms a time-out at the moment that the commit carries, which is computed by somebody's code.
    case armAtCarriedMoment(RunTask)

    /// Opens the step's fan-out and queues the first of its items, as many as the window holds; with no items, queues the
    /// gathering at once. A new one keeps the payload that the commit carries as its list. Opens nothing: the step itself is
    /// open.
    case openFan(String, FanOpening)
    /// Counts an item as ended, keeps its result, queues the next item unless the fan-out has stopped, and queues the
    /// gathering when none is left in flight and none follows. An item counts once.
    case endItem(String, index: Int, failed: Bool, stops: Bool)

    /// If a signal of this name is buffered, takes it and queues `signalled`; else lets the step be the one that takes the next.
    case awaitSignal(String, step: String)
    /// Stores a run of that workflow with the carried input; its id follows from this run, the step and the round, so that
    /// a repeat starts none. If it is awaited its end comes back as `childEnded`. A step whose signal or child has gone
    /// lets it be.
    case startChild(ChildWorkflow, step: String)
    /// Cancels the run that the step started.
    case cancelChild(String)
    /// Queues `childEnded` for the step that waits for this run.
    case tellParent(RunState)

    /// Queues the parked tasks again, in chunks.
    case releaseParked
    /// A state machine enters a state: counts up its visits and the revision, takes back the timers of the visit before,
    /// and nothing is open.
    case enterState(String)
    /// Stores the object that the commit carries; counts up the revision.
    case keepObject

    /// Removes what a step has left: its output, its errors, and its fan-out with list and results. Its state stays.
    case eraseStep(String)
    /// Removes what the run was about and no step has: input, object, variables, buffered signals, whom it tells of its
    /// moves, and the errors in its history, whose moves stay.
    case erase(leaving: RunRemains)
}

/// What is left of a run whose data are deleted, beside its states and its history: the bytes that the commit carries, or
/// nothing.
package enum RunRemains: Sendable, Hashable {
    case nothing
    /// Of a graph: in place of its input.
    case input
    /// Of a machine: in place of its object.
    case object
}

/// One of the run's facts and its new value.
package enum RunFact: Sendable, Hashable {
    case isFailing(Bool)
    case rollsBackOnCancel(Bool)
    case stuckRollbacks(Int)
}

/// A task to be queued together with a move of its step.
package struct Launch: Sendable, Hashable {
    package var task: RunTask
    package var step: String
    package var from: [StepState]
    package var to: StepState

    package init(task: RunTask, step: String, from: [StepState], to: StepState) {
        self.task = task
        self.step = step
        self.from = from
        self.to = to
    }

    /// The execution of a step that waits for its dependencies.
    package static func step(_ name: String) -> Launch {
        Launch(task: .step(name), step: name, from: [.pending], to: .active)
    }

    /// The rollback of a step that has ended.
    package static func rollBack(_ name: String, call: Bool) -> Launch {
        Launch(
            task: .rollBack(name, call: call), step: name,
            from: [.succeeded, .failed, .skipped, .waived, .cancelled, .interrupted], to: .rollingBack)
    }
}

/// Edges that end at a join. `taken` and `missed` are added up for each join; it is decided in the moment that `taken`
/// reaches `need`, or that so many are missed of `edges` that it never can. Exactly one arrival decides, since every edge
/// arrives once in a round.
package struct Arrival: Sendable, Hashable {
    package enum Join: Sendable, Hashable {
        /// Of the dependencies of a step.
        case forward(String)
        /// Of the rollbacks of the steps that depend on it.
        case backward(String)
    }

    package var join: Join
    package var taken: Int
    package var missed: Int
    package var need: Int
    package var edges: Int
    package var launch: Launch

    package init(join: Join, taken: Int, missed: Int, need: Int, edges: Int, launch: Launch) {
        self.join = join
        self.taken = taken
        self.missed = missed
        self.need = need
        self.edges = edges
        self.launch = launch
    }
}

/// How a fan-out begins.
package enum FanOpening: Sendable, Hashable {
    /// With all tasks of a new list.
    case all(tasks: Int, window: Int)
    /// With those that have failed and those that were never begun; the results of the others stay. `failed` starts
    /// again at 0, and the fan-out is no longer stopped.
    case rest(window: Int)
}
