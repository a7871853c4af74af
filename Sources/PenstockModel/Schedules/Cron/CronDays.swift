/// Which days of a month an expression means: day of month and day of week, compiled to bits.
struct CronDays: Sendable, Hashable {
    /// Bit n: day n of the month.
    private var days: UInt32 = 0
    /// Bit n: the day n before the last.
    private var beforeLast: UInt32 = 0
    /// Bit n: the weekday nearest to day n.
    private var nearest: UInt32 = 0
    private var hasLastWeekday = false
    /// Bit n: day n of the week, 0 is Sunday.
    private var weekdays: UInt32 = 0
    private var lastOf: UInt32 = 0
    /// Bit 7n + d: the nth of day d of the week, n from 1.
    private var nth: UInt64 = 0
    /// Whether the fields say anything but `*`, `?` and `*/1`.
    private let restrictsDay: Bool
    private let restrictsWeekday: Bool

    init(days items: [CronItem], weekdays weekItems: [CronItem]) {
        restrictsDay = !items.contains(where: \.isEverything)
        restrictsWeekday = !weekItems.contains(where: \.isEverything)
        for item in items {
            days |= UInt32(truncatingIfNeeded: item.values(of: .dayOfMonth))
            switch item {
            case .last(let before): beforeLast |= 1 << UInt32(before)
            case .nearestWeekday(let day): nearest |= 1 << UInt32(day)
            case .lastWeekday: hasLastWeekday = true
            default: break
            }
        }
        for item in weekItems {
            weekdays |= UInt32(truncatingIfNeeded: item.values(of: .dayOfWeek))
            switch item {
            case .lastOf(let weekday): lastOf |= 1 << UInt32(weekday)
            case .nth(let weekday, let number): nth |= 1 << UInt64(7 * number + weekday)
            default: break
            }
        }
    }

    /// Bit n: day n of that month is meant. Vixie's rule: where both fields restrict, one of them is enough.
    func bits(year: Int, month: Int) -> UInt32 {
        let length = CivilDate.length(ofMonth: month, in: year)
        let all = UInt32(truncatingIfNeeded: UInt64(1) << UInt64(length + 1) - 2)
        guard restrictsDay || restrictsWeekday else { return all }
        let isPlain = !restrictsWeekday && nearest == 0 && !hasLastWeekday
        let first = isPlain ? 0 : CivilDate.weekday(days: CivilDate(year: year, month: month, day: 1).days)
        let month = MonthShape(length: length, first: first)
        var bits: UInt32 = 0
        if restrictsDay { bits |= dayBits(month) }
        if restrictsWeekday { bits |= weekdayBits(month) }
        return bits & all
    }

    private struct MonthShape {
        let length: Int
        /// The day of the week of day 1.
        let first: Int

        func isWeekend(_ day: Int) -> Bool { [0, 6].contains((first + day - 1) % 7) }

        /// The first day of the month that is that day of the week.
        func first(_ weekday: Int) -> Int { 1 + (weekday - first + 7) % 7 }
    }

    private func dayBits(_ month: MonthShape) -> UInt32 {
        var bits = days
        for before in Bits(beforeLast) where before < month.length { bits |= 1 << UInt32(month.length - before) }
        for day in Bits(nearest) where day <= month.length {
            bits |= 1 << UInt32(Self.nearestWeekday(to: day, in: month))
        }
        if hasLastWeekday {
            var day = month.length
            while month.isWeekend(day) { day -= 1 }
            bits |= 1 << UInt32(day)
        }
        return bits
    }

    /// Friday for a Saturday, Monday for a Sunday, and never into another month.
    private static func nearestWeekday(to day: Int, in month: MonthShape) -> Int {
        switch (month.first + day - 1) % 7 {
        case 6: day > 1 ? day - 1 : day + 2
        case 0: day < month.length ? day + 1 : day - 2
        default: day
        }
    }

    private func weekdayBits(_ month: MonthShape) -> UInt32 {
        // Days 1, 8, 15, 22 and 29, each to be moved to the first of a day of the week.
        let weekly: UInt64 = 1 << 0 | 1 << 7 | 1 << 14 | 1 << 21 | 1 << 28
        var bits: UInt64 = 0
        for weekday in Bits(weekdays) { bits |= weekly << UInt64(month.first(weekday)) }
        for weekday in Bits(lastOf) {
            let day = month.first(weekday) + 28
            bits |= 1 << UInt64(day <= month.length ? day : day - 7)
        }
        for place in Bits(nth) { bits |= 1 << UInt64(month.first(place % 7) + 7 * (place / 7 - 1)) }
        return UInt32(truncatingIfNeeded: bits)
    }
}

/// The places of the bits that are set, the lowest first.
struct Bits: Sequence, IteratorProtocol {
    private var rest: UInt64

    init(_ bits: some FixedWidthInteger & UnsignedInteger) { rest = UInt64(bits) }

    mutating func next() -> Int? {
        guard rest != 0 else { return nil }
        defer { rest &= rest - 1 }
        return rest.trailingZeroBitCount
    }
}
