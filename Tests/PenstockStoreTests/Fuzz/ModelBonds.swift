import PenstockModel
import PenstockTesting

@testable import PenstockStore

/// Unique keys, caps, batches, waiters and notes, naively.
extension StoreModel {
    struct Batch {
        var parent: String?
        var isOpen = true
        var members: Set<String> = []
        var total = 0
        var succeeded = 0
        var failed = 0
        var hasEnded = false
        var callbacks: [BatchEvent: NewTask] = [:]
        var fired: [BatchEvent] = []
    }

    // MARK: Ends

    mutating func untie(_ id: String, _ event: String) {
        guard let item = items[id] else { return }
        if let (key, mode) = item.unique, mode != "p" {
            let stays = event == "start" && mode != "s" && mode != "b" || event == "dead" && mode == "e"
            if !stays {
                if uniques[key]?.id == id { uniques[key] = nil }
                items[id]?.unique = nil
            }
        }
        if event == "start" { return }
        items[id]?.caps = []
        if let schedule = item.schedule {
            items[id]?.schedule = nil
            leaveSchedule(schedule, id)
        }
        for waiter in item.waiters { hints[waiter, default: []].append("ended \(id) \(event)") }
        items[id]?.waiters = []
        if let batch = item.batch {
            items[id]?.batch = nil
            leave(batch, id, succeeded: event == "completed")
        }
    }

    /// Purged: gone, and counted by the caller.
    mutating func forget(_ id: String) {
        untie(id, "purged")
        items[id] = nil
    }

    private mutating func leave(_ name: String, _ member: String, succeeded: Bool) {
        guard var batch = batches[name], batch.members.remove(member) != nil else { return }
        if succeeded { batch.succeeded += 1 } else { batch.failed += 1 }
        batches[name] = batch
        if !succeeded { fire(name, .failure) }
        endIfOver(name)
    }

    mutating func endIfOver(_ name: String) {
        guard let batch = batches[name], !batch.isOpen, batch.members.isEmpty, !batch.hasEnded else { return }
        batches[name]?.hasEnded = true
        if batch.failed == 0 { fire(name, .success) }
        fire(name, .done)
        batches[name]?.callbacks = [:]
        if let parent = batch.parent { leave(parent, name, succeeded: batch.failed == 0) }
    }

    private mutating func fire(_ name: String, _ event: BatchEvent) {
        guard let task = batches[name]?.callbacks.removeValue(forKey: event) else { return }
        batches[name]?.fired.append(event)
        add(task, expiry: nil)
        append(task.id.rawValue, to: task.record.lane)
    }

    // MARK: Enqueue

    mutating func add(_ task: NewTask, expiry: Int64?) {
        let record = task.record
        items[task.id.rawValue] = Item(
            kind: record.kind, queue: record.queue, lane: record.lane, lanes: Self.lanes(record), head: record.head,
            payload: record.payload, born: step, isRetained: record.options.retention != nil, expiry: expiry)
    }

    private static func lanes(_ record: TaskRecord) -> [String] {
        let rest = String(record.lane.drop { $0 != "\t" })
        let ofKind = rest + (rest.filter { $0 == "\t" }.count == 1 ? "\t" : "") + "\tkind:\(record.kind)"
        return [rest, ofKind].flatMap { [record.queue + $0, "\(record.queue)|\(record.kind)\($0)"] }
    }

    func capsOf(_ record: TaskRecord) -> [(target: String, most: Int, policy: CapPolicy)] {
        let own = "\(record.queue)\t\(record.tenant)"
        return [(record.queue, caps[record.queue]), (own, caps[own] ?? caps["\(record.queue)\t*"])].compactMap {
            name, cap in cap.map { (name, $0.most, $0.policy) }
        }
    }

    func count(under target: String) -> Int { items.values.filter { $0.caps.contains(target) }.count }

    private func holder(of unique: Uniqueness) -> String? {
        uniques[unique.key].flatMap { $0.mode == "p" || items[$0.id] != nil ? $0.id : nil }
    }

