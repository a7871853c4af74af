import PenstockModel
import PenstockStore
import RedisClient

extension Store {
    /// Steps the clock that scripts read. Nothing else notices: what Redis itself forgets after a while (idempotency keys,
    /// results, tokens) keeps Redis's own time.
    ///
    /// A step of half a lease and more looks to a heartbeat like a silence of the server, and leases that ran out in it are
    /// given half a lease of grace: to see a lease expire, take shorter steps with a heartbeat of another worker between.
    package func stepClock(by duration: Duration) async throws {
        _ = try await redis.send(RedisCommand("HINCRBY", keys.clock, "offset", "\(duration.milliseconds)"))
    }
}
