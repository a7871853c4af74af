#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Moments in milliseconds since 1970, shown in ISO 8601 and local time.
enum Moment {
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    static func text(_ milliseconds: Int64) -> String {
        var seconds = time_t(milliseconds / 1000)
        var parts = tm()
        guard localtime_r(&seconds, &parts) != nil else { return "\(milliseconds)" }
        let offset = Int(parts.tm_gmtoff) / 60
        let zone =
            offset == 0 ? "Z" : (offset < 0 ? "-" : "+") + two(offset.magnitude / 60) + ":" + two(offset.magnitude % 60)
        return "\(Int(parts.tm_year) + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T"
            + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)).\(three(milliseconds % 1000))\(zone)"
    }

    /// "2030-01-31T18:00:00.000+01:00 (3m 12s ago)"
    static func textWithAge(_ milliseconds: Int64) -> String {
        let distance = now - milliseconds
        let words =
            distance < 0
            ? "in \(HumanText.duration(milliseconds: -distance))" : "\(HumanText.duration(milliseconds: distance)) ago"
        return "\(text(milliseconds)) (\(words))"
    }

    private static func two(_ number: some BinaryInteger) -> String { number < 10 ? "0\(number)" : "\(number)" }
    private static func three(_ number: Int64) -> String { (number < 100 ? "0" : "") + two(number) }
}