    /// Who stands for each task of the call, nil for those that are stored.
    func known(_ tasks: [NewTask]) -> [String?] {
        var (keysNow, uniquesNow) = ([String: String](), [String: String]())
        return tasks.map { task in
            let byKey = task.idempotencyKey.flatMap { keysNow[$0] ?? keys[$0] }
            let byUnique = task.uniqueness.flatMap { uniquesNow[$0.key] ?? holder(of: $0) }
            if let other = byKey ?? byUnique { return other }
            if let key = task.idempotencyKey { keysNow[key] = task.id.rawValue }
            if let unique = task.uniqueness { uniquesNow[unique.key] = task.id.rawValue }
            return nil
        }
    }

    /// Whether a length cap refuses the call.
    func isFull(for tasks: [NewTask]) -> Bool {
        var lengths: [String: Int] = [:]
        var isFull = false
        for (task, other) in zip(tasks, known(tasks)) where other == nil {
            for cap in capsOf(task.record) {
                let length = lengths[cap.target] ?? count(under: cap.target)
                lengths[cap.target] = length + 1
                if length + 1 > cap.most, cap.policy == .reject { isFull = true }
            }
        }
        return isFull
    }

    mutating func enqueue(_ tasks: [NewTask], _ answers: [EnqueueAnswer], now audit: KeyspaceAudit) throws {
        let others = known(tasks)
        // Batches get their members before anything makes way.
        for (task, other) in zip(tasks, others) where other == nil {
            if let batch = task.record.options.batch?.rawValue { batches[batch]?.members.insert(task.id.rawValue) }
        }
        var place = 0
        while place < tasks.count {
            let task = tasks[place]
            if let other = others[place] {
                guard answers[place].isDuplicate, answers[place].id.rawValue == other else {
                    throw Wrong(description: "\(other) stands for \(task.id), and \(answers[place]) was told")
                }
                try replace(other, by: task, now: audit)
                place += 1
                continue
            }
            // Tasks alike make way together.
            var end = place + 1
            while end < tasks.count, !task.hasKey, !tasks[end].hasKey, tasks[end].record.lane == task.record.lane,
                tasks[end].start == task.start, tasks[end].extras == task.extras
            { end += 1 }
            makeWay(for: task.record, count: end - place)
            for task in tasks[place..<end] { try store(task, now: audit) }
            for answer in answers[place..<end] where answer.isDuplicate {
                throw Wrong(description: "\(answer.id) is no duplicate")
            }
            place = end
        }
    }

    /// The oldest that wait are dropped for so many new ones.
    mutating func makeWay(for record: TaskRecord, count new: Int) {
        for cap in capsOf(record) { makeWay(under: cap.target, count: count(under: cap.target) + new - cap.most) }
    }

    mutating func makeWay(under target: String, count: Int) {
        var excess = count
        let live = items.filter { $0.value.caps.contains(target) }
        for (id, _) in live.sorted(by: { ($0.value.born, $0.key) < ($1.value.born, $1.key) }) where excess > 0 {
            if takeOut(id) {
                drop(id, as: "discarded", "made way for a newer one")
                excess -= 1
            }
        }
    }

    mutating func store(_ task: NewTask, now audit: KeyspaceAudit) throws {
        let (record, id) = (task.record, task.id.rawValue)
        var due = task.start == .now ? nil : audit.delayed[record.queue]?[id]
        add(task, expiry: task.expiry == nil ? nil : audit.expiring[record.queue]?[id])
        let targets = capsOf(record).map(\.target)
        items[id]?.caps = targets
        if let key = task.idempotencyKey { keys[key] = id }
        if let batch = task.record.options.batch?.rawValue {
            items[id]?.batch = batch
            batches[batch]?.members.insert(id)
            batches[batch]?.total += 1
        }
        var isDebounced = false
        if let unique = task.uniqueness {
            let mode: Character =
                switch unique.until {
                case .started: "s"
                case .finished: "e"
                case .died: "d"
                case .passed: "p"
                case .debounced: "b"
                }
            let latest = audit.uniques[unique.key]?.split(separator: "\t").dropFirst().first.flatMap { Int64($0) }
            uniques[unique.key] = (id, mode, latest)
            items[id]?.unique = (unique.key, mode)
            isDebounced = mode == "b"
        }
        if isDebounced { due = audit.delayed[record.queue]?[id] }
        // One that made way for another of the same call is nowhere any more.
        if task.start == .now && !isDebounced {
            append(id, to: Self.lanes(record)[terms("kind:\(record.kind)") == nil ? 0 : 2])
        } else {
            delayed[record.queue, default: [:]][id] = due ?? 0
        }
    }

