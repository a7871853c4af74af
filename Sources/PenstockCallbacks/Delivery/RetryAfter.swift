/// The header `Retry-After`: how long a receiver wants to be left alone.
enum RetryAfter {
    private static let longest: Int64 = 3600

    /// - Parameters:
    ///   - text: A number of seconds, or a moment like `Sun, 06 Nov 1994 08:49:37 GMT`.
    ///   - now: In seconds since 1970.
    /// - Returns: At most an hour. Nil if it says nothing of use.
    static func duration(_ text: String, now: Int64) -> Duration? {
        let text = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let isNumber = !text.isEmpty && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        let seconds = isNumber ? Int64(text) ?? .max : moment(text).map { $0 - now }
        guard let seconds, seconds > 0 else { return nil }
        return .seconds(min(seconds, longest))
    }

    /// Seconds since 1970 of a date in the one form that HTTP still allows to be sent.
    private static func moment(_ text: String) -> Int64? {
        let date = /[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT/
        guard let match = text.wholeMatch(of: date), let month = months.firstIndex(of: match.2) else { return nil }
        let numbers = [match.1, match.3, match.4, match.5, match.6].compactMap { Int64($0) }
        guard numbers.count == 5, (1...31).contains(numbers[0]) else { return nil }
        return days(year: numbers[1], month: Int64(month) + 1, day: numbers[0]) * 86_400
            + numbers[2] * 3600 + numbers[3] * 60 + numbers[4]
    }

    private static let months: [Substring] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Days since 1970 in the Gregorian calendar; years begin in March here, so that the leap day is their last.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month > 2 ? year : year - 1
        let monthFromMarch = (month + 9) % 12
        return year * 365 + year / 4 - year / 100 + year / 400 + (monthFromMarch * 153 + 2) / 5 + day - 719_469
    }
}
