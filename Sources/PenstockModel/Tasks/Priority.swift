/// How urgent a job is among the jobs of its tenant: -10 to 10, 0 by default, higher is served first.
///
/// One level is worth one minute of waiting, which bounds ageing: the head of a lane is passed over in favour of a lane
/// that is n levels higher for at most n minutes.
public struct Priority: Sendable, Hashable, Comparable, ExpressibleByIntegerLiteral {
    public let rawValue: Int

    public static let normal = Priority(clamping: 0)
    public static let allowed = -10...10

    /// Nil outside -10 to 10.
    public init?(_ value: Int) {
        guard Self.allowed.contains(value) else { return nil }
        rawValue = value
    }

    /// A literal outside -10 to 10 is taken as the nearest bound.
    public init(integerLiteral value: Int) { self.init(clamping: value) }

    public init(clamping value: Int) {
        rawValue = min(max(value, Self.allowed.lowerBound), Self.allowed.upperBound)
    }

    public static func < (left: Priority, right: Priority) -> Bool { left.rawValue < right.rawValue }
}
