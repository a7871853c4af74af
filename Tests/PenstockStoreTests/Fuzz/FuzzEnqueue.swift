import PenstockModel
import PenstockTesting
import RedisClient

@testable import PenstockStore

/// Calls that bring something in, and what belongs to tasks.
extension Fuzz {
    mutating func someTask() -> NewTask {
        let levels: [Priority] = [.normal, .normal, .normal, 1, -3]
        let keys = ["a:1", "a:2", "a:3", "b:1", "b:2"].shuffled(using: &random)
        var options = TaskOptions()
        if chance(10) { options.retention = .seconds(3600) }
        options.limits = keys.prefix([0, 0, 1, 2][number(0...3)]).compactMap { try? LimitName($0) }
        var task = store.task(
            pick(["k0", "k1", "k2"]), queue: pick(["q0", "q1"]), tenant: pick(["", "t0", "t1", "t2"]),
            priority: pick(levels), options: options,
            start: chance(20) ? .after(.milliseconds(number(1...6000))) : .now,
            key: chance(10) ? "x\(number(0...15))" : nil, payload: chance(50) ? [UInt8(number(0...255)), 10] : [])
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

    mutating func enqueue() async throws {
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
        if chance(4), let claim = try await someClaim() { tasks[0].role = claim }
        let claim = tasks[0].role
        let isHeld = try await holds(claim)
        last = "enqueue \(tasks.map { ($0.id, $0.record.head, $0.start, $0.extras) })"
        let isFull = model.isFull(for: tasks)
        do {
            let answers = try await store.enqueue(tasks)
            guard !isFull else { throw StoreModel.Wrong(description: "should be refused: a length cap") }
            guard isHeld else { throw StoreModel.Wrong(description: "should be refused: the role is not held") }
            // Tokens are remembered for half a minute: to look at all of them each time would take most of the test's.
            for token in audit.sent { try await store.raw("DEL", store.keys.prefix + "sent:" + token) }
            try await look()
            everything += tasks.map(\.id)
            try model.enqueue(tasks, answers, now: audit)
        } catch StoreError.full(let target, _) {
            try await look()
            guard isFull, isHeld else { throw StoreModel.Wrong(description: "refused by the cap of \(target)") }
        } catch StoreError.roleLost {
            try await look()
            guard !isHeld else { throw StoreModel.Wrong(description: "refused, but the role is held") }
        }
    }

    private func holds(_ claim: RoleClaim?) async throws -> Bool {
        guard let claim else { return true }
        return model.holds(claim, now: try await store.schedules([]).now)
    }

    mutating func limit() async throws {
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

    mutating func cap() async throws {
        let (queue, tenant) = (pick(["q0", "q1"]), pick([nil, "t0", "*"]))
        let cap = chance(50) ? (most: number(5...15), policy: chance(50) ? CapPolicy.reject : .drop) : nil
        last = "cap \(queue) \(tenant ?? "-") \(cap.map { "\($0)" } ?? "none")"
        try await store.setCap(queue: queue, tenant: tenant, most: cap?.most, policy: cap?.policy ?? .reject)
        model.caps[tenant.map { "\(queue)\t\($0)" } ?? queue] = cap
        try await look()
    }

    /// Opens one, perhaps in another one, or seals one.
    mutating func batch() async throws {
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

    mutating func seal(_ id: BatchID, _ name: String) async throws {
        last = "seal \(id)"
        let answer = try await store.sealBatch(id)
        model.batches[name]?.isOpen = false
        model.endIfOver(name)
        guard (answer == .ended) == (model.batches[name]?.hasEnded == true) else {
            throw StoreModel.Wrong(description: "sealed: \(answer)")
        }
        try await look()
    }

    mutating func note() async throws {
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

    mutating func follow() async throws {
        let (id, waiter) = (someID(), "v\(number(0...1))")
        last = "follow \(id) for \(waiter)"
        let answer = try await store.follow(id, waiter: waiter)
        let item = model.items[id.rawValue]
        let isDead = item.map { model.dead[$0.queue]?.contains(id.rawValue) == true } ?? false
        switch answer {
        case .waiting where item != nil && !isDead: model.items[id.rawValue]?.waiters.insert(waiter)
        case .dead where isDead: break
        case .unknown where item == nil && model.results[id.rawValue] == nil: break
        case .ended(let state, let bytes) where item == nil:
            guard let mine = model.results[id.rawValue], mine.state == state.rawValue, mine.bytes == bytes else {
                throw StoreModel.Wrong(description: "followed: \(answer)")
            }
        default: throw StoreModel.Wrong(description: "followed: \(answer)")
        }
        try await look()
    }
}
