import PenstockTesting

/// Random expressions in the syntax that croniter and Penstock share, as each of them writes it.
struct SharedExpression: Sendable {
    let ours: String
    let theirs: String

    init(using random: inout SeededRandom) {
        if random.chance(0.02) {
            let name =
                ["@yearly", "@monthly", "@weekly", "@daily", "@hourly"].randomElement(using: &random) ?? "@daily"
            (ours, theirs) = (name, name)
            return
        }
        // Small sets of hours meet changes of the clock, which come at night, more often.
        let time = [
            Self.field(0...59, using: &random),
            random.chance(0.4)
                ? "\(Int.random(in: 0...3, using: &random))"
                : Self.field(0...23, using: &random),
        ]
        let second = random.chance(0.2) ? [Self.field(0...59, using: &random)] : []
        let month = random.chance(0.7) ? "*" : Self.field(1...12, names: Self.months, using: &random)
        var (day, weekday) = ("*", "*")
        var theirWeekday: String?
        switch Int.random(in: 0..<10, using: &random) {
        case 0, 1, 2: break
        case 3, 4: day = Self.field(1...31, using: &random)
        case 5: weekday = Self.field(0...6, names: Self.weekdays, using: &random)
        case 6:
            day = Self.field(1...31, using: &random)
            weekday = Self.field(0...6, names: Self.weekdays, using: &random)
        case 7:
            day = random.chance(0.5) ? "L" : "\(Int.random(in: 1...15, using: &random)),L"
            weekday = "?"
        case 8: day = "\(Int.random(in: 1...31, using: &random))W"
        default:
            let last = Int.random(in: 0...6, using: &random)
            let nth = "\(Int.random(in: 0...6, using: &random))#\(Int.random(in: 1...5, using: &random))"
            (weekday, theirWeekday) = random.chance(0.5) ? ("\(last)L", "L\(last)") : (nth, nth)
            day = random.chance(0.5) ? "?" : "*"
        }
        ours = (second + time + [day, month, weekday]).joined(separator: " ")
        theirs = (second + time + [day, month, theirWeekday ?? weekday]).joined(separator: " ")
    }

    private static let months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
    private static let weekdays = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]

    private static func field(
        _ range: ClosedRange<Int>, names: [String] = [], using random: inout SeededRandom
    ) -> String {
        func value(_ number: Int) -> String {
            names.isEmpty || random.chance(0.5) ? "\(number)" : names[number - range.lowerBound]
        }
        let (low, high) = (range.lowerBound, range.upperBound)
        // A step of 1 in a day field restricts it for croniter.
        let step = Int.random(in: 2...(high - low), using: &random)
        switch Int.random(in: 0..<8, using: &random) {
        case 0, 1: return "*"
        case 2: return "*/\(min(step, Int.random(in: 2...30, using: &random)))"
        case 3: return "\(Int.random(in: low...high, using: &random))/\(step)"
        case 4, 5:
            // A range of one value is everything to croniter.
            let first = Int.random(in: low..<high, using: &random)
            let last = Int.random(in: first + 1...high, using: &random)
            return "\(value(first))-\(value(last))" + (random.chance(0.5) ? "/\(step)" : "")
        default:
            return (0..<Int.random(in: 1...4, using: &random)).map { _ in value(Int.random(in: range, using: &random)) }
                .joined(separator: ",")
        }
    }
}
