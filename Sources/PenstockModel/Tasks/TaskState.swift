/// Where a task is. Transitions happen in Lua; the table below documents them and is the oracle of the tests.
public enum TaskState: String, Sendable, Hashable, CaseIterable {
    /// Ready in a lane. Exits: running, cancelled, purged.
    case queued
    /// Waits for its time, first start or next try. Exits: queued, cancelled, purged.
    case delayed
    /// Held by a worker under a lease. Exits: completed, delayed (retry), queued (handed back, lease lost), dead, cancelled.
    case running
    /// Has used up its attempts; kept for a person. Exits: queued (retried by hand), discarded.
    case dead
    /// Terminal from here on; known only while retained.
    case completed, cancelled, discarded
    /// Never stored, or ended and not retained.
    case unknown

    public var isTerminal: Bool {
        switch self {
        case .completed, .cancelled, .discarded: true
        case .queued, .delayed, .running, .dead, .unknown: false
        }
    }

    /// The legal moves. `unknown` stands for both ends of a life that leaves no trace.
    public static let moves: [TaskState: Set<TaskState>] = [
        .unknown: [.queued, .delayed],
        .queued: [.running, .cancelled, .unknown],
        .delayed: [.queued, .cancelled, .unknown],
        .running: [.completed, .delayed, .queued, .dead, .cancelled, .unknown],
        .dead: [.queued, .discarded, .unknown],
        .completed: [.unknown], .cancelled: [.unknown], .discarded: [.unknown],
    ]
}
