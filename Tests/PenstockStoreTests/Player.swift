import EmbeddedRedis
import Logging
import PenstockModel
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

/// Runs `body` with a store in an empty Redis of its own, and looks at the end whether the namespace is in order.
///
/// - Parameter calls: Is told of each script that is called.
func withStore(
    _ options: EmbeddedRedis.Options = .init(), limits: StoreLimits = .init(), audits: Bool = true,
    calls: (@Sendable (String) -> Void)? = nil, isolation: isolated (any Actor)? = #isolation,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: (Store) async throws -> Void
) async throws {
    try await EmbeddedRedis.withRedis(options) { server in
        var configuration = try RedisConfiguration(url: server.url)
        configuration.commandTimeout = .seconds(60)
        let client = RedisClient(
            configuration: configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let store = try Store(redis: client, namespace: "t", limits: limits, standingIn: ScriptStand.closure(calls))
        do {
            try await body(store)
            if audits {
                let findings = try await KeyspaceAudit.check(store)
                #expect(findings == [], sourceLocation: sourceLocation)
                let faults = try await store.audited()
                #expect(faults == [], sourceLocation: sourceLocation)
            }
            await client.shutdown()
        } catch {
            await client.shutdown()
            throw error
        }
    }
}

extension Store {
    /// What the doctor finds, all of it at once.
    func audited(_ change: (inout AuditSettings) -> Void = { _ in }) async throws -> [AuditFault] {
        var settings = AuditSettings()
        settings.patience = .zero
        change(&settings)
        var audit = NamespaceAudit(self, settings)
        try await audit.run()
        return audit.faults
    }

    func task(
        _ kind: String = "k", queue: String = "q", tenant: String = "", priority: Priority = .normal,
        options: TaskOptions = .init(), start: NewTask.Start = .now, deadline: Duration? = nil, key: String? = nil,
        payload: [UInt8] = []
    ) -> NewTask {
        NewTask(
            id: makeID(),
            record: TaskRecord(
                kind: kind, queue: queue, tenant: tenant, priority: priority, options: options, payload: payload),
            start: start, deadline: deadline, idempotencyKey: key)
    }

    /// Enqueues `count` tasks alike; returns their ids in order.
    @discardableResult
    func fill(
        _ count: Int, _ kind: String = "k", queue: String = "q", tenant: String = "", priority: Priority = .normal,
        start: NewTask.Start = .now
    ) async throws -> [TaskID] {
        var ids: [TaskID] = []
        while ids.count < count {
            let some = (0..<min(1000, count - ids.count)).map { _ in
                task(kind, queue: queue, tenant: tenant, priority: priority, start: start)
            }
            ids += try await enqueue(some).map(\.id)
        }
        return ids
    }

    /// Purges a queue chunk by chunk; returns how many were removed.
    @discardableResult
    func purgeAll(_ queue: String, chunk: Int, each: (Int) async throws -> Void = { _ in }) async throws -> Int {
        var removed = 0
        var cursor: String?
        repeat {
            let part = try await purge(queue: queue, chunk: chunk, from: cursor)
            removed += part.removed
            cursor = part.next
            try await each(part.removed)
        } while cursor != nil
        return removed
    }

    /// All keys with what is in them, but for Redis's time as it was last read.
    func dump() async throws -> [String] {
        var lines: [String] = []
        for name in try await raw("KEYS", "*").array?.compactMap(\.text).sorted() ?? []
        where name != keys.prefix + "clock" { lines.append("\(name): \(try await raw("DUMP", name))") }
        return lines
    }

    func state(_ id: TaskID) async throws -> TaskState { try await inspect(id).state }

    /// Runs one command of Redis.
    @discardableResult
    func raw(_ name: String, _ arguments: String...) async throws -> RedisReply {
        try await redis.send(RedisCommand(name, RedisArguments(arguments)))
    }
}

/// A worker without a loop: registers, and makes one turn at a time.
struct Player {
    let store: Store
    let name: String
    let queues: [String]
    let kinds: [String]?
    let lease: Duration
    private(set) var claims = 0

    init(
        _ store: Store, _ name: String = "w", queues: [String] = ["q"], kinds: [String]? = nil,
        lease: Duration = .seconds(9)
    ) async throws {
        self.store = store
        self.name = name
        self.queues = queues
        self.kinds = kinds
        self.lease = lease
        try await store.register(
            worker: name, lease: lease,
            facts: WorkerFacts(queues: queues, kinds: kinds, concurrency: 1, host: "here", pid: 1))
    }

    mutating func cycle(
        _ room: Int, bounds: [(kind: String, room: Int)] = [], reconcile: [(id: TaskID, claim: Int)]? = nil,
        ended: [EndedTask] = [], committed: [EndedRunTask] = [], fires: Bool = false
    ) async throws -> CycleReply {
        claims += 1
        var request = CycleRequest(
            worker: name, lease: lease, claim: claims, room: room, queues: queues, kinds: kinds, bounds: bounds,
            reconcile: reconcile, ended: ended, committed: committed)
        request.fires = fires
        return try await store.cycle(request)
    }

    /// A turn of a worker that is alive.
    @discardableResult
    mutating func turn(
        _ room: Int = 0, bounds: [(kind: String, room: Int)] = [], reconcile: [(id: TaskID, claim: Int)]? = nil,
        ended: [EndedTask] = [], committed: [EndedRunTask] = [], fires: Bool = false,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> CycleTurn {
        let reply = try await cycle(
            room, bounds: bounds, reconcile: reconcile, ended: ended, committed: committed, fires: fires)
        guard case .turn(let turn) = reply else {
            throw Surprise("worker \(name) is dead at \(sourceLocation)")
        }
        return turn
    }

    /// Ends `task` and claims `room` others.
    @discardableResult
    mutating func end(_ task: ClaimedTask, _ outcome: Outcome, room: Int = 0) async throws -> CycleTurn {
        try await turn(room, ended: [task.ended(outcome)])
    }

    /// Claims one.
    mutating func claim() async throws -> ClaimedTask {
        try #require(try await turn(1).claimed.first, "nothing to claim")
    }

    @discardableResult
    func beat() async throws -> HeartbeatReply { try await store.heartbeat(worker: name, lease: lease) }

    /// Lets the leases of others run out while this one beats.
    func outlive() async throws {
        for _ in 0..<4 {
            try await store.stepClock(by: lease / 3)
            try await beat()
        }
    }
}

struct Surprise: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension ClaimedTask {
    func ended(_ outcome: Outcome) -> EndedTask { EndedTask(id: id, claim: claim, outcome: outcome) }
}
