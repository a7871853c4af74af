import EmbeddedRedis
import RedisClient

/// What figures are expressed in. It is taken between the scenarios, since machines differ and drift.
struct Reference: Sendable, Codable {
    /// `redis-benchmark -P 64 -t set`.
    var setsPerSecond: Double
    /// CPU of Redis for one of them.
    var setMicroseconds: Double
    /// The median round trip of a PING by Penstock's own client, in a bare loop.
    var pingMicroseconds: Double

    func value(of yardstick: Yardstick) -> Double {
        switch yardstick {
        case .setRate: setsPerSecond
        case .setCost: setMicroseconds
        case .ping: pingMicroseconds
        }
    }

    /// What was there between two takings.
    static func between(_ a: Reference, _ b: Reference) -> Reference {
        Reference(
            setsPerSecond: (a.setsPerSecond + b.setsPerSecond) / 2,
            setMicroseconds: (a.setMicroseconds + b.setMicroseconds) / 2,
            pingMicroseconds: (a.pingMicroseconds + b.pingMicroseconds) / 2)
    }
}

/// Takes the reference on a server of its own, which has no append-only file whatever the scenarios' have.
struct ReferenceTaker {
    private let server: EmbeddedRedis
    private let redis: RedisClient

    static func with<T: Sendable>(_ body: (ReferenceTaker) async throws -> T) async throws -> T {
        try await EmbeddedRedis.withRedis { server in
            let redis = RedisClient(configuration: try RedisConfiguration(url: server.url), logger: Plan.logger)
            let result: Result<T, any Error>
            do { result = .success(try await body(ReferenceTaker(server: server, redis: redis))) } catch {
                result = .failure(error)
            }
            await redis.shutdown()
            return try result.get()
        }
    }

    func take() async throws -> Reference {
        let operations = 100_000  // redis-benchmark's own default
        let before = try await redisCPU(redis)
        let rate = try redisBenchmarkSets(socket: server.socketPath, operations: operations)
        let cost = (try await redisCPU(redis) - before) / Double(operations)
        var pings: [Double] = []
        for _ in 0..<1000 {
            let sent = ContinuousClock.now
            _ = try await redis.send(RedisCommand("PING"))
            pings.append(microseconds(.now - sent))
        }
        guard rate > 0, cost > 0 else { throw BenchmarkError("the reference came out as nothing") }
        return Reference(setsPerSecond: rate, setMicroseconds: cost, pingMicroseconds: pings.median)
    }

    /// Version of the server, as it says itself.
    func version() async throws -> String {
        let text = try await redis.send(RedisCommand("INFO", "server")).text ?? ""
        for name in ["valkey", "redis"] {
            if let version = infoField("\(name)_version", in: text) { return "\(name) \(version)" }
        }
        return "unknown"
    }
}
