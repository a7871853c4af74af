/// A step that may say "started" and then goes on without holding a worker.
public struct LongRunning: Sendable, Hashable, Codable {
    /// Time between two calls of `sync`.
    public var syncInterval: Duration
    /// Whether sync goes on after success, for as long as the run lives. A permanent error of it then fails the step.
    public var healthCheck: Bool

    public init(syncInterval: Duration = .seconds(10), healthCheck: Bool = false) {
        self.syncInterval = syncInterval
        self.healthCheck = healthCheck
    }

    private enum CodingKeys: String, CodingKey { case syncMilliseconds, healthCheck }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        syncInterval = .milliseconds(try container.decode(Int64.self, forKey: .syncMilliseconds))
        healthCheck = try container.decode(Bool.self, forKey: .healthCheck)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(syncInterval.milliseconds, forKey: .syncMilliseconds)
        try container.encode(healthCheck, forKey: .healthCheck)
    }
}
