import PenstockModel
import PenstockTesting
import RedisClient

@testable import PenstockStore

/// A turn of a worker.
extension Fuzz {
    mutating func outcome(drains: Bool = false) -> Outcome {
        if drains { return chance(90) ? .completed : .dead(attempt: 1, message: "d") }
        return switch number(1...10) {
        case 1...4: .completed
        case 5: .result([1], retention: .seconds(3600))
        case 6: .released
        case 7: .cancelled(reason: "c")
        case 8: .dead(attempt: 1, message: "d")
        default: .retry(after: .milliseconds(number(0...4000)), counted: chance(70), attempt: 1, message: "r")
        }
    }

    mutating func cycle(_ place: Int, drains: Bool = false) async throws {
        var player = players[place]
        let mine = (model.held[player.name] ?? [:]).sorted { $0.key < $1.key }
        var ended: [EndedTask] = []
        var stale: [TaskID] = []
        for (id, lease) in mine where drains || chance(60) {
            guard let id = TaskID(id) else { continue }
            ended.append(EndedTask(id: id, claim: lease.claim, outcome: outcome(drains: drains)))
        }
        for _ in 0..<(!drains && chance(15) ? 2 : 0) {
            // Somebody else's, an earlier claim, or long gone.
            let id = someID()
            guard !ended.contains(where: { $0.id == id }), !stale.contains(id) else { continue }
            ended.append(EndedTask(id: id, claim: 1_000_000 + number(0...3), outcome: outcome()))
            stale.append(id)
        }
        var reconcile: [(id: TaskID, claim: Int)]?
        if !drains, chance(10) {
            reconcile = []
            for (id, lease) in mine {
                guard let id = TaskID(id) else { continue }
                if chance(70) || ended.contains(where: { $0.id == id }) { reconcile?.append((id, lease.claim)) }
            }
        }
        let bounds = !drains && chance(25) ? [("k0", number(0...2)), ("k2", number(0...1))] : []
        let room = !drains && chance(reconcile == nil ? 12 : 40) ? 0 : number(1...7)
        let fires = chance(60)
        last = """
            cycle \(player.name) room \(room) ended \(ended) bounds \(bounds) reconcile \(reconcile ?? [])\
            \(fires ? " fires" : "")
            """
        // Whoever looks for work has taken its hints before.
        try await store.raw("DEL", store.keys.wake(player.name))
        let tick = model.schedules.compactMap(\.value.due).min()
        let before = audit
        let reply = try await player.cycle(room, bounds: bounds, reconcile: reconcile, ended: ended, fires: fires)
        players[place] = player
        try await look()
        guard case .turn(let turn) = reply else {
            guard before.workers[player.name] == nil else { throw StoreModel.Wrong(description: "dead, but known") }
            players[place] = try await newPlayer(place)
            return try await look()
        }
        guard Set(turn.stale) == Set(stale) else {
            throw StoreModel.Wrong(description: "stale: \(turn.stale), expected \(stale)")
        }
        // The last one first, so that what is handed back keeps its order.
        for task in ended.reversed() where !stale.contains(task.id) { model.end(task, by: player.name, now: turn.now) }
        if let reconcile {
            let known = Dictionary(uniqueKeysWithValues: reconcile.map { ($0.id.rawValue, $0.claim) })
            _ = model.handBackAll(of: player.name) { known[$0] == $1.claim }
        }
        for (worker, expiry) in before.workers where audit.workers[worker] == nil {
            guard worker != player.name, expiry < turn.now else {
                throw StoreModel.Wrong(description: "\(worker) was taken over alive")
            }
            model.takeOver(worker)
        }
        if room > 0 { try model.intake(now: audit) }
        if room > 0 { for queue in player.queues { model.promote(queue, now: turn.now) } }
        let request = CycleRequest(
            worker: player.name, lease: player.lease, claim: player.claims, room: room, queues: player.queues,
            kinds: player.kinds, bounds: bounds.map { (kind: $0.0, room: $0.1) })
        try model.claim(request, turn, now: audit)
        let known = Set(model.dueNow)
        try model.handOut(turn, before: tick, fires: fires)
        let soonest = model.schedules.filter { !known.contains($0.key) }.compactMap(\.value.due).min()
        if fires, let soonest, soonest > turn.now || room > 0, turn.nextDue ?? .max > max(soonest + 200, turn.now) {
            throw StoreModel.Wrong(description: "a tick is due at \(soonest), told \(turn.nextDue ?? 0)")
        }
        try grow(turn, player, hasRoom: turn.claimed.count < room)
        for task in turn.claimed {
            let item = model.items[task.id.rawValue]
            guard task.record.payload == item?.payload else {
                throw StoreModel.Wrong(description: "payload of \(task.id): \(task.record.payload)")
            }
            let tries = item?.tries ?? (0, 0)
            guard task.history.attempts == tries.attempts, task.history.recoveries == tries.recoveries else {
                throw StoreModel.Wrong(description: "history of \(task.id): \(task.history), expected \(tries)")
            }
        }
        alarms[player.name] = (turn.nextDue ?? .max, player.kinds != nil || !bounds.isEmpty)
        let isIdle = turn.claimed.count < room
        for queue in player.queues where (audit.idle[queue]?.contains(player.name) == true) != isIdle {
            throw StoreModel.Wrong(description: "idle in \(queue) should be \(isIdle)")
        }
    }

    /// A lane that no limit blocks stays parked only while others are in line before it. They may have been let go and
    /// wait where nobody serves them (in a queue that is paused, say): then each look at the limit lets another one go. A
    /// limit is looked at once a second, four of them a turn.
    mutating func grow(_ turn: CycleTurn, _ player: Player, hasRoom: Bool) throws {
        var next: [String: (since: Int64, looked: Int64, looks: Int)] = [:]
        let holders = model.holders()
        let lines = Dictionary(audit.parked.values.flatMap(\.values).map { ($0, 1) }, uniquingKeysWith: +)
        for (ring, lanes) in audit.parked {
            for (lane, limit) in lanes where !model.isBlocked(lane, holders, now: turn.now) {
                let most = (lines[limit, default: 1] + 1) * (audit.contended.count / 4 + 1)
                var wait = patience[lane] ?? (turn.now, turn.now, most)
                let isServed = hasRoom && player.queues.contains(String(ring.prefix { $0 != "|" }))
                if isServed, turn.now - wait.looked >= 1000 { wait = (wait.since, turn.now, wait.looks - 1) }
                guard wait.looks >= 0 else {
                    throw StoreModel.Wrong(
                        description: "\(lane) is parked for nothing since \(wait.since), in line for \(limit)")
                }
                next[lane] = wait
            }
        }
        patience = next
    }
}
