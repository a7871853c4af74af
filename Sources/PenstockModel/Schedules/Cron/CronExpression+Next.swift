/// Instants: what the local times of an expression come to in a zone.
extension CronExpression {
    /// The first instant at which it fires after another one, in milliseconds since 1970 in UTC. Nil: none is left before
    /// the end of the year 9999.
    ///
    /// A rhythm fires whenever the clock shows a time that is meant. Anything else fires at the first instant at which the
    /// clock shows the time or a later one: so at the end of the gap for a time that is skipped, and never for the second
    /// occurrence of one that is repeated. See `isRhythm`.
    public func next(after milliseconds: Int64, in zone: some ZoneRules) -> Int64? {
        // Before the year 1 there is nothing worth an answer, and further off sums would overflow.
        let second = max(floorDivision(milliseconds, 1000).quotient, Self.firstSecond - 1)
        guard second < Self.lastSecond else { return nil }
        let next = isRhythm ? nextOfRhythm(after: second, in: zone) : nextOfTimes(after: second, in: zone)
        return next.flatMap { $0 <= Self.lastSecond ? $0 * 1000 : nil }
    }

    /// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z.
    static let firstSecond: Int64 = -62_135_596_800
    static let lastSecond: Int64 = 253_402_300_799

    private func nextOfTimes(after second: Int64, in zone: some ZoneRules) -> Int64? {
        nextLocal(from: zone.reached(by: second) + 1).map(zone.first(showing:))
    }

    private func nextOfRhythm(after second: Int64, in zone: some ZoneRules) -> Int64? {
        var span = zone.span(at: second + 1)
        var local = second + 1 + span.offset
        guard var next = nextLocal(from: local) else { return nil }
        while true {
            let instant = next - span.offset
            if instant < span.end { return instant }
            guard span.end < Self.lastSecond else { return nil }
            span = zone.span(at: span.end)
            // What was found still stands, unless clocks went back behind where the search began, or forward past it.
            let begin = span.start + span.offset
            guard begin < local || begin > next else { continue }
            local = begin
            guard let found = nextLocal(from: begin) else { return nil }
            next = found
        }
    }
}

/// How a tick stands to the clock, for those who show it.
public enum TickPlace: Sendable, Hashable {
    /// The clock shows the time once.
    case plain
    /// The clock skipped this time; the tick comes at the end of the gap instead.
    case skipped(LocalTime)
    /// The clock shows the time for the first time and will show it again.
    case first
    /// The clock shows the time for the second time.
    case second
}

extension CronExpression {
    /// How one of its ticks stands to the clock.
    ///
    /// - Parameter tick: an instant at which it fires, in milliseconds since 1970 in UTC.
    public func place(of tick: Int64, in zone: some ZoneRules) -> TickPlace {
        let second = floorDivision(tick, 1000).quotient
        let span = zone.span(at: second)
        let local = second + span.offset
        if nextLocal(from: local) != local, let meant = nextLocal(from: zone.reached(by: second - 1) + 1) {
            return .skipped(LocalTime(seconds: meant))
        }
        if span.start != .min, local < span.start + zone.span(at: span.start - 1).offset { return .second }
        if span.end != .max, local >= span.end + zone.span(at: span.end).offset { return .first }
        return .plain
    }
}
