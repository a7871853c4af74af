import PenstockModel
import PenstockTesting

@testable import PenstockStore

/// What limits mean, naively, and the judgement of a claim.
extension StoreModel {
    static func scope(_ name: String) -> String { String(name.prefix { $0 != ":" }) + ":*" }

    /// The terms that hold for one name.
    func terms(_ name: String) -> LimitTerms? { limits[name] ?? limits[Self.scope(name)] }

    /// Names that tasks of a lane are held to.
    static func names(_ lane: String) -> [String] {
        let parts = lane.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        let tenant = parts[1].isEmpty ? [] : ["tenant:\(parts[1])"]
        return ["queue:\(parts[0].prefix { $0 != "|" })"] + tenant + parts.dropFirst(3)
    }

    private func slots(of lane: String) -> Set<String> {
        Set(Self.names(lane).filter { terms($0)?.concurrency != nil })
    }

    /// How many run under each limit.
    func holders() -> [String: Int] {
        var counts: [String: Int] = [:]
        for tasks in held.values {
            for lease in tasks.values { for name in lease.limits { counts[name, default: 0] += 1 } }
        }
        return counts
    }

    /// Whether a limit surely lets no task of the lane start, at the beginning of the millisecond.
    func isBlocked(_ lane: String, _ holders: [String: Int], now: Int64) -> Bool {
        if limits.isEmpty { return false }
        return Self.names(lane).contains { name in
            guard let terms = terms(name) else { return false }
            if let most = terms.concurrency, holders[name] ?? 0 >= most { return true }
            guard let rate = terms.rate else { return false }
            let (us, burst) = (Double(now) * 1000, Double(rate.burst) * rate.interval)
            return (burst - max((paid[name] ?? 0) - us, 0)) / rate.interval + 1e-6 < 1
        }
    }

    mutating func setLimit(_ name: LimitName, _ terms: LimitTerms?, now audit: KeyspaceAudit) throws {
        limits[name.rawValue] = terms
        if terms == nil {
            paid[name.rawValue] = nil
        } else if let rate = terms?.rate, let before = paid[name.rawValue], let found = audit.tokens[name.rawValue] {
            // Tokens used up under other terms: as long as the burst takes, at most.
            guard found <= before, found == before || found >= Double(rate.burst) * rate.interval else {
                throw Wrong(description: "tokens of \(name) were \(before), are \(found)")
            }
            paid[name.rawValue] = found
        }
        // What runs counts.
        for (worker, tasks) in held {
            for (id, lease) in tasks {
                guard let kind = items[id]?.kind else { continue }
                for own in Set(Self.names(lease.lane) + ["kind:\(kind)"]) {
                    let isMeant = own == name.rawValue || name.isWildcard && Self.scope(own) == name.rawValue
                    if isMeant, self.terms(own)?.concurrency != nil { held[worker]?[id]?.limits.insert(own) }
                }
            }
        }
    }

    /// What a turn claimed and moved, judged by what is there now.
    mutating func claim(_ request: CycleRequest, _ turn: CycleTurn, now audit: KeyspaceAudit) throws {
        let claimed = Set(turn.claimed.map(\.id.rawValue))
        let paused = paused
        let queues = request.queues.filter { !paused.contains("queue:\($0)") }
        var left: [String: Int] = [:]
        for bound in request.bounds { left[bound.kind] = bound.room }
        for task in turn.claimed { if let room = left[task.record.kind] { left[task.record.kind] = room - 1 } }
        func isOpen(_ kind: String) -> Bool {
            request.kinds?.contains(kind) ?? true && !paused.contains("kind:\(kind)")
        }
        for (kind, room) in left where room < 0 { throw Wrong(description: "more of \(kind) than its bound") }
        guard claimed.count == turn.claimed.count, claimed.count <= request.room else {
            throw Wrong(description: "claimed too much or twice")
        }
        for task in turn.claimed where !isOpen(task.record.kind) || !queues.contains(task.record.queue) {
            throw Wrong(description: "claimed \(task.id), of which the worker takes none")
        }

        let closed = Set(["k0", "k1", "k2"].filter { !isOpen($0) || left[$0] == 0 })
        try move(request, claimed, now: audit) { queues.contains($0.queue) && closed.contains($0.kind) }
        try charge(turn, now: audit)

        // Nothing that could have been taken is left while there is room.
        guard claimed.count < request.room else { return }
        let holders = holders()
        for (lane, ids) in lanes where !ids.isEmpty {
            let ring = lane.prefix { $0 != "\t" }.split(separator: "|").map(String.init)
            guard let queue = ring.first, queues.contains(queue) else { continue }
            if ring.count == 2, !isOpen(ring[1]) || left[ring[1]] == 0 { continue }
            // One that is parked and free to go is in line behind others that were woken: see `Fuzz.patience`.
            if isBlocked(lane, holders, now: turn.now) || audit.parked[ring.joined(separator: "|")]?[lane] != nil {
                continue
            }
            // A ring that was looked at before another one gave tokens back: it comes again at once.
            if !limits.isEmpty, let due = turn.nextDue, due <= turn.now { continue }
            let terms = Self.names(lane).compactMap { name in
                self.terms(name).map { "\(name) \($0), \(paid[name] ?? 0)" }
            }
            throw Wrong(
                description: "room is left at \(turn.now), and so is \(ids) in \(lane), held to \(terms); next due "
                    + "\(turn.nextDue ?? 0), turns \(audit.turns), parked \(audit.parked)")
        }
        var timers: [Int64] = []
        for queue in request.queues {
            for moments in [delayed[queue], audit.expiring[queue], audit.refills[queue]] {
                if let moments { timers += Array(moments.values) }
            }
        }
        if let next = timers.min(), turn.nextDue ?? .max > next {
            throw Wrong(description: "next due at \(next), told \(turn.nextDue ?? 0)")
        }
    }

