import PenstockModel
import PenstockTesting
import RedisClient

@testable import PenstockStore

/// The end of a life, and rules that hold at any time.
extension Fuzz {
    // MARK: The end

    /// Everything that can end ends, and nothing stays behind.
    mutating func drain() async throws -> [String] {
        do {
            for target in model.paused.sorted() {
                let name = String(target.drop { $0 != ":" }.dropFirst())
                _ = try await store.resume(target.hasPrefix("queue:") ? .queue(name) : .kind(name))
            }
            model.paused = []
            try await clearUp()
            for name in model.batches.filter(\.value.isOpen).keys.sorted() {
                if let id = BatchID(name) { try await seal(id, name) }
            }
            try await look()
            var rounds = 0
            while !model.items.isEmpty || !model.inbox.isEmpty {
                rounds += 1
                guard rounds < 400 else { return ["left: \(model.items)"] + model.differences(from: audit) }
                try await store.stepClock(by: .milliseconds(number(1...2500)))
                for place in 0..<3 {
                    try await cycle(place, drains: true)
                    let findings = audit.findings + model.differences(from: audit)
                    guard findings.isEmpty else { return findings }
                }
                let ids = model.dead.values.flatMap { $0 }.compactMap { TaskID($0) }
                _ = try await store.discard(ids)
                _ = model.discard(ids.map(\.rawValue))
                try await look()
                try await hear()
            }
            return try await leftovers()
        } catch let wrong as StoreModel.Wrong {
            return [wrong.description] + model.differences(from: audit)
        }
    }

    /// Schedules, roles, and what was set aside.
    private mutating func clearUp() async throws {
        // No declaration counts any more; who lives says so.
        try await store.stepClock(by: .seconds(200))
        for player in players { _ = try await player.beat() }
        for name in model.schedules.keys.sorted() {
            let answer = try await store.deleteSchedule(name)
            guard answer == model.deleteSchedule(name, now: .max), answer == .deleted else {
                throw StoreModel.Wrong(description: "\(name) is not deleted: \(answer)")
            }
        }
        for (name, role) in model.roles.sorted(by: { $0.key < $1.key }) {
            guard let holder = role.holder else { continue }
            try await store.leaveRole(name, holder: holder, timeout: .seconds(30))
            model.leave(name, by: holder)
        }
        for (connector, events) in model.aside { _ = try await store.discardAside(connector, events.keys.sorted()) }
        model.aside = [:]
    }

    mutating func leftovers() async throws -> [String] {
        var findings: [String] = []
        for (name, batch) in model.batches where !batch.hasEnded { findings.append("batch \(name) did not end") }
        // With limits and caps gone, some turns later nothing is known of them.
        for name in model.limits.keys.sorted() { try await store.setLimit(LimitName(name), nil) }
        for queue in ["q0", "q1"] {
            for tenant in [nil, "t0", "*"] {
                try await store.setCap(queue: queue, tenant: tenant, most: nil, policy: .drop)
            }
        }
        for _ in 0..<20 {
            try await store.stepClock(by: .seconds(2))
            for place in 0..<3 { _ = try await players[place].cycle(1) }
        }
        for player in players { try await store.retire(worker: player.name) }
        let prefix = store.keys.prefix
        let permanent = ["queues", "clock", "totals:", "weights:", "role:", "rejected"]
        for key in (try await store.raw("KEYS", prefix + "*").array ?? []).compactMap(\.text).sorted() {
            let name = key.dropFirst(prefix.count)
            let isLasting = permanent.contains { $0.hasSuffix(":") ? name.hasPrefix($0) : name == $0 }
            let lives = try await store.raw("PTTL", key).int ?? -1
            if !isLasting, lives < 0 { findings.append("\(key) is left behind") }
        }
        return findings + (try await KeyspaceAudit.check(store))
    }

    // MARK: Rules that hold at any time

    /// Tenants with waiting tasks are no further apart than one round and one task, but for those that limits kept back.
    func fairness() -> [String] {
        hasLimits
            ? []
            : audit.turns.compactMap { ring, turn in
                guard let most = turn.values.max(), let least = turn.values.min(), most - least > 1 + 1 / 0.5 + 1e-6
                else {
                    return nil
                }
                return "\(ring): the tenants are \(most - least) rounds apart: \(turn)"
            }
    }

    func counts() async throws -> [String] {
        var findings: [String] = []
        for view in try await store.queues() {
            let ready = model.lanes.filter { lane, _ in
                let ring = lane.prefix { $0 != "\t" }
                return ring == view.name[...] || ring.hasPrefix(view.name + "|")
            }.reduce(0) { $0 + $1.value.count }
            let running = model.held.values.flatMap(\.values).filter { $0.lane.hasPrefix(view.name) }.count
            let expected = [ready, model.delayed[view.name]?.count ?? 0, running, model.dead[view.name]?.count ?? 0]
            let found = [view.ready + view.limited, view.delayed, view.running, view.dead]
            if found != expected { findings.append("counts of \(view.name): \(found), expected \(expected)") }
        }
        return findings
    }

    /// Where a task could start, somebody is awake, was told, or looks of itself by now.
    func sleepers() -> [String] {
        let now = audit.clock["last"] ?? 0
        let holders = model.holders()
        return ["q0", "q1", "q2"].compactMap { queue in
            if model.paused.contains("queue:\(queue)") { return nil }
            let ready = model.lanes.filter { lane, ids in
                let ring = lane.prefix { $0 != "\t" }.split(separator: "|").map(String.init)
                let isParked = audit.parked[ring.joined(separator: "|")]?[lane] != nil
                let isOpen = ids.contains { !model.paused.contains("kind:\(model.items[$0]?.kind ?? "")") }
                return ring.first == queue && isOpen && !isParked && !model.isBlocked(lane, holders, now: now)
            }
            let serving = audit.workers.keys.filter { name in
                queue == "q1" || queue != "q1" && !name.hasPrefix("w2-")
            }
            let asleep = serving.filter { name in
                audit.idle[queue]?.contains(name) == true && audit.hints[name] == nil && alarms[name]?.at ?? 0 > now
            }
            let mayTake = asleep.contains { alarms[$0]?.isChoosy == false }
            guard !ready.isEmpty, asleep.count == serving.count, mayTake else { return nil }
            return "\(queue) has \(ready), and all sleep: \(alarms), idle \(audit.idle), at \(now)"
        }
    }
}
