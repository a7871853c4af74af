import PenstockModel
import Testing

@Suite struct BackoffTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var backoff: Backoff
        var waits: [Int64]
        var testDescription: String { "\(backoff.shape) from \(backoff.first)" }
    }

    @Test(
        "waits without jitter",
        arguments: [
            Row(backoff: .constant(.milliseconds(70)), waits: [70, 70, 70, 70]),
            Row(backoff: .constant(.zero), waits: [0, 0]),
            Row(
                backoff: .linear(from: .milliseconds(100), cap: .milliseconds(250), jitter: 0),
                waits: [100, 200, 250, 250]),
            Row(
                backoff: .exponential(from: .seconds(1), cap: .seconds(6), jitter: 0),
                waits: [1000, 2000, 4000, 6000, 6000]),
            Row(backoff: .exponential(from: .seconds(9), cap: .seconds(2), jitter: 0), waits: [2000, 2000]),
        ])
    func table(row: Row) {
        for (place, wait) in row.waits.enumerated() {
            #expect(row.backoff.wait(afterAttempt: place + 1, random: 0.5) == .milliseconds(wait))
        }
    }

    @Test("jitter shortens a wait by its share at most, and random numbers out of range do no harm")
    func jitter() {
        let backoff = Backoff.exponential(from: .milliseconds(1000), cap: .seconds(60), jitter: 0.25)
        #expect(backoff.wait(afterAttempt: 1, random: 0) == .milliseconds(1000))
        #expect(backoff.wait(afterAttempt: 1, random: 1) == .milliseconds(750))
        #expect(backoff.wait(afterAttempt: 2, random: 0.5) == .milliseconds(1750))
        #expect(backoff.wait(afterAttempt: 1, random: -3) == .milliseconds(1000))
        #expect(backoff.wait(afterAttempt: 1, random: 7) == .milliseconds(750))
        #expect(Backoff.constant(.seconds(1), jitter: 9).jitter == 1)
        #expect(Backoff.constant(.seconds(1), jitter: -9).jitter == 0)
    }

    @Test("no attempt number overflows", arguments: [Int.min, -1, 0, 62, 63, 64, 1_000_000, Int.max])
    func extremes(attempt: Int) {
        for backoff in [
            Backoff.linear(from: .seconds(86_400), cap: .seconds(1 << 40), jitter: 0),
            .exponential(from: .seconds(86_400), cap: .seconds(1 << 40), jitter: 0),
        ] {
            let wait = backoff.wait(afterAttempt: attempt, random: 0)
            #expect(wait >= .seconds(86_400) && wait <= .seconds(1 << 40))
        }
    }

    @Test("milliseconds of a duration are held within 64 bits")
    func milliseconds() {
        #expect(Duration.microseconds(1999).milliseconds == 1)
        #expect(Duration.zero.milliseconds == 0)
        #expect(Duration.seconds(Int64.max).milliseconds == .max)
        #expect(Duration.seconds(Int64.min).milliseconds == .min)
        #expect(Duration.milliseconds(-1500).milliseconds == -1500)
    }
}
