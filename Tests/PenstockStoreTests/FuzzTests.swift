import PenstockModel
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

/// Random calls against a naive model, compared after each one. `PENSTOCK_SEED` repeats a run, `PENSTOCK_FUZZ_STEPS` makes
/// it longer.
@Suite(.timeLimit(.minutes(30))) struct FuzzTests {
    @Test func `random calls do what the model says`() async throws {
        let steps = ProcessEnvironment.value("PENSTOCK_FUZZ_STEPS").flatMap { Int($0) } ?? 2500
        let seed = ProcessEnvironment.value("PENSTOCK_SEED").flatMap { UInt64($0) } ?? .random(in: 0..<1_000_000_000)
        // Several short lives reach more states than a long one.
        let lives = max(1, steps / 500)
        for life in 0..<lives {
            let seed = seed &+ UInt64(life)
            try await withStore { store in
                var fuzz = try await Fuzz(store, seed: seed)
                for step in 0..<(steps / lives) {
                    let findings = try await fuzz.step()
                    guard findings.isEmpty else {
                        Issue.record(
                            """
                            PENSTOCK_SEED=\(seed), step \(step), \(fuzz.last):
                            \(findings.joined(separator: "\n"))
                            """)
                        return
                    }
                }
            }
        }
    }
}

private struct Fuzz {
    let store: Store
    var random: SeededRandom
    var model = StoreModel()
    var audit: KeyspaceAudit
    var players: [Player] = []
    var names = 0
    var everything: [TaskID] = []
    /// The call that was made last.
    var last = ""

    static let weights = ["t0": 3.0, "t1": 0.5]

    init(_ store: Store, seed: UInt64) async throws {
        self.store = store
        random = SeededRandom(seed: seed)
        for (tenant, weight) in Self.weights { try await store.setWeight(weight, tenant: tenant, queue: "q0") }
        audit = try await KeyspaceAudit.read(store)
        for place in 0..<3 { players.append(try await newPlayer(place)) }
        try await look()
    }

    // MARK: Chance

