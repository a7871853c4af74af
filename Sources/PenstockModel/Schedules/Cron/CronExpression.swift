/// A cron expression: which local times of a clock it means.
///
/// Five fields (minute, hour, day of month, month, day of week), or six with the second first, or one of the names
/// `@yearly`, `@annually`, `@monthly`, `@weekly`, `@daily`, `@midnight` and `@hourly`.
///
/// | in a field | means |
/// | --- | --- |
/// | `*` | every value |
/// | `5`, `9-17`, `1,15`, `MON-FRI`, `JAN` | these values; names of months and days of the week count as their numbers |
/// | `*/15`, `9-17/2`, `5/15` | every 15th, every 2nd of the range, from 5 on every 15th |
/// | `?` | no restriction; in day of month and day of week |
/// | `L`, `L-3`, `LW`, `15W` | day of month: the last, the 3rd before it, the last from Monday to Friday, the one from Monday to Friday nearest to the 15th in the same month |
/// | `5L`, `5#2` | day of week: the last Friday, the second Friday of the month |
///
/// Sunday is 0 or 7. Where day of month and day of week are both restricted (anything but `*`, `?` and `*/1`), a day that
/// meets one of them is enough.
public struct CronExpression: Sendable, Hashable, CustomStringConvertible {
    /// The expression in capitals with single blanks, or its `@name`.
    public let text: String
    /// Second, minute, hour, day of month, month, day of week, as they were written.
    let items: [[CronItem]]
    let seconds: UInt64
    let minutes: UInt64
    let hours: UInt64
    let months: UInt64
    let days: CronDays

    /// Whether it is a rhythm rather than a time of day: it means every hour of the day, as a `*` in the hour does. A rhythm
    /// goes on through changes of the clock: it leaves out what is skipped, and runs through both occurrences of what is
    /// repeated. All other expressions fire once for local times that are skipped, right after the gap, and once for one that
    /// is repeated, at the first occurrence.
    public let isRhythm: Bool

    /// Reads an expression; a `CronError` says which field is wrong, how, and what to write.
    public init(_ text: String) throws(CronError) {
        let fields = try CronFields(text)
        self.text = fields.text
        var items: [[CronItem]] = []
        for (field, part) in zip(CronField.inOrder, fields.parts) {
            items.append(try CronFieldParser(field: field, text: part).items())
        }
        self.items = items
        let values = zip(CronField.inOrder, items).map { field, items in
            items.reduce(UInt64(0)) { $0 | $1.values(of: field) }
        }
        (seconds, minutes, hours, months) = (values[0], values[1], values[2], values[4])
        days = CronDays(days: items[3], weekdays: items[5])
        isRhythm = hours.nonzeroBitCount == 24
        guard nextLocal(from: Self.cycleStart) != nil else { throw neverComes(fields.parts[3], fields.parts[4]) }
    }

    public var description: String { text }

    /// 2000-01-01: any 400 years have every combination of date and day of the week that there is.
    private static let cycleStart: Int64 = 946_684_800

    private func neverComes(_ day: Substring, _ month: Substring) -> CronError {
        let named = CronField.month.names.indices.filter { months & 1 << UInt64($0 + 1) != 0 }
            .map { CronWords.months[$0] }
        let days = items[3].compactMap { if case .value(let day) = $0 { day } else { nil } }
        let what =
            days.count == items[3].count
            ? "\(CronWords.list(days.map { "\($0)" }, "and")) \(CronWords.list(named, "or"))"
            : "\(day) in \(CronWords.list(named, "or"))"
        return CronError(
            .date, "\(day) \(month)", "\(what) never comes", wayOut: "L is the last day of a month, however long it is")
    }
}

/// The text of an expression, cut into six fields.
private struct CronFields {
    let text: String
    let parts: [Substring]

    init(_ text: String) throws(CronError) {
        guard text.utf8.count <= 500 else {
            throw CronError(.expression, text, "it has \(text.utf8.count) bytes; at most 500 are allowed")
        }
        if let wrong = text.unicodeScalars.first(where: { !$0.isASCII || ($0.value < 0x20 && $0 != "\t") }) {
            throw CronError(
                .expression, String(wrong), "\"\(CronError.shown(String(wrong)))\" does not belong in it",
                wayOut: "use plain letters, digits and signs")
        }
        let words = text.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard let first = words.first else {
            throw CronError(
                .expression, "", "it is empty", wayOut: "write five fields, like 0 9 * * MON-FRI, or @daily")
        }
        if first.hasPrefix("@") {
            self = try Self.named(words)
            return
        }
        if first.contains("=") {
            throw CronError(
                .expression, first, "\(CronError.shown(first)) is no field",
                wayOut: "the time zone stands beside the expression, not in it")
        }
        let joined = words.joined(separator: " ").uppercased()
        let parts = joined.split(separator: " ")
        guard parts.count == 5 || parts.count == 6 else {
            throw CronError(
                .expression, joined, "it has \(parts.count) field\(parts.count == 1 ? "" : "s")",
                wayOut: parts.count == 7
                    ? "six are the most, the second first; there is no field for the year"
                    : "write five (minute, hour, day of month, month, day of week), or six with the second first")
        }
        self.text = joined
        self.parts = parts.count == 6 ? parts : ["0"] + parts
    }

    private init(text: String, fields: String) {
        self.text = text
        parts = fields.split(separator: " ")
    }

    private static func named(_ words: [Substring]) throws(CronError) -> CronFields {
        let name = words[0].lowercased()
        guard words.count == 1 else {
            throw CronError(
                .expression, words[1], "\(CronError.shown(name)) stands alone", wayOut: "remove what follows it")
        }
        guard let fields = names[name] else {
            throw CronError(
                .expression, name, "\(CronError.shown(name)) is not known",
                wayOut: "use @yearly, @monthly, @weekly, @daily, @hourly, or @every with an interval")
        }
        return CronFields(text: name, fields: fields)
    }

    private static let names = [
        "@yearly": "0 0 0 1 1 *", "@annually": "0 0 0 1 1 *", "@monthly": "0 0 0 1 * *", "@weekly": "0 0 0 * * 0",
        "@daily": "0 0 0 * * *", "@midnight": "0 0 0 * * *", "@hourly": "0 0 * * * *",
    ]
}
