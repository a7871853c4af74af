import RedisClient

/// What the server promises, to be said at start-up.
package struct ServerReport: Sendable, Hashable {
    package enum Durability: String, Sendable {
        /// No append-only file: a restart of Redis loses what came since its last snapshot.
        case none
        /// `appendfsync everysec` or `no`: up to about 2 s of acknowledged work can be lost with the machine.
        case everysec, no
        /// Every acknowledged write is on disk.
        case always
        /// The append-only file is on; Redis did not say how it is synced.
        case appendOnly = "append-only"
    }

    package var version: String
    package var durability: Durability
    package var evictionPolicy: String

    package init(version: String, durability: Durability, evictionPolicy: String) {
        self.version = version
        self.durability = durability
        self.evictionPolicy = evictionPolicy
    }

    /// What an operator should put right.
    package var warnings: [String] {
        var warnings: [String] = []
        if evictionPolicy != "noeviction" && !evictionPolicy.isEmpty {
            warnings.append(
                "maxmemory-policy is \(evictionPolicy): Redis may throw away queued work; set it to noeviction")
        }
        if durability == .none {
            warnings.append("append-only file is off: a restart of Redis can lose queued work; set appendonly yes")
        }
        return warnings
    }
}

extension Store {
    package func serverReport() async throws(StoreError) -> ServerReport {
        let replies = try await pipeline([
            RedisCommand("INFO", "server"), RedisCommand("INFO", "persistence"), RedisCommand("INFO", "memory"),
            RedisCommand("CONFIG", "GET", "appendfsync"),
        ])
        func field(_ name: String, in reply: RedisReply) -> String? {
            reply.text?.split(whereSeparator: \.isNewline).first { $0.hasPrefix(name + ":") }
                .map { String($0.dropFirst(name.count + 1)) }
        }
        let synced = replies[3].array?.dropFirst().first?.text.flatMap(ServerReport.Durability.init)
        return ServerReport(
            version: field("redis_version", in: replies[0]) ?? "",
            durability: field("aof_enabled", in: replies[1]) == "1" ? (synced ?? .appendOnly) : .none,
            evictionPolicy: field("maxmemory_policy", in: replies[2]) ?? "")
    }
}
