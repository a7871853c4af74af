import PenstockModel
import RedisClient

/// A limit as it stands.
package struct LimitView: Sendable {
    package let name: LimitName
    package let terms: LimitTerms
    /// Jobs that could start now by the rate alone. Nil without a rate, and for all names of a scope.
    package var tokens: Int?
    /// Tasks that run under it, for `scope:*` under all names that it stands for. Nil without a concurrency.
    package var holders: [TaskID]?
    /// Lanes in line for it, for `scope:*` for all names that it stands for.
    package var parkedLanes = 0
}

extension LimitTerms {
    /// As `lua/limit.lua` takes it.
    fileprivate var wire: String {
        "\(rate.map { "\($0.interval)" } ?? "")\t\(rate.map { "\($0.burst)" } ?? "")\t\(concurrency.map { "\($0)" } ?? "")"
    }

    /// The number of jobs is what people said; the rest of the wire form is what scripts compute with.
    fileprivate var stored: String {
        wire + "\t" + (rate.map { "\($0.jobs)\t\($0.period.milliseconds)" } ?? "\t")
    }

    /// `interval TAB burst TAB most TAB jobs TAB period`.
    init?(stored text: String) {
        let fields = text.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        guard fields.count == 5 else { return nil }
        try? self.init(
            jobs: Int(fields[3]), per: .milliseconds(Int64(fields[4]) ?? 1000),
            burst: Int(fields[1]), concurrency: Int(fields[2]))
    }
}

extension Store {
    /// Sets a limit, or removes it (`nil`), at once and for everybody. Work that runs goes on; under a new concurrency it
    /// counts.
    package func setLimit(_ name: LimitName, _ terms: LimitTerms?) async throws(StoreError) {
        let stored = terms?.stored ?? ""
        while try await call(Scripts.limit, [name.rawValue, stored]).int ?? 0 >= 500 {}
        if name.isWildcard { try await unpark(limitsWithPrefix: name.scope + ":") }
        // Without a limit of its own a name is held to that of its scope.
        if terms?.concurrency != nil || (terms == nil && !name.isWildcard) { try await adopt(name) }
    }

    /// Sets a limit where none is set under this name, without a race with others that set it.
    /// - Returns: the terms that hold now: these, or those that were set before.
    package func declareLimit(_ name: LimitName, _ terms: LimitTerms) async throws(StoreError) -> LimitTerms {
        var resends = ResendWindow()
        while true {
            do throws(StoreError) {
                if try await send(RedisCommand("HSETNX", keys.limits, name.rawValue, terms.stored)).int == 1 {
                    // Lanes that the limit of the whole scope has parked are held to this one now.
                    try await unpark(limitsWithPrefix: name.isWildcard ? name.scope + ":" : name.rawValue)
                    if terms.concurrency != nil { try await adopt(name) }
                    return terms
                }
                let held = try await send(RedisCommand("HGET", keys.limits, name.rawValue)).text
                // Nil: removed in between, which is as good as set before and removed after.
                return held.flatMap { LimitTerms(stored: $0) } ?? terms
            } catch .outOfMemory {
                // A worker has to start when memory is full, so that it drains. The script may write then.
                if try await send(RedisCommand("HEXISTS", keys.limits, name.rawValue)).int == 0 {
                    try await setLimit(name, terms)
                    return terms
                }
                let held = try await send(RedisCommand("HGET", keys.limits, name.rawValue)).text
                return held.flatMap { LimitTerms(stored: $0) } ?? terms
            } catch {
                guard case .redis(let cause) = error, cause.isPassing || cause.isOutcomeUnknown,
                    await resends.mayResend()
                else { throw error }
            }
        }
    }

    /// Removes a limit. False if it was not set.
    package func removeLimit(_ name: LimitName) async throws(StoreError) -> Bool {
        guard try await send(RedisCommand("HEXISTS", keys.limits, name.rawValue)).int == 1 else { return false }
        try await setLimit(name, nil)
        return true
    }

    private func unpark(limitsWithPrefix prefix: String) async throws(StoreError) {
        for queue in try await queueNames() {
            for ring in try await rings(of: queue) {
                var cursor = "0"
                repeat {
                    guard let next = try await call(Scripts.unpark, [ring, cursor, prefix]).text else {
                        throw .unexpectedReply("unpark")
                    }
                    cursor = next
                } while cursor != "0"
            }
        }
    }

    /// What runs already counts under a limit that is new.
    private func adopt(_ name: LimitName) async throws(StoreError) {
        let workers = try await send(RedisCommand("ZRANGE", keys.workers, "0", "-1")).array ?? []
        for worker in workers.compactMap(\.text) { _ = try await call(Scripts.adopt, [name.rawValue, worker]) }
    }

