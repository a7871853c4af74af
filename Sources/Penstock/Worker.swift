import Logging
import PenstockModel
import PenstockRuntime
import PenstockStore
import ServiceLifecycle
import Synchronization

/// Runs jobs. A service for `ServiceGroup`: on graceful shutdown it claims nothing more, lets running jobs end within the
/// grace time, and hands the rest back, uncounted.
///
///     let worker = Worker(penstock, queues: ["mail"], concurrency: 64)
///     worker.handle(SendWelcome.self) { job, context in
///         try await mailer.welcome(job.userID)
///     }
///     try await ServiceGroup(services: [penstock, worker], gracefulShutdownSignals: [.sigterm], logger: logger).run()
public final class Worker: Service {
    public struct Options: Sendable {
        /// How many jobs of one kind run at once, where fewer than the worker's concurrency.
        public var kindConcurrency: [String: Int] = [:]
        /// How long the worker's jobs stay its own without a sign of life; a heartbeat is sent three times as often. A
        /// dead worker's jobs are taken over when it has passed. 15 s by default.
        public var lease: Duration = .seconds(15)
        /// How long running jobs may go on after a graceful shutdown began. 25 s by default.
        public var shutdownGrace: Duration = .seconds(25)
        /// How long a handler may take to end after it was cancelled. 5 s by default. After that its slot is given away.
        public var cancellationGrace: Duration = .seconds(5)
        /// Time for one attempt, where neither the job nor its handler says. None by default.
        public var attemptTimeout: Duration?
        /// How jobs are retried, where neither the job nor its handler says.
        public var retry: RetryPolicy = .standard
        /// How long an idle worker waits before it looks for work although nobody has told it of any: wake-ups are pushed, and
        /// this finds what was lost on the way. 5 s by default, and never longer than a third of the lease.
        public var pollInterval: Duration = .seconds(5)
        /// End when nothing is ready, limited, delayed or running in the worker's queues.
        public var drains = false
        /// Takes in jobs that other clients add to the inbox stream as soon as they are there; one connection more. At
        /// least one worker of a namespace should. On by default.
        public var watchesInbox = true
        /// Fires the ticks of schedules, of whatever queue. Any number of workers of a namespace may, and at least one should. On
        /// by default.
        public var firesSchedules = true
        /// Called around every attempt, the first one outermost; none by default.
        public var executionMiddleware: [any ExecutionMiddleware] = []
        /// Delivers the callbacks of runs that were started with a URL. None by default: such callbacks then wait for a worker
        /// that has one. PenstockCallbacks brings `CallbackSender`.
        public var callbacks: (any RunCallbackSender)?
        /// Limits that the code declares, by name, as `Penstock.setLimit(_:_:)` takes them: `["account:*": try .init(jobs: 10)]`.
        ///
        /// A declared limit is stored when the worker starts, where none is set under its name, and is then a limit like
        /// any other. What is set already stays, be it from a person, or from another version of the service that declares
        /// other terms: versions do not fight, and the worker logs a warning that both differ. To let the declaration
        /// count, remove the limit and start a worker, or set it. None by default.
        public var limits: [String: LimitTerms] = [:]

        public init() {}
    }

    /// What the worker has done since it started.
    public struct Statistics: Sendable, Hashable {
        public var claimed = 0, completed = 0, retried = 0, dead = 0, cancelled = 0
        /// Handed back unfinished.
        public var released = 0
        /// Commits that came too late: another worker has the job.
        public var refused = 0
    }

    /// A handler as it was registered, without middleware.
    private struct Handler {
        let retry: RetryPolicy?
        let timeout: Duration?
        let run: ExecutionMiddleware.NextAttempt
    }

    private struct Registry {
        var handlers: [String: Handler] = [:]
        var fallback: Handler?
        var workflows: [String: Definition] = [:]
        var codes: [WorkflowCode] = []
        var schedules: [String: ScheduleDeclaration] = [:]
        var connections: [ConnectionDraft] = []
        var engine: WorkerEngine?
    }

    let penstock: Penstock
    private let queues: [String]
    private let concurrency: Int
    private let options: Options
    private let logger: Logger
    private let registry = Mutex(Registry())
    private let observe: (@Sendable (WorkerEvent) -> Void)?

    public convenience init(
        _ penstock: Penstock, queues: [String] = ["default"], concurrency: Int = 16, options: Options = .init(),
        logger: Logger? = nil
    ) {
        self.init(penstock, queues: queues, concurrency: concurrency, options: options, logger: logger, observe: nil)
    }

    package init(
        _ penstock: Penstock, queues: [String], concurrency: Int, options: Options, logger: Logger? = nil,
        observe: (@Sendable (WorkerEvent) -> Void)?
    ) {
        self.penstock = penstock
        self.queues = queues
        self.concurrency = concurrency
        self.options = options
        self.logger = logger ?? penstock.logger
        self.observe = observe
    }

