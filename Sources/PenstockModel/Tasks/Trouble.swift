/// One line of a task's history: an attempt that failed, or a worker that was lost.
public struct Trouble: Sendable, Hashable {
    /// Milliseconds since 1970 by Redis's clock.
    public let at: Int64
    /// The attempt, counted from 1.
    public let attempt: Int
    public let message: String

    public init(at: Int64, attempt: Int, message: String) {
        self.at = at
        self.attempt = attempt
        self.message = message
    }
}
