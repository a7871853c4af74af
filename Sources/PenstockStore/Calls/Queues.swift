import PenstockModel
import RedisClient

/// What can be paused.
package enum PauseTarget: Sendable, Hashable {
    case queue(String)
    case kind(String)

    var text: String {
        switch self {
        case .queue(let name): "queue:\(name)"
        case .kind(let name): "kind:\(name)"
        }
    }

    func check() throws(StoreError) {
        do {
            switch self {
            case .queue(let name): try Name.queue.check(name)
            case .kind(let name): try Name.kind.check(name)
            }
        } catch { throw .invalid("\(error)") }
    }
}

/// One queue in numbers.
package struct QueueView: Sendable, Hashable {
    package var name: String
    package var ready = 0
    /// Ready but for a limit, which has parked their lanes.
    package var limited = 0
    package var delayed = 0
    package var running = 0
    package var dead = 0
    /// Since the namespace began.
    package var totals: [String: Int] = [:]
    package var pausedBy: String?
    package var pausedAt: Int64?
    package var tenants: [TenantView] = []
    /// Kinds whose tasks were set aside because a worker that met them does not take them, or the kind is paused.
    package var asideKinds: [String] = []
    /// Of the oldest ready task, milliseconds since 1970.
    package var oldest: Int64?
}

package struct TenantView: Sendable, Hashable {
    package var name: String
    package var ready: Int
    package var limited = 0
    package var weight: Double
    package var oldest: Int64?
}

extension Store {
    /// False if it was paused already.
    package func pause(_ target: PauseTarget, by: String) async throws(StoreError) -> Bool {
        try target.check()
        let clean = by.unicodeScalars.filter { $0.value >= 0x20 }.map(String.init).joined()
        return try await call(Scripts.pause, [target.text, String(clean.prefix(200))]).text == "1"
    }

    /// False if it was not paused.
    package func resume(_ target: PauseTarget) async throws(StoreError) -> Bool {
        try target.check()
        return try await call(Scripts.resume, [target.text]).text == "1"
    }

    /// Who paused what, and when (ms).
    package func pauses() async throws(StoreError) -> [(target: PauseTarget, by: String, at: Int64)] {
        let rows = try await send(RedisCommand("HGETALL", keys.paused)).array ?? []
        return Dictionary(flat: rows).compactMap { target, value in
            let parts = value.split(separator: "\t", omittingEmptySubsequences: false)
            let by = parts.first.map(String.init) ?? ""
            let at = parts.last.flatMap { Int64($0) } ?? 0
            if target.hasPrefix("queue:") { return (.queue(String(target.dropFirst(6))), by, at) }
            if target.hasPrefix("kind:") { return (.kind(String(target.dropFirst(5))), by, at) }
            return nil
        }
    }

    /// Looks at a chunk of the waiting tasks of a queue and removes those that belong to no run; returns how many it
    /// removed, and where to go on.
    ///
    /// - Parameter cursor: nil at first, then as returned.
    package func purge(
        queue: String, chunk: Int = 500, from cursor: String? = nil
    ) async throws(StoreError) -> (removed: Int, next: String?) {
        try checkQueue(queue)
        let reply = try await call(Scripts.purge, [queue, String(chunk), cursor ?? ""]).array ?? []
        guard reply.count == 2, let removed = reply[0].int, let next = reply[1].text else {
            throw .unexpectedReply("purge")
        }
        return (removed, next.isEmpty ? nil : next)
    }

    /// Sets the weight of a tenant's turns: tasks a round, 0.001 to 1,000; 1 is the default and takes the entry away.
    package func setWeight(_ weight: Double, tenant: String, queue: String) async throws(StoreError) {
        try checkQueue(queue)
        do { try Name.tenant.check(tenant) } catch { throw .invalid("\(error)") }
        guard (0.001...1000).contains(weight) else {
            throw .invalid("weight must be 0.001 to 1000; it is \(weight)")
        }
        if weight == 1 {
            _ = try await send(RedisCommand("HDEL", keys.weights(queue), tenant))
        } else {
            _ = try await send(RedisCommand("HSET", keys.weights(queue), tenant, "\(weight)"))
        }
    }

