import PenstockModel
import RedisClient

/// What a worker says of itself when it starts.
package struct WorkerFacts: Sendable {
    package var queues: [String]
    /// Nil: any kind.
    package var kinds: [String]?
    package var concurrency: Int
    package var host: String
    package var pid: Int

    package init(queues: [String], kinds: [String]?, concurrency: Int, host: String, pid: Int) {
        self.queues = queues
        self.kinds = kinds
        self.concurrency = concurrency
        self.host = host
        self.pid = pid
    }
}

/// A live worker as others see it.
package struct WorkerView: Sendable {
    package let worker: String
    /// When its lease ends unless renewed, ms; negative while it is taken over.
    package let expiry: Int64
    package let queues: [String]
    package let kinds: [String]?
    package let host: String
    package let pid: Int
    /// The lanes of what it holds: how many, by queue.
    package let running: [String: Int]
}

package struct HeartbeatReply: Sendable {
    package let isAlive: Bool
    /// Held tasks that were asked to end, with the reason.
    package let cancels: [(TaskID, String)]
}

/// A hint from others.
package enum Hint: Sendable, Hashable {
    case work
    case cancel(TaskID, reason: String)
}

extension Store {
    package func register(worker: String, lease: Duration, facts: WorkerFacts) async throws(StoreError) {
        var arguments = RedisArguments([worker, String(lease.milliseconds)])
        arguments.append(contentsOf: [
            "queues", facts.queues.joined(separator: "\n"), "host", facts.host, "pid", String(facts.pid), "concurrency",
            String(facts.concurrency),
        ])
        if let kinds = facts.kinds {
            for kind in kinds { arguments.append(contentsOf: ["kind:" + kind, ""]) }
        } else {
            arguments.append(contentsOf: ["any", ""])
        }
        let reply = try await call(Scripts.register, arguments)
        if let now = reply.text.flatMap({ Int64($0) }) { learn(now: now) }
    }

    package func heartbeat(
        worker: String, lease: Duration, timeout: Duration? = nil
    ) async throws(StoreError) -> HeartbeatReply {
        let reply = try await call(Scripts.heartbeat, [worker, String(lease.milliseconds)], timeout: timeout)
        guard let items = reply.array, items.count >= 2, items.count % 2 == 0, let status = items[0].text else {
            throw .unexpectedReply("heartbeat")
        }
        if let now = items[1].text.flatMap({ Int64($0) }) { learn(now: now) }
        let cancels: [(TaskID, String)] = stride(from: 2, to: items.count, by: 2).compactMap { i in
            guard let id = items[i].text.flatMap({ TaskID($0) }) else { return nil }
            return (id, items[i + 1].text ?? "")
        }
        return HeartbeatReply(isAlive: status == "ok", cancels: cancels)
    }

    /// Leaves; what the incarnation still holds goes back, uncounted. Returns how many that were.
    @discardableResult
    package func retire(worker: String, timeout: Duration? = nil) async throws(StoreError) -> Int {
        try await call(Scripts.retire, [worker], timeout: timeout).int ?? 0
    }

    /// Makes a worker that waits for hints under this name look up.
    package func nudge(worker: String) async throws(StoreError) {
        _ = try await pipeline([
            RedisCommand("RPUSH", keys.wake(worker), "work"), RedisCommand("EXPIRE", keys.wake(worker), "10"),
        ])
    }

    /// Waits for what is pushed to the list of a worker or a waiting client, on a connection of its own.
    func wakeUps(
        for name: String, on connection: RedisBlockingConnection, atMost count: Int, timeout: Duration
    ) async throws(StoreError) -> [String] {
        let seconds = Double(max(timeout.milliseconds, 1)) / 1000
        let command = RedisCommand("BLMPOP", "\(seconds)", "1", keys.wake(name), "LEFT", "COUNT", String(count))
        let reply: RedisReply
        do throws(RedisError) {
            reply = try await connection.send(command, deadline: timeout + .seconds(5))
        } catch {
            throw StoreError(error)
        }
        guard let items = reply.array, items.count == 2 else { return [] }
        return (items[1].array ?? []).compactMap(\.text)
    }

    /// Waits for hints on a connection of its own, up to `timeout`.
    package func hints(
        for worker: String, on connection: RedisBlockingConnection, timeout: Duration
    ) async throws(StoreError) -> [Hint] {
        try await wakeUps(for: worker, on: connection, atMost: 100, timeout: timeout).compactMap { text in
            if text == "work" { return .work }
            let parts = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, parts[0] == "cancel", let id = TaskID(parts[1]) else { return nil }
            return .cancel(id, reason: String(parts[2]))
        }
    }

    /// Every worker that is known, with what it holds.
    package func workers() async throws(StoreError) -> [WorkerView] {
        let rows = try await send(RedisCommand("ZRANGE", keys.workers, "0", "-1", "WITHSCORES")).array ?? []
        let known: [(String, Int64)] = stride(from: 0, to: rows.count - 1, by: 2).compactMap { i in
            guard let name = rows[i].text, let expiry = rows[i + 1].text.flatMap({ Double($0) }) else { return nil }
            return (name, Int64(expiry))
        }
        let replies = try await pipeline(
            known.flatMap { name, _ in
                [RedisCommand("HGETALL", keys.worker(name)), RedisCommand("HVALS", keys.held(name))]
            })
        return known.enumerated().map { i, worker in
            let facts = Dictionary(flat: replies[2 * i].array ?? [])
            var running: [String: Int] = [:]
            for lease in replies[2 * i + 1].array ?? [] {
                // `claim TAB queue[|kind] TAB ...`
                let fields = (lease.text ?? "").split(separator: "\t", omittingEmptySubsequences: false)
                guard fields.count > 1 else { continue }
                running[String(fields[1].prefix { $0 != "|" }), default: 0] += 1
            }
            let kinds = facts.keys.filter { $0.hasPrefix("kind:") }.map { String($0.dropFirst(5)) }.sorted()
            return WorkerView(
                worker: worker.0, expiry: worker.1,
                queues: (facts["queues"] ?? "").split(separator: "\n").map(String.init),
                kinds: facts["any"] == nil ? kinds : nil, host: facts["host"] ?? "", pid: Int(facts["pid"] ?? "") ?? 0,
                running: running)
        }
    }
}

extension Dictionary where Key == String, Value == String {
    /// Field, value, field, value ... as Redis answers a hash.
    init(flat items: [RedisReply]) {
        self.init()
        for i in stride(from: 0, to: items.count - 1, by: 2) {
            if let field = items[i].text { self[field] = items[i + 1].text ?? "" }
        }
    }
}
