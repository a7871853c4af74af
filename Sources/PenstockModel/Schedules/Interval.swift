/// A time between ticks as people write it after `@every`: `90s`, `1h30m`, `7d`.
enum Interval {
    /// 1 second to 3,650 days, in milliseconds.
    static let allowed: ClosedRange<Int64> = 1000...3650 * 86_400_000

    typealias Unit = (name: String, milliseconds: Int64, word: String)

    static let units: [Unit] = [
        ("d", 86_400_000, "day"), ("h", 3_600_000, "hour"), ("m", 60_000, "minute"), ("s", 1000, "second"),
        ("ms", 1, "millisecond"),
    ]

    static func milliseconds(_ text: String) throws(CronError) -> Int64 {
        func error(_ part: some StringProtocol, _ reason: String) -> CronError {
            CronError(.interval, part, reason, wayOut: "write it like 90s, 15m, 1h30m or 7d")
        }
        guard !text.isEmpty else { throw error(text, "it is missing") }
        var rest = text.lowercased()[...]
        var total: Int64 = 0
        var place = -1
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest[digits.endIndex...]
            let name = rest.prefix { !($0.isASCII && $0.isNumber) }
            rest = rest[name.endIndex...]
            guard !digits.isEmpty else {
                throw error(text, "\"\(CronError.shown(text))\" does not begin with a number")
            }
            guard !name.isEmpty else { throw error(digits, "\(CronError.shown(digits)) has no unit") }
            guard let unit = units.firstIndex(where: { $0.name == name }) else {
                throw error(name, "\"\(CronError.shown(name))\" is no unit")
            }
            guard unit > place else { throw error(text, "units go from large to small, each once") }
            place = unit
            // What is too much for the numbers is far beyond the greatest interval.
            let part = (Int64(digits) ?? .max).multipliedReportingOverflow(by: units[unit].milliseconds)
            let sum = total.addingReportingOverflow(part.partialValue)
            total = part.overflow || sum.overflow ? .max : sum.partialValue
            if total == .max { break }
        }
        return try check(total, text)
    }

    @discardableResult
    static func check(_ milliseconds: Int64, _ text: String) throws(CronError) -> Int64 {
        guard milliseconds >= allowed.lowerBound else {
            throw CronError(.interval, text, "\(text) is less than 1s, the least interval")
        }
        guard milliseconds <= allowed.upperBound else {
            throw CronError(
                .interval, text, "\(CronError.shown(text)) is more than 3650d, the greatest interval")
        }
        return milliseconds
    }

    /// `1h30m`: the one way that an interval is stored.
    static func text(_ milliseconds: Int64) -> String {
        parts(milliseconds).map { "\($0.count)\($0.unit.name)" }.joined()
    }

    /// `1 hour and 30 minutes`; `minute` for exactly one.
    static func words(_ milliseconds: Int64) -> String {
        let parts = parts(milliseconds)
        if parts.count == 1, parts[0].count == 1 { return parts[0].unit.word }
        return CronWords.list(parts.map { "\($0.count) \($0.unit.word)\($0.count == 1 ? "" : "s")" }, "and")
    }

    private static func parts(_ milliseconds: Int64) -> [(count: Int64, unit: Unit)] {
        var rest = milliseconds
        var parts: [(count: Int64, unit: Unit)] = []
        for unit in units where rest >= unit.milliseconds {
            parts.append((rest / unit.milliseconds, unit))
            rest %= unit.milliseconds
        }
        return parts
    }
}
