import Logging
import NIOCore
import NIOPosix
import PenstockModel
import PenstockRuntime
import PenstockStore
import RedisClient
import ServiceLifecycle

/// The client: enqueues jobs, looks at them, and steers queues. One for a process is enough; it is safe to share.
///
///     let penstock = try Penstock(.init(url: "redis://localhost:6379", namespace: "shop"))
///     try await penstock.enqueue(SendWelcome(userID: "42"), .init(queue: "mail"))
public final class Penstock: Service {
    public struct Configuration: Sendable {
        /// `redis://[user:password@]host[:port][/db]` or `unix:///path`.
        public var url: String
        /// Separates applications that share a Redis. "penstock" by default.
        public var namespace: String
        public var codec: any JobCodec
        /// The largest payload, in bytes; 16 MiB by default.
        public var largestPayload: Int
        /// The share of Redis's `maxmemory`, above 0 and up to 1, above which this client enqueues nothing and throws
        /// `backPressure`. Nil, the default, for none: a full Redis refuses new jobs by itself, and how much room others
        /// need in it only its operator knows. Redis is asked at most once a second, and only while jobs are enqueued;
        /// without `maxmemory` the mark means nothing. Workers go on, so queues drain.
        public var memoryMark: Double?
        /// Called around every enqueue, the first one outermost; none by default.
        public var enqueueMiddleware: [any EnqueueMiddleware]
        /// What is called in the place of each script, in tests: see `Store`.
        package var standIn: (@Sendable (RedisScript) -> RedisScript)?

        public init(
            url: String = "redis://127.0.0.1:6379", namespace: String = "penstock", codec: any JobCodec = JSONCodec(),
            largestPayload: Int = 16 << 20, memoryMark: Double? = nil,
            enqueueMiddleware: [any EnqueueMiddleware] = []
        ) {
            self.url = url
            self.namespace = namespace
            self.codec = codec
            self.largestPayload = largestPayload
            self.memoryMark = memoryMark
            self.enqueueMiddleware = enqueueMiddleware
        }
    }

    public let configuration: Configuration
    package let store: Store
    let redis: RedisClient
    let logger: Logger
    let endings: Endings
    let roles: LeftRoles
    let watch: Listeners<RunID, Void>
    let library: ShapeLibrary
    package let firer: TickFirer
    /// As whom this client is known in the histories of runs.
    let actor: String
    /// Nil where there is no middleware.
    private let chain: EnqueueChain?

    /// Makes a client; the first call connects.
    ///
    /// - Parameters:
    ///   - eventLoopGroup: the host application's, or the process-wide one.
    /// - Throws: `invalidArgument` for a URL, a namespace or another setting that cannot be right.
    public init(
        _ configuration: Configuration, eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        logger: Logger = Logger(label: "penstock")
    ) throws(PenstockError) {
        self.configuration = configuration
        self.logger = logger
        do throws(RedisError) {
            redis = RedisClient(
                configuration: try RedisConfiguration(url: configuration.url), eventLoopGroup: eventLoopGroup,
                logger: logger)
        } catch {
            throw PenstockError(.invalidArgument, "\(error)", cause: error)
        }
        guard configuration.largestPayload > 0, configuration.largestPayload <= 256 << 20 else {
            throw PenstockError(
                .invalidArgument, "largestPayload must be 1 byte to 256 MiB; it is \(configuration.largestPayload)")
        }
        var limits = StoreLimits()
        limits.payloadBytes = configuration.largestPayload
        if let mark = configuration.memoryMark, !(mark > 0 && mark <= 1) {
            throw PenstockError(
                .invalidArgument, "memoryMark must be a share above 0 and up to 1, such as 0.9; it is \(mark)")
        }
        limits.memoryMark = configuration.memoryMark
        do throws(InvalidName) {
            store = try Store(
                redis: redis, namespace: configuration.namespace, limits: limits, standingIn: configuration.standIn)
            endings = Endings(store: store, logger: logger)
            roles = LeftRoles(store: store, logger: logger)
            watch = RunWatch.listeners(store: store, logger: logger)
            library = ShapeLibrary(store: store)
            firer = TickFirer(
                store: store, library: library, zones: { try TimeZoneRules($0) }, logger: logger)
            actor = "\(Host.name)-\(Host.process)"
        } catch {
            throw PenstockError(.invalidArgument, "\(error)", cause: error)
        }
        let store = store
        chain =
            configuration.enqueueMiddleware.isEmpty
            ? nil
            : EnqueueChain(middleware: configuration.enqueueMiddleware) { try await Self.send($0, to: store) }
    }

