/// What a history comes to.
struct Verdict: Sendable, Hashable {
    var operations = 0
    var ok = 0
    var failed = 0
    var unknown = 0
    /// Answers that were lost and known after all.
    var recovered = 0
    /// Attempts that were begun again because one before was lost with its lease.
    var duplicates = 0
    /// Acknowledged, and not done. Those that the fault may cost are in `forgiven`.
    var lost = 0
    /// Done, and never asked for; or refused, and done all the same.
    var unexpected = 0
    /// Acknowledged, not done, and within what the fault may cost.
    var forgiven = 0
    var violations: [String] = []

    var isGood: Bool { violations.isEmpty }

    mutating func violate(_ what: String, _ examples: [String]) {
        guard !examples.isEmpty else { return }
        violations.append("\(examples.count) \(what): \(examples.sorted().prefix(5).joined(separator: "; "))")
    }

    static func + (one: Verdict, other: Verdict) -> Verdict {
        var sum = one
        sum.operations += other.operations
        sum.ok += other.ok
        sum.failed += other.failed
        sum.unknown += other.unknown
        sum.recovered += other.recovered
        sum.duplicates += other.duplicates
        sum.lost += other.lost
        sum.unexpected += other.unexpected
        sum.forgiven += other.forgiven
        sum.violations += other.violations
        return sum
    }
}
