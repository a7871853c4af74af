/// How a tenant fared against another one that flooded the queue before it.
///
/// A round gives each tenant one job. So the k-th job of a small tenant has its turn in round k, which is when the flood's
/// k-th job starts too; in one common line it would have waited for the whole flood.
struct FairShare: Sendable, Equatable {
    let tenant: String
    let jobs: Int
    /// Of all jobs that started until its last one did, its own.
    let share: Double
    /// The round in which its first and its last job started.
    let firstRound: Int
    let lastRound: Int
    /// The most rounds that one of its jobs started after its turn.
    let behind: Int

    /// - Parameter starts: tenants in the order in which their jobs started.
    static func of(_ starts: [String], flood: String) -> [FairShare] {
        var rounds: [String: [Int]] = [:]
        var lastPlace: [String: Int] = [:]
        var round = 0
        for (place, tenant) in starts.enumerated() {
            lastPlace[tenant] = place + 1
            if tenant == flood { round += 1 } else { rounds[tenant, default: []].append(max(round, 1)) }
        }
        return rounds.sorted { $0.key < $1.key }.map { tenant, rounds in
            let behind = rounds.enumerated().map { turn, round in round - (turn + 1) }.max() ?? 0
            return FairShare(
                tenant: tenant, jobs: rounds.count,
                share: Double(rounds.count) / Double(lastPlace[tenant] ?? rounds.count),
                firstRound: rounds.first ?? 0, lastRound: rounds.last ?? 0, behind: max(behind, 0))
        }
    }
}