    /// Keeps the client open until shutdown, and says at the start what the server promises.
    public func run() async throws {
        let report = try await publicly { () throws(StoreError) in try await store.serverReport() }
        logger.info(
            "connected", metadata: ["redis": "\(report.version)", "durability": "\(report.durability.rawValue)"])
        for warning in report.warnings { logger.warning("\(warning)") }
        try? await gracefulShutdown()
        await shutdown()
    }

    /// Ends the client. Idempotent. Workers that use it should have ended before.
    public func shutdown() async {
        await watch.close()
        await endings.listeners.close()
        await roles.listeners.close()
        await store.shutdown()
        await redis.shutdown()
    }

    // MARK: Enqueue

    /// Enqueues a job. Concurrent callers share round trips.
    ///
    /// - Throws: `outcomeUnknown` if replies were lost for 15 s: the job may be enqueued. Before that the call is sent
    ///   again by itself, which is safe. `backPressure` above the memory mark, `outOfMemory` above all of it,
    ///   `notReplicated` where replicas were asked for, and what middleware throws.
    @discardableResult
    public func enqueue<J: Job>(_ job: J, _ options: EnqueueOptions = .init()) async throws(PenstockError) -> Enqueued {
        try await enqueue(kind: J.name, payload: try encode(job), options.adding(limitKeys: job.limitKeys))
    }

    /// Enqueues many jobs with the same options: one round trip for up to a thousand, in chunks beyond. Each chunk is
    /// stored whole or not at all, and only when the ones before it are; while one is on its way the next is read from the
    /// sequence, which may be as long as it likes.
    ///
    /// - Throws: what `enqueue` of one job throws. `PenstockError.enqueued` then says how many of the first jobs are
    ///   stored all the same: those of the chunks before the one that was refused or that has a job which cannot be encoded.
    @discardableResult
    public func enqueue<J: Job>(
        many jobs: some Sequence<J>, _ options: EnqueueOptions = .init()
    ) async throws(PenstockError) -> [Enqueued] {
        if options.idempotencyKey != nil {
            throw PenstockError(
                .invalidArgument,
                "one idempotency key cannot stand for many jobs: enqueue them one by one, each with its key")
        }
        if options.unique != nil {
            throw PenstockError(
                .invalidArgument,
                "one unique key cannot stand for many jobs: enqueue them one by one, each with its key")
        }
        if chain == nil && options.replicas == nil { return try await stream(jobs, options) }
        var requests: [JobRequest] = []
        for job in jobs {
            let options = options.adding(limitKeys: job.limitKeys)
            requests.append(JobRequest(kind: J.name, payload: try encode(job), options: options))
        }
        return try await enqueue(raw: requests)
    }

