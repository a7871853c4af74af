import PenstockModel
import PenstockTesting
import Testing

/// Next ticks against the plainest way to find them.
@Suite struct CronTickTests {
    @Test func `special days are those that looking at every day finds`() async throws {
        try await apart {
            var random = SeededRandom(seed: 20)
            for _ in 0..<500 {
                let text = RandomCron.special(using: &random)
                let expression: CronExpression
                do throws(CronError) { expression = try CronExpression(text) } catch {
                    #expect(error.field == .date, "\(text): \(error)")
                    continue
                }
                let naive = NaiveCron(text)
                let start = Int64.random(in: 0..<80 * 365, using: &random)
                let expected = (start..<start + 800).filter { day in
                    let time = LocalTime(seconds: day * 86_400)
                    return naive.matches(year: time.year, month: time.month, day: time.day, weekday: time.weekday)
                }
                var found: [Int64] = []
                var last = start * 86_400_000 - 1
                while let tick = expression.next(after: last, in: FixedZone.utc), tick < (start + 800) * 86_400_000 {
                    found.append(tick / 86_400_000)
                    last = tick
                }
                #expect(found == expected, "\(text) from day \(start)")
            }
        }
    }

    /// Zones that no law has made: changes in quick succession, of any size, forward and back.
    @Test func `ticks are those that walking over every moment finds, whatever the clocks do`() async throws {
        try await apart {
            var random = SeededRandom(seed: 21)
            for round in 0..<300 {
                // Whole minutes, as the walk goes in minutes.
                let start: Int64 = 28_333_333 * 60
                var at = start
                let changes = (0..<6).map { _ in
                    at += Int64.random(in: 1...3000, using: &random) * 60
                    return (at: at, offset: Int64.random(in: -900...900, using: &random) * 60)
                }
                let zone = ListedZone(first: 3600, changes: changes)
                let text = RandomCron.times(using: &random)
                let recurrence = try Recurrence(text)
                let (begin, end) = (start - 86_400, at + 2 * 86_400)
                let expected = NaiveCron(text).ticks(after: begin, through: end, limit: .max, in: zone)
                let found = recurrence.ticks(after: begin * 1000, count: expected.count + 1, in: zone)
                    .filter { $0 <= end * 1000 }
                #expect(found == expected.map { $0 * 1000 }, "round \(round): \(text), \(changes)")
                for _ in 0..<20 {
                    let after = Int64.random(in: begin * 1000..<end * 1000, using: &random)
                    let until = Int64.random(in: after...end * 1000, using: &random)
                    let next = expected.first { $0 * 1000 > after }.map { $0 * 1000 }
                    let latest = expected.last { $0 * 1000 > after && $0 * 1000 <= until }.map { $0 * 1000 }
                    let count = expected.count { $0 * 1000 > after && $0 * 1000 <= until }
                    if let next { #expect(recurrence.next(after: after, in: zone) == next) }
                    #expect(recurrence.latest(notAfter: until, after: after, in: zone) == latest)
                    #expect(recurrence.count(after: after, through: until, limit: 50, in: zone) == min(count, 50))
                }
            }
        }
    }

    @Test(
        "rare dates, and the ends of time",
        arguments: [
            ("0 0 29 2 *", "1896-03-01 00:00:00", "1904-02-29 00:00:00"),
            ("0 0 29 2 *", "2096-02-29 00:00:00", "2104-02-29 00:00:00"),
            ("0 0 * 2 MON#5", "2000-01-01 00:00:00", "2016-02-29 00:00:00"),
            ("0 0 * 2 TUE#5", "2084-03-01 00:00:00", "2124-02-29 00:00:00"),
            ("59 59 23 31 12 *", "9999-12-31 23:59:58", "9999-12-31 23:59:59"),
            ("0 0 1 1 *", "0000-06-01 00:00:00", "0001-01-01 00:00:00"),
        ])
    func rare(text: String, after: String, next: String) throws {
        // The day is found by counting, with other code than what is tested.
        let seconds = try Self.seconds(after)
        let tick = try #require(try CronExpression(text).next(after: seconds * 1000, in: FixedZone.utc))
        #expect("\(FixedZone.utc.localTime(at: tick))" == next)
    }

    @Test func `there is an end, and no sum overflows`() throws {
        let everySecond = try Recurrence("* * * * * *")
        let last: Int64 = 253_402_300_799_000
        for recurrence in [everySecond, try Recurrence("@every 1s"), try Recurrence("0 0 29 2 *")] {
            #expect(recurrence.next(after: last, in: FixedZone.utc) == nil)
            #expect(recurrence.next(after: .max, in: FixedZone.utc) == nil)
            #expect(recurrence.next(after: .min, in: FixedZone.utc) != nil)
            #expect(recurrence.next(after: .min, in: FixedZone.utc, anchor: .min) != nil)
            #expect(recurrence.latest(notAfter: .max, after: .min, in: FixedZone.utc) != nil)
            #expect(recurrence.latest(notAfter: .min, after: .max, in: FixedZone.utc) == nil)
            #expect(recurrence.latest(notAfter: 5, after: 5, in: FixedZone.utc) == nil)
            for offset in [Int64.min, -93_600, 93_600, Int64.max] {
                _ = recurrence.next(after: last - 1, in: FixedZone(offset: offset))
                _ = recurrence.next(after: .min, in: FixedZone(offset: offset))
            }
        }
        #expect(everySecond.next(after: last - 1, in: FixedZone.utc) == last)
        #expect(everySecond.latest(notAfter: .max, after: .min, in: FixedZone.utc) == last)
    }

    @Test(
        "an instant between two seconds",
        arguments: [(-1, 0), (0, 1000), (999, 1000), (1000, 2000), (-1000, 0), (-1001, -1000)])
    func between(after: Int64, next: Int64) throws {
        #expect(try Recurrence("* * * * * *").next(after: after, in: FixedZone.utc) == next)
        #expect(try Recurrence("@every 1s").next(after: after, in: FixedZone.utc) == next)
    }

    @Test(
        "intervals tick at an anchor",
        arguments: [
            (90_000, 0, 0, 90_000), (90_000, 0, 89_999, 90_000), (90_000, 0, -1, 0), (90_000, 1_000_000, 0, 10_000),
            (90_000, -20_000, 0, 70_000), (1500, 200, 1700, 3200), (1500, 200, 1699, 1700),
            (1500, 5_000_200, -801, -800),
        ])
    func anchored(interval: Int64, anchor: Int64, after: Int64, next: Int64) {
        let every = Recurrence.every(milliseconds: interval)
        #expect(every.next(after: after, in: FixedZone.utc, anchor: anchor) == next)
        #expect(every.latest(notAfter: next, after: after, in: FixedZone.utc, anchor: anchor) == next)
        #expect(every.latest(notAfter: next - 1, after: after, in: FixedZone.utc, anchor: anchor) == nil)
    }

    @Test func `a year of standing still costs a few looks`() throws {
        let zone = CountingZone()
        let (begin, end) = (Int64(1_700_000_000_000), Int64(1_731_536_000_000))
        #expect(try Recurrence("* * * * * *").latest(notAfter: end, after: begin, in: zone) == end)
        #expect(zone.looks < 20)
        let rare = CountingZone()
        #expect(try Recurrence("0 0 29 2 *").latest(notAfter: end, after: begin, in: rare) == 1_709_164_800_000)
        #expect(rare.looks < 250)
    }

    @Test func `dates are those of a calendar that is counted day by day`() {
        var (year, month, day) = (1599, 12, 31)
        let first = -135_140
        for number in first..<first + 300_000 {
            day += 1
            let isLeap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0)
            let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            if day > lengths[month - 1] { (day, month) = (1, month + 1) }
            if month > 12 { (month, year) = (1, year + 1) }
            let time = LocalTime(seconds: Int64(number) * 86_400 + 86_399)
            guard time.year == year, time.month == month, time.day == day, time.hour == 23, time.second == 59,
                // 1600-01-01 was a Saturday.
                time.weekday == (number - first + 6) % 7
            else {
                Issue.record("day \(number): \(time) instead of \(year)-\(month)-\(day)")
                return
            }
        }
        #expect("\(LocalTime(seconds: 0))" == "1970-01-01 00:00:00" && year == 2421)
    }

    private static func seconds(_ text: String) throws -> Int64 {
        let numbers = text.split(whereSeparator: { "-: ".contains($0) }).compactMap { Int64($0) }
        try #require(numbers.count == 6)
        var days: Int64 = -719_528
        for year in 0..<numbers[0] { days += year % 400 == 0 || (year % 4 == 0 && year % 100 != 0) ? 366 : 365 }
        while LocalTime(seconds: days * 86_400).month != Int(numbers[1])
            || LocalTime(seconds: days * 86_400).day != Int(numbers[2])
        {
            days += 1
        }
        return days * 86_400 + numbers[3] * 3600 + numbers[4] * 60 + numbers[5]
    }
}

/// UTC, counting how often it is asked.
private final class CountingZone: ZoneRules {
    private let count = Watched(0)

    var looks: Int { count.value }

    func span(at second: Int64) -> ZoneSpan {
        count.change { $0 += 1 }
        return ZoneSpan(offset: 0)
    }
}
