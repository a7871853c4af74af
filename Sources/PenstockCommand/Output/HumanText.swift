/// Numbers for people.
enum HumanText {
    /// "3m 12s": the two largest units.
    static func duration(milliseconds: Int64) -> String {
        if milliseconds < 0 { return "0s" }
        if milliseconds < 1000 { return "\(milliseconds)ms" }
        if milliseconds < 10_000 { return "\(milliseconds / 1000).\(milliseconds % 1000 / 100)s" }
        let seconds = milliseconds / 1000
        let parts = [
            (seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s"),
        ]
        let first = parts.firstIndex { $0.0 > 0 } ?? parts.count - 1
        return parts[first...].prefix(2).filter { $0.0 > 0 }.map { "\($0.0)\($0.1)" }.joined(separator: " ")
    }

    static func duration(_ duration: Duration) -> String { self.duration(milliseconds: duration.milliseconds) }

    static func age(since moment: Int64) -> String { duration(milliseconds: Moment.now - moment) }

    /// 1234567 as 1,234,567.
    static func count(_ number: Int) -> String {
        let digits = String(number.magnitude)
        let grouped = digits.enumerated().reduce(into: "") { text, digit in
            if digit.offset > 0 && (digits.count - digit.offset) % 3 == 0 { text += "," }
            text.append(digit.element)
        }
        return (number < 0 ? "-" : "") + grouped
    }

    static func bytes(_ count: Int) -> String {
        for (size, unit) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] where count >= size {
            return "\(fixed(Double(count) / Double(size), 1)) \(unit)"
        }
        return "\(count) B"
    }

    static func plural(_ number: Int, _ word: String) -> String { "\(count(number)) \(word)\(number == 1 ? "" : "s")" }

    static func fixed(_ number: Double, _ places: Int) -> String {
        let factor = (0..<places).reduce(1.0) { result, _ in result * 10 }
        let scaled = Int((number * factor).rounded())
        if places == 0 { return String(scaled) }
        let fraction = String(scaled.magnitude % UInt(factor))
        return "\(scaled / Int(factor)).\(String(repeating: "0", count: places - fraction.count))\(fraction)"
    }
}
