import EmbeddedRedis
import Logging
import Penstock
import PenstockRuntime
import PenstockStore
import PenstockTesting
import RedisClient
import ServiceLifecycle
import Synchronization
import Testing

/// The simplest job: a number.
struct Work: Job {
    static let name = "work"
    var number = 0
}

/// A job of another kind.
struct Other: Job {
    static let name = "other"
    var number = 0
}

/// A private Redis and a client of it.
struct Rig: Sendable {
    let redis: EmbeddedRedis
    let penstock: Penstock

    static var quiet: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

    @discardableResult
    static func with<Result>(
        _ options: EmbeddedRedis.Options = .init(), isolation: isolated (any Actor)? = #isolation,
        _ body: (Rig) async throws -> Result
    ) async throws -> Result {
        try await EmbeddedRedis.withRedis(options) { redis in
            let rig = Rig(redis: redis, penstock: try client(redis.url))
            do {
                let result = try await body(rig)
                await rig.penstock.shutdown()
                return result
            } catch {
                await rig.penstock.shutdown()
                throw error
            }
        }
    }

    static func client(_ url: String) throws -> Penstock {
        try Penstock(.init(url: url, namespace: "t"), logger: quiet)
    }

    /// A plain command.
    @discardableResult
    func command(_ name: String, _ arguments: String...) async throws -> RedisReply {
        try await penstock.store.redis.send(RedisCommand(name, RedisArguments(arguments)))
    }

    /// Steps Redis's clock, as the scripts see it.
    func advanceClock(by duration: Duration) async throws {
        try await command("HINCRBY", "{t:0}:clock", "offset", String(duration.milliseconds))
    }

    func queue(_ name: String = "default", withTenants: Bool = false) async throws -> QueueStatus {
        try #require(try await penstock.queues([name], withTenants: withTenants).first)
    }

    func states(_ ids: [TaskID]) async throws -> [TaskState] {
        var states: [TaskState] = []
        for id in ids { states.append(try await penstock.status(id).state) }
        return states
    }

    /// Makes Redis know the script, so that a rule about its digest meets a call that runs.
    func load(_ script: RedisScript) async throws {
        #expect(try await command("SCRIPT", "LOAD", script.source).text == script.digest)
    }

    /// No job and no trace of one is left, nor of a worker: only what the design says stays.
    func expectNothingLeft(except allowed: Set<String> = []) async throws {
        // A hint that was on its way may outlive its worker by ten seconds, and an enqueue token by thirty.
        let fleeting = ["wake:", "sent:", "dedupe:", "result:", "log:"]
        let kept: Set<String> = ["clock", "queues"]
        var rest: [String] = []
        for key in (try await command("KEYS", "*").array ?? []).compactMap(\.text) {
            guard key.hasPrefix("{t:0}:") else {
                rest.append(key)
                continue
            }
            let name = String(key.dropFirst("{t:0}:".count))
            if kept.contains(name) || allowed.contains(name) || name.hasPrefix("totals:") || name.hasPrefix("wide:") {
                continue
            }
            if fleeting.contains(where: name.hasPrefix) {
                if let ttl = try await command("PTTL", key).int, ttl == -1 { rest.append("\(name) without end") }
                continue
            }
            rest.append(name)
        }
        #expect(rest.sorted() == [])
    }
}

/// A worker that runs, and what it told.
struct RunningWorker: Sendable {
    let worker: Worker
    let events: EventBox<WorkerEvent>
    private let group: ServiceGroup

    /// Runs a worker as a service while `body` runs; then it is shut down gracefully, if it still runs, and has to end.
    @discardableResult
    static func with<Result: Sendable>(
        _ penstock: Penstock, queues: [String] = ["default"], concurrency: Int = 4, options: Worker.Options = .quick,
        prepare: (Worker) -> Void, isolation: isolated (any Actor)? = #isolation,
        _ body: (RunningWorker) async throws -> Result
    ) async throws -> Result {
        let events = EventBox<WorkerEvent>("events of the worker")
        let worker = Worker(penstock, queues: queues, concurrency: concurrency, options: options, logger: Rig.quiet) {
            if $0 != .idle { events.post($0) }
        }
        prepare(worker)
        let service = ServiceGroupConfiguration.ServiceConfiguration(
            service: worker, successTerminationBehavior: .gracefullyShutdownGroup)
        let group = ServiceGroup(configuration: .init(services: [service], logger: Rig.quiet))
        async let running: Void = withDeadline(.seconds(90), for: "the end of a worker") { try await group.run() }
        do {
            let result = try await body(RunningWorker(worker: worker, events: events, group: group))
            await group.triggerGracefulShutdown()
            try await running
            return result
        } catch {
            await group.triggerGracefulShutdown()
            try? await running
            throw error
        }
    }

    func shutDown() async { await group.triggerGracefulShutdown() }

    func started() async throws {
        try await events.next("its registration") { if case .registered = $0 { true } else { false } }
    }
}

extension Worker.Options {
    /// For tests that end by a shutdown and do not want to wait for it.
    static var quick: Worker.Options {
        var options = Worker.Options()
        options.shutdownGrace = .seconds(20)
        options.cancellationGrace = .seconds(20)
        return options
    }

    static var draining: Worker.Options {
        var options = Worker.Options.quick
        options.drains = true
        return options
    }

    func with(_ change: (inout Worker.Options) -> Void) -> Worker.Options {
        var options = self
        change(&options)
        return options
    }
}

/// What handlers did, in order.
typealias Notes<Note: Sendable> = EventBox<Note>

/// How many are inside at once, and the most there ever were.
final class Occupancy: Sendable {
    private let state = Mutex((now: 0, most: 0, total: 0))

    func enter() {
        state.withLock { state in
            state.now += 1
            state.total += 1
            state.most = max(state.most, state.now)
        }
    }

    func leave() { state.withLock { $0.now -= 1 } }

    var most: Int { state.withLock { $0.most } }
    var total: Int { state.withLock { $0.total } }
    var now: Int { state.withLock { $0.now } }
}

/// A door that handlers wait at, deaf to cancellation, until the test opens it.
final class Door: Sendable {
    private let state = Mutex((isOpen: false, waiting: [CheckedContinuation<Void, Never>]()))

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}

/// What a handler does for a long time, and stops doing when it is cancelled.
func untilCancelled() async throws {
    // Sleeps because: it is the work of a job that has no end.
    try await Task.sleep(for: .seconds(3600))
}
