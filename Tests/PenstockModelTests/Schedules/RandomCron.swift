import PenstockTesting

/// Random expressions.
enum RandomCron {
    /// Midnight, on days that only this library and its kind know.
    static func special(using random: inout SeededRandom) -> String {
        let day = random.chance(0.75) ? list(using: &random, dayItem) : ["*", "?"].randomElement(using: &random) ?? "*"
        let weekday =
            random.chance(0.5) ? list(using: &random, weekdayItem) : ["*", "?"].randomElement(using: &random) ?? "*"
        let month = random.chance(0.6) ? "*" : list(using: &random) { "\(Int.random(in: 1...12, using: &$0))" }
        return "0 0 \(day) \(month) \(weekday)"
    }

    /// Any time of day, on most days.
    static func times(using random: inout SeededRandom) -> String {
        let minute = list(using: &random) { random in
            switch Int.random(in: 0..<5, using: &random) {
            case 0: "*/\(Int.random(in: 5...59, using: &random))"
            case 1: "\(Int.random(in: 0...30, using: &random))-\(Int.random(in: 31...59, using: &random))/7"
            default: "\(Int.random(in: 0...59, using: &random))"
            }
        }
        let hour = list(using: &random) { random in
            switch Int.random(in: 0..<5, using: &random) {
            case 0: "*"
            case 1: "\(Int.random(in: 0...23, using: &random))/\(Int.random(in: 2...9, using: &random))"
            default: "\(Int.random(in: 0...23, using: &random))"
            }
        }
        let weekday = random.chance(0.7) ? "*" : list(using: &random, weekdayItem)
        return "\(minute) \(hour) * * \(weekday)"
    }

    private static func list(using random: inout SeededRandom, _ item: (inout SeededRandom) -> String) -> String {
        (0..<Int.random(in: 1...3, using: &random)).map { _ in item(&random) }.joined(separator: ",")
    }

    private static func dayItem(_ random: inout SeededRandom) -> String {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: "L"
        case 1: "LW"
        case 2: "L-\(Int.random(in: 1...30, using: &random))"
        case 3, 4: "\(Int.random(in: 1...31, using: &random))W"
        case 5:
            "\(Int.random(in: 1...15, using: &random))-\(Int.random(in: 16...31, using: &random))/\(Int.random(in: 2...9, using: &random))"
        case 6: "*/\(Int.random(in: 2...30, using: &random))"
        default: "\(Int.random(in: 1...31, using: &random))"
        }
    }

    private static func weekdayItem(_ random: inout SeededRandom) -> String {
        let names = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return "\(Int.random(in: 0...7, using: &random))L"
        case 1: return "\(names.randomElement(using: &random) ?? "SUN")L"
        case 2: return "\(Int.random(in: 0...7, using: &random))#\(Int.random(in: 1...5, using: &random))"
        case 3: return "\(names.randomElement(using: &random) ?? "SUN")#\(Int.random(in: 1...5, using: &random))"
        case 4: return "\(Int.random(in: 0...2, using: &random))-\(Int.random(in: 3...7, using: &random))/2"
        default: return "\(Int.random(in: 0...7, using: &random))"
        }
    }
}
