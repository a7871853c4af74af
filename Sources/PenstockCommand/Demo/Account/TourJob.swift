import Penstock

/// A job that the tour enqueued, and what it has to remember of it.
struct TourJob: Sendable {
    let id: TaskID
    let file: FileName
    let queue: String
    let tenant: String
    /// When it was to start, milliseconds since 1970.
    var due: Int64?
    /// It takes a moment on purpose.
    var isSlow = false
}

/// What Redis says about a job at the end.
enum Outcome: Sendable {
    case completed(ChecksumResult)
    /// Completed, with a result that is none.
    case unreadable
    case dead
    case cancelled
    /// Neither ended nor dead: it waits, runs, or nobody knows it.
    case missing(TaskState)

    init(_ state: TaskState, result: [UInt8]?, codec: JSONCodec) {
        switch state {
        case .completed:
            let result = result.flatMap { try? codec.decode(ChecksumResult.self, from: $0) }
            self = result.map(Outcome.completed) ?? .unreadable
        case .dead: self = .dead
        case .cancelled, .discarded, .expired: self = .cancelled
        case .queued, .delayed, .running, .unknown: self = .missing(state)
        }
    }

    var result: ChecksumResult? {
        if case .completed(let result) = self { result } else { nil }
    }
}
