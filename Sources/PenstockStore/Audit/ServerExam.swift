import RedisClient

/// What the auditor asks the server itself.
package struct ServerExam: Sendable, Hashable {
    package var report: ServerReport
    /// Bytes; 0 for no bound.
    package var memoryUsed = 0
    package var memoryBound = 0
    package var isReplica = false
    /// What the last save to disk ended with, where that was not well.
    package var failedSave: String?
    /// Redis's clock, and the latest moment that a script saw, ms.
    package var now: Int64 = 0
    package var lastSeen: Int64 = 0
    /// Added to Redis's time, for tests only, ms.
    package var clockOffset: Int64 = 0
    /// The slowest script of this namespace that the slow log has, us, and how many took 20 ms or more.
    package var slowest = 0
    package var slowCalls = 0
    /// What could not be asked, for instance since the user may not.
    package var refused: [String] = []

    package init(report: ServerReport) { self.report = report }
}

extension Store {
    package func examineServer() async throws(StoreError) -> ServerExam {
        var exam = ServerExam(report: try await serverReport())
        let commands = [
            RedisCommand("INFO", "memory"), RedisCommand("INFO", "replication"), RedisCommand("INFO", "persistence"),
            RedisCommand("TIME"), RedisCommand("HMGET", keys.clock, "last", "offset"),
            RedisCommand("SLOWLOG", "GET", "128"),
        ]
        let replies = try await pipeline(commands)
        for (reply, name) in zip(replies, ["memory", "replication", "persistence", "time", "clock", "slow log"])
        where reply.error != nil {
            exam.refused.append(name)
        }
        exam.memoryUsed = Int(replies[0].infoField("used_memory") ?? "") ?? 0
        exam.memoryBound = Int(replies[0].infoField("maxmemory") ?? "") ?? 0
        exam.isReplica = replies[1].infoField("role") == "slave"
        for field in ["rdb_last_bgsave_status", "aof_last_write_status", "aof_last_bgrewrite_status"] {
            if let status = replies[2].infoField(field), status != "ok" { exam.failedSave = "\(field) is \(status)" }
        }
        if let time = replies[3].array, time.count == 2, let seconds = time[0].int, let micros = time[1].int {
            exam.now = Int64(seconds * 1000 + micros / 1000)
        }
        if let clock = replies[4].array, clock.count == 2 {
            exam.clockOffset = clock[1].text.flatMap { Int64($0) } ?? 0
            exam.lastSeen = clock[0].text.flatMap { Int64($0) } ?? 0
        }
        for entry in replies[5].array ?? [] {
            guard let parts = entry.array, parts.count >= 4, let took = parts[2].int,
                let words = parts[3].array?.map(\.looseText), words.first?.uppercased().hasPrefix("EVAL") == true,
                words.contains(keys.prefix), took >= 20_000
            else { continue }
            exam.slowCalls += 1
            exam.slowest = max(exam.slowest, took)
        }
        return exam
    }
}

extension RedisReply {
    /// A field of an answer to INFO.
    func infoField(_ name: String) -> String? {
        text?.split(whereSeparator: \.isNewline).first { $0.hasPrefix(name + ":") }
            .map { String($0.dropFirst(name.count + 1)) }
    }
}
