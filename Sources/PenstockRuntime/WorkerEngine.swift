import Logging
import PenstockModel
import PenstockStore
import RedisClient
import ServiceLifecycle
import Synchronization

/// A worker: claims tasks, runs them in slots, commits what became of them.
///
/// Its duties run side by side in one task group: the claim loop (which owns the slots), the hint listener, the
/// heartbeat and the alarm. They share `WorkerState`, which decides; this class acts.
package final class WorkerEngine: Sendable {
    let store: Store
    let configuration: WorkerConfiguration
    let handlers: [String: TaskHandler]
    /// Takes kinds that have no handler of their own; where there is one, the worker claims any kind.
    let fallback: TaskHandler?
    /// By the kind of their runs' tasks.
    let workflows: [String: WorkflowCode]
    /// Delivers a callback of a run; nil if this worker does not.
    let callbacks: (@Sendable (RunCall, CallbackMoment) async throws -> Void)?
    let library: ShapeLibrary
    /// Nil: this worker fires no schedules.
    let firer: TickFirer?
    let schedules: [ScheduleDeclaration]
    /// Schedules that cycles have handed out, to be fired.
    let handedOut = AsyncStream<[String]>.makeStream()
    /// The items of the fan-outs at work: each list is read once, not with each item. At most 64 MiB of them.
    let lists = FanCache<PackedList>(most: 8, mostBytes: 64 << 20) { $0.byteCount }
    let fans = FanCache<FoundRun>(most: 64)
    let logger: Logger
    let observe: (@Sendable (WorkerEvent) -> Void)?

    /// The kinds that it claims; nil for any.
    private let kinds: [String]?
    let state: Mutex<WorkerState>
    let gate = Gate()
    let alarm = Alarm()

    package init(
        store: Store, configuration: WorkerConfiguration, handlers: [String: TaskHandler], fallback: TaskHandler? = nil,
        workflows: [WorkflowCode] = [], library: ShapeLibrary? = nil,
        callbacks: (@Sendable (RunCall, CallbackMoment) async throws -> Void)? = nil,
        firer: TickFirer? = nil, schedules: [ScheduleDeclaration] = [],
        logger: Logger, observe: (@Sendable (WorkerEvent) -> Void)? = nil
    ) throws(StoreError) {
        try configuration.validate()
        guard fallback != nil || !handlers.isEmpty || !workflows.isEmpty else {
            throw .invalid("a worker needs at least one handler or workflow")
        }
        self.workflows = Dictionary(workflows.map { ($0.shape.kind, $0) }) { $1 }
        self.callbacks = callbacks
        self.library = library ?? ShapeLibrary(store: store)
        self.firer = configuration.firesSchedules ? firer : nil
        self.schedules = schedules
        self.store = store
        var configuration = configuration
        configuration.firesSchedules = self.firer != nil
        self.configuration = configuration
        self.handlers = handlers
        self.fallback = fallback
        self.logger = logger
        self.observe = observe
        kinds = fallback == nil ? (Array(handlers.keys) + self.workflows.keys).sorted() : nil
        state = Mutex(WorkerState(configuration: configuration, kinds: kinds))
    }

    package var statistics: WorkerStatistics { state.withLock { $0.statistics } }

    /// Attempts that run now.
    package var running: [TaskID] { state.withLock { $0.running.values.map(\.task.id) } }

    /// Works until a graceful shutdown, the cancellation of the task, or, where configured, until its queues are empty.
    /// Throws only if the worker cannot start.
    package func run() async throws(StoreError) {
        try await registerFirst()
        // The duties live on replies and never block: on the connection's own event loop they cost no thread hops.
        await withTaskExecutorPreference(store.redis.executor) { await perform() }
        observe?(.stopped)
    }

    private func perform() async {
        await withTaskGroup(of: Void.self) { duties in
            duties.addTask { await self.listenForHints() }
            duties.addTask { await self.keepLease() }
            if !workflows.isEmpty { duties.addTask { await self.removeExpiredRuns() } }
            if firer != nil { duties.addTask { await self.fireSchedules() } }
            if !schedules.isEmpty { duties.addTask { await self.declareSchedules() } }
            if configuration.watchesInbox { duties.addTask { await self.watchInbox() } }
            duties.addTask { await self.alarm.run { self.ring() } }
            await withGracefulShutdownHandler {
                await withTaskCancellationHandler {
                    await self.claimLoop()
                } onCancel: {
                    self.stop(grace: .zero)
                }
            } onGracefulShutdown: {
                self.stop(grace: self.configuration.shutdownGrace)
            }
            duties.cancelAll()
        }
    }

    /// Begins to stop: no more claims, `grace` for what runs, then interruption and hand-back.
    package func stop(grace: Duration) {
        let ends = ContinuousClock.now + grace
        let didBegin = state.withLock { state in
            guard state.phase == .working else { return false }
            state.stop(graceEnds: ends)
            return true
        }
        if didBegin { logger.info("worker stops", metadata: ["grace": "\(grace)"]) }
        alarm.set(ends)
        if grace == .zero {
            for attempt in state.withLock({ Array($0.running.values) }) { interrupt(attempt, .shutdown) }
        }
        gate.open()
    }

    func count(refused: [TaskID], confirmed: [TaskID]) {
        if !refused.isEmpty {
            logger.warning(
                "commits refused: the lease had been lost", metadata: ["jobs": "\(refused.map(\.rawValue))"])
            observe?(.refused(refused))
        }
        if !confirmed.isEmpty { observe?(.confirmed(confirmed)) }
    }

    // MARK: Incarnations

    private func registerFirst() async throws(StoreError) {
        let name = Self.incarnationName(configuration)
        // A lost reply is no reason to stay away: registering again under the same name changes nothing.
        let giveUp = ContinuousClock.now + .seconds(10)
        while true {
            do throws(StoreError) {
                try await enter(as: name)
                break
            } catch {
                guard case .redis(.outcomeUnknown) = error, .now < giveUp, !Task.isCancelled else { throw error }
                try? await Task.sleep(for: .milliseconds(20))
            }
        }
        state.withLock { $0.begin(incarnation: name) }
        observe?(.registered(incarnation: name))
    }

    /// The worker was taken over: what it runs is lost to it. It comes back under a new name.
    func beReborn(from lost: String) async {
        let loss = state.withLock { state in
            state.incarnationName == lost && !state.isLost ? state.lose() : nil
        }
        guard let (attempts, refused) = loss else { return }
        logger.warning("lease lost: this worker was taken over", metadata: ["worker": "\(lost)"])
        observe?(.incarnationLost(lost))
        count(refused: refused, confirmed: [])
        for attempt in attempts { interrupt(attempt, .leaseLost) }
        guard await register(anew: Self.incarnationName(configuration)) else {
            gate.open()
            return
        }
        gate.open()
        // The hint listener still listens under the old name.
        try? await store.nudge(worker: lost)
    }

    /// Begins a new life. False if the worker stops, and needs none.
    private func register(anew name: String) async -> Bool {
        let wait = Backoff.exponential(from: .milliseconds(50), cap: .seconds(1), jitter: 0.5)
        var failures = 0
        while state.withLock({ $0.phase == .working }) {
            do throws(StoreError) {
                try await enter(as: name)
                let isWanted = state.withLock { state in
                    if state.phase != .left { state.begin(incarnation: name) }
                    return state.phase != .left
                }
                if isWanted { observe?(.registered(incarnation: name)) } else { try await store.retire(worker: name) }
                return isWanted
            } catch {
                failures += 1
                logger.error("cannot register", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: wait.wait(afterAttempt: failures, random: .random(in: 0..<1)))
            }
        }
        return false
    }

    /// Makes the workflows known, before any of their tasks is claimed, and registers. Whoever was taken over may find a Redis
    /// that has lost them.
    private func enter(as name: String) async throws(StoreError) {
        for code in workflows.values { _ = try await library.keep(code.planner, isLost: true) }
        try await store.connect(configuration.connections)
        try await store.register(worker: name, lease: configuration.lease, facts: facts)
    }

    private var facts: WorkerFacts {
        WorkerFacts(
            queues: configuration.queues, kinds: kinds,
            concurrency: configuration.concurrency, host: configuration.host, pid: configuration.pid)
    }

    /// host-pid-random: tells people where, and nobody twice.
    private static func incarnationName(_ configuration: WorkerConfiguration) -> String {
        let host = configuration.host.isEmpty ? "worker" : configuration.host.filter { !$0.isWhitespace }
        return "\(host)-\(configuration.pid)-\(String(UInt64.random(in: .min ... .max), radix: 36))"
    }
}
