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
    /// Keys of limits that the job is subject to beside those of its queue, kind and tenant: `["account:42"]`, at most 8.
    /// They count where such a limit, or one for all names of the scope (`account:*`), is set; see
    /// `Penstock.setLimit(_:_:)`. Checked when the job is enqueued.
    public var limits: [String]
    /// At most one job for a key: see `Uniqueness`. None by default.
    public var unique: Uniqueness?
    /// End the job if it has not started this long after the enqueue, wherever it waits, also in a paused queue. None by
    /// default. Live workers of its queue see to it; without any it ends when one comes. Attempts after the first are not
    /// concerned.
    public var expiry: Duration?
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
    /// The role that the enqueue acts for: without it nothing is enqueued, and `roleLost` is thrown. None by default.
    public var role: Role?

    public init(
        queue: String = "default", tenant: String = "", priority: Priority = .normal, delay: Duration? = nil,
        at: Date? = nil, idempotencyKey: String? = nil, keyLifetime: Duration = .seconds(86_400),
        limits: [String] = [], unique: Uniqueness? = nil, expiry: Duration? = nil,
        maxAttempts: Int? = nil, backoff: Backoff? = nil, timeout: Duration? = nil, deadline: Duration? = nil,
        retention: Duration? = nil, headers: [String: String] = [:], replicas: ReplicaConfirmation? = nil,
        role: Role? = nil
    ) {
        self.queue = queue
        self.tenant = tenant
        self.priority = priority
        self.delay = delay
        self.at = at
        self.idempotencyKey = idempotencyKey
        self.keyLifetime = keyLifetime
        self.limits = limits
        self.unique = unique
        self.expiry = expiry
        self.maxAttempts = maxAttempts
        self.backoff = backoff
        self.timeout = timeout
        self.deadline = deadline
        self.retention = retention
        self.headers = headers
        self.replicas = replicas
        self.role = role
    }

    /// The batch that the job becomes a member of: `Batch.add` sets it. None by default.
    public var batch: BatchID?

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
        try checkAgainstEachOther()
        let options = TaskOptions(
            maxAttempts: maxAttempts, backoff: backoff, timeout: timeout, retention: retention,
            limits: try limitNames(), batch: batch, headers: headers)
        let record = TaskRecord(
            kind: kind, queue: queue, tenant: tenant, priority: priority, options: options, payload: payload)
        return NewTask(
            id: id, record: record, start: start, deadline: deadline, idempotencyKey: idempotencyKey,
            keyLifetime: keyLifetime, uniqueness: unique, expiry: expiry,
            role: role?.claim)
    }
}

// Limits, unique keys, expiry.
extension EnqueueOptions {
    /// With the keys that a job computes, unless they are named already.
    func adding(limitKeys: [String]) -> EnqueueOptions {
        if limitKeys.isEmpty { return self }
        var options = self
        for key in limitKeys where !options.limits.contains(key) { options.limits.append(key) }
        return options
    }

    private func limitNames() throws(PenstockError) -> [LimitName] {
        var names: [LimitName] = []
        for limit in limits { names.append(try LimitName(publicly: limit)) }
        return names
    }

    /// Refuses what cannot hold together, and says what to leave out.
    private func checkAgainstEachOther() throws(PenstockError) {
        var earliest = delay
        if case .debounced(let wait, _) = unique?.until {
            if delay != nil || at != nil {
                throw PenstockError(
                    .invalidArgument,
                    "a debounced job starts after its wait: leave out \(delay != nil ? "delay" : "at")")
            }
            if idempotencyKey != nil {
                throw PenstockError(
                    .invalidArgument,
                    "an idempotency key makes a repetition count for nothing, a debounce makes it count: leave one out")
            }
            earliest = wait
        }
        if let expiry, let earliest, expiry > .zero, expiry <= earliest {
            throw PenstockError(
                .invalidArgument,
                "expiry, \(expiry), must be longer than the wait before the first attempt, \(earliest): the job would end before it may start"
            )
        }
    }
}

extension LimitName {
    /// A name from outside, with the library's error.
    init(publicly text: String) throws(PenstockError) {
        do throws(InvalidLimit) { self = try LimitName(text) } catch {
            throw PenstockError(.invalidArgument, "\(error)", cause: error)
        }
    }
}

/// What became of an enqueue.
public struct Enqueued: Sendable, Hashable {
    public let id: TaskID
    /// Another job stands for this one: its idempotency key was known, or its unique key is held. No job was stored, and
    /// the id is that of the other; for a debounce, which got the new payload and a later start, if it had not started.
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
