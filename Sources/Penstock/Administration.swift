import PenstockModel
import PenstockStore

/// What became of a request to cancel.
public enum Cancelled: Sendable, Hashable {
    /// It waited, and is gone.
    case cancelled
    /// It runs; its handler is being cancelled.
    case requested
    /// It is a dead letter: discard it instead.
    case dead
    /// There is no such job, or it has ended.
    case unknown
    /// It is a step of this run, which would wait for it for ever: cancel the run, or skip the step.
    case belongsToRun(RunID)

    /// The answer in one word, as commands tell it to programs.
    public var word: String {
        switch self {
        case .cancelled: "cancelled"
        case .requested: "requested"
        case .dead: "dead"
        case .unknown: "unknown"
        case .belongsToRun: "belongsToRun"
        }
    }
}

/// A job at one moment.
public struct JobStatus: Sendable, Hashable {
    public let id: TaskID
    public let state: TaskState
    /// Names of an ended job are not kept: empty then.
    public var kind = ""
    public var queue = ""
    public var tenant = ""
    public var priority = Priority.normal
    public var payload: [UInt8] = []
    public var options = TaskOptions()
    /// Queued: the number of jobs before it in its lane; nil when there are more than 10,000.
    public var position: Int?
    /// Delayed: when it is due. Dead or ended: since when. Milliseconds since 1970 by Redis's clock.
    public var at: Int64?
    /// Running: the incarnation of the worker that holds it.
    public var worker: String?
    /// Running: the reason, if it was asked to end. Cancelled: the reason.
    public var cancelReason: String?
    /// Completed: the result.
    public var result: [UInt8]?
    /// Attempts that failed and counted.
    public var failedAttempts = 0
    /// Times that a lost worker held it.
    public var recoveries = 0
    /// The last ten troubles, the newest last.
    public var history: [Trouble] = []

    /// Waits for its next try after a failed one.
    public var isRetrying: Bool { state == .delayed && failedAttempts + history.count > 0 }
}

/// A queue in numbers, at one moment.
public struct QueueStatus: Sendable, Hashable {
    public let name: String
    /// Waiting for nothing but their turn.
    public let ready: Int
    /// As good as ready, but their lanes are parked by a rate or concurrency limit.
    public let limited: Int
    public let delayed: Int
    public let running: Int
    public let dead: Int
    /// Since the namespace began.
    public let completed: Int
    public let retried: Int
    public let recovered: Int
    public let cancelled: Int
    /// Ended because they had not started in time.
    public let expired: Int
    public let isPaused: Bool
    public let pausedBy: String?
    /// Milliseconds since 1970.
    public let pausedAt: Int64?
    /// When the oldest ready or limited job was made, milliseconds since 1970.
    public let oldest: Int64?
    /// Filled where asked for.
    public let tenants: [Tenant]
    /// Kinds with tasks that no worker which met them takes, or that are paused.
    public let kindsSetAside: [String]

    public struct Tenant: Sendable, Hashable {
        public let name: String
        public let ready: Int
        /// Parked by limits.
        public let limited: Int
        public let weight: Double
        public let oldest: Int64?
    }
}

public struct WorkerStatus: Sendable, Hashable {
    /// The incarnation.
    public let name: String
    public let host: String
    public let pid: Int
    public let queues: [String]
    /// Nil: any.
    public let kinds: [String]?
    /// Jobs it holds.
    public let running: Int
    /// When its lease ends unless renewed, milliseconds since 1970.
    public let leaseExpiry: Int64
}

public enum RevivalAnswer: String, Sendable, Hashable { case ready, running, unknown }
public enum DiscardalAnswer: String, Sendable, Hashable { case discarded, alive, unknown }

extension Penstock {
    // MARK: Jobs

    /// Cancels a job, from any process. One that waits is gone at once; the handler of one that runs is cancelled within
    /// a second. It is not tried again in either case. Jobs that are steps of a run stay: cancel the run, or skip the step.
    @discardableResult
    public func cancel(_ id: TaskID, reason: String = "") async throws(PenstockError) -> Cancelled {
        let answer = try await publicly { () throws(StoreError) in try await store.cancel(id, reason: reason) }
        switch answer {
        case .cancelled: return .cancelled
        case .requested: return .requested
        case .dead: return .dead
        case .unknown: return .unknown
        case .belongsToRun(let run): return .belongsToRun(run)
        }
    }

    public func status(_ id: TaskID) async throws(PenstockError) -> JobStatus {
        JobStatus(try await publicly { () throws(StoreError) in try await store.inspect(id) })
    }

    /// Gives dead letters a new start with all their attempts, and tasks that wait for their next try a start now.
    @discardableResult
    public func retry(_ ids: [TaskID]) async throws(PenstockError) -> [RevivalAnswer] {
        try await publicly { () throws(StoreError) in try await store.revive(ids) }.map { answer in
            switch answer {
            case .ready: .ready
            case .running: .running
            case .unknown: .unknown
            }
        }
    }

    /// Removes dead letters for good.
    @discardableResult
    public func discard(_ ids: [TaskID]) async throws(PenstockError) -> [DiscardalAnswer] {
        try await publicly { () throws(StoreError) in try await store.discard(ids) }.map { answer in
            switch answer {
            case .discarded: .discarded
            case .alive: .alive
            case .unknown: .unknown
            }
        }
    }

