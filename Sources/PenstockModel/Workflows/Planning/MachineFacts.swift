/// What is known of a run of a state machine when one of its tasks begins or ends.
package struct MachineFacts: Sendable, Hashable {
    package var run: RunFacts
    /// The state it is in; empty before the start.
    package var state: String
    /// Counted up whenever a state is entered, the same one again included.
    package var visit: Int

    package init(run: RunFacts, state: String = "", visit: Int = 0) {
        self.run = run
        self.state = state
        self.visit = visit
    }
}

/// What the code of a state, of one of its callbacks or of its time-out came to.
package enum MachineOutcome: Sendable, Hashable {
    /// The object is saved and this state entered.
    case next(String)
    /// Skip: nothing is written, and the run stays where it is.
    case stay
    /// The object is saved, and the state's code runs once more.
    case saveAndRepeat
    /// Its code was not run, because the run has stopped.
    case stopped
}
