import PenstockModel
import Testing

@Suite struct RetryPolicyTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var attempt: Int
        var disposition: FailureDisposition
        var deadline: Int64?
        var decision: RetryDecision
        var testDescription: String {
            "attempt \(attempt), \(disposition), deadline \(deadline.map(String.init) ?? "-")"
        }
    }

    /// Three attempts, 100 ms apart, now being 10,000.
    @Test(
        "what follows from a failed attempt",
        arguments: [
            Row(attempt: 1, disposition: .retryable, decision: .retry(after: .milliseconds(100), counted: true)),
            Row(attempt: 2, disposition: .retryable, decision: .retry(after: .milliseconds(100), counted: true)),
            Row(attempt: 3, disposition: .retryable, decision: .giveUp(.attemptsUsedUp)),
            Row(attempt: 4, disposition: .retryable, decision: .giveUp(.attemptsUsedUp)),
            Row(attempt: 1, disposition: .permanent, decision: .giveUp(.permanent)),
            Row(attempt: 3, disposition: .permanent, deadline: 1, decision: .giveUp(.permanent)),
            Row(attempt: 1, disposition: .ignorable, decision: .retry(after: .milliseconds(100), counted: false)),
            Row(attempt: 9, disposition: .ignorable, decision: .retry(after: .milliseconds(100), counted: false)),
            Row(
                attempt: 1, disposition: .retryAfter(.seconds(7)), decision: .retry(after: .seconds(7), counted: true)),
            Row(attempt: 1, disposition: .retryAfter(.seconds(-7)), decision: .retry(after: .zero, counted: true)),
            Row(attempt: 3, disposition: .retryAfter(.seconds(7)), decision: .giveUp(.attemptsUsedUp)),
            Row(
                attempt: 1, disposition: .retryable, deadline: 10_101,
                decision: .retry(after: .milliseconds(100), counted: true)),
            Row(attempt: 1, disposition: .retryable, deadline: 10_100, decision: .giveUp(.deadline)),
            Row(attempt: 1, disposition: .ignorable, deadline: 9_000, decision: .giveUp(.deadline)),
            Row(attempt: 3, disposition: .retryable, deadline: 9_000, decision: .giveUp(.attemptsUsedUp)),
            Row(
                attempt: 1, disposition: .retryAfter(.seconds(Int64.max)), deadline: .max,
                decision: .giveUp(.deadline)),
        ])
    func decisions(row: Row) {
        let policy = RetryPolicy.fixed(.milliseconds(100), attempts: 3)
        let decision = policy.decide(
            attempt: row.attempt, disposition: row.disposition, now: 10_000, deadline: row.deadline, random: 0)
        #expect(decision == row.decision)
    }

    @Test("a policy has at least one attempt, and a task's own wishes win")
    func overriding() {
        #expect(RetryPolicy(attempts: -2, backoff: .constant(.zero)).attempts == 1)
        let only = RetryPolicy.never.decide(attempt: 1, disposition: .retryable, now: 0, deadline: nil, random: 0)
        #expect(only == .giveUp(.attemptsUsedUp))
        let policy = RetryPolicy.fixed(.seconds(1), attempts: 3)
        #expect(policy.overridden(by: .init()) == policy)
        #expect(policy.overridden(by: .init(maxAttempts: 9)) == .fixed(.seconds(1), attempts: 9))
        let linear = Backoff.linear(from: .seconds(2))
        #expect(policy.overridden(by: .init(backoff: linear)) == RetryPolicy(attempts: 3, backoff: linear))
    }

    @Test("the ready-made error says what it means")
    func failures() {
        #expect(JobFailure.permanent("gone").disposition == .permanent)
        #expect(JobFailure.ignorable("busy").disposition == .ignorable)
        #expect(JobFailure.retryable("again").disposition == .retryable)
        #expect(JobFailure.retry(after: .seconds(3), "later").disposition == .retryAfter(.seconds(3)))
        #expect("\(JobFailure.permanent("gone"))" == "gone")
    }
}
