/// When something comes again: a cron expression, or an interval.
public enum Recurrence: Sendable, Hashable, CustomStringConvertible {
    case cron(CronExpression)
    /// Ticks at whole multiples of an interval from an anchor; 1 second to 3,650 days.
    case every(milliseconds: Int64)

    /// Reads a cron expression, a name like `@daily`, or `@every` with an interval: `@every 90s`, `@every 1h30m`; units are d,
    /// h, m, s and ms, from large to small.
    public init(_ text: String) throws(CronError) {
        let words = text.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard words.first?.lowercased() == "@every" else {
            self = .cron(try CronExpression(text))
            return
        }
        guard words.count <= 2 else {
            throw CronError(.interval, words[2], "it has a blank in it", wayOut: "write it in one word, like 1h30m")
        }
        self = .every(milliseconds: try Interval.milliseconds(words.count == 2 ? String(words[1]) : ""))
    }

    /// An interval.
    ///
    /// - Throws: if it is not 1 second to 3,650 days, in whole milliseconds.
    public static func every(_ interval: Duration) throws(CronError) -> Recurrence {
        let milliseconds = interval.milliseconds
        try Interval.check(milliseconds, "\(interval)")
        return .every(milliseconds: milliseconds)
    }

    /// The one form in which it is stored; reading it gives the same recurrence.
    public var text: String {
        switch self {
        case .cron(let expression): expression.text
        case .every(let milliseconds): "@every \(Interval.text(milliseconds))"
        }
    }

    /// In words: `at 09:00, Monday to Friday`, `every 1 minute and 30 seconds`.
    public var words: String {
        switch self {
        case .cron(let expression): expression.words
        case .every(let milliseconds): "every \(Interval.words(milliseconds))"
        }
    }

    public var description: String { text }
}

extension Recurrence {
    /// The first tick after an instant.
    ///
    /// It is a function of what is given and nothing else: whoever computes it gets the same tick.
    ///
    /// - Parameters:
    ///   - instant: milliseconds since 1970 in UTC; a tick at this very instant does not count.
    ///   - zone: whose clocks a cron expression is about; an interval does not look at it.
    ///   - anchor: a moment that an interval ticks at, in milliseconds since 1970: before and after it in steps of the interval.
    ///     A cron expression does not look at it.
    /// - Returns: milliseconds since 1970; nil if there is no tick before the end of the year 9999.
    public func next(after instant: Int64, in zone: some ZoneRules, anchor: Int64 = 0) -> Int64? {
        switch self {
        case .cron(let expression): return expression.next(after: instant, in: zone)
        case .every(let interval):
            let instant = max(instant, CronExpression.firstSecond * 1000)
            guard interval > 0, instant < CronExpression.lastSecond * 1000 else { return nil }
            let phase = floorDivision(anchor, interval).remainder
            let next = (floorDivision(instant - phase, interval).quotient + 1) * interval + phase
            return next <= CronExpression.lastSecond * 1000 ? next : nil
        }
    }

    /// The last tick of a stretch of time, found in a few steps however many there are.
    ///
    /// - Parameters:
    ///   - end: a tick at this instant counts.
    ///   - begin: a tick at this instant does not count.
    /// - Returns: nil if there is no tick after `begin` up to `end`.
    public func latest(notAfter end: Int64, after begin: Int64, in zone: some ZoneRules, anchor: Int64 = 0) -> Int64? {
        let (end, begin) = (min(end, Self.lastInstant), max(begin, Self.firstInstant - 1))
        func tick(after instant: Int64) -> Int64? {
            next(after: instant, in: zone, anchor: anchor).flatMap { $0 <= end ? $0 : nil }
        }
        guard begin < end else { return nil }
        // Look back further and further until there is a tick, then halve the way to the last one.
        var width: Int64 = 1000
        var low = max(begin, end - width)
        var found = tick(after: low)
        while found == nil, low > begin {
            width *= 4
            low = end - begin > width ? end - width : begin
            found = tick(after: low)
        }
        guard var latest = found else { return nil }
        var high = end
        while latest < high {
            let middle = latest + (high - latest) / 2
            if let later = tick(after: middle) { latest = later } else { high = middle }
        }
        return latest
    }

    /// The first ticks after an instant, at most `count`.
    public func ticks(after instant: Int64, count: Int, in zone: some ZoneRules, anchor: Int64 = 0) -> [Int64] {
        Array(
            sequence(state: instant) { last -> Int64? in
                guard let tick = next(after: last, in: zone, anchor: anchor) else { return nil }
                last = tick
                return tick
            }.prefix(max(count, 0)))
    }

    /// How many ticks there are after `begin` up to `end`, but no more than `limit`: it costs a look for each that it counts.
    public func count(
        after begin: Int64, through end: Int64, limit: Int, in zone: some ZoneRules, anchor: Int64 = 0
    ) -> Int {
        var (count, last) = (0, begin)
        while count < limit, let tick = next(after: last, in: zone, anchor: anchor), tick <= end {
            (count, last) = (count + 1, tick)
        }
        return count
    }

    private static let firstInstant = CronExpression.firstSecond * 1000
    private static let lastInstant = CronExpression.lastSecond * 1000
}
