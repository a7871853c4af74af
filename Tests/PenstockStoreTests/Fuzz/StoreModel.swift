import PenstockModel
import PenstockTesting

@testable import PenstockStore

/// The naive model: what every call of the store should do, with arrays and dictionaries.
///
/// Where Redis may choose (who is claimed), it is told what happened and says whether that was allowed.
struct StoreModel {
    struct Item {
        var kind: String
        var queue: String
        var lane: String
        /// Its lanes by where it may wait: its own, that of its kind while the kind has a limit, and both in the ring of
        /// its kind.
        var lanes: [String]
        /// Names and options, but for the moment of a deadline.
        var head = ""
        var payload: [UInt8] = []
        /// The step that brought it.
        var born = 0
        /// Whether its end is remembered.
        var isRetained = false
        /// The schedule that has started it and looks whether it goes on.
        var schedule: String?
        /// Attempts and recoveries, once it was in trouble.
        var tries: (attempts: Int, recoveries: Int)?
        var cancel: String?
        /// When it ends unless it has started.
        var expiry: Int64?
        var unique: (key: String, mode: Character)?
        var batch: String?
        /// Length caps that it counts under.
        var caps: [String] = []
        var waiters: Set<String> = []
        var isNoted = false
    }

    struct Held: Equatable {
        var claim: Int
        var lane: String
        /// Concurrency limits that it counts under.
        var limits: Set<String> = []
    }

    struct Wrong: Error, CustomStringConvertible {
        let description: String
    }

    var items: [String: Item] = [:]
    var step = 0
    var lanes: [String: [String]] = [:]
    var delayed: [String: [String: Int64]] = [:]
    var dead: [String: Set<String>] = [:]
    var held: [String: [String: Held]] = [:]
    var totals: [String: [String: Int]] = [:]
    var paused: Set<String> = []
    var keys: [String: String] = [:]
    var limits: [String: LimitTerms] = [:]
    /// Limit to the moment, us, up to which its tokens are used up.
    var paid: [String: Double] = [:]
    /// Unique key to who holds it and how; with the latest start of a debounced task.
    var uniques: [String: (id: String, mode: Character, latest: Int64?)] = [:]
    var caps: [String: (most: Int, policy: CapPolicy)] = [:]
    var batches: [String: Batch] = [:]
    /// Waiter to hints.
    var hints: [String: [String]] = [:]
    var schedules: [String: Schedule] = [:]
    /// Schedule to what it has started that goes on.
    var fires: [String: Set<String>] = [:]
    /// Schedules that became due by an end, at a moment that only Redis knows.
    var dueNow: Set<String> = []
    var roles: [String: Role] = [:]
    /// Connector to events that were set aside.
    var aside: [String: [String: String]] = [:]
    var inbox: [InboxEntry] = []
    /// How many entries of the inbox could not become tasks.
    var rejected = 0
    /// What became of tasks whose end is remembered.
    var results: [String: (state: String, bytes: [UInt8])] = [:]

    // MARK: Moves

    mutating func count(_ queue: String, _ name: String, _ by: Int = 1) {
        totals[queue, default: [:]][name, default: 0] += by
    }

    mutating func append(_ id: String, to lane: String) { lanes[lane, default: []].append(id) }
    mutating func handBack(_ id: String, to lane: String) { lanes[lane, default: []].insert(id, at: 0) }

    mutating func drop(_ id: String, as state: String, _ reason: String = "") {
        guard let queue = items[id]?.queue else { return }
        if items[id]?.isRetained == true, state != "completed" { results[id] = (state, Array(reason.utf8)) }
        untie(id, state)
        items[id] = nil
        count(queue, state)
    }

    mutating func bury(_ id: String) {
        guard let queue = items[id]?.queue else { return }
        dead[queue, default: []].insert(id)
        count(queue, "dead")
        untie(id, "dead")
    }

    /// Takes a task out of the lane or the timer where it waits; false if it does not wait.
    mutating func takeOut(_ id: String) -> Bool {
        guard let item = items[id] else { return false }
        if delayed[item.queue]?.removeValue(forKey: id) != nil { return true }
        for lane in item.lanes {
            if let place = lanes[lane]?.firstIndex(of: id) {
                lanes[lane]?.remove(at: place)
                return true
            }
        }
        return false
    }

    func holder(of id: String) -> String? { held.first { $0.value[id] != nil }?.key }

    // MARK: Calls that leave no choice

    mutating func end(_ task: EndedTask, by worker: String, now: Int64) {
        let id = task.id.rawValue
        guard let lease = held[worker]?.removeValue(forKey: id), let item = items[id] else { return }
        switch task.outcome {
        case .completed, .planned:
            drop(id, as: "completed")
        case .result(let bytes, _):
            drop(id, as: "completed")
            results[id] = ("completed", bytes)
        case .cancelled(let reason): drop(id, as: "cancelled", item.cancel ?? reason)
        case _ where item.cancel != nil: drop(id, as: "cancelled", item.cancel ?? "")
        case .released: handBack(id, to: lease.lane)
        case .retry(let wait, let counted, _, _):
            let tries = item.tries ?? (0, 0)
            items[id]?.tries = (tries.attempts + (counted ? 1 : 0), tries.recoveries)
            delayed[item.queue, default: [:]][id] = now + wait.milliseconds
            count(item.queue, "retried")
        case .dead:
            let tries = item.tries ?? (0, 0)
            items[id]?.tries = (tries.attempts + 1, tries.recoveries)
            bury(id)
        }
    }

