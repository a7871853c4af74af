import RedisClient

extension Store {
    /// Refuses new work while Redis is fuller than the memory mark allows. Asked before an enqueue and nowhere else: what
    /// workers commit and hand back makes room.
    package func admit() async throws(StoreError) {
        guard let mark = limits.memoryMark else { return }
        let (reading, at) = await gauge.look(every: limits.memoryInterval) {
            // A look that failed refuses nothing: Redis itself still refuses when it is full.
            guard let info = try? await self.redis.send(RedisCommand("INFO", "memory")).text else { return nil }
            return MemoryReading(info: info)
        }
        guard let reading, reading.limit > 0, Double(reading.used) > mark * Double(reading.limit) else { return }
        // Before the next look the answer is the same.
        let wait = limits.memoryInterval - (ContinuousClock.now - at)
        throw .backPressure(
            used: reading.used, limit: reading.limit, mark: mark,
            retryAfter: .milliseconds(max(wait.milliseconds, 1)))
    }
}
