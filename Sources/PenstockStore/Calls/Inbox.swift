import PenstockModel
import RedisClient

/// The newest entry of the inbox that a watcher has seen.
package struct InboxPosition: Sendable, Hashable {
    package static let start = InboxPosition(entry: "0-0")
    var entry: String
}

/// An entry of the inbox that could not be read.
package struct RejectedEntry: Sendable, Hashable {
    package let entry: String
    package let reason: String
    package let fields: [String: String]
}

extension Store {
    /// Waits until the inbox has an entry newer than `seen`, up to `timeout`; false if none came.
    package func inboxEntry(
        after seen: inout InboxPosition, on connection: RedisBlockingConnection, timeout: Duration
    ) async throws(StoreError) -> Bool {
        let command = RedisCommand(
            "XREAD", "COUNT", "1000", "BLOCK", "\(max(timeout.milliseconds, 1))", "STREAMS", keys.inbox, seen.entry)
        let reply: RedisReply
        do throws(RedisError) {
            reply = try await connection.send(command, deadline: timeout + .seconds(5))
        } catch {
            throw StoreError(error)
        }
        guard let last = reply.array?.first?.array?.last?.array?.last?.array?.first?.text else { return false }
        seen.entry = last
        return true
    }

    package func inboxLength() async throws(StoreError) -> Int {
        try await send(RedisCommand("XLEN", keys.inbox)).int ?? 0
    }

    /// The newest entries of the inbox that were set aside, each with the reason.
    package func rejectedEntries(limit: Int) async throws(StoreError) -> [RejectedEntry] {
        let reply = try await send(RedisCommand("XREVRANGE", keys.rejected, "+", "-", "COUNT", "\(limit)"))
        return (reply.array ?? []).compactMap { item in
            guard let fields = item.array?.last?.array.map({ Dictionary(flat: $0) }) else { return nil }
            let rest = fields.filter { $0.key != "entry" && $0.key != "reason" }
            return RejectedEntry(entry: fields["entry"] ?? "", reason: fields["reason"] ?? "", fields: rest)
        }
    }
}

extension Store {
    /// The plain command that adds a task to the inbox: see `lua/includes/entry_task.lua`.
    package func inboxCommand(_ task: NewTask) throws(StoreError) -> [[UInt8]] {
        try validate(task)
        let (record, options) = (task.record, task.record.options)
        func refuse(_ what: String) -> StoreError { .invalid("an entry of the inbox has no \(what): leave it out") }
        if options.backoff != nil { throw refuse("back-off") }
        if options.batch != nil { throw refuse("batch") }
        if !options.headers.isEmpty { throw refuse("headers") }
        if task.role != nil { throw refuse("role") }
        var fields: [(String, String)] = [("version", "1"), ("kind", record.kind), ("queue", record.queue)]
        func add(_ name: String, _ value: String?) { if let value { fields.append((name, value)) } }
        add("tenant", record.tenant.isEmpty ? nil : record.tenant)
        add("priority", record.priority == .normal ? nil : String(record.priority.rawValue))
        switch task.start {
        case .now: break
        case .after(let delay): add("delay_ms", delay == .zero ? nil : String(delay.milliseconds))
        case .at(let moment): add("at_ms", String(moment))
        }
        add("key", task.idempotencyKey)
        add("key_ttl_ms", task.idempotencyKey.map { _ in String(task.keyLifetime.milliseconds) })
        if let unique = task.uniqueness {
            add("unique", unique.key)
            switch unique.until {
            case .started: add("unique_until", "start")
            case .finished: add("unique_until", "finish")
            case .died: add("unique_until", "death")
            case .passed: throw refuse("throttle")
            case .debounced: throw refuse("debounce")
            }
        }
        add("max_attempts", options.maxAttempts.map(String.init))
        add("timeout_ms", options.timeout.map { String($0.milliseconds) })
        add("retain_ms", options.retention.map { String($0.milliseconds) })
        add("deadline_ms", task.deadline.map { String($0.milliseconds) })
        add("expires_ms", task.expiry.map { String($0.milliseconds) })
        for limit in options.limits { add("limit", limit.rawValue) }
        let texts = ["XADD", keys.inbox, "*"] + fields.flatMap { [$0.0, $0.1] } + ["payload"]
        return texts.map { Array($0.utf8) } + [record.payload]
    }
}
