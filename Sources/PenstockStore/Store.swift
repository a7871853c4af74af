import Logging
import PenstockModel
import RedisClient
import Synchronization

/// Typed calls in, typed results out: the one door to a shard in Redis. What a call does is a script in `lua/`.
package final class Store: Sendable {
    package let keys: KeySpace
    package let redis: RedisClient
    package let limits: StoreLimits
    private let clock = Mutex(ServerClock())
    private let ids: Mutex<TaskIDGenerator>
    let combiner: EnqueueCombiner
    let replicaLines: ReplicaLines
    let gauge = MemoryGauge()
    /// What is called in the place of a script.
    private let stand: (@Sendable (RedisScript) -> RedisScript)?

    /// - Parameter stand: What is called in the place of each script: nil but in tests that want to know what was called,
    ///   whether a script with a fault is found out, or how two versions get on in one Redis.
    package init(
        redis: RedisClient, namespace: String, limits: StoreLimits = .init(),
        standingIn stand: (@Sendable (RedisScript) -> RedisScript)? = nil
    ) throws(InvalidName) {
        keys = try KeySpace(namespace: namespace)
        self.redis = redis
        self.limits = limits
        self.stand = stand
        ids = Mutex(TaskIDGenerator(shard: keys.shard))
        combiner = EnqueueCombiner()
        replicaLines = ReplicaLines(redis)
    }

    /// Closes the connections that the store has made beside the client that it was given. Idempotent.
    package func shutdown() async { await replicaLines.close() }

    /// A fresh id for a task.
    package func makeID() -> TaskID {
        let now = serverNow
        return ids.withLock { $0.next(now: now) }
    }

    /// Redis's clock in milliseconds as far as it is known here: from the last reply and the time since.
    package var serverNow: Int64 { clock.withLock { $0.estimate() } }

    func learn(now: Int64) { clock.withLock { $0.learn(now) } }

    func call(
        _ script: RedisScript, _ arguments: RedisArguments, timeout: Duration? = nil
    ) async throws(StoreError) -> RedisReply {
        do throws(RedisError) { return try await evaluate(script, arguments, timeout: timeout) } catch {
            throw StoreError(error)
        }
    }

    /// The one place where scripts are called: what is passed is held to the script's header.
    func evaluate(
        _ script: RedisScript, _ arguments: RedisArguments, timeout: Duration? = nil, on client: RedisClient? = nil
    ) async throws(RedisError) -> RedisReply {
        assert(
            Scripts.contracts[script.name]?.accepts(keys: 1, arguments: arguments.count) == true,
            "lua/\(script.name).lua does not take \(arguments.count) arguments")
        return try await (client ?? redis).evaluate(
            actual(script), keys: [keys.prefix], arguments: arguments, timeout: timeout)
    }

    func actual(_ script: RedisScript) -> RedisScript { stand.map { $0(script) } ?? script }

    func send(_ command: RedisCommand) async throws(StoreError) -> RedisReply {
        do throws(RedisError) { return try await redis.send(command) } catch { throw StoreError(error) }
    }

    func pipeline(_ commands: [RedisCommand]) async throws(StoreError) -> [RedisReply] {
        if commands.isEmpty { return [] }
        do throws(RedisError) { return try await redis.pipeline(commands) } catch { throw StoreError(error) }
    }
}

/// What a store accepts.
package struct StoreLimits: Sendable {
    /// The largest payload, in bytes. Default 16 MiB.
    package var payloadBytes = 16 << 20
    /// Tasks in one script call. Default 1,000: about 3 ms of Redis's time.
    package var tasksPerCall = 1000
    /// Bytes of payload in one script call, unless one task is larger. Default 4 MiB.
    package var bytesPerCall = 4 << 20
    /// The share of Redis's `maxmemory` above which nothing is enqueued. Default nil: up to all of it.
    package var memoryMark: Double?
    /// How long a look at Redis's memory counts. Default 1 s.
    package var memoryInterval: Duration = .seconds(1)

    package init() {}
}

/// Redis's clock, seen from here: the last moment that a reply told, and the monotonic time that has passed since.
struct ServerClock: Sendable {
    private var known: (milliseconds: Int64, at: ContinuousClock.Instant)?

    mutating func learn(_ milliseconds: Int64) { known = (milliseconds, .now) }

    func estimate() -> Int64 {
        guard let known else { return SystemTime.milliseconds }
        return known.milliseconds + (ContinuousClock.now - known.at).milliseconds
    }
}
