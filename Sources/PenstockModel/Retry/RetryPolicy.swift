/// How often and how soon a task is tried again.
public struct RetryPolicy: Sendable, Hashable {
    /// The number of attempts in all, 1 for no retry.
    public var attempts: Int
    public var backoff: Backoff

    public init(attempts: Int, backoff: Backoff) {
        self.attempts = max(attempts, 1)
        self.backoff = backoff
    }

    /// Ten attempts over about seventeen minutes: 1 s, 2 s, 4 s ... at most 10 min apart.
    public static let standard = exponential(from: .seconds(1), cap: .seconds(600), attempts: 10)
    public static let never = RetryPolicy(attempts: 1, backoff: .constant(.zero))

    public static func fixed(_ wait: Duration, attempts: Int) -> RetryPolicy {
        RetryPolicy(attempts: attempts, backoff: .constant(wait))
    }

    public static func linear(from first: Duration, cap: Duration = .seconds(3600), attempts: Int) -> RetryPolicy {
        RetryPolicy(attempts: attempts, backoff: .linear(from: first, cap: cap))
    }

    public static func exponential(
        from first: Duration, cap: Duration = .seconds(3600), attempts: Int
    ) -> RetryPolicy {
        RetryPolicy(attempts: attempts, backoff: .exponential(from: first, cap: cap))
    }

    /// This policy with what the task itself asked for.
    public func overridden(by options: TaskOptions) -> RetryPolicy {
        RetryPolicy(attempts: options.maxAttempts ?? attempts, backoff: options.backoff ?? backoff)
    }

    /// What follows from a failed attempt.
    ///
    /// - Parameters:
    ///   - attempt: the attempt that failed, from 1.
    ///   - disposition: what the error asks for.
    ///   - now: milliseconds by Redis's clock.
    ///   - deadline: the task's total deadline, same clock.
    ///   - random: a number in 0 ..< 1 for the jitter.
    public func decide(
        attempt: Int, disposition: FailureDisposition, now: Int64, deadline: Int64?, random: Double
    ) -> RetryDecision {
        let wait: Duration
        var counted = true
        switch disposition {
        case .permanent: return .giveUp(.permanent)
        case .ignorable:
            wait = backoff.wait(afterAttempt: attempt, random: random)
            counted = false
        case .retryable: wait = backoff.wait(afterAttempt: attempt, random: random)
        case .retryAfter(let asked): wait = max(asked, .zero)
        }
        if counted && attempt >= attempts { return .giveUp(.attemptsUsedUp) }
        if let deadline {
            let (due, overflow) = now.addingReportingOverflow(wait.milliseconds)
            if overflow || due >= deadline { return .giveUp(.deadline) }
        }
        return .retry(after: wait, counted: counted)
    }
}

/// What an error says about trying again.
public enum FailureDisposition: Sendable, Hashable {
    /// Try again by the policy. What an error means unless it says otherwise.
    case retryable
    /// No more attempts: the task is a dead letter now.
    case permanent
    /// Try again, and do not count this attempt.
    case ignorable
    /// Try again after this time instead of the policy's wait; counted.
    case retryAfter(Duration)
}

public enum RetryDecision: Sendable, Hashable {
    case retry(after: Duration, counted: Bool)
    case giveUp(Reason)

    public enum Reason: String, Sendable, Hashable {
        case permanent = "permanent failure"
        case attemptsUsedUp = "all attempts used up"
        case deadline = "deadline passed"
    }
}

/// An error that decides what its job's retries do. Any other error is retryable.
public protocol FailureDisposing: Error {
    var disposition: FailureDisposition { get }
}

/// The ready-made error for handlers that want to decide: `throw JobFailure.permanent("no such user")`.
public struct JobFailure: FailureDisposing, Hashable, CustomStringConvertible {
    public let disposition: FailureDisposition
    public let message: String

    public init(_ disposition: FailureDisposition, _ message: String) {
        self.disposition = disposition
        self.message = message
    }

    public static func permanent(_ message: String) -> JobFailure { JobFailure(.permanent, message) }
    public static func retryable(_ message: String) -> JobFailure { JobFailure(.retryable, message) }
    public static func ignorable(_ message: String) -> JobFailure { JobFailure(.ignorable, message) }
    public static func retry(after wait: Duration, _ message: String) -> JobFailure {
        JobFailure(.retryAfter(wait), message)
    }

    public var description: String { message }
}
