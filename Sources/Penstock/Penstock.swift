import Logging
import NIOCore
import NIOPosix
import PenstockModel
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

        public init(
            url: String = "redis://127.0.0.1:6379", namespace: String = "penstock", codec: any JobCodec = JSONCodec(),
            largestPayload: Int = 16 << 20
        ) {
            self.url = url
            self.namespace = namespace
            self.codec = codec
            self.largestPayload = largestPayload
        }
    }

    public let configuration: Configuration
    package let store: Store
    let redis: RedisClient
    let logger: Logger

    /// Makes a client; the first call connects.
    ///
    /// - Parameters:
    ///   - eventLoopGroup: the host application's, or the process-wide one.
    /// - Throws: `invalidArgument` for a URL or namespace that cannot be right.
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
        do throws(InvalidName) {
            store = try Store(redis: redis, namespace: configuration.namespace, limits: limits)
        } catch {
            throw PenstockError(.invalidArgument, "\(error)", cause: error)
        }
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
    public func shutdown() async { await redis.shutdown() }

    // MARK: Enqueue

    /// Enqueues a job. Concurrent callers share round trips.
    ///
    /// - Throws: `outcomeUnknown` if replies were lost for 15 s: the job may be enqueued. Before that the call is sent
    ///   again by itself, which is safe.
    @discardableResult
    public func enqueue<J: Job>(_ job: J, _ options: EnqueueOptions = .init()) async throws(PenstockError) -> Enqueued {
        try await enqueue(kind: J.name, payload: try encode(job), options.adding(limitKeys: job.limitKeys))
    }

    /// Enqueues many jobs with the same options: one round trip for up to a thousand, in chunks beyond. Each chunk is
    /// stored whole or not at all.
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
        var tasks: [NewTask] = []
        for job in jobs {
            let options = options.adding(limitKeys: job.limitKeys)
            tasks.append(try options.task(id: store.makeID(), kind: J.name, payload: try encode(job)))
        }
        return try await enqueue(tasks)
    }

    /// Enqueues a payload as it is, for a kind by name.
    @discardableResult
    public func enqueue(
        kind: String, payload: [UInt8], _ options: EnqueueOptions = .init()
    ) async throws(PenstockError) -> Enqueued {
        let task = try options.task(id: store.makeID(), kind: kind, payload: payload)
        let answer = try await publicly { () throws(StoreError) in try await store.enqueue(task) }
        return Enqueued(id: answer.id, isDuplicate: answer.isDuplicate)
    }

    /// A job as bytes, with options of its own.
    public struct RawJob: Sendable {
        public var kind: String
        public var payload: [UInt8]
        public var options: EnqueueOptions

        public init(kind: String, payload: [UInt8], options: EnqueueOptions = .init()) {
            self.kind = kind
            self.payload = payload
            self.options = options
        }
    }

    /// Enqueues payloads as they are, each with its own options.
    @discardableResult
    public func enqueue(raw jobs: [RawJob]) async throws(PenstockError) -> [Enqueued] {
        var tasks: [NewTask] = []
        tasks.reserveCapacity(jobs.count)
        for job in jobs {
            tasks.append(try job.options.task(id: store.makeID(), kind: job.kind, payload: job.payload))
        }
        return try await enqueue(tasks)
    }

    private func enqueue(_ tasks: [NewTask]) async throws(PenstockError) -> [Enqueued] {
        let answers = try await publicly { () throws(StoreError) in try await store.enqueue(tasks) }
        return answers.map { Enqueued(id: $0.id, isDuplicate: $0.isDuplicate) }
    }

    private func encode<J: Job>(_ job: J) throws(PenstockError) -> [UInt8] {
        do {
            return try configuration.codec.encode(job)
        } catch {
            throw PenstockError(.codec, "job \(J.name) cannot be encoded: \(error)", cause: error)
        }
    }
}
