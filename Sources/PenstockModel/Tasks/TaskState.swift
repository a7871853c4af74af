/// Where a task is. Transitions happen in Lua; the table below documents them and is the oracle of the tests.
public enum TaskState: String, Sendable, Hashable, CaseIterable {
    /// Ready in a lane, which a limit may have parked. Exits: running, cancelled, expired, purged, discarded (made way for
    /// a newer one under a length cap).
    case queued
    /// Waits for its time, first start or next try. Exits: as queued.
    case delayed
    /// Held by a worker under a lease. Exits: completed, delayed (retry), queued (handed back, lease lost), dead, cancelled.
    case running
    /// Has used up its attempts; kept for a person. Exits: queued (retried by hand), discarded.
    case dead
    /// Terminal from here on; known only while retained. Expired: it did not start in time.
    case completed, cancelled, discarded, expired
    /// Never stored, or ended and not retained.
    case unknown

    public var isTerminal: Bool {
        switch self {
        case .completed, .cancelled, .discarded, .expired: true
        case .queued, .delayed, .running, .dead, .unknown: false
        }
    }

    /// The legal moves. `unknown` stands for both ends of a life that leaves no trace.
    public static let moves: [TaskState: Set<TaskState>] = [
        .unknown: [.queued, .delayed],
        .queued: [.running, .cancelled, .discarded, .expired, .unknown],
        .delayed: [.queued, .cancelled, .discarded, .expired, .unknown],
        .running: [.completed, .delayed, .queued, .dead, .cancelled, .unknown],
        .dead: [.queued, .discarded, .unknown],
        .completed: [.unknown], .cancelled: [.unknown], .discarded: [.unknown], .expired: [.unknown],
    ]
}
