/// What a time zone's clocks show, and when they are put forward or back. Pure: the same question has the same answer.
///
/// The zones of the world are in `TimeZoneRules` of the module Penstock, which reads them from Foundation's data.
public protocol ZoneRules: Sendable {
    /// The stretch of time around an instant in which the offset does not change.
    ///
    /// - Parameter second: seconds since 1970 in UTC, of any year.
    func span(at second: Int64) -> ZoneSpan
}

/// A stretch of time in which a zone keeps one offset. At its end the offset changes: clocks go forward (a gap, whose local
/// times do not exist) or back (an overlap, whose local times exist twice).
public struct ZoneSpan: Sendable, Hashable {
    /// Seconds by which local time is ahead of UTC, less than 26 hours either way.
    public let offset: Int64
    /// The first second, since 1970; `Int64.min` if there is no change before.
    public let start: Int64
    /// The second after the last; `Int64.max` if there is no change to come.
    public let end: Int64

    public init(offset: Int64, start: Int64 = .min, end: Int64 = .max) {
        (self.offset, self.start, self.end) = (offset, start, end)
    }
}

/// A zone whose clocks are never changed.
public struct FixedZone: ZoneRules, Hashable {
    /// Seconds ahead of UTC.
    public let offset: Int64

    public static let utc = FixedZone(offset: 0)

    /// - Parameter offset: seconds ahead of UTC; kept within 26 hours either way.
    public init(offset: Int64) { self.offset = min(max(offset, -93_600), 93_600) }

    public func span(at second: Int64) -> ZoneSpan { ZoneSpan(offset: offset) }
}

extension ZoneRules {
    /// What the clocks show at an instant.
    ///
    /// - Parameter milliseconds: since 1970 in UTC.
    public func localTime(at milliseconds: Int64) -> LocalTime {
        let second = floorDivision(milliseconds, 1000).quotient
        return LocalTime(seconds: second + span(at: second).offset)
    }

    /// The latest local time that the clocks had shown up to an instant, that one included. It is later than what they
    /// show at the instant only in an overlap, where they show for the second time what they had shown before.
    func reached(by second: Int64) -> Int64 {
        var span = span(at: second)
        var latest = second + span.offset
        // What clocks showed three days ago is past in every zone.
        while span.start > second - 3 * 86_400 {
            let last = span.start - 1
            span = self.span(at: last)
            latest = max(latest, last + span.offset)
        }
        return latest
    }

    /// The first instant at which the clocks show a local time or a later one: the instant of that time, its first
    /// occurrence in an overlap, or the end of the gap that it is in.
    func first(showing local: Int64) -> Int64 {
        // No clock is 26 hours ahead of UTC, so it is not reached yet there.
        var span = span(at: local - 93_600)
        while span.end != .max, span.end - 1 + span.offset < local { span = self.span(at: span.end) }
        return max(span.start, local - span.offset)
    }
}