    /// As many as fit one call go while the next are read. In their order: a chunk is sent when the one before is stored.
    private func stream<J: Job>(
        _ jobs: some Sequence<J>, _ options: EnqueueOptions
    ) async throws(PenstockError) -> [Enqueued] {
        let store = store
        let outcome = await withTaskGroup(of: Result<[EnqueueAnswer], StoreError>.self) { group in
            var done: [Enqueued] = []
            var payloads: [[UInt8]] = []
            var keys: [[String]] = []
            var bytes = 0
            /// Takes in what is on its way; false if nothing is.
            func settle() async throws(PenstockError) -> Bool {
                guard let sent = await group.next() else { return false }
                done += try await publicly { () throws(StoreError) in try sent.get() }.map { Enqueued($0) }
                return true
            }
            func send() async throws(PenstockError) {
                guard let first = keys.first else { return }
                let areAlike = keys.allSatisfy { $0 == first }
                var tasks: [NewTask] = []
                for (payload, own) in areAlike ? [([], first)] : Array(zip(payloads, keys)) {
                    let options = options.adding(limitKeys: own)
                    tasks.append(try options.task(id: store.makeID(), kind: J.name, payload: payload))
                }
                if try await !settle() {
                    try await publicly { () throws(StoreError) in try await store.admit() }
                }
                group.addTask { [tasks, payloads] in
                    do throws(StoreError) {
                        return .success(
                            areAlike
                                ? try await store.enqueue(alike: tasks[0], payloads: payloads)
                                : try await store.enqueue(tasks))
                    } catch {
                        return .failure(error)
                    }
                }
                payloads.removeAll()
                keys.removeAll()
                bytes = 0
            }
            func readAll() async throws(PenstockError) {
                for job in jobs {
                    let payload = try encode(job)
                    if payloads.count == store.limits.tasksPerCall || bytes + payload.count > store.limits.bytesPerCall
                    {
                        try await send()
                    }
                    payloads.append(payload)
                    keys.append(job.limitKeys)
                    bytes += payload.count
                }
                try await send()
            }
            var problem: PenstockError?
            do throws(PenstockError) { try await readAll() } catch { problem = error }
            // Of two problems the one of the earlier jobs counts.
            do throws(PenstockError) { _ = try await settle() } catch { problem = error }
            return problem.map { .failure($0.after(done.count)) } ?? Result<[Enqueued], PenstockError>.success(done)
        }
        return try outcome.get()
    }

    /// Enqueues a payload as it is, for a kind by name.
    @discardableResult
    public func enqueue(
        kind: String, payload: [UInt8], _ options: EnqueueOptions = .init()
    ) async throws(PenstockError) -> Enqueued {
        let job = JobRequest(kind: kind, payload: payload, options: options)
        guard let chain else { return try await Self.send(job, to: store) }
        guard let answer = try await chain.enqueue([job]).first else {
            throw PenstockError(.middleware, "a middleware around enqueue returned no answer")
        }
        return answer
    }

    /// A job as bytes, with options of its own.
    public typealias RawJob = JobRequest

    /// Enqueues payloads as they are, each with its own options; all with the same `replicas`.
    @discardableResult
    public func enqueue(raw jobs: [JobRequest]) async throws(PenstockError) -> [Enqueued] {
        if jobs.isEmpty { return [] }
        guard let chain else { return try await Self.send(jobs, to: store) }
        return try await chain.enqueue(jobs)
    }

    /// Behind all middleware: one job, in a round trip that it shares with others.
    private static func send(_ job: JobRequest, to store: Store) async throws(PenstockError) -> Enqueued {
        let task = try job.options.task(id: store.makeID(), kind: job.kind, payload: job.payload)
        return try await publicly { () throws(StoreError) in
            try await store.admit()
            return Enqueued(try await store.enqueue(task, replicas: job.options.replicas))
        }
    }

    /// Behind all middleware.
    private static func send(_ jobs: [JobRequest], to store: Store) async throws(PenstockError) -> [Enqueued] {
        guard let first = jobs.first else { return [] }
        if jobs.count == 1 { return [try await send(first, to: store)] }
        var tasks: [NewTask] = []
        tasks.reserveCapacity(jobs.count)
        for job in jobs {
            if job.options.replicas != first.options.replicas {
                throw PenstockError(
                    .invalidArgument,
                    "jobs of one call have different replicas: enqueue those with the same replicas together")
            }
            tasks.append(try job.options.task(id: store.makeID(), kind: job.kind, payload: job.payload))
        }
        return try await send(tasks, first.options.replicas, to: store)
    }

    private static func send(
        _ tasks: [NewTask], _ replicas: ReplicaConfirmation?, to store: Store
    ) async throws(PenstockError) -> [Enqueued] {
        if tasks.isEmpty { return [] }
        return try await publicly { () throws(StoreError) in
            try await store.admit()
            return try await store.enqueue(tasks, replicas: replicas).map { Enqueued($0) }
        }
    }

    func encode<J: Job>(_ job: J) throws(PenstockError) -> [UInt8] {
        do {
            return try configuration.codec.encode(job)
        } catch {
            throw PenstockError(.codec, "job \(J.name) cannot be encoded: \(error)", cause: error)
        }
    }
}
