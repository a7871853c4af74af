import PenstockModel
import RedisClient

/// A connector that services have made known.
package struct ConnectorRecord: Sendable, Hashable {
    package let name: String
    package let shards: Int
    package let summary: String
}

extension Store {
    /// Makes a connector known to people.
    package func declareConnector(_ name: String, shards: Int, summary: String) async throws(StoreError) {
        do { try Name.connector.check(name) } catch { throw .invalid("\(error)") }
        let line = "\(shards)\t\(summary.filter { !$0.isNewline && $0 != "\t" })"
        _ = try await send(RedisCommand("HSET", keys.connectors, name, line))
    }

    package func connectors() async throws(StoreError) -> [ConnectorRecord] {
        let fields = Dictionary(flat: try await send(RedisCommand("HGETALL", keys.connectors)).array ?? [])
        return fields.compactMap { name, line in
            let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
            guard let shards = Int(parts[0]) else { return nil }
            return ConnectorRecord(name: name, shards: shards, summary: parts.count > 1 ? String(parts[1]) : "")
        }
        .sorted { $0.name < $1.name }
    }

    /// Whether a signal with this idempotency key was given.
    package func isSignalled(_ key: String) async throws(StoreError) -> Bool {
        try await send(RedisCommand("EXISTS", keys.signalled(key))).int == 1
    }

    // MARK: Events that were set aside

    package func setAside(
        _ event: String, _ record: [UInt8], of connector: String, role: RoleClaim
    ) async throws(StoreError) {
        var arguments = RedisArguments([connector, event])
        arguments.append(record)
        arguments.append("\(role.name) \(role.fence)")
        let reply = try await call(Scripts.setAside, arguments)
        if let now = reply.text.flatMap({ Int64($0) }) { learn(now: now) }
    }

    /// How many events of each connector are set aside.
    package func countAside(_ connectors: [String]) async throws(StoreError) -> [Int] {
        try await pipeline(connectors.map { RedisCommand("HLEN", keys.aside($0)) }).map { $0.int ?? 0 }
    }

    /// Events that are set aside, by id; all of them, or these.
    package func asideRecords(
        _ connector: String, _ events: [String]? = nil
    ) async throws(StoreError) -> [(id: String, record: [UInt8])] {
        guard let events else {
            let items = try await send(RedisCommand("HGETALL", keys.aside(connector))).array ?? []
            return stride(from: 0, to: items.count - 1, by: 2).compactMap { i in
                guard let id = items[i].text, let record = items[i + 1].bytes else { return nil }
                return (id, record)
            }
        }
        if events.isEmpty { return [] }
        let command = RedisCommand("HMGET", RedisArguments([keys.aside(connector)] + events))
        let replies = try await send(command).array ?? []
        return zip(events, replies).compactMap { id, reply in reply.bytes.map { (id, $0) } }
    }

    /// Asks for events that are set aside to be tried again, and tells how many of these there are.
    package func retryAside(_ connector: String, _ events: [String]) async throws(StoreError) -> Int {
        let known = try await asideRecords(connector, events).map(\.id)
        if known.isEmpty { return 0 }
        _ = try await send(RedisCommand("SADD", RedisArguments([keys.again(connector)] + known)))
        return known.count
    }

    /// Events of those set aside that are to be tried again, some of them.
    package func wantedAgain(_ connector: String) async throws(StoreError) -> [(id: String, record: [UInt8])] {
        let ids = try await send(RedisCommand("SRANDMEMBER", keys.again(connector), "1000")).array ?? []
        return try await asideRecords(connector, ids.compactMap(\.text))
    }

    /// They are not to be tried again: that was done, in vain.
    package func forgetAgain(_ connector: String, _ events: [String]) async throws(StoreError) {
        if events.isEmpty { return }
        _ = try await send(RedisCommand("SREM", RedisArguments([keys.again(connector)] + events)))
    }

    /// Removes events that are set aside, and tells how many there were.
    package func discardAside(_ connector: String, _ events: [String]) async throws(StoreError) -> Int {
        if events.isEmpty { return 0 }
        let replies = try await pipeline([
            RedisCommand("HDEL", RedisArguments([keys.aside(connector)] + events)),
            RedisCommand("SREM", RedisArguments([keys.again(connector)] + events)),
        ])
        if let error = replies.lazy.compactMap(\.error).first { throw StoreError(.server(error)) }
        return replies[0].int ?? 0
    }
}
