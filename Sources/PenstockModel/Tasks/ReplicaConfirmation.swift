/// Asks that replicas of Redis have a job before its enqueue is answered.
///
///     try await penstock.enqueue(Payment(id: 7), .init(replicas: .replicas(1, within: .seconds(1))))
public struct ReplicaConfirmation: Sendable, Hashable {
    /// How many replicas must have it: 1 to 100.
    public var count: Int
    /// For how long Redis waits for them: 1 ms to 60 s.
    public var limit: Duration

    /// At least `count` replicas, `limit` after the job is stored at the latest; a second by default.
    public static func replicas(_ count: Int, within limit: Duration = .seconds(1)) -> ReplicaConfirmation {
        ReplicaConfirmation(count: count, limit: limit)
    }

    /// What is wrong with it, in words; nil if nothing is.
    package var problem: String? {
        guard (1...100).contains(count) else { return "number of replicas must be 1 to 100; it is \(count)" }
        guard limit >= .milliseconds(1), limit <= .seconds(60) else {
            return "time for replicas to confirm must be 1 ms to 60 s; it is \(limit)"
        }
        return nil
    }
}