    /// Handles jobs of a type. The value that the handler returns is the job's result, kept if the job asks for that.
    ///
    /// Register all handlers before the worker runs; a later one for the same kind replaces an earlier one. An error that
    /// the handler throws fails the attempt: `JobFailure`, or any `FailureDisposing` error, says what follows.
    ///
    /// - Parameters:
    ///   - retry: how often and how soon; the worker's policy by default.
    ///   - timeout: time for one attempt.
    public func handle<J: Job, Output: Encodable & Sendable>(
        _ type: J.Type, retry: RetryPolicy? = nil, timeout: Duration? = nil,
        _ body: @escaping @Sendable (J, JobContext) async throws -> Output
    ) {
        let codec = penstock.configuration.codec
        register(J.name, retry, timeout) { payload, context in
            let job: J
            do {
                job = try codec.decode(J.self, from: payload)
            } catch {
                throw JobFailure.permanent("payload is no \(J.name): \(error)")
            }
            let output = try await body(job, context)
            guard context.keepsResult, Output.self != NoOutput.self else { return nil }
            return try codec.encode(output)
        }
    }

    /// Handles jobs of a type that have no result.
    public func handle<J: Job>(
        _ type: J.Type, retry: RetryPolicy? = nil, timeout: Duration? = nil,
        _ body: @escaping @Sendable (J, JobContext) async throws -> Void
    ) {
        handle(type, retry: retry, timeout: timeout) { job, context in
            try await body(job, context)
            return NoOutput()
        }
    }

    /// Handles jobs of a type that brings its own code.
    public func handle<J: RunnableJob>(_ type: J.Type, retry: RetryPolicy? = nil, timeout: Duration? = nil) {
        handle(type, retry: retry, timeout: timeout) { job, context in try await job.run(context) }
    }

    /// Handles payloads of a kind as bytes; returned bytes are the result.
    public func handle(
        kind: String, retry: RetryPolicy? = nil, timeout: Duration? = nil,
        _ body: @escaping @Sendable ([UInt8], JobContext) async throws -> [UInt8]?
    ) {
        register(kind, retry, timeout, body)
    }

    /// Executes the steps of a workflow's runs, in the version that this one has. Several versions can be handled side by side.
    public func handle<Input, Output>(_ workflow: Workflow<Input, Output>) { register(workflow.definition) }

    /// Executes the code of a state machine's runs.
    public func handle<Object, Status>(_ machine: StateMachine<Object, Status>) { register(machine.definition) }

    /// Code that was made in another way than by a definition.
    package func handle(code: WorkflowCode) { registry.withLock { $0.codes.append(code) } }

    /// Connects runs of a workflow with what `draft` makes of their moves: see `Worker.connect`.
    func connect(
        _ draft: ConnectionDraft, retry: RetryPolicy?, _ run: @escaping ExecutionMiddleware.NextAttempt
    ) {
        registry.withLock { $0.connections.append(draft) }
        register(draft.kind, retry, nil, run)
    }

    var client: Penstock { penstock }

    private func register(_ definition: Definition) {
        registry.withLock { $0.workflows[definition.shape.kind] = definition }
    }

    /// Handles every kind that has no handler of its own, as bytes. The worker then claims any kind.
    public func handleAnyKind(
        retry: RetryPolicy? = nil, timeout: Duration? = nil,
        _ body: @escaping @Sendable ([UInt8], JobContext) async throws -> [UInt8]?
    ) {
        registry.withLock { $0.fallback = Handler(retry: retry, timeout: timeout, run: body) }
    }

    func register(_ schedule: ScheduleDeclaration) { registry.withLock { $0.schedules[schedule.name] = schedule } }

    func register(
        _ kind: String, _ retry: RetryPolicy?, _ timeout: Duration?,
        _ run: @escaping ExecutionMiddleware.NextAttempt
    ) {
        registry.withLock { $0.handlers[kind] = Handler(retry: retry, timeout: timeout, run: run) }
    }

    private func taskHandler(_ handler: Handler) -> TaskHandler {
        let run = options.executionMiddleware.around(handler.run)
        return TaskHandler(retry: handler.retry, timeout: handler.timeout) { task, context in
            try await run(task.record.payload, JobContext(task, context))
        }
    }

    /// The code of a workflow, with the middleware around it. A step has no payload of its own and no result of the job's.
    private func code(_ definition: Definition) -> WorkflowCode {
        var code = definition.code(Coding(codec: penstock.configuration.codec))
        if options.executionMiddleware.isEmpty { return code }
        let middleware = options.executionMiddleware
        code.around = { task, context, body in
            _ = try await middleware.around { _, _ in
                try await body()
                return nil
            }(task.record.payload, JobContext(task, context))
        }
        return code
    }

    /// Works until shutdown or cancellation.
    ///
    /// - Throws: `invalidArgument` for wrong options, kinds or names of limits; whatever keeps the worker from reaching Redis at the start.
    public func run() async throws {
        let engine = try makeEngine()
        try await declareLimits()
        registry.withLock { $0.engine = engine }
        try await publicly { () throws(StoreError) in try await engine.run() }
    }

