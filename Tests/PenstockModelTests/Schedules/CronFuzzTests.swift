import PenstockModel
import PenstockTesting
import Testing

/// Texts that somebody typed, or not: each is refused with a reason, or has ticks that go forward; in a bounded time.
@Suite(.timeLimit(.minutes(5))) struct CronFuzzTests {
    static let seeds = (0..<10).map { _ in UInt64.random(in: 0..<1_000_000_000) }

    @Test(arguments: seeds)
    func `any text is refused or has ticks that go forward`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let parts = [
            "*", "*/5", "0", "59", "60", "99999999999999999999", "-", ",", "/", "1-5", "5-1", "MON", "fri", "JAN", "L",
            "LW",
            "15W", "5L", "1#3", "#", "?", "@daily", "@every", "@every 1h30m", "@", "1h", "0s", "31", "2", "\t", "  ",
            "\u{0}", "ä", "+", ".",
        ]
        let start = ContinuousClock.now
        for _ in 0..<2000 {
            var text = (0..<Int.random(in: 1...7, using: &random)).map { _ in
                parts.randomElement(using: &random) ?? ""
            }.joined(separator: random.chance(0.8) ? " " : "")
            if random.chance(0.1) { text = String(repeating: text, count: 50) }
            do {
                let recurrence = try Recurrence(text)
                var moment: Int64 = 1_700_000_000_000
                for _ in 0..<3 {
                    guard let next = recurrence.next(after: moment, in: FixedZone.utc) else { break }
                    #expect(next > moment, "seed \(seed): \(text.debugDescription)")
                    moment = next
                }
            } catch {
                #expect(!"\(error)".isEmpty)
            }
        }
        #expect(ContinuousClock.now - start < .seconds(60), "seed \(seed)")
    }
}
