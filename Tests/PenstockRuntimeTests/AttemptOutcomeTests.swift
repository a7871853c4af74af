import PenstockModel
import Testing

@testable import PenstockRuntime
@testable import PenstockStore

@Suite("Each end of a handler, with each interruption") struct AttemptOutcomeTests {
    static let ends: [HandlerEnd] = [
        .returned(nil), .returned([1]), .threw(message: "no", disposition: .retryable),
        .threw(message: "no", disposition: .permanent), .threw(message: "no", disposition: .ignorable),
        .threw(message: "no", disposition: .retryAfter(.seconds(9))), .abandoned,
    ]

    private func outcome(_ end: HandlerEnd, _ reason: Interruption?, retention: Duration? = nil) -> Outcome? {
        let attempt = makeAttempt(task("a", options: .init(retention: retention)), 1)
        if let reason { attempt.interrupt(reason) }
        return attempt.outcome(of: end, now: 0, random: 0)
    }

    @Test func `a lost lease leaves nothing to commit`() {
        for end in Self.ends { #expect(outcome(end, .leaseLost) == nil) }
    }

    @Test(
        "a handler that returns has succeeded, whatever was asked of it meanwhile",
        arguments: [nil, .cancelled(reason: "r"), .timedOut(.seconds(1)), .deadlinePassed, .shutdown] as [Interruption?]
    )
    func returned(reason: Interruption?) {
        #expect(outcome(.returned(nil), reason) == .completed)
        #expect(outcome(.returned([1, 2]), reason) == .completed)
        #expect(outcome(.returned(nil), reason, retention: .seconds(5)) == .result([], retention: .seconds(5)))
        #expect(outcome(.returned([1, 2]), reason, retention: .seconds(5)) == .result([1, 2], retention: .seconds(5)))
    }

    @Test func `otherwise the interruption decides`() {
        for end in Self.ends.dropFirst(2) {
            #expect(outcome(end, .cancelled(reason: "r")) == .cancelled(reason: "r"))
            #expect(outcome(end, .shutdown) == .released)
            #expect(outcome(end, .deadlinePassed) == .dead(attempt: 1, message: "deadline passed while it ran"))
            #expect(
                outcome(end, .timedOut(.seconds(2)))
                    == .retry(after: .seconds(1), counted: true, attempt: 1, message: "timed out after 2.0 seconds"))
        }
    }

    @Test func `and without one, the error`() {
        func retry(_ wait: Duration, _ counted: Bool, _ message: String) -> Outcome {
            .retry(after: wait, counted: counted, attempt: 1, message: message)
        }
        #expect(outcome(Self.ends[2], nil) == retry(.seconds(1), true, "no"))
        #expect(outcome(Self.ends[3], nil) == .dead(attempt: 1, message: "no (permanent failure)"))
        #expect(outcome(Self.ends[4], nil) == retry(.seconds(1), false, "no"))
        #expect(outcome(Self.ends[5], nil) == retry(.seconds(9), true, "no"))
        #expect(outcome(Self.ends[6], nil) == retry(.seconds(1), true, "did not return"))
    }

    @Test func `only the first interruption counts`() {
        let attempt = makeAttempt(task("a"), 1)
        #expect(attempt.interrupt(.timedOut(.seconds(1))))
        #expect(!attempt.interrupt(.leaseLost))
        #expect(attempt.interruption == .timedOut(.seconds(1)))
        #expect(!attempt.finish())
    }
}
