/// Durations as people type them: 500ms, 5s, 10m, 2h, 1d, 1h30m, 1.5s.
enum DurationText {
    static func parse(_ text: String) throws(ArgumentProblem) -> Duration {
        if text.hasPrefix("-") { throw ArgumentProblem("it is negative; \(hint)") }
        var rest = Substring(text)
        guard !rest.isEmpty else { throw ArgumentProblem("it is empty; \(hint)") }
        var milliseconds = 0.0
        var smallest = Double.infinity
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest[digits.endIndex...]
            guard let amount = Double(digits), digits.first != ".", digits.last != "." else {
                throw ArgumentProblem(
                    digits.isEmpty ? "a number is missing; \(hint)" : "\(digits) is no number; \(hint)")
            }
            let name = rest.prefix { !$0.isNumber }
            rest = rest[name.endIndex...]
            guard let unit = units[String(name)] else {
                throw ArgumentProblem(
                    name.isEmpty ? "\(digits) has no unit; \(hint)" : "\"\(name)\" is no unit; \(hint)")
            }
            guard unit < smallest else { throw ArgumentProblem("units go from large to small, each once; \(hint)") }
            smallest = unit
            milliseconds += amount * unit
        }
        guard milliseconds <= 100 * 365 * 86_400_000 else { throw ArgumentProblem("it is longer than 100 years") }
        return .milliseconds(Int64(milliseconds.rounded()))
    }

    /// For a duration that makes sense only above zero.
    static func parsePositive(_ text: String) throws(ArgumentProblem) -> Duration {
        let duration = try parse(text)
        guard duration > .zero else { throw ArgumentProblem("it must be longer than zero") }
        return duration
    }

    private static let hint = "write it like 500ms, 5s, 10m, 2h, 1d or 1h30m"
    private static let units: [String: Double] = [
        "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000,
    ]
}

/// Why the value of an option cannot be taken. The parser puts the option's name before it.
struct ArgumentProblem: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