    package func queueNames() async throws(StoreError) -> [String] {
        (try await send(RedisCommand("SMEMBERS", keys.queues)).array ?? []).compactMap(\.text).sorted()
    }

    /// All queues, or those named, in numbers. Ready tasks are counted lane by lane, in bounded calls.
    package func queues(_ names: [String]? = nil, withTenants: Bool = false) async throws(StoreError) -> [QueueView] {
        for name in names ?? [] { try checkQueue(name) }
        let names = if let names { names } else { try await queueNames() }
        var running: [String: Int] = [:]
        for worker in try await workers() { running.merge(worker.running, uniquingKeysWith: +) }
        let pauses = try await pauses()
        var views: [QueueView] = []
        for name in names {
            let replies = try await pipeline([
                RedisCommand("ZCARD", keys.delayed(name)), RedisCommand("ZCARD", keys.dead(name)),
                RedisCommand("HGETALL", keys.totals(name)), RedisCommand("SMEMBERS", keys.kinds(name)),
                RedisCommand("HGETALL", keys.weights(name)),
            ])
            var view = QueueView(name: name)
            view.delayed = replies[0].int ?? 0
            view.dead = replies[1].int ?? 0
            view.running = running[name] ?? 0
            view.totals = Dictionary(flat: replies[2].array ?? []).compactMapValues { Int($0) }
            view.asideKinds = (replies[3].array ?? []).compactMap(\.text).sorted()
            let weights = Dictionary(flat: replies[4].array ?? []).compactMapValues { Double($0) }
            if let pause = pauses.first(where: { $0.target == .queue(name) }) {
                view.pausedBy = pause.by
                view.pausedAt = pause.at
            }
            var tenants: [String: TenantView] = [:]
            for ring in [name] + view.asideKinds.map({ "\(name)|\($0)" }) {
                for lane in try await parkedLanes(ring: ring) {
                    view.limited += lane.length
                    view.oldest = [view.oldest, lane.oldest].compactMap { $0 }.min()
                    guard withTenants else { continue }
                    var entry =
                        tenants[lane.tenant]
                        ?? TenantView(name: lane.tenant, ready: 0, weight: weights[lane.tenant] ?? 1, oldest: nil)
                    entry.limited += lane.length
                    entry.oldest = [entry.oldest, lane.oldest].compactMap { $0 }.min()
                    tenants[lane.tenant] = entry
                }
                for tenant in try await depths(ring: ring) {
                    view.ready += tenant.ready
                    view.oldest = [view.oldest, tenant.oldest].compactMap { $0 }.min()
                    guard withTenants else { continue }
                    var entry =
                        tenants[tenant.name]
                        ?? TenantView(name: tenant.name, ready: 0, weight: weights[tenant.name] ?? 1, oldest: nil)
                    entry.ready += tenant.ready
                    entry.oldest = [entry.oldest, tenant.oldest].compactMap { $0 }.min()
                    tenants[tenant.name] = entry
                }
            }
            view.tenants = tenants.values.sorted { $0.name < $1.name }
            views.append(view)
        }
        return views
    }

    private func depths(ring: String) async throws(StoreError) -> [TenantView] {
        var tenants: [TenantView] = []
        let chunk = 500
        while true {
            let items = try await call(Scripts.depths, [ring, String(tenants.count), String(chunk)]).array ?? []
            guard items.count % 3 == 0 else { throw .unexpectedReply("depths") }
            for i in stride(from: 0, to: items.count, by: 3) {
                guard let name = items[i].text, let ready = items[i + 1].int else { throw .unexpectedReply("depths") }
                let oldest = items[i + 2].text.flatMap { TaskID($0) }?.milliseconds
                tenants.append(TenantView(name: name, ready: ready, weight: 1, oldest: oldest))
            }
            if items.count < 3 * chunk { return tenants }
        }
    }

    private func checkQueue(_ name: String) throws(StoreError) {
        do { try Name.queue.check(name) } catch { throw .invalid("\(error)") }
    }
}
