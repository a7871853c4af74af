/// At most one job for a key. A job that is not the first is not stored: the enqueue answers with the id of the one that
/// holds the key, and says so. The lock is the job's own life, so it cannot leak: every end releases it.
public struct Uniqueness: Sendable, Hashable {
    public enum Until: Sendable, Hashable {
        /// From enqueue until the first attempt starts.
        case started
        /// Until the job has ended. A dead letter keeps the key until it is discarded, or retried and done.
        case finished
        /// Until the job has ended or is a dead letter.
        case died
        /// For this long after the enqueue, whatever becomes of the job (throttle).
        case passed(Duration)
        /// Until it starts; each further enqueue replaces the payload and puts the start off again by `wait`, but not
        /// beyond `atMost` after the first (debounce).
        case debounced(wait: Duration, atMost: Duration)
    }

    public var key: String
    public var until: Until

    public init(_ key: String, until: Until = .finished) {
        self.key = key
        self.until = until
    }

    /// At most one job for the key in each period: the first is stored, the others answer with its id.
    public static func throttle(_ key: String, per period: Duration) -> Uniqueness {
        Uniqueness(key, until: .passed(period))
    }

    /// One job, `wait` after the last enqueue for the key, with the payload of the last, and no later than `atMost` after
    /// the first (by default ten times `wait`).
    public static func debounce(_ key: String, wait: Duration, atMost: Duration? = nil) -> Uniqueness {
        Uniqueness(key, until: .debounced(wait: wait, atMost: atMost ?? wait * 10))
    }
}
