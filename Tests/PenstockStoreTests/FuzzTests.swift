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
                let findings = try await fuzz.drain()
                if !findings.isEmpty {
                    Issue.record(
                        "PENSTOCK_SEED=\(seed), at the end, \(fuzz.last):\n\(findings.joined(separator: "\n"))")
                }
            }
            if Task.isCancelled { return }
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
    /// Parked lanes that no limit blocks: since when, and how many turns with room to spare have passed.
    var patience: [String: (since: Int64, turns: Int)] = [:]
    /// Every fourth life goes without.
    let hasLimits: Bool
    /// The call that was made last.
    var last = ""

    static let weights = ["t0": 3.0, "t1": 0.5]

    init(_ store: Store, seed: UInt64) async throws {
        self.store = store
        random = SeededRandom(seed: seed)
        hasLimits = seed % 4 != 0
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
            store, "w\(place)-\(names)", queues: place == 2 ? ["q1"] : ["q0", "q1", "q2"],
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
            case 1...20 where model.items.count < 50: try await enqueue()
            case 21...23 where hasLimits: try await limit()
            case 24: try await cap()
            case 25...27: try await batch()
            case 28...29: try await note()
            case 30...31: try await follow()
            case 1...70: try await cycle(pick(0..<3))
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
        // Batches that are over would be looked at for the rest of the test; parents know theirs no more.
        for name in model.batches.filter(\.value.hasEnded).keys.sorted() where chance(20) {
            try await store.raw("DEL", store.keys.batch(name))
            model.batches[name] = nil
            try await look()
        }
        var findings = audit.findings + model.differences(from: audit) + fairness()
        if chance(5) { findings += try await counts() }
        try await hear()
        return findings
    }

    /// The waiters take their hints: left alone they would go by Redis's own time, which no test can step.
    private mutating func hear() async throws {
        for waiter in model.hints.keys.sorted() { try await store.raw("DEL", store.keys.wake(waiter)) }
        model.hints = [:]
    }

    private mutating func look() async throws { audit = try await KeyspaceAudit.read(store) }

    private mutating func someTask() -> NewTask {
        let levels: [Priority] = [.normal, .normal, .normal, 1, -3]
        let keys = ["a:1", "a:2", "a:3", "b:1", "b:2"].shuffled(using: &random)
        var options = TaskOptions()
        options.limits = keys.prefix([0, 0, 1, 2][number(0...3)]).compactMap { try? LimitName($0) }
        var task = store.task(
            pick(["k0", "k1", "k2"]), queue: pick(["q0", "q1"]), tenant: pick(["", "t0", "t1", "t2"]),
            priority: pick(levels), options: options,
            start: chance(20) ? .after(.milliseconds(number(1...6000))) : .now,
            key: chance(10) ? "x\(number(0...15))" : nil)
        if chance(20) {
            let until: [Uniqueness.Until] = [
                .started, .finished, .died, .debounced(wait: .milliseconds(number(1...3000)), atMost: .seconds(5)),
            ]
            task.uniqueness = Uniqueness("u\(number(0...9))", until: pick(until))
            if case .debounced = task.uniqueness?.until { task.start = .now }
            // These outlive their tasks by far: Redis's own time is not stepped.
            if chance(10) { task.uniqueness = .throttle("p\(number(0...9))", per: .seconds(3600)) }
        }
        if chance(10) { task.expiry = .milliseconds(number(1...8000)) }
        if chance(10) { task.deadline = .seconds(number(1...8)) }
        let running = model.batches.filter { !$0.value.hasEnded }.keys.sorted()
        if chance(30), !running.isEmpty { task.record.options.batch = BatchID(pick(running)) }
        return task
    }

    private mutating func enqueue() async throws {
        var tasks: [NewTask] = []
        for _ in 0..<number(1...4) {
            // Alike ones share a group of the wire form.
            if chance(30), var again = tasks.last {
                again.id = store.makeID()
                tasks.append(again)
            } else {
                tasks.append(someTask())
            }
        }
        last = "enqueue \(tasks.map { ($0.id, $0.record.head, $0.start, $0.extras) })"
        let isFull = model.isFull(for: tasks)
        do {
            let answers = try await store.enqueue(tasks)
            guard !isFull else { throw StoreModel.Wrong(description: "should be refused: a length cap") }
            // Tokens are remembered for half a minute: to look at all of them each time would take most of the test's.
            for token in audit.sent { try await store.raw("DEL", store.keys.prefix + "sent:" + token) }
            try await look()
            everything += tasks.map(\.id)
            try model.enqueue(tasks, answers, now: audit)
        } catch StoreError.full(let target, _) {
            try await look()
            guard isFull else { throw StoreModel.Wrong(description: "refused by the cap of \(target)") }
        }
    }

    private mutating func limit() async throws {
        let names = [
            "queue:q0", "queue:q1", "queue:*", "kind:k0", "kind:k1", "kind:*", "tenant:t0", "tenant:*", "a:1", "a:2",
            "a:*", "b:1", "b:*",
        ]
        let name = try LimitName(chance(50) && !model.limits.isEmpty ? pick(model.limits.keys.sorted()) : pick(names))
        var terms: LimitTerms?
        if chance(model.limits.count > 4 ? 40 : 75) {
            let isRate = chance(50)
            terms = try LimitTerms(
                jobs: isRate ? number(1...5) : nil, per: .milliseconds(number(500...5000)),
                burst: isRate ? number(1...4) : nil, concurrency: !isRate || chance(30) ? number(1...4) : nil)
        }
        last = "limit \(name) \(terms.map { "\($0)" } ?? "none")"
        try await store.setLimit(name, terms)
        try await look()
        try model.setLimit(name, terms, now: audit)
    }

    private mutating func cap() async throws {
        let (queue, tenant) = (pick(["q0", "q1"]), pick([nil, "t0", "*"]))
        let cap = chance(50) ? (most: number(5...15), policy: chance(50) ? CapPolicy.reject : .drop) : nil
        last = "cap \(queue) \(tenant ?? "-") \(cap.map { "\($0)" } ?? "none")"
        try await store.setCap(queue: queue, tenant: tenant, most: cap?.most, policy: cap?.policy ?? .reject)
        model.caps[tenant.map { "\(queue)\t\($0)" } ?? queue] = cap
        try await look()
    }

    /// Opens one, perhaps in another one, or seals one.
    private mutating func batch() async throws {
        let open = model.batches.filter { $0.value.isOpen }.keys.sorted()
        if chance(40) || open.count > 3, let name = open.isEmpty ? nil : pick(open), let id = BatchID(name) {
            return try await seal(id, name)
        }
        let id = BatchID(store.makeID())
        let running = model.batches.filter { !$0.value.hasEnded }.keys.sorted()
        let parent = chance(40) && !running.isEmpty ? BatchID(pick(running)) : nil
        var callbacks: [BatchEvent: NewTask] = [:]
        // Each in a lane of its own: which of two batches ends first in one call, nobody says.
        for event in BatchEvent.allCases where chance(60) {
            callbacks[event] = store.task(pick(["k0", "k2"]), queue: "q2", tenant: "c\(id)\(event)")
        }
        last = "open batch \(id) in \(parent.map { "\($0)" } ?? "none")"
        try await store.openBatch(id, keep: .seconds(3600), parent: parent, name: "", callbacks: callbacks)
        model.batches[id.rawValue] = StoreModel.Batch(parent: parent?.rawValue, callbacks: callbacks)
        if let parent = parent?.rawValue {
            model.batches[parent]?.members.insert(id.rawValue)
            model.batches[parent]?.total += 1
        }
        try await look()
    }

    private mutating func seal(_ id: BatchID, _ name: String) async throws {
        last = "seal \(id)"
        let answer = try await store.sealBatch(id)
        model.batches[name]?.isOpen = false
        model.endIfOver(name)
        guard (answer == .ended) == (model.batches[name]?.hasEnded == true) else {
            throw StoreModel.Wrong(description: "sealed: \(answer)")
        }
        try await look()
    }

    private mutating func note() async throws {
        let player = pick(players)
        let held = (model.held[player.name] ?? [:]).sorted { $0.key < $1.key }
        var (id, claim) = (someID(), 1)
        if chance(80), !held.isEmpty {
            let (name, lease) = pick(held)
            (id, claim) = (TaskID(name) ?? id, lease.claim)
        }
        let (progress, lines) = (chance(60) ? "half" : nil, (0..<number(0...2)).map { "line \($0)" })
        last = "note \(id) of \(player.name)"
        let isNoted = try await store.note(
            worker: player.name, id: id, claim: claim, progress: progress, lines: lines)
        guard isNoted == (model.held[player.name]?[id.rawValue]?.claim == claim) else {
            throw StoreModel.Wrong(description: "noted: \(isNoted)")
        }
        if isNoted, progress != nil { model.items[id.rawValue]?.isNoted = true }
        try await look()
    }

    private mutating func follow() async throws {
        let (id, waiter) = (someID(), "v\(number(0...1))")
        last = "follow \(id) for \(waiter)"
        let answer = try await store.follow(id, waiter: waiter)
        let item = model.items[id.rawValue]
        let isDead = item.map { model.dead[$0.queue]?.contains(id.rawValue) == true } ?? false
        switch answer {
        case .waiting where item != nil && !isDead: model.items[id.rawValue]?.waiters.insert(waiter)
        case .dead where isDead: break
        case .unknown where item == nil, .ended where item == nil: break
        default: throw StoreModel.Wrong(description: "followed: \(answer)")
        }
        try await look()
    }

    private mutating func outcome(drains: Bool = false) -> Outcome {
        if drains { return chance(90) ? .completed : .dead(attempt: 1, message: "d") }
        return switch number(1...10) {
        case 1...4: .completed
        case 5: .result([1], retention: .milliseconds(1))
        case 6: .released
        case 7: .cancelled(reason: "c")
        case 8: .dead(attempt: 1, message: "d")
        default: .retry(after: .milliseconds(number(0...4000)), counted: chance(70), attempt: 1, message: "r")
        }
    }

    private mutating func cycle(_ place: Int, drains: Bool = false) async throws {
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
        let room = !drains && chance(10) ? 0 : number(1...7)
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
        try grow(turn, player, hasRoom: turn.claimed.count < room)
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

    /// A lane that no limit blocks stays parked only while others are in line before it.
    private mutating func grow(_ turn: CycleTurn, _ player: Player, hasRoom: Bool) throws {
        var next: [String: (since: Int64, turns: Int)] = [:]
        let holders = model.holders()
        for (ring, lanes) in audit.parked {
            for lane in lanes.keys where !model.isBlocked(lane, holders, now: turn.now) {
                let before = patience[lane] ?? (turn.now, 0)
                let isServed = hasRoom && player.queues.contains(String(ring.prefix { $0 != "|" }))
                next[lane] = (before.since, before.turns + (isServed ? 1 : 0))
                guard before.turns < 60 || turn.now - before.since < 30_000 else {
                    throw StoreModel.Wrong(description: "\(lane) is parked for nothing since \(before.since)")
                }
            }
        }
        patience = next
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
        let (removed, next) = try await store.purge(queue: queue, chunk: chunk)
        try await look()
        try model.purge(queue, chunk: chunk, removed: removed, isLast: next == nil, now: audit)
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

    // MARK: The end

    /// Everything that can end ends, and nothing stays behind.
    mutating func drain() async throws -> [String] {
        do {
            for target in model.paused.sorted() {
                let name = String(target.drop { $0 != ":" }.dropFirst())
                _ = try await store.resume(target.hasPrefix("queue:") ? .queue(name) : .kind(name))
            }
            model.paused = []
            for name in model.batches.filter(\.value.isOpen).keys.sorted() {
                if let id = BatchID(name) { try await seal(id, name) }
            }
            try await look()
            var rounds = 0
            while !model.items.isEmpty {
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

    private mutating func leftovers() async throws -> [String] {
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
        let permanent = ["queues", "clock", "totals:", "weights:"]
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
    private func fairness() -> [String] {
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

    private func counts() async throws -> [String] {
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
}