    /// Everything that a worker holds and that `keeps` does not, goes back in order.
    mutating func handBackAll(of worker: String, except keeps: (String, Held) -> Bool) -> Int {
        let back = (held[worker] ?? [:]).filter { !keeps($0.key, $0.value) }
        for (id, lease) in back.sorted(by: { $0.key > $1.key }) {
            held[worker]?[id] = nil
            if let reason = items[id]?.cancel {
                drop(id, as: "cancelled", reason)
            } else {
                handBack(id, to: lease.lane)
            }
        }
        return back.count
    }

    mutating func takeOver(_ worker: String) {
        for (id, lease) in (held.removeValue(forKey: worker) ?? [:]).sorted(by: { $0.key > $1.key }) {
            guard let item = items[id] else { continue }
            if let reason = item.cancel {
                drop(id, as: "cancelled", reason)
                continue
            }
            let tries = item.tries ?? (0, 0)
            items[id]?.tries = (tries.attempts, tries.recoveries + 1)
            count(item.queue, "recovered")
            if tries.recoveries + 1 >= 3 { bury(id) } else { handBack(id, to: lease.lane) }
        }
    }

    mutating func promote(_ queue: String, now: Int64) {
        let due = (delayed[queue] ?? [:]).filter { $0.value <= now }.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
        for (id, _) in due {
            delayed[queue]?[id] = nil
            if let lane = items[id]?.lane { append(id, to: lane) }
        }
        for (id, item) in items.sorted(by: { $0.key < $1.key }) where item.queue == queue {
            guard let expiry = item.expiry, expiry <= now else { continue }
            items[id]?.expiry = nil
            if takeOut(id) { drop(id, as: "expired", "did not start in time") }
        }
    }

    mutating func cancel(_ id: String, reason: String) -> CancelAnswer {
        guard let item = items[id] else { return .unknown }
        if dead[item.queue]?.contains(id) == true { return .dead }
        if takeOut(id) {
            drop(id, as: "cancelled", reason)
            return .cancelled
        }
        items[id]?.cancel = reason
        return .requested
    }

    mutating func revive(_ ids: [String]) -> [ReviveAnswer] {
        ids.map { id in
            guard let item = items[id] else { return .unknown }
            if dead[item.queue]?.remove(id) != nil {
                if item.tries != nil { items[id]?.tries = (0, 0) }
                append(id, to: item.lane)
                return .ready
            }
            if delayed[item.queue]?.removeValue(forKey: id) != nil {
                append(id, to: item.lane)
                return .ready
            }
            return holder(of: id) == nil ? .ready : .running
        }
    }

    mutating func discard(_ ids: [String]) -> [DiscardAnswer] {
        ids.map { id in
            guard let item = items[id] else { return .unknown }
            guard dead[item.queue]?.remove(id) != nil else { return .alive }
            drop(id, as: "discarded")
            return .discarded
        }
    }

    // MARK: Calls that leave a choice

    mutating func purge(
        _ queue: String, chunk: Int, removed: Int, isLast: Bool, now audit: KeyspaceAudit
    ) throws {
        let mine = lanes.keys.filter { lane in
            let ring = lane.prefix { $0 != "\t" }
            return ring == queue[...] || ring.hasPrefix(queue + "|")
        }
        let ready = mine.reduce(0) { $0 + (lanes[$1]?.count ?? 0) }
        let waiting = ready + (delayed[queue]?.count ?? 0)
        guard removed == min(chunk, waiting), isLast == (waiting < chunk) else {
            throw Wrong(description: "purged \(removed) of \(waiting)\(isLast ? ", and that was all" : "")")
        }
        for lane in mine {
            let after = audit.lanes[lane] ?? []
            let before = lanes[lane] ?? []
            guard before.suffix(after.count) == after[...] else {
                throw Wrong(description: "purged out of order: \(lane)")
            }
            lanes[lane] = after
            for id in before.dropLast(after.count) { forget(id) }
        }
        let due = (delayed[queue] ?? [:]).sorted { ($0.value, $0.key) < ($1.value, $1.key) }
        for (id, _) in due.prefix(max(0, removed - ready)) {
            delayed[queue]?[id] = nil
            forget(id)
        }
        if removed > 0 { count(queue, "purged", removed) }
    }

    // MARK: Comparing

    func differences(from audit: KeyspaceAudit) -> [String] {
        var found: [String] = []
        func compare<Value: Equatable>(_ what: String, _ mine: Value, _ its: Value) {
            if mine != its { found.append("\(what): expected \(mine), found \(its)") }
        }
        compare("tasks", Set(items.keys), Set(audit.heads.keys))
        for (id, item) in items {
            let head = audit.heads[id] ?? ""
            // A deadline is told by Redis's clock.
            if head != item.head, !head.hasPrefix(item.head + "\td=") {
                found.append("head of \(id): expected \(item.head), found \(head)")
            }
        }
        compare("lanes", lanes.filter { !$0.value.isEmpty }, audit.lanes)
        compare("delayed", delayed.filter { !$0.value.isEmpty }, audit.delayed)
        compare("dead", dead.filter { !$0.value.isEmpty }, audit.dead.mapValues { Set($0.keys) })
        compare(
            "held", held.filter { !$0.value.isEmpty },
            audit.held.mapValues {
                $0.mapValues { Held(claim: Int($0.claim) ?? -1, lane: $0.lane, limits: Set($0.limits)) }
            })
        compare("cancels", items.compactMapValues(\.cancel), audit.cancels)
        compare(
            "tries", items.compactMapValues { $0.tries.map { "\($0.attempts)\t\($0.recoveries)" } },
            audit.tries.mapValues { String($0.prefix { $0 != "\n" }) })
        compare("totals", totals, audit.totals)
        compare("paused", paused, Set(audit.paused.keys))
        return found + differencesOfLimits(from: audit) + differencesOfBonds(from: audit)
            + differencesOfSchedules(from: audit) + differencesOfRoles(from: audit)
    }
}
