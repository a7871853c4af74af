/// One item of a field's list, as it was written.
enum CronItem: Sendable, Hashable {
    /// `*`, with a step of 1, or `*/5`.
    case all(step: Int)
    /// `?`: no restriction.
    case unrestricted
    case value(Int)
    /// `9-17`, with a step of 1, or `9-17/2`.
    case range(Int, Int, step: Int)
    /// `5/15`: from 5 to the end of the field.
    case from(Int, step: Int)
    /// `L` (0), or `L-3`: so many days before the last day of the month.
    case last(before: Int)
    /// `LW`: the last day of the month from Monday to Friday.
    case lastWeekday
    /// `15W`: the day from Monday to Friday that is nearest to a day, in the same month.
    case nearestWeekday(Int)
    /// `5L`: the last of a day of the week.
    case lastOf(weekday: Int)
    /// `5#2`: the second of a day of the week.
    case nth(weekday: Int, Int)

    /// Whether it is a plain `*`, or says the same.
    var isEverything: Bool { self == .all(step: 1) || self == .unrestricted }

    /// Whether it goes through its field in steps, rather than naming values.
    var isOpen: Bool {
        switch self {
        case .all, .from: true
        default: false
        }
    }

    /// The values that it stands for, a bit for each; none for those that depend on the month.
    func values(of field: CronField) -> UInt64 {
        func bits(_ first: Int, _ last: Int, _ step: Int) -> UInt64 {
            stride(from: first, through: last, by: step).reduce(0) { bits, value in
                bits | 1 << UInt64(field == .dayOfWeek ? value % 7 : value)
            }
        }
        switch self {
        case .all(let step): return bits(field.range.lowerBound, field.last, step)
        case .unrestricted: return bits(field.range.lowerBound, field.last, 1)
        case .value(let value): return bits(value, value, 1)
        case .range(let first, let last, let step): return bits(first, last, step)
        case .from(let first, let step): return bits(first, field.last, step)
        case .last, .lastWeekday, .nearestWeekday, .lastOf, .nth: return 0
        }
    }
}
