/// Where a step of a run is, forward and back. Transitions happen in Lua; the table below documents them and is the oracle
/// of the tests.
public enum StepState: String, Sendable, Hashable, CaseIterable, Codable {
    /// Its dependencies have not decided yet. Exits: active, waived (skipped by hand), rolledBack (never started, so
    /// without a call).
    case pending
    /// Its task is queued, waits for a retry, or is executed. Exits: waiting, all ends, waived.
    case active
    /// In progress without holding a worker: synced now and then, or waits for its items, a child run or a signal.
    /// Exits: all ends but cancelled, waived.
    case waiting
    /// Done. Exits: rollingBack, failed (a health check found it broken), and pending in a new round.
    case succeeded
    /// Failed for good. Exits: rollingBack, waived (skipped by hand), and pending in a new round.
    case failed
    /// Not wanted: its condition was false, or the edges that it waits for were not taken. Exits: as succeeded.
    case skipped
    /// Skipped by hand: counts as success for those after it, has no output, and is rolled back without a call.
    case waived
    /// Never executed, because the run stopped before. Exits: rollingBack, waived, and pending in a new round.
    case cancelled
    /// Stopped half way because the run stopped: what it did is rolled back like a failure, and nobody catches it. Exits:
    /// as cancelled.
    case interrupted
    /// Its rollback is queued, waits for a retry, or is executed. Exits: rolledBack, rollbackFailed.
    case rollingBack
    /// Compensated, or there was nothing to compensate. Exits: pending in a new round.
    case rolledBack
    /// Its rollback failed for good. Exits: rollingBack (retried by hand), rolledBack (skipped by hand).
    case rollbackFailed

    /// The legal moves. Those to `pending` are made by hand only, when a run is retried or rerun.
    public static let moves: [StepState: Set<StepState>] = [
        .pending: [.active, .waived, .rolledBack],
        .active: [.waiting, .succeeded, .failed, .skipped, .cancelled, .interrupted, .waived],
        .waiting: [.succeeded, .failed, .skipped, .interrupted, .waived],
        .succeeded: [.rollingBack, .failed, .pending],
        .failed: [.rollingBack, .waived, .pending],
        .skipped: [.rollingBack, .pending],
        .waived: [.rollingBack, .pending],
        .cancelled: [.rollingBack, .waived, .pending],
        .interrupted: [.rollingBack, .waived, .pending],
        .rollingBack: [.rolledBack, .rollbackFailed],
        .rolledBack: [.pending],
        .rollbackFailed: [.rollingBack, .rolledBack, .pending],
    ]

    public func canMove(to next: StepState) -> Bool { Self.moves[self, default: []].contains(next) }

    /// Whether the step has ended on the way forward, so that those after it may be decided.
    public var isEnded: Bool {
        switch self {
        case .succeeded, .failed, .skipped, .waived, .cancelled, .interrupted: true
        case .pending, .active, .waiting, .rollingBack, .rolledBack, .rollbackFailed: false
        }
    }

    /// Whether the step is scheduled or in progress.
    public var isOpen: Bool { self == .active || self == .waiting || self == .rollingBack }

    /// Whether somebody's code may have acted, so that a rollback calls the step's own.
    package var mayHaveActed: Bool { self == .succeeded || self == .failed || self == .interrupted }

    /// The state in words, for people.
    public var words: String {
        switch self {
        case .pending: "waiting for its dependencies"
        case .active: "queued or running"
        case .waiting: "in progress"
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .skipped: "skipped"
        case .waived: "skipped by hand"
        case .cancelled: "not started, the run stopped"
        case .interrupted: "stopped half way"
        case .rollingBack: "rolling back"
        case .rolledBack: "rolled back"
        case .rollbackFailed: "rollback failed"
        }
    }

    /// The table of moves as a Mermaid state diagram. Left out are the moves to `pending`, which every end has.
    package static var diagram: String {
        StateDiagram(
            initial: .pending, order: allCases, moves: moves.mapValues { $0.subtracting([.pending]) },
            isTerminal: { $0 == .rolledBack },
            label: { from, to in
                switch (from, to) {
                case (.pending, .rolledBack): "never started"
                case (_, .waived), (.rollbackFailed, .rolledBack): "skipped by hand"
                case (.rollbackFailed, .rollingBack): "retried by hand"
                case (.succeeded, .failed): "health check failed"
                default: nil
                }
            }
        ).text
    }
}
