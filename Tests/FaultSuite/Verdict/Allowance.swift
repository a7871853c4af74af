/// What a fault may cost. By default nothing may be lost, and nothing done twice but for a cause.
struct Allowance: Sendable {
    /// What was acknowledged in this time, in ms of the monotonic clock, Redis may have forgotten. The doctor and the text of the
    /// guarantees say when.
    var forgotten: ClosedRange<Int64>?
    /// Whether what a replica has confirmed may be forgotten as well.
    var forgetsConfirmed = false
    /// Anything may be lost: somebody has deleted it. Only what is acknowledged after this moment counts.
    var deletedBefore: Int64?
    /// How often a task may have been left without a commit, beyond what has a cause in the ledger.
    var causeless = 0
    /// Steps of runs may have failed with workers that were killed, so runs may be rolled back.
    var failsRuns = false
    /// Dead letters that were given a new start, with all their attempts.
    var revived: Set<String> = []
    /// No lease may have expired.
    var keepsLeases = false

    /// Whether what was known at that moment may be unknown now.
    func mayForget(_ moment: Int64?) -> Bool {
        guard let moment else { return true }
        if let deletedBefore, moment <= deletedBefore { return true }
        return forgotten?.contains(moment) ?? false
    }

    var forgets: Bool { forgotten != nil || deletedBefore != nil }
}
