/// A number that a scenario has measured once.
struct Figure: Sendable {
    enum Better: String, Sendable, Codable { case higher, lower }

    /// In snake case: it is a key of the JSON.
    let name: String
    let value: Double
    let unit: String
    let better: Better
    /// What the number is expressed in besides; a target then speaks of that.
    let yardstick: Yardstick?
    let target: Target?

    init(
        _ name: String, _ value: Double, _ unit: String, _ better: Better, in yardstick: Yardstick? = nil,
        target: Target? = nil
    ) {
        self.name = name
        self.value = value
        self.unit = unit
        self.better = better
        self.yardstick = yardstick
        self.target = target
    }

    /// Things a second.
    static func rate(_ name: String, _ value: Double, _ unit: String = "1/s", target: Target? = nil) -> Figure {
        Figure(name, value, unit, .higher, in: .setRate, target: target)
    }

    /// CPU of the Redis process for one thing, in microseconds.
    static func redisCPU(_ name: String, _ value: Double, target: Target? = nil) -> Figure {
        Figure(name, value, "us", .lower, in: .setCost, target: target)
    }

    /// A time in microseconds.
    static func latency(_ name: String, _ value: Double, target: Target? = nil) -> Figure {
        Figure(name, value, "us", .lower, in: .ping, target: target)
    }

    /// The number, and what it is in the reference that was taken beside it.
    func expressed(in reference: Reference) -> [Figure] {
        guard let yardstick else { return [self] }
        return [
            Figure(name, value, unit, better),
            Figure(
                "\(name)_\(yardstick.suffix)", value / reference.value(of: yardstick), yardstick.unit, better,
                target: target),
        ]
    }
}

/// A figure of the reference that others are expressed in.
enum Yardstick: Sendable {
    /// The rate of SETs, for rates.
    case setRate
    /// Redis's CPU for a SET, for CPU of Redis.
    case setCost
    /// The round trip of a PING, for times.
    case ping

    var suffix: String {
        switch self {
        case .setRate: "to_sets"
        case .setCost: "in_sets"
        case .ping: "in_pings"
        }
    }

    var unit: String {
        switch self {
        case .setRate: Yardstick.shareOfRate
        case .setCost: "SETs"
        case .ping: "PINGs"
        }
    }

    /// The unit of numbers that the table prints as 1/n.
    static let shareOfRate = "of the SET rate"
}

/// What a figure should be.
struct Target: Sendable, Codable {
    enum Bound: String, Sendable, Codable { case atLeast, atMost }

    let bound: Bound
    let value: Double
    /// A demand that is missed makes the command fail.
    let isDemand: Bool
    /// Every single run has to meet it, and not the median alone.
    let holdsAlways: Bool

    static func atLeast(_ value: Double, demand: Bool = false, always: Bool = false) -> Target {
        Target(bound: .atLeast, value: value, isDemand: demand, holdsAlways: always)
    }

    static func atMost(_ value: Double, demand: Bool = false, always: Bool = false) -> Target {
        Target(bound: .atMost, value: value, isDemand: demand, holdsAlways: always)
    }

    func isMet(by values: [Double]) -> Bool {
        let judged = holdsAlways ? values : [values.median]
        return judged.allSatisfy { bound == .atLeast ? $0 >= value : $0 <= value }
    }
}
