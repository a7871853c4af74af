import PenstockModel
import PenstockTesting

/// Where croniter (7.0.0) decides otherwise. Each case is decided from the expression, the zone and the tick that croniter
/// names; what none of them explains is a failure. That Penstock's own tick is right there is for `NaiveCron` to say.
enum CroniterDifference: String, CaseIterable {
    /// The weekday nearest to day 29, 30 or 31 in a month that has no such day: croniter takes the last day of the month
    /// instead, to Penstock (as for the days themselves) there is none.
    case nearestWeekdayBeyondTheMonth
    /// A time of day that the clocks repeat: asked after its first occurrence, croniter fires the second as well. Penstock, as
    /// Vixie's cron, fires the first only.
    case timeOfDayRepeated
    /// A time of day with seconds that the clocks skip: croniter looks for the end of the gap in steps of a minute and keeps
    /// the seconds. Penstock fires right after the gap.
    case secondsAfterGap
    /// A day field that lists all its values (`0-6`) beside one that has a step (`*/7`): croniter takes the list for `*`, so
    /// that the step alone counts; beside anything else it does not. To Penstock only `*`, `?` and `*/1` say nothing.
    case allDaysListed

    /// - Parameter expression: of five or six fields.
    init?(_ expression: String, theirs: Int64, in zone: some ZoneRules) {
        var fields = expression.split(separator: " ").map(String.init)
        let hasSeconds = fields.count == 6
        if fields.count == 5 { fields.insert("0", at: 0) }
        let naive = NaiveCron(expression)
        let span = zone.span(at: theirs)
        let time = zone.localTime(at: theirs * 1000)
        let isMeant =
            naive.matches(year: time.year, month: time.month, day: time.day, weekday: time.weekday)
            && naive.matches(timeOfDay: time.hour * 3600 + time.minute * 60 + time.second)
        // Less than a minute after the clocks went forward.
        let isAfterGap =
            span.start != .min && theirs - span.start < 60 && zone.span(at: span.start - 1).offset < span.offset
        if fields[3].hasSuffix("W"), let day = Int(fields[3].dropLast()),
            LocalTime(seconds: theirs + span.offset + Int64(day - time.day) * 86_400).month != time.month
        {
            self = .nearestWeekdayBeyondTheMonth
        } else if !naive.isRhythm, isMeant, span.start != .min,
            theirs + span.offset < span.start + zone.span(at: span.start - 1).offset
        {
            self = .timeOfDayRepeated
        } else if !naive.isRhythm, hasSeconds, isAfterGap, theirs > span.start {
            self = .secondsAfterGap
        } else if Self.isListedBesideStar(fields[3], 31, fields[5]) || Self.isListedBesideStar(fields[5], 7, fields[3])
        {
            self = .allDaysListed
        } else {
            return nil
        }
    }

    private static func isListedBesideStar(_ field: String, _ count: Int, _ other: String) -> Bool {
        guard !["*", "?"].contains(field), other.contains("*"), other != "*" else { return false }
        let expression = count == 7 ? "0 0 0 * * \(field)" : "0 0 0 \(field) * *"
        let naive = NaiveCron(expression)
        // A month of 31 days that begins on a Sunday: October 2023.
        return (1...31).allSatisfy { naive.matches(year: 2023, month: 10, day: $0, weekday: ($0 - 1) % 7) }
    }
}
