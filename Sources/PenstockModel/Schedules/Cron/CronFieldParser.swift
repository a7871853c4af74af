/// Reads one field of an expression.
struct CronFieldParser {
    let field: CronField
    /// The field as it stands in the expression, in capitals.
    let text: Substring

    func items() throws(CronError) -> [CronItem] {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        var items: [CronItem] = []
        for part in parts {
            guard !part.isEmpty else {
                throw error(text, "the list \(shown(text)) has an empty item", "remove a comma or add a value")
            }
            items.append(try item(part))
        }
        if items.count > 1, items.contains(.unrestricted) {
            throw error(text, "? stands alone, and not in a list", "remove it or the rest")
        }
        return items
    }

    private func item(_ part: Substring) throws(CronError) -> CronItem {
        let halves = part.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count <= 2 else { throw error(part, "\(shown(part)) has more than one step", "write one /") }
        let base = halves[0]
        let step = halves.count == 2 ? try self.step(halves[1], of: part) : nil
        if let special = try special(base, in: part) {
            guard step == nil else { throw error(part, "\(shown(base)) takes no step", "write \(shown(base)) alone") }
            return special
        }
        if base == "*" { return .all(step: step ?? 1) }
        guard !base.isEmpty else { throw error(part, "\(shown(part)) has nothing before the step", "write *\(part)") }
        if base.contains("-") { return try range(base, step: step) }
        let value = try self.value(base)
        guard let step else { return .value(value) }
        return .from(field == .dayOfWeek ? value % 7 : value, step: step)
    }

    private func step(_ text: Substring, of part: Substring) throws(CronError) -> Int {
        guard !text.isEmpty else { throw error(part, "the step of \(shown(part)) is missing", "write it like */5") }
        guard let step = number(text) else {
            throw error(part, "the step \(shown(text)) is not a number", "write it like */5")
        }
        guard step > 0 else { throw error(part, "the step of \(shown(part)) is 0", "it must be 1 or more") }
        let greatest = field.last - field.range.lowerBound
        guard step <= greatest else {
            // */90 in the minute would quietly mean "at minute 0".
            let unit = [CronField.second: "s", .minute: "m", .hour: "h"][field]
            throw error(
                part, "the step \(step) is more than \(greatest), the greatest step of this field",
                unit.map { "for that interval write @every \(step)\($0)" } ?? "a field begins anew at its end")
        }
        return step
    }

    private func range(_ base: Substring, step: Int?) throws(CronError) -> CronItem {
        let ends = base.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2 else { throw error(base, "\(shown(base)) is not a range", "write FIRST-LAST") }
        guard !ends[0].isEmpty else { throw error(base, "the range \(shown(base)) has no first value") }
        guard !ends[1].isEmpty else { throw error(base, "the range \(shown(base)) has no last value") }
        let first = try value(ends[0])
        var last = try value(ends[1])
        // SAT-SUN ends with the Sunday that follows.
        if field == .dayOfWeek, ends[1] == "SUN", first > 0 { last = 7 }
        guard first <= last else {
            let low = field.range.lowerBound
            throw error(
                base, "the range \(shown(base)) goes backwards",
                "write \(first == field.last ? "\(first)" : "\(first)-\(field.last)"),"
                    + (last == low ? "\(low)" : "\(low)-\(last)"))
        }
        return .range(first, last, step: step ?? 1)
    }

    /// A number or a name.
    private func value(_ text: Substring) throws(CronError) -> Int {
        if let place = field.names.firstIndex(of: String(text)) { return place + field.range.lowerBound }
        guard let value = number(text) else {
            if text == "*" {
                throw error(text, "* cannot be the end of a range", "write it alone, or with a step: */5")
            }
            let kind = field.names.isEmpty ? "not a number" : "no \(field.rawValue)"
            throw error(text, "\(shown(text)) is \(kind)", field.hint)
        }
        let range = field.range
        guard value >= range.lowerBound else {
            throw error(text, "\(value) is less than \(range.lowerBound), the least \(field.rawValue)")
        }
        guard value <= range.upperBound else {
            throw error(text, "\(shown(text)) is more than \(range.upperBound), the greatest \(field.rawValue)")
        }
        return value
    }

