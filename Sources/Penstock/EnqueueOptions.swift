import PenstockModel
import PenstockStore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// How a job is enqueued. Everything has a default: queue "default", no tenant, now.
public struct EnqueueOptions: Sendable, Hashable {
    /// Where workers look for it.
    public var queue: String
    /// Whose job it is: tenants of a queue take turns.
    public var tenant: String
    public var priority: Priority
    /// Wait this long before the first attempt, by Redis's clock. Not together with `at`.
    public var delay: Duration?
    /// Not before this moment. Not together with `delay`.
    public var at: Date?
    /// A repeated enqueue with the same key answers with the first job's id and stores nothing.
    public var idempotencyKey: String?
    /// For how long the idempotency key is remembered; a day by default.
    public var keyLifetime: Duration
    /// Replaces the handler's number of attempts.
    public var maxAttempts: Int?
    /// Replaces the handler's back-off.
    public var backoff: Backoff?
    /// Time for one attempt.
    public var timeout: Duration?
    /// Time for all attempts together, from now.
    public var deadline: Duration?
    /// For how long the job's end and its result can be asked for.
    public var retention: Duration?
    /// Metadata for middleware and handlers, such as trace context and request ids: at most 32, names of 1 to 100 letters,
    /// digits and the marks of HTTP header names, 4 KiB in all. None by default. `JobContext.headers` has them at execution.
    public var headers: [String: String]
    /// How many replicas of Redis must have the job before the enqueue is answered, and how long they have for it; none by
    /// default. With fewer attached nothing is enqueued (`unavailable`); if fewer confirm in time, the job is stored all the
    /// same and the enqueue throws `notReplicated`.
    public var replicas: ReplicaConfirmation?

    public init(
        queue: String = "default", tenant: String = "", priority: Priority = .normal, delay: Duration? = nil,
        at: Date? = nil, idempotencyKey: String? = nil, keyLifetime: Duration = .seconds(86_400),
        maxAttempts: Int? = nil, backoff: Backoff? = nil, timeout: Duration? = nil, deadline: Duration? = nil,
        retention: Duration? = nil, headers: [String: String] = [:], replicas: ReplicaConfirmation? = nil
    ) {
        self.queue = queue
        self.tenant = tenant
        self.priority = priority
        self.delay = delay
        self.at = at
        self.idempotencyKey = idempotencyKey
        self.keyLifetime = keyLifetime
        self.maxAttempts = maxAttempts
        self.backoff = backoff
        self.timeout = timeout
        self.deadline = deadline
        self.retention = retention
        self.headers = headers
        self.replicas = replicas
    }

    /// The batch that the job becomes a member of: set by `Batch.add`.
    var batch: BatchID?

    func task(id: TaskID, kind: String, payload: [UInt8]) throws(PenstockError) -> NewTask {
        if delay != nil && at != nil {
            throw PenstockError(.invalidArgument, "a job is enqueued with delay or at a time, not both: leave one out")
        }
        var start = NewTask.Start.now
        if let delay { start = .after(delay) }
        if let at {
            let milliseconds = at.timeIntervalSince1970 * 1000
            guard milliseconds >= 0, milliseconds < 9_999_999_999_999 else {
                throw PenstockError(.invalidArgument, "start time \(at) is not between 1970 and 2286")
            }
            start = .at(Int64(milliseconds))
        }
        let options = TaskOptions(
            maxAttempts: maxAttempts, backoff: backoff, timeout: timeout, retention: retention, batch: batch,
            headers: headers)
        let record = TaskRecord(
            kind: kind, queue: queue, tenant: tenant, priority: priority, options: options, payload: payload)
        return NewTask(
            id: id, record: record, start: start, deadline: deadline, idempotencyKey: idempotencyKey,
            keyLifetime: keyLifetime)
    }
}

/// What became of an enqueue.
public struct Enqueued: Sendable, Hashable {
    public let id: TaskID
    /// The idempotency key was known: nothing was stored, and the id is the first job's.
    public let isDuplicate: Bool
    /// How many replicas of Redis have the job, where `EnqueueOptions.replicas` asked for some; nil otherwise.
    public let confirmedReplicas: Int?

    /// For middleware that answers by itself.
    public init(id: TaskID, isDuplicate: Bool = false, confirmedReplicas: Int? = nil) {
        self.id = id
        self.isDuplicate = isDuplicate
        self.confirmedReplicas = confirmedReplicas
    }

    init(_ answer: EnqueueAnswer) {
        self.init(id: answer.id, isDuplicate: answer.isDuplicate, confirmedReplicas: answer.confirmedReplicas)
    }
}