    /// Every limit with its state, sorted by name.
    package func limits() async throws(StoreError) -> [LimitView] {
        let stored = Dictionary(flat: try await send(RedisCommand("HGETALL", keys.limits)).array ?? [])
        var views = stored.compactMap { name, text -> LimitView? in
            guard let name = try? LimitName(name), let terms = LimitTerms(stored: text) else { return nil }
            return LimitView(name: name, terms: terms)
        }
        views.sort { $0.name.rawValue < $1.name.rawValue }
        let replies = try await pipeline(
            [RedisCommand("TIME"), RedisCommand("HGET", keys.clock, "offset")]
                + views.flatMap { view in
                    [
                        RedisCommand("HGET", keys.tokens, view.name.rawValue),
                        RedisCommand("SMEMBERS", keys.holders(view.name.rawValue)),
                        RedisCommand("HGET", keys.lines, view.name.rawValue),
                        RedisCommand("ZCARD", keys.waiting(view.name.rawValue)),
                    ]
                })
        let time = (replies[0].array ?? []).compactMap { $0.text.flatMap(Double.init) }
        let offset = replies[1].text.flatMap(Double.init) ?? 0
        let now = (time.first ?? 0) * 1_000_000 + (time.last ?? 0) + offset * 1000
        for i in views.indices where !views[i].name.isWildcard {
            let (paid, holders) = (replies[4 * i + 2], replies[4 * i + 3])
            let (line, lanes) = (replies[4 * i + 4], replies[4 * i + 5])
            if let rate = views[i].terms.rate {
                let ahead = max(0, (paid.text.flatMap(Double.init) ?? 0) - now)
                views[i].tokens = max(0, Int((Double(rate.burst) * rate.interval - ahead) / rate.interval + 1e-6))
            }
            if views[i].terms.concurrency != nil {
                views[i].holders = (holders.array ?? []).compactMap { $0.text.flatMap { TaskID($0) } }.sorted()
            }
            views[i].parkedLanes = (line.text ?? "").isEmpty ? lanes.int ?? 0 : 1
        }
        try await addWildcards(to: &views)
        return views
    }

    /// `scope:*` has no state of its own: what runs and waits under the names that it stands for is counted together.
    private func addWildcards(to views: inout [LimitView]) async throws(StoreError) {
        let wildcards = views.indices.filter { views[$0].name.isWildcard }
        if wildcards.isEmpty { return }
        let places = Dictionary(uniqueKeysWithValues: wildcards.map { (String(views[$0].name.scope), $0) })
        let own = Set(views.map(\.name.rawValue))
        func place(of limit: String) -> Int? {
            own.contains(limit) ? nil : places[String(limit.prefix { $0 != ":" })]
        }
        for queue in try await queueNames() {
            for ring in try await rings(of: queue) {
                for lane in try await parkedLanes(ring: ring) {
                    if let place = place(of: lane.limit) { views[place].parkedLanes += 1 }
                }
            }
        }
        guard wildcards.contains(where: { views[$0].terms.concurrency != nil }) else { return }
        var holders: [Int: Set<TaskID>] = [:]
        let workers = (try await send(RedisCommand("ZRANGE", keys.workers, "0", "-1")).array ?? []).compactMap(\.text)
        for reply in try await pipeline(workers.map { RedisCommand("HGETALL", keys.held($0)) }) {
            for (id, lease) in Dictionary(flat: reply.array ?? []) {
                // After the first line each is a concurrency limit that the lease counts under.
                for limit in lease.split(separator: "\n").dropFirst() {
                    if let place = place(of: String(limit)), let id = TaskID(id) {
                        holders[place, default: []].insert(id)
                    }
                }
            }
        }
        for place in wildcards where views[place].terms.concurrency != nil {
            views[place].holders = holders[place, default: []].sorted()
        }
    }

    /// The ring of a queue, and those of the kinds that were set aside in it.
    func rings(of queue: String) async throws(StoreError) -> [String] {
        let kinds = (try await send(RedisCommand("SMEMBERS", keys.kinds(queue))).array ?? []).compactMap(\.text)
        return [queue] + kinds.sorted().map { "\(queue)|\($0)" }
    }

    /// Lanes of a ring that limits have parked.
    func parkedLanes(ring: String) async throws(StoreError) -> [ParkedLane] {
        var lanes: [ParkedLane] = []
        var cursor = "0"
        repeat {
            let items = try await call(Scripts.parked, [ring, cursor]).array ?? []
            guard items.count % 4 == 1, let next = items[0].text else { throw .unexpectedReply("parked") }
            for i in stride(from: 1, to: items.count, by: 4) {
                guard let lane = items[i].text, let limit = items[i + 1].text, let length = items[i + 2].int else {
                    throw .unexpectedReply("parked")
                }
                let parts = lane.split(separator: "\t", omittingEmptySubsequences: false)
                lanes.append(
                    ParkedLane(
                        tenant: parts.count > 1 ? String(parts[1]) : "", limit: limit, length: length,
                        oldest: items[i + 3].text.flatMap { TaskID($0) }?.milliseconds))
            }
            cursor = next
        } while cursor != "0"
        return lanes
    }
}

struct ParkedLane {
    let tenant: String
    let limit: String
    let length: Int
    let oldest: Int64?
}