    /// Digits only: `Int` would take a sign as well. What is too long for an `Int` is too great for every field.
    private func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return Int(text) ?? .max
    }

    private func error(_ part: Substring, _ reason: String, _ wayOut: String? = nil) -> CronError {
        CronError(field, part, reason, wayOut: wayOut)
    }

    private func shown(_ text: Substring) -> String { CronError.shown(text) }
}

/// `?`, `L`, `W` and `#`.
extension CronFieldParser {
    private var isDay: Bool { field == .dayOfMonth || field == .dayOfWeek }

    private func special(_ base: Substring, in part: Substring) throws(CronError) -> CronItem? {
        if base.contains("?") {
            guard isDay else { throw error(part, "? is for day of month and day of week only", "write *") }
            guard base == "?" else { throw error(part, "? stands alone", "write ? or \(base.filter { $0 != "?" })") }
            return .unrestricted
        }
        if base.contains("#") { return try nth(base) }
        // JUL ends with an L.
        guard !field.names.contains(where: { base.hasSuffix($0) }) else { return nil }
        if base.hasSuffix("W") { return try nearest(base) }
        if base.hasPrefix("L") || (base.hasSuffix("L") && !base.hasSuffix("-L")) { return try last(base) }
        return nil
    }

    private func last(_ base: Substring) throws(CronError) -> CronItem {
        switch field {
        case .dayOfMonth where base == "L": return .last(before: 0)
        case .dayOfMonth where base.hasPrefix("L-"):
            let rest = base.dropFirst(2)
            guard let before = number(rest), (1...30).contains(before) else {
                throw error(base, "\(shown(base)) is no day before the last", "write L-1 to L-30")
            }
            return .last(before: before)
        case .dayOfMonth:
            throw error(base, "\(shown(base)) is no day of month", "write L, L-3, LW or 15W")
        case .dayOfWeek where base == "L":
            throw error(
                base, "L needs a day before it", "5L is the last Friday of the month; for every Saturday write SAT")
        case .dayOfWeek where base.hasSuffix("L"):
            return .lastOf(weekday: try weekday(base.dropLast(), of: base, sign: "L"))
        case .dayOfWeek:
            throw error(base, "\(shown(base)) is no day of week", "write 5L for the last Friday of the month")
        default: throw error(base, "L is for day of month and day of week only")
        }
    }

    private func nearest(_ base: Substring) throws(CronError) -> CronItem {
        guard field == .dayOfMonth else { throw error(base, "W is for day of month only") }
        let day = base.dropLast()
        if day == "L" { return .lastWeekday }
        guard !day.isEmpty else { throw error(base, "W needs a day before it", "write 15W, or LW") }
        guard !day.contains("-") else { throw error(base, "W goes with one day, not with \(shown(day))", "write 15W") }
        return .nearestWeekday(try value(day))
    }

    private func nth(_ base: Substring) throws(CronError) -> CronItem {
        guard field == .dayOfWeek else { throw error(base, "# is for day of week only") }
        let parts = base.split(separator: "#", omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw error(base, "\(shown(base)) has more than one #", "write 5#2") }
        let day = try weekday(parts[0], of: base, sign: "#")
        guard let nth = number(parts[1]), (1...5).contains(nth) else {
            throw error(
                base, "\(shown(base)) must have 1 to 5 after the #", "5#2 is the second Friday of the month")
        }
        return .nth(weekday: day, nth)
    }

    private func weekday(_ text: Substring, of base: Substring, sign: String) throws(CronError) -> Int {
        guard !text.isEmpty else { throw error(base, "\(sign) needs a day before it", field.hint) }
        guard !text.contains("-") else {
            throw error(base, "\(sign) goes with one day, not with \(shown(text))", "write each day in a list")
        }
        return try value(text) % 7
    }
}
