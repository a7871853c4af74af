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
        /// The lane for those who look for its kind.
        var asideLane: String
        /// Attempts and recoveries, once it was in trouble.
        var tries: (attempts: Int, recoveries: Int)?
        var cancel: String?
    }

    struct Held: Equatable {
        var claim: Int
        var lane: String
    }

    struct Wrong: Error, CustomStringConvertible {
        let description: String
    }

    var items: [String: Item] = [:]
    var lanes: [String: [String]] = [:]
    var delayed: [String: [String: Int64]] = [:]
    var dead: [String: Set<String>] = [:]
    var held: [String: [String: Held]] = [:]
    var totals: [String: [String: Int]] = [:]
    var paused: Set<String> = []
    var keys: [String: String] = [:]

    // MARK: Moves

    mutating func count(_ queue: String, _ name: String, _ by: Int = 1) {
        totals[queue, default: [:]][name, default: 0] += by
    }

    mutating func append(_ id: String, to lane: String) { lanes[lane, default: []].append(id) }
    mutating func handBack(_ id: String, to lane: String) { lanes[lane, default: []].insert(id, at: 0) }

    mutating func drop(_ id: String, as state: String) {
        guard let item = items.removeValue(forKey: id) else { return }
        count(item.queue, state)
    }

    mutating func bury(_ id: String) {
        guard let queue = items[id]?.queue else { return }
        dead[queue, default: []].insert(id)
        count(queue, "dead")
    }

    /// Takes a task out of the lane or the timer where it waits; false if it does not wait.
    mutating func takeOut(_ id: String) -> Bool {
        guard let item = items[id] else { return false }
        if delayed[item.queue]?.removeValue(forKey: id) != nil { return true }
        for lane in [item.lane, item.asideLane] {
            if let place = lanes[lane]?.firstIndex(of: id) {
                lanes[lane]?.remove(at: place)
                return true
            }
        }
        return false
    }

    func holder(of id: String) -> String? { held.first { $0.value[id] != nil }?.key }

    // MARK: Calls that leave no choice

    mutating func enqueue(_ task: NewTask, answer: EnqueueAnswer, delayedUntil due: Int64?) throws {
        let record = task.record
        if let key = task.idempotencyKey {
            if let first = keys[key] {
                guard answer.isDuplicate, answer.id.rawValue == first else {
                    throw Wrong(description: "key \(key) unknown")
                }
                return
            }
            keys[key] = task.id.rawValue
        }
        guard !answer.isDuplicate, answer.id == task.id else { throw Wrong(description: "\(task.id) is no duplicate") }
        let lane = record.lane
        let rest = lane.drop { $0 != "\t" }
        let id = task.id.rawValue
        items[id] = Item(
            kind: record.kind, queue: record.queue, lane: lane, asideLane: "\(record.queue)|\(record.kind)\(rest)")
        if task.start == .now {
            append(id, to: lane)
        } else {
            guard let due else { throw Wrong(description: "\(id) is not delayed") }
            delayed[record.queue, default: [:]][id] = due
        }
    }

    mutating func end(_ task: EndedTask, by worker: String, now: Int64) {
        let id = task.id.rawValue
        guard let lease = held[worker]?.removeValue(forKey: id), let item = items[id] else { return }
        switch task.outcome {
        case .completed, .result:
            items[id] = nil
            count(item.queue, "completed")
        case .cancelled: drop(id, as: "cancelled")
        case _ where item.cancel != nil: drop(id, as: "cancelled")
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
            if items[id]?.cancel != nil { drop(id, as: "cancelled") } else { handBack(id, to: lease.lane) }
        }
        return back.count
    }

    mutating func takeOver(_ worker: String) {
        for (id, lease) in (held.removeValue(forKey: worker) ?? [:]).sorted(by: { $0.key > $1.key }) {
            guard let item = items[id] else { continue }
            if item.cancel != nil {
                drop(id, as: "cancelled")
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
    }

    mutating func cancel(_ id: String, reason: String) -> CancelAnswer {
        guard let item = items[id] else { return .unknown }
        if dead[item.queue]?.contains(id) == true { return .dead }
        if takeOut(id) {
            drop(id, as: "cancelled")
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

    /// What a turn claimed and set aside, judged by what is there now.
    mutating func claim(_ request: CycleRequest, _ turn: CycleTurn, now audit: KeyspaceAudit) throws {
        let claimed = Set(turn.claimed.map(\.id.rawValue))
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

        // From the head of each lane: claimed, or set aside because its kind is not taken now.
        var aside: [String: [String]] = [:]
        func isPlain(_ lane: String) -> Bool { !lane.prefix { $0 != "\t" }.contains("|") }
        for lane in lanes.keys.sorted(by: { isPlain($0) && !isPlain($1) }) {
            let before = lanes[lane] ?? []
            let added = isPlain(lane) ? [] : aside.removeValue(forKey: lane) ?? []
            var after = audit.lanes[lane] ?? []
            guard after.suffix(added.count) == added[...] else {
                throw Wrong(description: "set aside in disorder: \(lane)")
            }
            after.removeLast(added.count)
            guard before.suffix(after.count) == after[...] else { throw Wrong(description: "not in order: \(lane)") }
            for id in before.dropLast(after.count) {
                guard let item = items[id], queues.contains(item.queue) else {
                    throw Wrong(description: "no claim of \(id)")
                }
                if claimed.contains(id) {
                    held[request.worker, default: [:]][id] = Held(claim: request.claim, lane: lane)
                } else {
                    guard isPlain(lane), !isOpen(item.kind) || left[item.kind] == 0 else {
                        throw Wrong(description: "\(id) is not in its lane and not claimed")
                    }
                    aside[item.asideLane, default: []].append(id)
                }
            }
            lanes[lane] = after + added
        }
        for (lane, ids) in aside { lanes[lane, default: []] += ids }
        for id in claimed where held[request.worker]?[id]?.claim != request.claim {
            throw Wrong(description: "claimed \(id), which was not ready")
        }

        // Nothing that could have been taken is left while there is room.
        guard claimed.count < request.room else { return }
        for (lane, ids) in lanes where !ids.isEmpty {
            let ring = lane.prefix { $0 != "\t" }.split(separator: "|").map(String.init)
            guard let queue = ring.first, queues.contains(queue) else { continue }
            guard ring.count == 2, !isOpen(ring[1]) || left[ring[1]] == 0 else {
                throw Wrong(description: "room is left, and so is \(ids) in \(lane)")
            }
        }
        let next = request.queues.flatMap { (delayed[$0] ?? [:]).values }.min()
        if let next, turn.nextDue ?? .max > next {
            throw Wrong(description: "next due at \(next), told \(turn.nextDue ?? 0)")
        }
    }

    mutating func purge(_ queue: String, chunk: Int, out: Int, now audit: KeyspaceAudit) throws {
        let mine = lanes.keys.filter { lane in
            let ring = lane.prefix { $0 != "\t" }
            return ring == queue[...] || ring.hasPrefix(queue + "|")
        }
        let ready = mine.reduce(0) { $0 + (lanes[$1]?.count ?? 0) }
        let waiting = ready + (delayed[queue]?.count ?? 0)
        guard out == min(chunk, waiting) else { throw Wrong(description: "purged \(out) of \(waiting)") }
        for lane in mine {
            let after = audit.lanes[lane] ?? []
            let before = lanes[lane] ?? []
            guard before.suffix(after.count) == after[...] else {
                throw Wrong(description: "purged out of order: \(lane)")
            }
            for id in before.dropLast(after.count) { items[id] = nil }
            lanes[lane] = after
        }
        let due = (delayed[queue] ?? [:]).sorted { ($0.value, $0.key) < ($1.value, $1.key) }
        for (id, _) in due.prefix(max(0, out - ready)) {
            delayed[queue]?[id] = nil
            items[id] = nil
        }
        if out > 0 { count(queue, "purged", out) }
    }

    // MARK: Comparing

    func differences(from audit: KeyspaceAudit) -> [String] {
        var found: [String] = []
        func compare<Value: Equatable>(_ what: String, _ mine: Value, _ its: Value) {
            if mine != its { found.append("\(what): expected \(mine), found \(its)") }
        }
        compare("tasks", Set(items.keys), Set(audit.heads.keys))
        compare("lanes", lanes.filter { !$0.value.isEmpty }, audit.lanes)
        compare("delayed", delayed.filter { !$0.value.isEmpty }, audit.delayed)
        compare("dead", dead.filter { !$0.value.isEmpty }, audit.dead.mapValues { Set($0.keys) })
        compare(
            "held", held.filter { !$0.value.isEmpty },
            audit.held.mapValues { $0.mapValues { Held(claim: Int($0.claim) ?? -1, lane: $0.lane) } })
        compare("cancels", items.compactMapValues(\.cancel), audit.cancels)
        compare(
            "tries", items.compactMapValues { $0.tries.map { "\($0.attempts)\t\($0.recoveries)" } },
            audit.tries.mapValues { String($0.prefix { $0 != "\n" }) })
        compare("totals", totals, audit.totals)
        compare("paused", paused, Set(audit.paused.keys))
        return found
    }
}
