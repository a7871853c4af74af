import PenstockModel

/// How a run is started. Everything has a default: queue "default", no tenant.
public struct StartOptions: Sendable, Hashable {
    /// Where workers look for the run's tasks.
    public var queue: String
    /// Whose run it is: tenants of a queue take turns, step by step.
    public var tenant: String
    public var priority: Priority
    /// An id from outside, of which the workflow has at most one live run: another start answers with that one. None by
    /// default.
    public var foreignID: String?
    /// Words to find the run by; at most 16.
    public var tags: [String]
    /// Where to POST what becomes of the run and its steps; see `RunCallback`.
    public var callback: RunCallback?
    /// Of a state machine: the status to start in, if it is not the machine's initial one.
    public var status: String?
    /// A repeated start with the same key answers with the first run, and starts nothing. None by default.
    public var idempotencyKey: String?
    /// For how long the idempotency key is remembered; a day by default.
    public var keyLifetime: Duration
    /// The role that the start acts for: without it nothing is started, and `roleLost` is thrown. None by default.
    public var role: Role?

    public init(
        queue: String = "default", tenant: String = "", priority: Priority = .normal, foreignID: String? = nil,
        tags: [String] = [], callback: RunCallback? = nil, status: String? = nil,
        idempotencyKey: String? = nil, keyLifetime: Duration = .seconds(86_400), role: Role? = nil
    ) {
        self.queue = queue
        self.tenant = tenant
        self.priority = priority
        self.foreignID = foreignID
        self.tags = tags
        self.callback = callback
        self.status = status
        self.idempotencyKey = idempotencyKey
        self.keyLifetime = keyLifetime
        self.role = role
    }
}

/// A callback URL of a run. Workers need a sender for it: `Worker.Options.callbacks`.
///
/// A JSON object is posted when the run starts, succeeds, fails, is cancelled, rolls back or is rolled back, and when a step
/// succeeds, fails or is rolled back: `name` of the workflow, `run`, `phase`, `step`, `attributes`, `runError`,
/// `rollbackError`. Each is delivered at least once, and tried again for as long as the other side does not answer 2xx.
public struct RunCallback: Sendable, Hashable, Codable {
    public var url: String
    /// Sent along with each.
    public var attributes: [String: String]

    public init(url: String, attributes: [String: String] = [:]) {
        self.url = url
        self.attributes = attributes
    }
}
