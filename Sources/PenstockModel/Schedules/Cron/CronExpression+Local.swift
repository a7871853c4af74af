/// Local times, as they would follow each other on a clock that is never changed.
extension CronExpression {
    static let lastYear = 9999

    /// The first local time that is meant, from one on, that one included; both in seconds since the clock showed the start
    /// of 1970. Nil: there is none in 400 years, or before the end of the year 9999.
    ///
    /// It looks at each month at most once and skips those that are not meant, so it takes at most 4,800 looks.
    func nextLocal(from local: Int64) -> Int64? {
        let (day, time) = floorDivision(local, 86_400)
        let date = CivilDate(days: day)
        guard date.year <= Self.lastYear else { return nil }
        if isMeant(date), let time = nextTime(from: Int(time)) { return day * 86_400 + Int64(time) }
        guard let date = nextDate(after: date), let time = nextTime(from: 0) else { return nil }
        return date.days * 86_400 + Int64(time)
    }

    func isMeant(_ date: CivilDate) -> Bool {
        months & 1 << UInt64(date.month) != 0 && days.bits(year: date.year, month: date.month) & 1 << date.day != 0
    }

    private func nextDate(after date: CivilDate) -> CivilDate? {
        var (year, month) = (date.year, date.month)
        // The days of the present month that are past count no more.
        var mask = UInt32.max << UInt32(date.day + 1)
        let end = min(year + 400, Self.lastYear)
        while year <= end {
            if months & 1 << UInt64(month) != 0 {
                let bits = days.bits(year: year, month: month) & mask
                if bits != 0 { return CivilDate(year: year, month: month, day: bits.trailingZeroBitCount) }
            }
            mask = .max
            if let next = Self.place(in: months, after: month) {
                month = next
            } else {
                (year, month) = (year + 1, months.trailingZeroBitCount)
            }
        }
        return nil
    }

    /// The first time of day that is meant, in seconds since midnight, from one on.
    private func nextTime(from time: Int) -> Int? {
        var (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60)
        if hours & 1 << UInt64(hour) != 0 {
            if minutes & 1 << UInt64(minute) != 0, let next = Self.place(in: seconds, after: second - 1) {
                return hour * 3600 + minute * 60 + next
            }
            if let next = Self.place(in: minutes, after: minute) {
                return hour * 3600 + next * 60 + seconds.trailingZeroBitCount
            }
        }
        guard let next = Self.place(in: hours, after: hour) else { return nil }
        (hour, minute, second) = (next, minutes.trailingZeroBitCount, seconds.trailingZeroBitCount)
        return hour * 3600 + minute * 60 + second
    }

    private static func place(in bits: UInt64, after place: Int) -> Int? {
        let rest = bits & (.max << UInt64(place + 1))
        return rest == 0 ? nil : rest.trailingZeroBitCount
    }
}
