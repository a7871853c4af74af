import PenstockStore

/// One thing that an audit has found.
public struct Finding: Sendable, Hashable {
    public enum Severity: String, Sendable, Hashable {
        /// An invariant is broken: something is lost, stuck, leaked or left behind.
        case fault
        /// All is well, and something threatens it: a setting of Redis, a clock, a worker that is dead.
        case warning
        /// Good to know, and nothing to be done.
        case note
    }

    /// What became of it where repair was asked for.
    public enum Repair: String, Sendable, Hashable {
        /// Not tried: nobody asked, or there is no rule for it.
        case none
        case repaired
        /// It was gone when it came to it.
        case gone
        /// The rule does not hold for it now: look again later.
        case left
    }

    /// What is wrong, in words that do not change: `task.lost`. Doctor.md lists them all.
    public let code: String
    public let severity: Severity
    /// The job, run, lane, worker or key that it is about.
    public let subject: String
    /// One sentence: what is wrong, with what, and the way out.
    public let text: String
    /// Whether there is a rule by which it can be repaired.
    public let isRepairable: Bool
    public let repair: Repair
}

/// What an audit has looked at, and what it has found.
public struct AuditReport: Sendable, Hashable {
    public let findings: [Finding]
    /// Findings beyond those listed.
    public let more: Int
    /// What the server promises: version and durability.
    public let server: String
    public let tasks: Int
    public let runs: Int
    public let keys: Int
    /// Elements of keys that were checked one by one.
    public let elements: Int
    /// What had to be looked at once more, since the namespace moved meanwhile.
    public let rechecked: Int
    public let took: Duration

    /// Faults and warnings that are left: notes do not count, nor what was repaired.
    public var open: Int {
        more + findings.count { $0.severity != .note && $0.repair != .repaired && $0.repair != .gone }
    }

    public var isClean: Bool { open == 0 }
}
