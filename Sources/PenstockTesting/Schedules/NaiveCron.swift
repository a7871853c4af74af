import PenstockModel

/// Cron in the plainest way, as an oracle: it reads the text of a well-formed expression with code of its own, looks at every
/// day by itself, and walks over instants one by one.
package struct NaiveCron: Sendable {
    private let fields: [[String]]
    private let numbers: [Set<Int>]
    /// Hours, minutes and seconds again, by their numbers: walking asks for them a million times.
    private let times: [[Bool]]
    private static let bounds = [0...59, 0...59, 0...23, 1...31, 1...12, 0...6]
    /// Whether it is a rhythm, by its text.
    package let isRhythm: Bool

    /// - Parameter text: an expression of five or six fields that is well formed.
    package init(_ text: String) {
        var parts = text.uppercased().split(separator: " ").map(String.init)
        if parts.count == 5 { parts.insert("0", at: 0) }
        let fields = parts.map { $0.split(separator: ",").map(String.init) }
        self.fields = fields
        let numbers = fields.indices.map { index in
            fields[index].reduce(into: Set<Int>()) { $0.formUnion(Self.numbers($1, Self.bounds[index])) }
        }
        self.numbers = numbers
        times = [2, 1, 0].map { index in Self.bounds[index].map { numbers[index].contains($0) } }
        isRhythm = numbers[2].count == 24
    }

    /// Seconds are wanted, and not minutes alone.
    package var hasSeconds: Bool { numbers[0] != [0] }

    package func matches(year: Int, month: Int, day: Int, weekday: Int) -> Bool {
        guard numbers[4].contains(month) else { return false }
        let length = Self.length(year, month)
        let anyDay = fields[3].contains { ["*", "?", "*/1"].contains($0) }
        let anyWeekday = fields[5].contains { ["*", "?", "*/1"].contains($0) }
        let first = (weekday - (day - 1) % 7 + 7) % 7
        let isDay =
            numbers[3].contains(day)
            || fields[3].contains { isSpecial($0, day: day, length: length, first: first) }
        let isWeekday =
            numbers[5].contains(weekday)
            || fields[5].contains { item in
                if item.hasSuffix("L") {
                    return Self.number(item.dropLast()).map { $0 % 7 } == weekday && day + 7 > length
                }
                let parts = item.split(separator: "#")
                return parts.count == 2 && Self.number(parts[0]).map { $0 % 7 } == weekday
                    && Int(parts[1]) == (day - 1) / 7 + 1
            }
        return switch (anyDay, anyWeekday) {
        case (true, true): true
        case (true, false): isWeekday
        case (false, true): isDay
        case (false, false): isDay || isWeekday
        }
    }

    private func isSpecial(_ item: String, day: Int, length: Int, first: Int) -> Bool {
        let weekdays = (1...length).filter { ![0, 6].contains((first + $0 - 1) % 7) }
        if item == "L" { return day == length }
        if item == "LW" { return day == weekdays.last }
        if item.hasPrefix("L-"), let before = Int(item.dropFirst(2)) { return day == length - before }
        guard item.hasSuffix("W"), let wanted = Int(item.dropLast()), wanted <= length else { return false }
        return day == weekdays.min { abs($0 - wanted) < abs($1 - wanted) }
    }

    package func matches(timeOfDay second: Int) -> Bool {
        times[0][second / 3600] && times[1][second / 60 % 60] && times[2][second % 60]
    }

    private static func numbers(_ item: String, _ bounds: ClosedRange<Int>) -> Set<Int> {
        let halves = item.split(separator: "/")
        guard let base = halves.first else { return [] }
        let step = halves.count == 2 ? Int(halves[1]) ?? 1 : 1
        let values: [Int]
        if base == "*" || base == "?" {
            values = Array(bounds)
        } else {
            let ends = base.split(separator: "-")
            guard let low = number(ends[0]), var high = ends.count == 2 ? number(ends[1]) : low else { return [] }
            if bounds == 0...6, ends.count == 2, ends[1] == "SUN", low > 0 { high = 7 }
            guard low <= high else { return [] }
            values = halves.count == 2 && ends.count == 1 ? Array(low...max(low, bounds.upperBound)) : Array(low...high)
        }
        let kept = values.enumerated().filter { $0.offset % step == 0 }.map(\.element)
        return Set(bounds == 0...6 ? kept.map { $0 % 7 } : kept)
    }

    private static func number(_ text: some StringProtocol) -> Int? {
        let months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
        let days = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
        if let month = months.firstIndex(of: String(text)) { return month + 1 }
        return days.firstIndex(of: String(text)) ?? Int(text)
    }

    private static func length(_ year: Int, _ month: Int) -> Int {
        let isLeap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0)
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }
}

