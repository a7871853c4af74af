/// A part of a cron expression, as errors name it.
public enum CronField: String, Sendable, Hashable, CaseIterable {
    /// The whole of it.
    case expression
    case second, minute, hour
    case dayOfMonth = "day of month"
    case month
    case dayOfWeek = "day of week"
    /// Two fields that do not go together.
    case date = "day of month and month"
    /// What follows `@every`.
    case interval

    /// Those that stand in an expression of six fields, in their order; five leave out the second.
    static let inOrder: [CronField] = [.second, .minute, .hour, .dayOfMonth, .month, .dayOfWeek]

    /// The values that may be written.
    var range: ClosedRange<Int> {
        switch self {
        case .hour: 0...23
        case .dayOfMonth: 1...31
        case .month: 1...12
        // 7 is Sunday as 0 is.
        case .dayOfWeek: 0...7
        default: 0...59
        }
    }

    /// The last value of `*`.
    var last: Int { self == .dayOfWeek ? 6 : range.upperBound }

    /// Names for its values, the first for the least value.
    var names: [String] {
        switch self {
        case .month: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
        case .dayOfWeek: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
        default: []
        }
    }

    /// How its values are written, for messages.
    var hint: String {
        switch self {
        case .month: "use 1 to 12 or JAN to DEC"
        case .dayOfWeek: "use 0 to 7 (0 and 7 are Sunday) or SUN to SAT"
        default: "use \(range.lowerBound) to \(range.upperBound)"
        }
    }
}