    /// Dead letters of a queue, the newest first.
    public func deadLetters(
        queue: String, offset: Int = 0, limit: Int = 100
    ) async throws(PenstockError) -> [JobStatus] {
        try await publicly { () throws(StoreError) in
            try await store.deadLetters(queue: queue, offset: offset, limit: limit)
        }.map(JobStatus.init)
    }

    // MARK: Queues

    /// Nothing of the queue is claimed any more; what runs goes on. False if it was paused already.
    @discardableResult
    public func pause(queue: String, by: String = "") async throws(PenstockError) -> Bool {
        try await publicly { () throws(StoreError) in try await store.pause(.queue(queue), by: by) }
    }

    @discardableResult
    public func resume(queue: String) async throws(PenstockError) -> Bool {
        try await publicly { () throws(StoreError) in try await store.resume(.queue(queue)) }
    }

    /// Nothing of the kind is claimed any more, in any queue.
    @discardableResult
    public func pause(kind: String, by: String = "") async throws(PenstockError) -> Bool {
        try await publicly { () throws(StoreError) in try await store.pause(.kind(kind), by: by) }
    }

    @discardableResult
    public func resume(kind: String) async throws(PenstockError) -> Bool {
        try await publicly { () throws(StoreError) in try await store.resume(.kind(kind)) }
    }

    /// Removes all waiting jobs of a queue, ready and delayed, in chunks that never block Redis for long. Steps of runs stay,
    /// since their runs would wait for them for ever; some of them may be put off by a second.
    /// - Returns: how many were removed.
    @discardableResult
    public func purge(queue: String, progress: (Int) -> Void = { _ in }) async throws(PenstockError) -> Int {
        var removed = 0
        var cursor: String?
        repeat {
            let chunk = try await publicly { () throws(StoreError) in try await store.purge(queue: queue, from: cursor)
            }
            removed += chunk.removed
            cursor = chunk.next
            if chunk.removed > 0 { progress(removed) }
        } while cursor != nil
        return removed
    }

    /// Sets how many jobs a tenant gets in a round of its queue; 1 by default.
    public func setWeight(_ weight: Double, tenant: String, queue: String) async throws(PenstockError) {
        try await publicly { () throws(StoreError) in
            try await store.setWeight(weight, tenant: tenant, queue: queue)
        }
    }

    /// Queues in numbers: those named, or all that ever had a job.
    public func queues(
        _ names: [String]? = nil, withTenants: Bool = false
    ) async throws(PenstockError) -> [QueueStatus] {
        try await publicly { () throws(StoreError) in try await store.queues(names, withTenants: withTenants) }.map {
            QueueStatus(
                name: $0.name, ready: $0.ready, limited: $0.limited, delayed: $0.delayed, running: $0.running,
                dead: $0.dead,
                completed: $0.totals["completed"] ?? 0, retried: $0.totals["retried"] ?? 0,
                recovered: $0.totals["recovered"] ?? 0, cancelled: $0.totals["cancelled"] ?? 0,
                expired: $0.totals["expired"] ?? 0,
                isPaused: $0.pausedAt != nil, pausedBy: $0.pausedBy, pausedAt: $0.pausedAt, oldest: $0.oldest,
                tenants: $0.tenants.map {
                    .init(name: $0.name, ready: $0.ready, limited: $0.limited, weight: $0.weight, oldest: $0.oldest)
                }, kindsSetAside: $0.asideKinds)
        }
    }

    /// The workers that are alive, or not yet given up.
    public func workers() async throws(PenstockError) -> [WorkerStatus] {
        try await publicly { () throws(StoreError) in try await store.workers() }.map {
            WorkerStatus(
                name: $0.worker, host: $0.host, pid: $0.pid, queues: $0.queues, kinds: $0.kinds,
                running: $0.running.values.reduce(0, +), leaseExpiry: $0.expiry)
        }
    }

    /// Reaches Redis, and says what it promises: version, durability, eviction; with warnings for an operator.
    public func checkServer() async throws(PenstockError) -> (summary: String, warnings: [String]) {
        let report = try await publicly { () throws(StoreError) in try await store.serverReport() }
        return ("Redis \(report.version), durability \(report.durability.rawValue)", report.warnings)
    }
}

extension JobStatus {
    init(_ view: TaskView) {
        self.init(id: view.id, state: view.state)
        if let record = view.record {
            kind = record.kind
            queue = record.queue
            tenant = record.tenant
            priority = record.priority
            payload = record.payload
            options = record.options
        }
        failedAttempts = view.history.attempts
        recoveries = view.history.recoveries
        history = view.history.troubles
        switch view.detail {
        case .queued(let position, _): self.position = position
        case .delayed(let until): at = until
        case .running(let worker, let reason):
            self.worker = worker
            cancelReason = reason
        case .dead(let since): at = since
        case .ended(let state, let since, let bytes):
            at = since
            if state == .completed { result = bytes } else { cancelReason = String(decoding: bytes, as: UTF8.self) }
        case .unknown: break
        }
    }
}