    private mutating func number(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &random) }
    private mutating func chance(_ percent: Int) -> Bool { number(1...100) <= percent }
    private mutating func pick<Elements: RandomAccessCollection>(_ all: Elements) -> Elements.Element {
        all[all.index(all.startIndex, offsetBy: number(0...(all.count - 1)))]
    }

    /// The first serves everything, the second some kinds, the third one queue.
    private mutating func newPlayer(_ place: Int) async throws -> Player {
        names += 1
        return try await Player(
            store, "w\(place)-\(names)", queues: place == 2 ? ["q1"] : ["q0", "q1"],
            kinds: place == 1 ? ["k0", "k1"] : nil)
    }

    /// Often one that is not waiting; of the others the younger ones, which are mostly alive.
    private mutating func someID() -> TaskID {
        let special = model.held.values.flatMap(\.keys) + model.dead.values.flatMap { $0 }
        if chance(50), !special.isEmpty, let id = TaskID(pick(special.sorted())) { return id }
        return everything.isEmpty ? store.makeID() : pick(everything.suffix(100))
    }

    // MARK: One call

    mutating func step() async throws -> [String] {
        do {
            switch number(1...100) {
            case 1...24 where model.items.count < 50: try await enqueue()
            case 1...70: try await cycle()
            case 71...75: try await heartbeat()
            case 76: try await retire()
            case 77...82: try await cancel()
            case 83...85: try await revive()
            case 86...88: try await discard()
            case 89...92: try await pause()
            case 93: try await purge()
            case 94...98: try await stepClock()
            default: try await loseWorkers()
            }
        } catch let wrong as StoreModel.Wrong {
            return [wrong.description] + model.differences(from: audit)
        }
        var findings = audit.findings + model.differences(from: audit) + fairness()
        if chance(5) { findings += try await counts() }
        return findings
    }

    private mutating func look() async throws { audit = try await KeyspaceAudit.read(store) }

    private mutating func enqueue() async throws {
        var tasks: [NewTask] = []
        for _ in 0..<number(1...4) {
            let levels: [Priority] = [.normal, .normal, .normal, 1, -3]
            tasks.append(
                store.task(
                    pick(["k0", "k1", "k2"]), queue: pick(["q0", "q1"]), tenant: pick(["", "t0", "t1", "t2"]),
                    priority: pick(levels), start: chance(20) ? .after(.milliseconds(number(1...6000))) : .now,
                    key: chance(10) ? pick(["x", "y", "z"]) + "\(number(0...30))" : nil))
        }
        last = "enqueue \(tasks.map { ($0.id, $0.record.head, $0.start) })"
        let answers = try await store.enqueue(tasks)
        // Tokens are remembered for half a minute: to look at all of them each time would take most of the test's.
        for token in audit.sent { try await store.raw("DEL", store.keys.prefix + "sent:" + token) }
        try await look()
        for (task, answer) in zip(tasks, answers) {
            everything.append(task.id)
            try model.enqueue(task, answer: answer, delayedUntil: audit.delayed[task.record.queue]?[task.id.rawValue])
        }
    }

    private mutating func outcome() -> Outcome {
        switch number(1...10) {
        case 1...4: .completed
        case 5: .result([1], retention: .milliseconds(1))
        case 6: .released
        case 7: .cancelled(reason: "c")
        case 8: .dead(attempt: 1, message: "d")
        default: .retry(after: .milliseconds(number(0...4000)), counted: chance(70), attempt: 1, message: "r")
        }
    }

    private mutating func cycle() async throws {
        let place = number(0...2)
        var player = players[place]
        let mine = (model.held[player.name] ?? [:]).sorted { $0.key < $1.key }
        var ended: [EndedTask] = []
        var stale: [TaskID] = []
        for (id, lease) in mine where chance(60) {
            guard let id = TaskID(id) else { continue }
            ended.append(EndedTask(id: id, claim: lease.claim, outcome: outcome()))
        }
        for _ in 0..<(chance(15) ? 2 : 0) {
            // Somebody else's, an earlier claim, or long gone.
            let id = someID()
            guard !ended.contains(where: { $0.id == id }), !stale.contains(id) else { continue }
            ended.append(EndedTask(id: id, claim: 1_000_000 + number(0...3), outcome: outcome()))
            stale.append(id)
        }
        var reconcile: [(id: TaskID, claim: Int)]?
        if chance(10) {
            reconcile = []
            for (id, lease) in mine {
                guard let id = TaskID(id) else { continue }
                if chance(70) || ended.contains(where: { $0.id == id }) { reconcile?.append((id, lease.claim)) }
            }
        }
        let bounds = chance(25) ? [("k0", number(0...2)), ("k2", number(0...1))] : []
        let room = chance(10) ? 0 : number(1...7)
        last = "cycle \(player.name) room \(room) ended \(ended) bounds \(bounds) reconcile \(reconcile ?? [])"
        let before = audit
        let reply = try await player.cycle(room, bounds: bounds, reconcile: reconcile, ended: ended)
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
        if room > 0 { for queue in player.queues { model.promote(queue, now: turn.now) } }
        let request = CycleRequest(
            worker: player.name, lease: player.lease, claim: player.claims, room: room, queues: player.queues,
            kinds: player.kinds, bounds: bounds.map { (kind: $0.0, room: $0.1) })
        try model.claim(request, turn, now: audit)
        for task in turn.claimed {
            let tries = model.items[task.id.rawValue]?.tries ?? (0, 0)
            guard task.history.attempts == tries.attempts, task.history.recoveries == tries.recoveries else {
                throw StoreModel.Wrong(description: "history of \(task.id): \(task.history), expected \(tries)")
            }
        }
        let isIdle = turn.claimed.count < room
        for queue in player.queues where (audit.idle[queue]?.contains(player.name) == true) != isIdle {
            throw StoreModel.Wrong(description: "idle in \(queue) should be \(isIdle)")
        }
    }

    private mutating func heartbeat() async throws {
        let player = pick(players)
        last = "heartbeat \(player.name)"
        let reply = try await player.beat()
        guard reply.isAlive == (audit.workers[player.name] != nil) else {
            throw StoreModel.Wrong(description: "alive: \(reply.isAlive)")
        }
        let asked = Set(reply.cancels.map(\.0.rawValue))
        let expected = Set((model.held[player.name] ?? [:]).keys.filter { model.items[$0]?.cancel != nil })
        guard asked == expected else { throw StoreModel.Wrong(description: "asked to end \(asked), not \(expected)") }
        try await look()
    }

    private mutating func retire() async throws {
        let place = number(0...2)
        let name = players[place].name
        last = "retire \(name)"
        let back = try await store.retire(worker: name)
        guard model.handBackAll(of: name, except: { _, _ in false }) == back else {
            throw StoreModel.Wrong(description: "handed back \(back)")
        }
        players[place] = try await newPlayer(place)
        try await look()
    }

    private mutating func cancel() async throws {
        let id = someID()
        last = "cancel \(id)"
        let answer = try await store.cancel(id, reason: "because")
        try await look()
        let expected = model.cancel(id.rawValue, reason: "because")
        guard answer == expected else { throw StoreModel.Wrong(description: "\(answer), expected \(expected)") }
    }

    private mutating func revive() async throws {
        let ids = [someID(), someID()]
        last = "revive \(ids)"
        let answers = try await store.revive(ids)
        try await look()
        let expected = model.revive(ids.map(\.rawValue))
        guard answers == expected else { throw StoreModel.Wrong(description: "\(answers), expected \(expected)") }
    }

    private mutating func discard() async throws {
        let ids = [someID(), someID()]
        last = "discard \(ids)"
        let answers = try await store.discard(ids)
        try await look()
        let expected = model.discard(ids.map(\.rawValue))
        guard answers == expected else { throw StoreModel.Wrong(description: "\(answers), expected \(expected)") }
    }

    private mutating func pause() async throws {
        let name = pick(["queue:q0", "queue:q1", "kind:k0", "kind:k1"])
        let target: PauseTarget =
            name.hasPrefix("queue:") ? .queue(String(name.dropFirst(6))) : .kind(String(name.dropFirst(5)))
        // Pauses are short, so that something happens.
        let pauses = chance(30)
        last = "\(pauses ? "pause" : "resume") \(name)"
        let did = pauses ? try await store.pause(target, by: "f") : try await store.resume(target)
        try await look()
        guard did == (model.paused.contains(name) != pauses) else { throw StoreModel.Wrong(description: "did \(did)") }
        if pauses { model.paused.insert(name) } else { model.paused.remove(name) }
    }

    private mutating func purge() async throws {
        let (queue, chunk) = (pick(["q0", "q1"]), number(1...20))
        last = "purge \(queue) \(chunk)"
        let out = try await store.purge(queue: queue, chunk: chunk)
        try await look()
        try model.purge(queue, chunk: chunk, out: out, now: audit)
    }

    private mutating func stepClock() async throws {
        let milliseconds = number(0...3000)
        last = "clock \(milliseconds)"
        try await store.stepClock(by: .milliseconds(milliseconds))
        try await look()
    }

    /// One worker beats while leases run out.
    private mutating func loseWorkers() async throws {
        let survivor = pick(players)
        last = "lose all but \(survivor.name)"
        try await survivor.outlive()
        try await look()
    }

    // MARK: Rules that hold at any time

    /// Tenants with waiting tasks are no further apart than one round and one task.
    private func fairness() -> [String] {
        audit.turns.compactMap { ring, turn in
            guard let most = turn.values.max(), let least = turn.values.min(), most - least > 1 + 1 / 0.5 + 1e-6 else {
                return nil
            }
            return "\(ring): the tenants are \(most - least) rounds apart: \(turn)"
        }
    }

    private func counts() async throws -> [String] {
        var findings: [String] = []
        for view in try await store.queues() {
            let ready = model.lanes.filter { lane, _ in
                let ring = lane.prefix { $0 != "\t" }
                return ring == view.name[...] || ring.hasPrefix(view.name + "|")
            }.reduce(0) { $0 + $1.value.count }
            let running = model.held.values.flatMap(\.values).filter { $0.lane.hasPrefix(view.name) }.count
            let expected = [ready, model.delayed[view.name]?.count ?? 0, running, model.dead[view.name]?.count ?? 0]
            let found = [view.ready, view.delayed, view.running, view.dead]
            if found != expected { findings.append("counts of \(view.name): \(found), expected \(expected)") }
        }
        return findings
    }
}
