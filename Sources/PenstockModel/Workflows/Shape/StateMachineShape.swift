/// A state machine: declared states, and from each the declared next ones.
package struct StateMachineShape: Sendable, Hashable, Codable {
    package var states: [MachineState]
    /// Where a run starts unless it is started elsewhere.
    package var initial: String

    package init(_ states: [MachineState], initial: String) {
        self.states = states
        self.initial = initial
    }
}

/// One state of a machine, as far as planning has to know it.
package struct MachineState: Sendable, Hashable, Codable {
    package var name: String
    /// The states that may follow. None: the run has succeeded when it gets here.
    package var next: [String]
    /// Whether code runs when the state is entered; without it the run waits here for a callback or a time-out.
    package var hasStep: Bool
    /// Names of the outside events that this state takes.
    package var callbacks: [String]
    /// Whether a time-out is armed when the state is entered. Its moment may be computed, so it is no part of the shape.
    package var hasTimeout: Bool
    package var retry: RetryPolicy
    /// The run is paused after so many errors in this state in a row; nil: it fails when the retries are used up.
    package var pauseAfterErrors: Int?
    /// A run paused by errors is resumed by itself after this time.
    package var resumeAfterMilliseconds: Int64?
    package var limits: [String]

    package init(
        _ name: String, next: [String] = [], hasStep: Bool = true, callbacks: [String] = [], hasTimeout: Bool = false,
        retry: RetryPolicy = .standard, pauseAfterErrors: Int? = nil, resumeAfter: Duration? = nil,
        limits: [String] = []
    ) {
        self.name = name
        self.next = next
        self.hasStep = hasStep
        self.callbacks = callbacks
        self.hasTimeout = hasTimeout
        self.retry = retry
        self.pauseAfterErrors = pauseAfterErrors
        self.resumeAfterMilliseconds = resumeAfter?.milliseconds
        self.limits = limits
    }

    package var isEnd: Bool { next.isEmpty }
}
