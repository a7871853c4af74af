/// What a task asks for beside its payload. Nil means: as the handler or the worker says.
public struct TaskOptions: Sendable, Hashable {
    /// Replaces the handler's number of attempts.
    public var maxAttempts: Int?
    /// Replaces the handler's back-off.
    public var backoff: Backoff?
    /// Time for one attempt. The handler is cancelled when it has passed, and the attempt has failed.
    public var timeout: Duration?
    /// For how long what became of the task, and its result, can be asked for after its end.
    public var retention: Duration?
    /// No attempt starts or goes on after this moment (milliseconds since 1970 by Redis's clock). Set by the store from
    /// the deadline given at enqueue.
    public var deadline: Int64?
    /// Keys of limits that the task is subject to beside those of its queue, kind and tenant: see `LimitName`.
    public var limits: [LimitName] = []
    /// The batch that the task is a member of.
    public var batch: BatchID?
    /// Metadata for middleware and handlers: trace context, request ids. `Headers` has the rules.
    public var headers: [String: String]
    /// The run that the task belongs to.
    package var run: RunID?

    public init(
        maxAttempts: Int? = nil, backoff: Backoff? = nil, timeout: Duration? = nil, retention: Duration? = nil,
        deadline: Int64? = nil, limits: [LimitName] = [], batch: BatchID? = nil, headers: [String: String] = [:]
    ) {
        self.maxAttempts = maxAttempts
        self.backoff = backoff
        self.timeout = timeout
        self.retention = retention
        self.deadline = deadline
        self.limits = limits
        self.batch = batch
        self.headers = headers
    }
}
