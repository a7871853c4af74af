import Penstock
import Testing

/// What expressions make of gaps and overlaps.
@Suite struct ClockChangeTests {
    @Test(arguments: Change.all)
    func `ticks around a change of the clocks`(change: Change) throws {
        let zone = try TimeZoneRules(change.zone)
        let at = try Instant.milliseconds(change.at)
        let before = zone.span(at: at / 1000 - 1)
        let after = zone.span(at: at / 1000)
        #expect(before.end == at / 1000 && after.start == at / 1000)
        #expect(after.offset - before.offset == Int64(change.minutes * 60))
        let hour: Int64 = 3_600_000
        for (expression, expected, from, to) in [
            (change.daily, change.dailyTicks, at - 36 * hour, at + 36 * hour),
            ("0 * * * *", change.hourlyTicks, at - hour, at + 2 * hour),
            ("*/15 * * * *", change.quarterTicks, at - hour / 2, at + hour / 2),
            ("* * * * * *", change.secondTicks, at - 2000, at + 1000),
        ] {
            let expected = try expected.split(separator: " ").map {
                try Instant.milliseconds("\(change.at.prefix(5))\($0)Z")
            }
            let recurrence = try Recurrence(expression)
            let ticks = recurrence.ticks(after: from - 1, count: expected.count + 1, in: zone).filter { $0 <= to }
            #expect(ticks == expected, "\(expression)")
            // Whoever looks from between two ticks sees the same ones.
            for (tick, next) in zip(ticks, ticks.dropFirst()) {
                #expect(recurrence.next(after: tick + (next - tick) / 2, in: zone) == next)
                #expect(recurrence.latest(notAfter: next - 1, after: from - 1, in: zone) == tick)
            }
        }
    }

    @Test func `the table has all that is promised`() {
        #expect(Set(Change.all.map(\.zone)).count == 8)
        for zone in Set(Change.all.map(\.zone)) {
            let changes = Change.all.filter { $0.zone == zone }
            #expect(Set(changes.map { $0.at.prefix(4) }).count == 3)
            #expect(changes.contains { $0.minutes > 0 } && changes.contains { $0.minutes < 0 })
        }
    }

    @Test(
        "a rule for each kind of expression",
        arguments: [
            // 2025-03-30 in Berlin: 02:00 to 03:00 is skipped, at 01:00 UTC.
            ("0,15,30 2 * * *", "2025-03-30T00:59:59Z", "2025-03-30T01:00:00Z 2025-03-31T00:00:00Z"),
            ("0 2,3 * * *", "2025-03-30T00:00:00Z", "2025-03-30T01:00:00Z 2025-03-31T00:00:00Z"),
            ("30 2 30 3 *", "2025-03-29T00:00:00Z", "2025-03-30T01:00:00Z 2026-03-30T00:30:00Z"),
            ("30 2 * * SUN", "2025-03-29T00:00:00Z", "2025-03-30T01:00:00Z 2025-04-06T00:30:00Z"),
            ("*/10 30 2 * * *", "2025-03-30T00:00:00Z", "2025-03-30T01:00:00Z 2025-03-31T00:30:00Z"),
            ("30 * * * *", "2025-03-30T00:00:00Z", "2025-03-30T00:30:00Z 2025-03-30T01:30:00Z"),
            ("0 */2 * * *", "2025-03-29T23:30:00Z", "2025-03-30T01:00:00Z 2025-03-30T02:00:00Z"),
            ("*/20 2 * * *", "2025-03-30T00:00:00Z", "2025-03-30T01:00:00Z 2025-03-31T00:00:00Z"),
            ("0 0-23 * * *", "2025-03-30T00:00:00Z", "2025-03-30T01:00:00Z 2025-03-30T02:00:00Z"),
            ("@hourly", "2025-03-30T00:00:00Z", "2025-03-30T01:00:00Z 2025-03-30T02:00:00Z"),
            // 2025-10-26: 02:00 to 03:00 is there twice, from 00:00 UTC and from 01:00 UTC.
            ("0,30 2 * * *", "2025-10-26T00:10:00Z", "2025-10-26T00:30:00Z 2025-10-27T01:00:00Z"),
            ("30 2 * * *", "2025-10-26T01:10:00Z", "2025-10-27T01:30:00Z 2025-10-28T01:30:00Z"),
            ("0 3 * * *", "2025-10-26T00:30:00Z", "2025-10-26T02:00:00Z 2025-10-27T02:00:00Z"),
            ("30 * * * *", "2025-10-26T00:00:00Z", "2025-10-26T00:30:00Z 2025-10-26T01:30:00Z"),
            ("0 0-23 * * *", "2025-10-25T23:59:00Z", "2025-10-26T00:00:00Z 2025-10-26T01:00:00Z"),
            ("0 0,2,4 * * *", "2025-10-25T23:59:00Z", "2025-10-26T00:00:00Z 2025-10-26T03:00:00Z"),
            ("*/20 2 * * *", "2025-10-26T00:30:00Z", "2025-10-26T00:40:00Z 2025-10-27T01:00:00Z"),
            ("*/20 2 26 10 *", "2025-10-26T00:50:00Z", "2026-10-26T01:00:00Z 2026-10-26T01:20:00Z"),
        ])
    func berlin(expression: String, after: String, ticks: String) throws {
        try expect(expression, "Europe/Berlin", after: after, ticks)
    }

