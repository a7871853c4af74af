/// How long to wait before the next attempt.
public struct Backoff: Sendable, Hashable {
    public enum Shape: Sendable, Hashable {
        /// The same wait each time.
        case constant
        /// first, 2 x first, 3 x first ...
        case linear
        /// first, 2 x first, 4 x first ...
        case exponential
    }

    public var shape: Shape
    /// The wait after the first failed attempt.
    public var first: Duration
    /// No wait is longer.
    public var cap: Duration
    /// Share of a wait (0 to 1) that is random, so that tasks which failed together do not come back together: the wait
    /// is drawn evenly from `(1 - jitter) x wait ... wait`.
    public var jitter: Double

    public init(shape: Shape, first: Duration, cap: Duration, jitter: Double = 0.2) {
        self.shape = shape
        self.first = first
        self.cap = cap
        self.jitter = min(max(jitter, 0), 1)
    }

    public static func constant(_ wait: Duration, jitter: Double = 0) -> Backoff {
        Backoff(shape: .constant, first: wait, cap: wait, jitter: jitter)
    }

    public static func linear(from first: Duration, cap: Duration = .seconds(3600), jitter: Double = 0.2) -> Backoff {
        Backoff(shape: .linear, first: first, cap: cap, jitter: jitter)
    }

    public static func exponential(from first: Duration, cap: Duration = .seconds(3600), jitter: Double = 0.2)
        -> Backoff
    {
        Backoff(shape: .exponential, first: first, cap: cap, jitter: jitter)
    }

    /// The wait after failed attempt `attempt` (counted from 1).
    /// - Parameter random: a number in 0 ..< 1 for the jitter.
    public func wait(afterAttempt attempt: Int, random: Double) -> Duration {
        let first = Double(self.first.milliseconds)
        let n = Double(max(attempt, 1))
        var wait: Double =
            switch shape {
            case .constant: first
            case .linear: first * n
            // 2^62 is beyond any cap.
            case .exponential: first * Double(sign: .plus, exponent: min(max(attempt, 1) - 1, 62), significand: 1)
            }
        wait = min(wait, Double(cap.milliseconds))
        wait -= wait * jitter * min(max(random, 0), 1)
        return .milliseconds(Int64(wait.rounded()))
    }
}

extension Duration {
    /// Whole milliseconds, rounded down, held within what 64 bits can say.
    public var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, overflows) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return overflows ? .max : sum
    }
}
