#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Moments as people type them: ISO 8601, with a zone or, without one, in local time. Milliseconds since 1970.
enum MomentText {
    static func parse(_ text: String) throws(ArgumentProblem) -> Int64 {
        let form =
            /(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(Z|z|[+-]\d{2}(?::?\d{2})?)?)?/
        guard let match = text.wholeMatch(of: form) else { throw ArgumentProblem(hint) }
        func number(_ part: Substring?) -> Int { part.flatMap { Int($0) } ?? 0 }
        let (year, month, day) = (number(match.1), number(match.2), number(match.3))
        let (hour, minute, second) = (number(match.4), number(match.5), number(match.6))
        guard (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 60 else {
            throw ArgumentProblem("there is no such date or time; \(hint)")
        }
        var parts = tm()
        parts.tm_year = Int32(year - 1900)
        parts.tm_mon = Int32(month - 1)
        parts.tm_mday = Int32(day)
        parts.tm_hour = Int32(hour)
        parts.tm_min = Int32(minute)
        parts.tm_sec = Int32(second)
        parts.tm_isdst = -1
        let zone = match.8
        let seconds = zone == nil ? mktime(&parts) : timegm(&parts)
        guard parts.tm_mday == Int32(day), parts.tm_mon == Int32(month - 1) else {
            throw ArgumentProblem("there is no such date; \(hint)")
        }
        let fraction = match.7.map { Int64(($0 + "000").prefix(3)) ?? 0 } ?? 0
        return (Int64(seconds) - (zone.map(offset) ?? 0)) * 1000 + fraction
    }

    /// Seconds east of Greenwich.
    private static func offset(_ zone: Substring) -> Int64 {
        let digits = zone.filter(\.isNumber)
        let seconds = (Int64(digits.prefix(2)) ?? 0) * 3600 + (Int64(digits.dropFirst(2)) ?? 0) * 60
        return zone.hasPrefix("-") ? -seconds : seconds
    }

    private static let hint =
        "write it in ISO 8601, like 2030-01-31T18:00:00Z, 2030-01-31T18:00+01:00, or 2030-01-31T18:00 for local time"
}