    private func declareLimits() async throws(PenstockError) {
        var declared: [(LimitName, LimitTerms)] = []
        for (text, terms) in options.limits.sorted(by: { $0.key < $1.key }) {
            declared.append((try LimitName(publicly: text), terms))
        }
        for (name, terms) in declared {
            let held = try await publicly { () throws(StoreError) in try await penstock.store.declareLimit(name, terms)
            }
            guard held != terms else { continue }
            logger.warning(
                "a declared limit does not count: other terms are set. Remove the limit, or set it",
                metadata: ["limit": "\(name)", "declared": "\(terms)", "set": "\(held)"])
        }
    }

    private func makeEngine() throws(PenstockError) -> WorkerEngine {
        let (handlers, fallback) = registry.withLock { ($0.handlers, $0.fallback) }
        let workflows = registry.withLock { ($0.workflows.values.map { code($0) } + $0.codes) }
        let schedules = registry.withLock { $0.schedules.values.sorted { $0.name < $1.name } }
        for kind in handlers.keys {
            do { try Name.kind.check(kind) } catch { throw PenstockError(.invalidArgument, "\(error)", cause: error) }
        }
        var configuration = WorkerConfiguration(queues: queues)
        configuration.concurrency = concurrency
        configuration.kindConcurrency = options.kindConcurrency
        configuration.lease = options.lease
        configuration.shutdownGrace = options.shutdownGrace
        configuration.cancellationGrace = options.cancellationGrace
        configuration.attemptTimeout = options.attemptTimeout
        configuration.retry = options.retry
        configuration.drains = options.drains
        configuration.fallbackPoll = options.pollInterval
        configuration.watchesInbox = options.watchesInbox
        configuration.firesSchedules = options.firesSchedules
        let drafts = registry.withLock { $0.connections }
        configuration.connections = try ConnectionDraft.checked(drafts, queue: queues.first ?? "default")
        configuration.host = Host.name
        configuration.pid = Host.process
        var callbacks: (@Sendable (RunCall, CallbackMoment) async throws -> Void)?
        if let sender = options.callbacks {
            callbacks = { [store = penstock.store] call, moment in
                try await Self.deliver(moment, of: call, by: sender, store)
            }
        }
        do throws(StoreError) {
            return try WorkerEngine(
                store: penstock.store, configuration: configuration, handlers: handlers.mapValues(taskHandler),
                fallback: fallback.map(taskHandler), workflows: workflows, library: penstock.library,
                callbacks: callbacks, firer: penstock.firer, schedules: schedules, logger: logger, observe: observe)
        } catch {
            throw PenstockError(error)
        }
    }

    public var statistics: Statistics {
        guard let known = registry.withLock({ $0.engine })?.statistics else { return Statistics() }
        return Statistics(
            claimed: known.claimed, completed: known.completed, retried: known.retried, dead: known.dead,
            cancelled: known.cancelled, released: known.released, refused: known.refused)
    }
}

/// What a handler knows of the job beside its payload.
public struct JobContext: Sendable {
    public let id: TaskID
    public let kind: String
    public let queue: String
    public let tenant: String
    public let priority: Priority
    /// This attempt, from 1.
    public let attempt: Int
    public let maxAttempts: Int
    /// Times that a lost worker held the job before.
    public let recoveries: Int
    /// The batch that it is a member of.
    public let batch: BatchID?
    /// What the job was enqueued with.
    public let headers: [String: String]
    /// The worker's, or what a middleware made of it.
    public var logger: Logger
    /// Whether what the handler returns is kept.
    let keepsResult: Bool
    private let attemptContext: AttemptContext

    init(_ task: ClaimedTask, _ context: AttemptContext) {
        id = task.id
        kind = task.record.kind
        queue = task.record.queue
        tenant = task.record.tenant
        priority = task.record.priority
        attempt = task.attempt
        maxAttempts = context.maxAttempts
        recoveries = task.history.recoveries
        batch = task.record.options.batch
        headers = task.record.options.headers
        logger = context.logger
        keepsResult = task.record.options.retention != nil
        attemptContext = context
    }

    func note(_ progress: String?, _ lines: [String]) async -> Bool {
        await attemptContext.note(progress: progress, lines: lines)
    }

    /// The time since the job was enqueued, by Redis's clock as far as it is known here; nil if the id does not tell. For
    /// people and figures: it can be some milliseconds off.
    public var age: Duration? {
        id.milliseconds.map { .milliseconds(max(0, attemptContext.now - $0)) }
    }

    /// Why the handler was cancelled, once it was; nil before.
    public var cancellation: Cancellation? {
        switch attemptContext.interruption {
        case nil: nil
        case .cancelled(let reason): .requested(reason: reason)
        case .timedOut, .deadlinePassed: .timedOut
        case .shutdown: .shutdown
        case .leaseLost: .leaseLost
        }
    }

    public enum Cancellation: Sendable, Hashable {
        /// Somebody cancelled the job.
        case requested(reason: String)
        case timedOut
        /// The worker stops; the job goes back.
        case shutdown
        /// The worker was silent for too long: another one has the job, and what this one does counts no more.
        case leaseLost
    }
}
