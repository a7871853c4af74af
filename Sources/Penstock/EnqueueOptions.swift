import PenstockModel
import PenstockStore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// How a job is enqueued. Everything has a default: queue "default", no tenant, now.
public struct EnqueueOptions: Sendable {
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

    public init(
        queue: String = "default", tenant: String = "", priority: Priority = .normal, delay: Duration? = nil,
        at: Date? = nil, idempotencyKey: String? = nil, keyLifetime: Duration = .seconds(86_400),
        maxAttempts: Int? = nil, backoff: Backoff? = nil, timeout: Duration? = nil, deadline: Duration? = nil,
        retention: Duration? = nil
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
        let options = TaskOptions(maxAttempts: maxAttempts, backoff: backoff, timeout: timeout, retention: retention, batch: batch)
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
}
