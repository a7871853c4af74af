/// Pieces of English for expressions.
enum CronWords {
    static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    /// `a`, `a and b`, `a, b and c`.
    static func list(_ words: [String], _ joint: String) -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " \(joint) " + last
    }

    static func ordinal(_ number: Int) -> String {
        let ending =
            switch (number % 10, number % 100) {
            case (_, 11...13): "th"
            case (1, _): "st"
            case (2, _): "nd"
            case (3, _): "rd"
            default: "th"
            }
        return "\(number)\(ending)"
    }

    /// `every 5 minutes`, `every minute`.
    static func every(_ step: Int, _ unit: String) -> String { step == 1 ? "every \(unit)" : "every \(step) \(unit)s" }

    /// `9:05` as `09:05`; with seconds where they are not zero.
    static func clock(_ hour: Int, _ minute: Int, _ second: Int = 0) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(hour)):\(two(minute))" + (second == 0 ? "" : ":\(two(second))")
    }
}

extension CronExpression {
    /// What it means, in words: `at 09:00, Monday to Friday`.
    public var words: String { ([timeWords] + dateWords).joined(separator: ", ") }

    // MARK: Time of day

    private var timeWords: String {
        let (seconds, minutes, hours) = (items[0], items[1], items[2])
        if let clocks { return "at \(CronWords.list(clocks, "and"))" }
        if seconds == [.value(0)] {
            // "at minute 0 of every hour" is what everybody calls "every hour".
            if minutes == [.value(0)], hours.count == 1, case .all(let step) = hours[0] {
                return CronWords.every(step, "hour") + (24 % step == 0 ? "" : " from 00:00")
            }
            return part(minutes, "minute", of: "hour")
                + frame(hours, "hour", isNamed: !minutes.contains(where: \.isOpen))
        }
        let areSecondsOpen = seconds.contains(where: \.isOpen)
        let areMinutesOpen = areSecondsOpen && minutes.contains(where: \.isEverything)
        return part(seconds, "second", of: "minute") + frame(minutes, "minute", isNamed: !areSecondsOpen)
            + frame(hours, "hour", isNamed: !areMinutesOpen && !minutes.contains(where: \.isEverything))
    }

    /// The times of day, if they are few and all written out.
    private var clocks: [String]? {
        var values: [[Int]] = []
        for items in items[0...2] {
            let plain = items.compactMap { if case .value(let value) = $0 { value } else { nil } }
            guard plain.count == items.count else { return nil }
            values.append(Set(plain).sorted())
        }
        guard values[0].count * values[1].count * values[2].count <= 6 else { return nil }
        return values[2].flatMap { hour in
            values[1].flatMap { minute in values[0].map { CronWords.clock(hour, minute, $0) } }
        }
    }

    /// `every 5 minutes`, `at minutes 0 and 30`, `at minutes 5 to 20`.
    private func part(_ items: [CronItem], _ unit: String, of whole: String) -> String {
        if items.count == 1 {
            switch items[0] {
            case .all(let step) where 60 % step == 0: return CronWords.every(step, unit)
            case .all(let step): return "\(CronWords.every(step, unit)) from \(unit) 0 of each \(whole)"
            case .from(let first, let step):
                return "\(CronWords.every(step, unit)) from \(unit) \(first) of each \(whole)"
            case .range(let first, let last, let step) where step > 1:
                return "\(CronWords.every(step, unit)) from \(unit) \(first) to \(last)"
            case .value(let value): return "at \(unit) \(value)"
            default: break
            }
        }
        return "at \(unit)s \(CronWords.list(items.map { Self.plain($0) { "\($0)" } }, "and"))"
    }

    /// ` of hours 9 to 17`, ` of every 2nd hour from 0`; nothing for all, unless `isNamed`.
    private func frame(_ items: [CronItem], _ unit: String, isNamed: Bool) -> String {
        if items.contains(where: \.isEverything) { return isNamed ? " of every \(unit)" : "" }
        guard items.count == 1 else {
            return " of \(unit)s \(CronWords.list(items.map { Self.plain($0) { "\($0)" } }, "and"))"
        }
        switch items[0] {
        case .all(let step): return " of every \(CronWords.ordinal(step)) \(unit) from 0"
        case .from(let first, let step): return " of every \(CronWords.ordinal(step)) \(unit) from \(first)"
        case .range(let first, let last, 1): return " of \(unit)s \(first) to \(last)"
        case .range(let first, let last, let step):
            return " of every \(CronWords.ordinal(step)) \(unit) from \(first) to \(last)"
        case .value(let value): return " of \(unit) \(value)"
        default: return ""
        }
    }

    // MARK: Date

    private var dateWords: [String] {
        let (days, months, weekdays) = (items[3], items[4], items[5])
        let isEveryDay = days.contains(where: \.isEverything)
        let isEveryWeekday = weekdays.contains(where: \.isEverything)
        var words: [String] = []
        switch (isEveryDay, isEveryWeekday) {
        case (true, true): if clocks != nil, months.contains(where: \.isEverything) { words.append("every day") }
        case (false, true): words.append(dayWords(days))
        case (true, false): words.append(weekdayWords(weekdays))
        case (false, false): words.append("\(dayWords(days)), or \(weekdayWords(weekdays))")
        }
        if !months.contains(where: \.isEverything) {
            let names = months.map { item in Self.plain(item, "month") { CronWords.months[$0 - 1] } }
            words.append("in \(CronWords.list(names, "and"))")
        }
        return words
    }

    private func dayWords(_ items: [CronItem]) -> String {
        let words = items.map { item in
            switch item {
            case .value(let day): "day \(day)"
            case .last(before: 0): "the last day"
            case .last(before: 1): "the last day but one"
            case .last(let before): "the \(CronWords.ordinal(before)) day before the last"
            case .lastWeekday: "the last weekday (Monday to Friday)"
            case .nearestWeekday(let day): "the weekday (Monday to Friday) nearest to day \(day)"
            case .range(let first, let last, 1): "days \(first) to \(last)"
            default: Self.plain(item, "day") { "day \($0)" }
            }
        }
        return "on \(CronWords.list(words, "and")) of the month"
    }

    private func weekdayWords(_ items: [CronItem]) -> String {
        let names = { (day: Int) in CronWords.weekdays[day % 7] }
        if items.count == 1, case .range(let first, let last, 1) = items[0] {
            return "\(names(first)) to \(names(last))"
        }
        let words = items.map { item in
            switch item {
            case .lastOf(let day): "the last \(names(day)) of the month"
            case .nth(let day, let number): "the \(Self.nth[number - 1]) \(names(day)) of the month"
            default: Self.plain(item, "day of the week", names)
            }
        }
        return "on \(CronWords.list(words, "and"))"
    }

    private static let nth = ["first", "second", "third", "fourth", "fifth"]

    /// A value, a range or a rhythm in a list.
    private static func plain(_ item: CronItem, _ unit: String = "", _ name: (Int) -> String) -> String {
        let unit = unit.isEmpty ? "" : " \(unit)"
        switch item {
        case .value(let value): return name(value)
        case .range(let first, let last, 1): return "\(name(first)) to \(name(last))"
        case .range(let first, let last, let step):
            return "every \(CronWords.ordinal(step))\(unit) from \(name(first)) to \(name(last))"
        case .from(let first, let step): return "every \(CronWords.ordinal(step))\(unit) from \(name(first))"
        case .all(let step): return "every \(CronWords.ordinal(step))\(unit)"
        default: return ""
        }
    }
}
