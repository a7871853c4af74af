import PenstockModel
import PenstockStore

/// A group of jobs with an end of its own: callbacks are jobs, enqueued by the script that ends the last member (or the
/// first that fails), so each fires once, whatever crashes.
///
///     let batch = try await penstock.batch("import", .init(onDone: .job(Report(of: file)))) { batch in
///         for row in rows { try await batch.add(ImportRow(row)) }
///     }
///
/// A member ends when it completes, is cancelled, expires, is purged, or becomes a dead letter; all but the first count as
/// failed. A batch may be a member of another one.
public struct Batch: Sendable {
    public let id: BatchID
    let penstock: Penstock

    /// Adds a job: until the batch is sealed, or from inside its own members until it has ended.
    ///
    /// - Throws: `invalidArgument` if the batch is not known or has ended; as `enqueue`.
    @discardableResult
    public func add<J: Job>(_ job: J, _ options: EnqueueOptions = .init()) async throws(PenstockError) -> Enqueued {
        try await penstock.enqueue(job, joining(options))
    }

    /// Adds many jobs with the same options, as `enqueue(many:)` does.
    @discardableResult
    public func add<J: Job>(
        many jobs: some Sequence<J>, _ options: EnqueueOptions = .init()
    ) async throws(PenstockError) -> [Enqueued] {
        try await penstock.enqueue(many: jobs, joining(options))
    }

    /// Adds a payload as it is.
    @discardableResult
    public func add(
        kind: String, payload: [UInt8], _ options: EnqueueOptions = .init()
    ) async throws(PenstockError) -> Enqueued {
        try await penstock.enqueue(kind: kind, payload: payload, joining(options))
    }

    /// Opens a batch that is a member of this one.
    public func open(_ name: String = "", _ options: BatchOptions = .init()) async throws(PenstockError) -> Batch {
        try await penstock.openBatch(name, options, parent: id)
    }

    /// Nobody but the batch's own members adds to it any more. It ends with its last member, or now if there is none: an
    /// empty batch has succeeded. Idempotent.
    public func seal() async throws(PenstockError) {
        let id = id
        let answer = try await publicly { () throws(StoreError) in try await penstock.store.sealBatch(id) }
        if answer == .unknown { throw Self.unknown(id) }
    }

    /// Counts, at one moment.
    ///
    /// - Throws: `notFound` if it is not known, or ended longer ago than it is kept.
    public func status() async throws(PenstockError) -> BatchStatus {
        let id = id
        guard let view = try await publicly({ () throws(StoreError) in try await penstock.store.batch(id) }) else {
            throw Self.unknown(id)
        }
        return BatchStatus(
            id: id, name: view.name, parent: view.parent, total: view.total, succeeded: view.succeeded,
            failed: view.failed, pending: view.pending, isOpen: view.isOpen, since: view.since, ended: view.ended)
    }

    private func joining(_ options: EnqueueOptions) -> EnqueueOptions {
        var options = options
        options.batch = id
        return options
    }

    private static func unknown(_ id: BatchID) -> PenstockError {
        PenstockError(.notFound, "batch \(id) is not known: it was never opened, or ended longer ago than it is kept")
    }
}

/// What a batch is opened with.
public struct BatchOptions: Sendable {
    /// A job to enqueue at an event of a batch. It starts at once: its options have no delay, time, deadline, expiry,
    /// replicas, key or batch. The script that ends the batch enqueues it, so no enqueue middleware sees it.
    public struct Callback: Sendable {
        let kind: String
        let payload: @Sendable (any JobCodec) throws -> [UInt8]
        let options: EnqueueOptions

        public static func job<J: Job>(_ job: J, _ options: EnqueueOptions = .init()) -> Callback {
            Callback(
                kind: J.name, payload: { try $0.encode(job) }, options: options.adding(limitKeys: job.limitKeys))
        }

        public static func raw(kind: String, payload: [UInt8], _ options: EnqueueOptions = .init()) -> Callback {
            Callback(kind: kind, payload: { _ in payload }, options: options)
        }
    }

    /// At the end, if every member completed.
    public var onSuccess: Callback?
    /// When the first member has failed.
    public var onFailure: Callback?
    /// At the end, in any case.
    public var onDone: Callback?
    /// For how long the batch can be asked for after its end; a day by default.
    public var retention: Duration

    public init(
        onSuccess: Callback? = nil, onFailure: Callback? = nil, onDone: Callback? = nil,
        retention: Duration = .seconds(86_400)
    ) {
        self.onSuccess = onSuccess
        self.onFailure = onFailure
        self.onDone = onDone
        self.retention = retention
    }
}

/// A batch at one moment.
public struct BatchStatus: Sendable, Hashable {
    public let id: BatchID
    public let name: String
    public let parent: BatchID?
    /// Members that were ever added, inner batches included.
    public let total: Int
    public let succeeded: Int
    public let failed: Int
    /// Members that have not ended.
    public let pending: Int
    /// Not sealed yet.
    public let isOpen: Bool
    /// Milliseconds since 1970.
    public let since: Int64
    public let ended: Int64?
}

extension Penstock {
    /// Opens a batch, lets `body` add to it, and seals it. When `body` throws, the batch stays open: what was added runs,
    /// and no callback but that of a failure fires until somebody seals it.
    @discardableResult
    public func batch(
        _ name: String = "", _ options: BatchOptions = .init(), _ body: (Batch) async throws -> Void
    ) async throws -> Batch {
        let batch = try await openBatch(name, options, parent: nil)
        try await body(batch)
        try await batch.seal()
        return batch
    }

    /// Opens a batch that is filled and sealed later, from here or elsewhere.
    public func openBatch(_ name: String = "", _ options: BatchOptions = .init()) async throws(PenstockError) -> Batch {
        try await openBatch(name, options, parent: nil)
    }

    /// A batch that was opened before, by its id: a job knows its own as `context.batch`.
    public func batch(_ id: BatchID) -> Batch { Batch(id: id, penstock: self) }

    func openBatch(_ name: String, _ options: BatchOptions, parent: BatchID?) async throws(PenstockError) -> Batch {
        let id = BatchID(store.makeID())
        var callbacks: [BatchEvent: NewTask] = [:]
        for (event, callback) in [
            (BatchEvent.success, options.onSuccess), (.failure, options.onFailure), (.done, options.onDone),
        ] {
            guard let callback else { continue }
            let given = callback.options
            if given.delay != nil || given.at != nil || given.deadline != nil || given.idempotencyKey != nil
                || given.unique != nil || given.expiry != nil || given.replicas != nil || given.batch != nil
            {
                throw PenstockError(
                    .invalidArgument,
                    "callback \(callback.kind) of the batch starts at once and is no member: leave delay, time, deadline, expiry, replicas, keys and batch out"
                )
            }
            let payload: [UInt8]
            do { payload = try callback.payload(configuration.codec) } catch {
                throw PenstockError(.codec, "callback \(callback.kind) cannot be encoded: \(error)", cause: error)
            }
            callbacks[event] = try given.task(id: store.makeID(), kind: callback.kind, payload: payload)
        }
        try await publicly { [callbacks] () throws(StoreError) in
            try await store.openBatch(id, keep: options.retention, parent: parent, name: name, callbacks: callbacks)
        }
        return Batch(id: id, penstock: self)
    }
}
