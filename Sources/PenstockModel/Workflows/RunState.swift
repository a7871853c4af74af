/// Where a run is. Transitions happen in Lua; the table below documents them and is the oracle of the tests.
///
/// That a run is *failing* (a step has failed for good, and others still end) is no state but a fact beside it, since a
/// run whose branches are independent goes on as it was.
public enum RunState: String, Sendable, Hashable, CaseIterable, Codable {
    /// Stored, and its first steps are not scheduled yet: it waits for its start, or is being prepared to run once more.
    /// Exits: running, cancelled.
    case pending
    /// Steps start as their dependencies end. Exits: paused, cancelling, rollingBack, succeeded, failed.
    case running
    /// Nothing starts and no timer acts until somebody resumes it; tasks that a worker already holds end. Exits: running,
    /// rollingBack (what it was before), cancelling.
    case paused
    /// Nothing starts any more; what is in flight ends. Exits: cancelled, rollingBack (where the cancel asked for it).
    case cancelling
    /// Steps are compensated, in the reverse order of their dependencies. Exits: paused, rolledBack, failed (a rollback
    /// failed for good).
    case rollingBack
    /// Every step has ended, none with a failure that nothing caught. Exits: by hand only, as all states below.
    case succeeded
    /// A step failed for good and was not rolled back, or not all of it: the reason says which.
    case failed
    /// A step failed, or the run was cancelled with rollback, and all that had been done has been compensated.
    case rolledBack
    /// Stopped by somebody before its end.
    case cancelled
    /// Has ended, and its data are about to be deleted. Exits: dataDeleted.
    case deletingData
    /// Input, outputs and variables are gone or scrubbed; the history of moves is left. Exits: deletingData (once more).
    case dataDeleted

    /// The legal moves. Those from a terminal state are made by hand only: retry, rerun, deletion of data.
    public static let moves: [RunState: Set<RunState>] = [
        .pending: [.running, .cancelled],
        .running: [.paused, .cancelling, .rollingBack, .succeeded, .failed],
        .paused: [.running, .rollingBack, .cancelling],
        .cancelling: [.cancelled, .rollingBack],
        .rollingBack: [.paused, .rolledBack, .failed],
        .succeeded: [.pending, .deletingData],
        .failed: [.pending, .rollingBack, .deletingData],
        .rolledBack: [.pending, .deletingData],
        .cancelled: [.pending, .deletingData],
        .deletingData: [.dataDeleted],
        .dataDeleted: [.deletingData],
    ]

    /// Whether the run has ended: nothing moves it any more but a person's retry, rerun or deletion of data.
    public var isTerminal: Bool {
        switch self {
        case .succeeded, .failed, .rolledBack, .cancelled, .deletingData, .dataDeleted: true
        case .pending, .running, .paused, .cancelling, .rollingBack: false
        }
    }

    public func canMove(to next: RunState) -> Bool { Self.moves[self, default: []].contains(next) }

    /// The state in words, for people.
    public var words: String {
        switch self {
        case .pending: "waiting to start"
        case .running: "running"
        case .paused: "paused"
        case .cancelling: "being cancelled"
        case .rollingBack: "rolling back"
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .rolledBack: "rolled back"
        case .cancelled: "cancelled"
        case .deletingData: "data being deleted"
        case .dataDeleted: "data deleted"
        }
    }

    /// The table of moves as a Mermaid state diagram.
    package static var diagram: String {
        StateDiagram(
            initial: .pending, order: allCases, moves: moves, isTerminal: { $0.isTerminal && $0 != .deletingData },
            label: { from, to in
                switch (from, to) {
                case (_, .pending): "retry, rerun"
                case (.failed, .rollingBack): "rollback retried or skipped by hand"
                case (.running, .rollingBack): "a step failed for good"
                case (.cancelling, .rollingBack): "cancelled with rollback"
                case (.rollingBack, .failed): "rollback incomplete"
                case (.paused, .running), (.paused, .rollingBack): "resume"
                default: nil
                }
            }
        ).text
    }
}