    @Test(
        "a day that was left out, and zones of odd offsets",
        arguments: [
            // Samoa went over the date line at the end of 2011-12-29: there was no 30 December.
            ("0 9 * * *", "Pacific/Apia", "2011-12-29T00:00:00Z", "2011-12-29T19:00:00Z 2011-12-30T10:00:00Z"),
            ("0 9 30 12 *", "Pacific/Apia", "2011-12-29T00:00:00Z", "2011-12-30T10:00:00Z 2012-12-29T19:00:00Z"),
            ("0 * * * *", "Pacific/Apia", "2011-12-30T08:30:00Z", "2011-12-30T09:00:00Z 2011-12-30T10:00:00Z"),
            ("0 9 * * *", "Asia/Kathmandu", "2025-01-01T00:00:00Z", "2025-01-01T03:15:00Z 2025-01-02T03:15:00Z"),
            ("*/30 * * * *", "Asia/Kathmandu", "2025-01-01T00:00:00Z", "2025-01-01T00:15:00Z 2025-01-01T00:45:00Z"),
            ("0 0 * * *", "America/Santiago", "2025-09-06T00:00:00Z", "2025-09-06T04:00:00Z 2025-09-07T04:00:00Z"),
            ("0 0 29 2 *", "Europe/Berlin", "2096-03-01T00:00:00Z", "2104-02-28T23:00:00Z 2108-02-28T23:00:00Z"),
        ])
    func elsewhere(expression: String, zone: String, after: String, ticks: String) throws {
        try expect(expression, zone, after: after, ticks)
    }

    @Test func `a tick says how it stands to the clock`() throws {
        let zone = try TimeZoneRules("Europe/Berlin")
        func place(_ expression: String, _ instant: String) throws -> TickPlace {
            try CronExpression(expression).place(of: Instant.milliseconds(instant), in: zone)
        }
        let skipped = try place("0,30 2 * * *", "2025-03-30T01:00:00Z")
        guard case .skipped(let local) = skipped else {
            Issue.record("\(skipped)")
            return
        }
        #expect("\(local)" == "2025-03-30 02:00:00")
        #expect(try place("0 2,3 * * *", "2025-03-30T01:00:00Z") == .plain)
        #expect(try place("30 2 * * *", "2025-10-26T00:30:00Z") == .first)
        #expect(try place("* * * * *", "2025-10-26T01:30:00Z") == .second)
        #expect(try place("* * * * *", "2025-10-26T02:00:00Z") == .plain)
    }

    private func expect(_ expression: String, _ zone: String, after: String, _ ticks: String) throws {
        let zone = try TimeZoneRules(zone)
        let expected = try ticks.split(separator: " ").map { try Instant.milliseconds(String($0)) }
        let found = try Recurrence(expression).ticks(
            after: Instant.milliseconds(after), count: expected.count, in: zone)
        #expect(found.map(Instant.text) == expected.map(Instant.text))
    }
}