    private mutating func replace(_ id: String, by task: NewTask, now audit: KeyspaceAudit) throws {
        guard case .debounced = task.uniqueness?.until, let key = task.uniqueness?.key, let lock = uniques[key],
            lock.mode == "b", lock.id == id, let item = items[id]
        else { return }
        let queue = task.record.queue
        if delayed[item.queue]?.removeValue(forKey: id) != nil {
            // The next one of the same call may have put it into another queue since; the comparison tells of a wrong one.
            let found = audit.delayed.values.lazy.compactMap { $0[id] }.first
            guard let due = found ?? (audit.heads[id] == nil ? 0 : nil), due <= lock.latest ?? .max else {
                throw Wrong(description: "debounced \(id) is not delayed, or for too long")
            }
            delayed[queue, default: [:]][id] = due
        } else if item.lane != task.record.lane || item.kind != task.record.kind {
            return
        }
        items[id]?.kind = task.record.kind
        items[id]?.queue = queue
        items[id]?.lane = task.record.lane
        items[id]?.lanes = Self.lanes(task.record)
        items[id]?.head = task.record.head
        items[id]?.isRetained = task.record.options.retention != nil
        items[id]?.payload = task.record.payload
        items[id]?.expiry = task.expiry == nil ? nil : audit.expiring[queue]?[id]
    }

    // MARK: Comparing

    func differencesOfBonds(from audit: KeyspaceAudit) -> [String] {
        var found: [String] = []
        func compare<Value: Equatable>(_ what: String, _ mine: Value, _ its: Value) {
            if mine != its { found.append("\(what): expected \(mine), found \(its)") }
        }
        compare("unique keys", uniques.mapValues(\.id), audit.uniques.mapValues { String($0.prefix { $0 != "\t" }) })
        for (queue, moments) in audit.expiring {
            for (id, moment) in moments {
                guard let item = items[id] else { continue }
                if item.queue != queue || item.expiry != moment { found.append("\(id) should not end at \(moment)") }
            }
        }
        for (id, item) in items {
            if let expiry = item.expiry, audit.expiring[item.queue]?[id] != expiry {
                found.append("\(id) should end at \(expiry)")
            }
        }
        var live: [String: Set<String>] = [:]
        for (id, item) in items { for cap in item.caps { live[cap, default: []].insert(id) } }
        compare("under caps", live, audit.live)
        compare("progress", Set(items.filter(\.value.isNoted).keys), Set(audit.progress.keys))
        compare("batches", Set(batches.keys), Set(audit.batches.keys))
        for (name, batch) in batches {
            guard let fields = audit.batches[name] else { continue }
            func number(_ field: String) -> Int { fields[field].flatMap { Int($0) } ?? 0 }
            compare("members of \(name)", batch.members, audit.members[name] ?? [])
            compare(
                "batch \(name)", [batch.total, batch.succeeded, batch.failed],
                ["total", "succeeded", "failed"].map(number))
            compare(
                "state of \(name)", [batch.isOpen, batch.hasEnded], [fields["open"] != nil, fields["ended"] != nil])
            compare(
                "callbacks of \(name)", Set(batch.callbacks.keys.map(\.rawValue)),
                Set(["success", "failure", "done"].filter { fields[$0] != nil }))
            if Set(batch.fired).count != batch.fired.count { found.append("\(name) fired twice: \(batch.fired)") }
        }
        for (waiter, mine) in hints where !mine.isEmpty {
            compare("hints to \(waiter)", mine.sorted(), (audit.hints[waiter] ?? []).sorted())
        }
        return found
    }
}