extension NaiveCron {
    /// The ticks after `begin` up to `end`, at most `limit`, in seconds since 1970: every second or minute in turn is asked
    /// whether the clock shows a time that is meant (a rhythm), or whether since the one before it the clock has reached a
    /// time that is meant, for the first time (all others).
    package func ticks(after begin: Int64, through end: Int64, limit: Int, in zone: some ZoneRules) -> [Int64] {
        let step: Int64 = hasSeconds ? 1 : 60
        // The clock is watched from four days before, since times of day depend on what it has shown already.
        var second = begin - 4 * 86_400
        second -= (second % step + step) % step
        var reached = Int64.min
        var ticks: [Int64] = []
        var lastDay: (day: Int64, isMeant: Bool) = (.min, false)
        func isMeant(_ local: Int64) -> Bool {
            let day = local >= 0 ? local / 86_400 : (local + 1) / 86_400 - 1
            if day != lastDay.day {
                let time = LocalTime(seconds: local)
                lastDay = (day, matches(year: time.year, month: time.month, day: time.day, weekday: time.weekday))
            }
            return lastDay.isMeant && matches(timeOfDay: Int(local - day * 86_400))
        }
        while second <= end, ticks.count < limit {
            let span = zone.span(at: second)
            let local = second + span.offset
            if reached == .min { reached = local - step }
            let isTick =
                isRhythm
                ? isMeant(local)
                : local > reached
                    && stride(from: reached + step, through: local, by: Int(step)).contains(where: isMeant)
            if isTick, second > begin { ticks.append(second) }
            reached = max(reached, local)
            // The rest of a day or an hour that is not meant has no tick, if the clock is left alone.
            let time = ((local % 86_400) + 86_400) % 86_400
            var rest = step
            if !isMeantDay(local) {
                rest = 86_400 - time
            } else if !times[0][Int(time / 3600)] {
                rest = 3600 - time % 3600
            }
            let isFree = rest > step && span.end > second + rest && reached == local
            second += isFree ? rest : step
            if isFree { reached = local + rest - step }
        }
        return ticks

        func isMeantDay(_ local: Int64) -> Bool {
            _ = isMeant(local)
            return lastDay.isMeant
        }
    }
}

/// A zone from a list of its changes.
package struct ListedZone: ZoneRules {
    private let spans: [ZoneSpan]

    /// - Parameters:
    ///   - first: the offset before the first change.
    ///   - changes: when, and the offset from then on; in order.
    package init(first: Int64, changes: [(at: Int64, offset: Int64)]) {
        let starts = [Int64.min] + changes.map(\.at)
        let offsets = [first] + changes.map(\.offset)
        spans = starts.indices.map { index in
            ZoneSpan(
                offset: offsets[index], start: starts[index], end: index + 1 < starts.count ? starts[index + 1] : .max)
        }
    }

    package func span(at second: Int64) -> ZoneSpan {
        var (low, high) = (0, spans.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if spans[middle].start <= second { low = middle } else { high = middle }
        }
        return spans[low]
    }
}