    /// From lane to lane, and from the heads of lanes to the worker.
    private mutating func move(
        _ request: CycleRequest, _ claimed: Set<String>, now audit: KeyspaceAudit, isSetAside: (Item) -> Bool
    ) throws {
        let before = lanes
        var from: [String: String] = [:]
        for (lane, ids) in before { for id in ids { from[id] = lane } }
        func isKind(_ lane: String) -> Bool { Self.names(lane).contains { $0.hasPrefix("kind:") } }
        func mayBe(_ id: String, in lane: String) -> Bool {
            guard let item = items[id], let source = from[id], let start = item.lanes.firstIndex(of: source),
                let end = item.lanes.firstIndex(of: lane)
            else { return false }
            if start == end { return true }
            // Own 0, aside 1, of its kind 2, of its kind and aside 3: one way only.
            let moves = end & 1 >= start & 1 && end & 2 >= start & 2
            return moves && (end & 1 == start & 1 || isSetAside(item))
                && (end & 2 == start & 2 || terms("kind:\(item.kind)") != nil)
        }
        for lane in Set(before.keys).union(audit.lanes.keys) {
            let (old, new) = (before[lane] ?? [], audit.lanes[lane] ?? [])
            if old == new { continue }
            let kept = new.filter { from[$0] == lane }
            let added = new.filter { from[$0] != lane }
            guard old.suffix(kept.count) == kept[...], kept + added == new else {
                throw Wrong(description: "not in order: \(lane): \(old), now \(new)")
            }
            for id in added where !mayBe(id, in: lane) { throw Wrong(description: "\(id) should not be in \(lane)") }
            for source in added.isEmpty ? [] : Set(added.compactMap { from[$0] }) {
                let moved = added.filter { from[$0] == source }
                guard moved == (before[source] ?? []).filter({ moved.contains($0) }) else {
                    throw Wrong(description: "moved in disorder to \(lane)")
                }
            }
            lanes[lane] = new
        }
        for id in claimed {
            guard let lane = audit.held[request.worker]?[id]?.lane, mayBe(id, in: lane) else {
                throw Wrong(description: "claimed \(id), which was not ready, or from another lane")
            }
            if from[id] != lane, let first = lanes[lane]?.first(where: { from[$0] == lane }) {
                throw Wrong(description: "claimed \(id) before \(first)")
            }
            held[request.worker, default: [:]][id] = Held(claim: request.claim, lane: lane, limits: slots(of: lane))
            items[id]?.expiry = nil
            untie(id, "start")
        }
    }

    /// No more tokens and slots than there are.
    private mutating func charge(_ turn: CycleTurn, now audit: KeyspaceAudit) throws {
        var counts: [String: Int] = [:]
        for task in turn.claimed {
            guard let lease = audit.held.values.compactMap({ $0[task.id.rawValue] }).first else { continue }
            for name in Self.names(lease.lane) { counts[name, default: 0] += 1 }
        }
        let (first, last) = (Double(turn.now) * 1000, Double(turn.now) * 1000 + 999)
        let holders = holders()
        for name in Set(counts.keys).union(paid.keys).union(audit.tokens.keys) {
            let count = counts[name] ?? 0
            if count > 0, let most = terms(name)?.concurrency, let holding = holders[name], holding > most {
                throw Wrong(description: "\(holding) hold \(name), which lets \(most)")
            }
            let (before, found) = (paid[name] ?? 0, audit.tokens[name])
            guard let rate = terms(name)?.rate else {
                guard found == nil || found == before else {
                    throw Wrong(description: "tokens of \(name), not limited")
                }
                paid[name] = found
                continue
            }
            let burst = Double(rate.burst) * rate.interval
            guard let found else {
                guard count == 0, before <= last else { throw Wrong(description: "tokens of \(name) are forgotten") }
                paid[name] = nil
                continue
            }
            let base = found - Double(count) * rate.interval
            let isCut = before > first + burst + 19_000 && base >= first + burst - 2
            // Some are taken and given back: then the value is written for nothing.
            let isExact = base >= max(before, first) - 2 && base <= max(before, last) + 2
            let isRight = isExact || isCut || count == 0 && found == before
            guard isRight, count == 0 || found <= last + burst + rate.interval * 1e-5 + 2 else {
                throw Wrong(
                    description: "\(count) of \(name) by \(rate) at \(turn.now): used up to \(before), then \(found)")
            }
            paid[name] = found
        }
    }

    func differencesOfLimits(from audit: KeyspaceAudit) -> [String] {
        var found: [String] = []
        if Set(limits.keys) != Set(audit.limits.keys) { found.append("limits: expected \(limits.keys)") }
        // Whatever runs under a name with slots counts under it.
        for (worker, tasks) in held {
            for (id, lease) in tasks {
                let names = Self.names(lease.lane) + ["kind:\(items[id]?.kind ?? "")"]
                for name in names where terms(name)?.concurrency != nil && !lease.limits.contains(name) {
                    found.append("\(id), held by \(worker), does not count under \(name)")
                }
            }
        }
        return found
    }
}
