import Foundation
import Penstock
import Testing

/// The zones of the world, as Foundation has them.
@Suite struct TimeZoneRulesTests {
    @Test(
        "an unknown zone is refused, and the one that was meant is named",
        arguments: [
            ("Europe/Belrin", "Europe/Berlin"), ("europe/berlin", "Europe/Berlin"), ("Berlin", "Europe/Berlin"),
            ("Germany/Berlin", "Europe/Berlin"), ("Amerika/New_York", "America/New_York"),
            ("america/new york", "America/New_York"), ("utc", "UTC"), ("", "like Europe/Berlin"),
            ("Mars/Olympus_Mons", "like Europe/Berlin"), ("CEST", "CET"), ("GMT+2", "time zone \"GMT+2\" is unknown"),
            ("Europe/Berlin\n", "Europe/Berlin"), ("../etc/passwd", "is unknown"),
            (String(repeating: "x", count: 10_000), "like Europe/Berlin"),
        ])
    func unknown(name: String, hint: String) throws {
        let error = #expect(throws: PenstockError.self) { try TimeZoneRules(name) }
        #expect(error?.code == .invalidArgument)
        let message = try #require(error?.message)
        #expect(message.contains("time zone \"\(name.prefix(5).filter { $0 != "\n" })"))
        #expect(message.contains(hint), "\(message)")
        #expect(message.utf8.count < 250 && !message.contains("\n"))
    }

    @Test(
        "abbreviations are not zones: BST is London's to some and Dhaka's to others", arguments: ["BST", "IST", "PST"])
    func abbreviations(name: String) {
        #expect(throws: PenstockError.self) { try TimeZoneRules(name) }
    }

    @Test func `every known name has rules that fit together`() throws {
        #expect(TimeZoneRules.knownNames.count > 400)
        for name in TimeZoneRules.knownNames {
            let zone = try TimeZoneRules(name)
            var span = zone.span(at: -3_000_000_000)
            #expect(span.start == .min)
            while span.end < 5_000_000_000 {
                let next = zone.span(at: span.end)
                guard next.start == span.end, next.offset != span.offset, next.end > next.start,
                    next == zone.span(at: min(next.end, 6_000_000_000) - 1), abs(next.offset) < 93_600
                else {
                    Issue.record("\(name): \(span), then \(next)")
                    break
                }
                span = next
            }
        }
    }

    @Test(
        "offsets are Foundation's, at every time",
        arguments: [
            "Europe/Berlin", "Africa/Casablanca", "Australia/Lord_Howe", "America/Santiago", "Asia/Tehran", "UTC",
            "US/Eastern", "Etc/GMT+5",
        ])
    func offsets(name: String) throws {
        let zone = try TimeZoneRules(name)
        let foundation = try #require(TimeZone(identifier: name))
        for second in stride(from: Int64(-2_208_000_000), to: 20_000_000_000, by: 10_000_019) {
            let expected = foundation.secondsFromGMT(for: Date(timeIntervalSince1970: Double(second)))
            #expect(zone.span(at: second).offset == Int64(expected), "at \(second)")
        }
    }

    @Test func `rules repeat themselves every 400 years, for ever`() throws {
        let zone = try TimeZoneRules("Europe/Berlin")
        let cycle: Int64 = 146_097 * 86_400
        for second in stride(from: Int64(4_200_000_000), to: 17_000_000_000, by: 7_000_003) {
            let (near, far) = (zone.span(at: second), zone.span(at: second + 5 * cycle))
            #expect(far == ZoneSpan(offset: near.offset, start: near.start + 5 * cycle, end: near.end + 5 * cycle))
        }
        let last = try Instant.milliseconds("9999-12-31T20:00:00Z")
        #expect(try Recurrence("0 22 * * *").next(after: last, in: zone) == last + 3_600_000)
        #expect(try Recurrence("0 2 * * *").next(after: last + 3_600_000, in: zone) == nil)
    }

    @Test func `the edition of the data is known`() {
        #expect(TimeZoneRules.dataVersion.wholeMatch(of: /20\d\d[a-z]/) != nil)
    }
}
