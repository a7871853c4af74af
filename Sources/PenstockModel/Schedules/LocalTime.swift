/// What a clock on the wall shows: a date of the Gregorian calendar (proleptic, as ISO 8601 has it) and a time of day.
public struct LocalTime: Sendable, Hashable, CustomStringConvertible {
    public let year: Int
    /// 1 to 12.
    public let month: Int
    /// 1 to 31.
    public let day: Int
    public let hour: Int
    public let minute: Int
    public let second: Int
    /// 0 is Sunday, 6 is Saturday.
    public let weekday: Int

    /// - Parameter seconds: what the clock shows, as seconds since it showed the start of 1970: seconds since 1970 in UTC
    ///   plus the offset of the zone.
    public init(seconds: Int64) {
        let (days, time) = floorDivision(seconds, 86_400)
        let date = CivilDate(days: days)
        (year, month, day) = (date.year, date.month, date.day)
        weekday = CivilDate.weekday(days: days)
        (hour, minute, second) = (Int(time) / 3600, Int(time) / 60 % 60, Int(time) % 60)
    }

    /// `2026-03-29 02:30:00`.
    public var description: String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let digits = String(year.magnitude)
        let padded = (year < 0 ? "-" : "") + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        return "\(padded)-\(two(month))-\(two(day)) \(two(hour)):\(two(minute)):\(two(second))"
    }
}

/// A date, and its number in days since 1970-01-01.
///
/// The two conversions are Howard Hinnant's `days_from_civil` and `civil_from_days` ("chrono-Compatible Low-Level Date
/// Algorithms", 2013): years are taken to begin in March, so that the leap day is the last of a year, in eras of 400 years.
struct CivilDate: Sendable, Hashable {
    let year: Int
    let month: Int
    let day: Int

    init(year: Int, month: Int, day: Int) {
        (self.year, self.month, self.day) = (year, month, day)
    }

    init(days: Int64) {
        let (era, dayOfEra) = floorDivision(days + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
        month = Int(monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9)
        year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
    }

    /// Since 1970-01-01.
    var days: Int64 {
        let (era, yearOfEra) = floorDivision(Int64(month <= 2 ? year - 1 : year), 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + Int64(dayOfYear) - 719_468
    }

    /// 0 is Sunday. 1970-01-01 was a Thursday.
    static func weekday(days: Int64) -> Int { Int(floorDivision(days + 4, 7).remainder) }

    static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    static func length(ofMonth month: Int, in year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

/// Division that rounds down, for dates before 1970; the remainder is never negative.
func floorDivision(_ number: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = number.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
}
