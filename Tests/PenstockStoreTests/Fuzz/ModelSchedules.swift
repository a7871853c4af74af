import PenstockModel
import PenstockTesting

@testable import PenstockStore

/// Schedules and what they have started, naively.
extension StoreModel {
    struct Schedule {
        var revision = 1
        var spec = ""
        var payload = ""
        var tick: Int64?
        var waiting: Int64?
        var fired = 0
        /// The end of what goes on makes it due.
        var isBlocked = false
        var pausedBy: String?
        var made: Int64 = 0
        /// Of the declaration in force, and when each was declared last.
        var digest: String?
        var declared: [String: Int64] = [:]
        /// When it is looked at next.
        var due: Int64?
        /// The latest first.
        var notes: [String] = []

        var place: String {
            "\(revision) \(tick.map(String.init) ?? "-") \(waiting.map(String.init) ?? "-")"
        }

        /// Workers declare what they have once a minute.
        func isDeclared(_ digest: String, _ now: Int64) -> Bool { declared[digest] ?? 0 > now - 180_000 }

        var declaration: (digest: String, at: Int64)? { digest.map { ($0, declared[$0] ?? 0) } }
    }

    /// A moment that Redis has just noted.
    func fresh(_ moment: Int64?, _ what: String, now: Int64) throws -> Int64 {
        guard let moment, moment >= now - 20, moment < now + 10_000 else {
            throw Wrong(description: "\(what) is \(moment.map(String.init) ?? "not noted"), and it is \(now)")
        }
        return moment
    }

    // MARK: Calls

    mutating func save(_ change: ScheduleChange, now: Int64, audit: KeyspaceAudit) throws -> ScheduleSaving {
        let (name, old) = (change.name, schedules[change.name])
        func declared() throws -> Int64 {
            let field = audit.schedules[name]?["d:" + (change.digest ?? "")]
            return try fresh(field.flatMap { Int64($0) }, "declaration of \(name)", now: now)
        }
        if let digest = change.digest, let old {
            guard let current = old.digest else { return .foreign }
            if current == digest || old.isDeclared(digest, now) && old.isDeclared(current, now) {
                let moment = try declared()
                schedules[name]?.declared[digest] = moment
                return current == digest ? .kept : .left
            }
        }
        if old != nil, change.old == nil { return change.digest == nil ? .exists : .stale }
        if let (from, due) = change.old {
            if from.place != old?.place ?? "- - -" { return .stale }
            if let due, old?.pausedBy == nil, due <= now { return .stale }
        }
        var new = old ?? Schedule(revision: 0)
        if old == nil {
            new.made = try fresh(audit.schedules[name]?["made"].flatMap { Int64($0) }, "making of \(name)", now: now)
        }
        new.revision += 1
        new.spec = String(decoding: change.spec, as: UTF8.self)
        new.payload = String(decoding: change.payload, as: UTF8.self)
        (new.waiting, new.isBlocked, new.tick) = (nil, false, change.tick)
        if let digest = change.digest {
            new.digest = digest
            new.declared[digest] = try declared()
        }
        new.due = new.pausedBy == nil ? change.due : nil
        schedules[name] = new
        dueNow.remove(name)
        return .saved
    }

    mutating func pauseSchedule(_ name: String, by: String) -> ScheduleTurning {
        guard let old = schedules[name] else { return .unknown }
        if old.pausedBy != nil { return .same }
        schedules[name]?.pausedBy = by
        schedules[name]?.revision += 1
        schedules[name]?.due = nil
        return .done
    }

    mutating func resumeSchedule(_ name: String, revision: Int, tick: Int64?, due: Int64?) -> ScheduleTurning {
        guard var new = schedules[name] else { return .unknown }
        if new.pausedBy == nil { return .same }
        if new.revision != revision { return .stale }
        (new.pausedBy, new.waiting, new.isBlocked, new.tick, new.due) = (nil, nil, false, tick, due)
        new.revision += 1
        schedules[name] = new
        return .done
    }

    mutating func deleteSchedule(_ name: String, now: Int64) -> ScheduleDeletion {
        guard let old = schedules[name] else { return .unknown }
        if let digest = old.digest, old.isDeclared(digest, now) { return .declared }
        schedules[name] = nil
        fires[name] = nil
        return .deleted
    }

    mutating func fire(_ fire: TickFire, now: Int64, audit: KeyspaceAudit) throws -> TickFireAnswer {
        let name = fire.schedule
        var tasks: [NewTask] = []
        switch fire.start {
        case .jobs(let jobs): tasks = jobs
        case .runs: return .unknownShape
        case .nothing: break
        }
        if let (from, plan) = fire.move {
            if from.place != schedules[name]?.place ?? "- - -" { return .stale }
            if let latest = plan.fired.max(), now < latest { return .early }
        }
        if tasks.contains(where: { items[$0.id.rawValue] != nil }) { return .taken }
        if let first = tasks.first {
            for cap in capsOf(first.record) where cap.policy == .reject {
                if count(under: cap.target) + tasks.count > cap.most { return .full("\(cap.most) \(cap.target)") }
            }
        }
        let isMissed = fire.move.map { $0.plan.wantsEnds && fires[name]?.count ?? 0 < $0.from.facts.live } ?? false
        if fire.move?.plan.cancelsLive == true {
            for id in (fires[name] ?? []).sorted() { _ = cancel(id, reason: "schedule \(name): a later tick is due") }
        }
        if let first = tasks.first { makeWay(for: first.record, count: tasks.count) }
        for task in tasks {
            try store(task, now: audit)
            guard fire.isTracked else { continue }
            items[task.id.rawValue]?.schedule = name
            fires[name, default: []].insert(task.id.rawValue)
        }
        moveOn(fire, isMissed: isMissed)
        return .fired
    }

    private mutating func moveOn(_ fire: TickFire, isMissed: Bool) {
        let name = fire.schedule
        if let plan = fire.move?.plan, var new = schedules[name] {
            (new.tick, new.waiting, new.isBlocked, new.due) = (plan.tick, plan.waiting, plan.wantsEnds, plan.due)
            new.fired += fire.notes.filter { $0.fate == "fired" || $0.fate == "refused" }.count
            schedules[name] = new
            dueNow.remove(name)
            if isMissed { dueNow.insert(name) }
            if fire.forgets { schedules[name] = nil }
        }
        guard let old = schedules[name]?.notes else { return }
        schedules[name]?.notes = Array((fire.notes.reversed().map(\.text) + old).prefix(100))
    }

    /// A job that a schedule has started is over.
    mutating func leaveSchedule(_ name: String, _ id: String) {
        guard fires[name]?.remove(id) != nil, let schedule = schedules[name] else { return }
        if schedule.isBlocked, schedule.pausedBy == nil { dueNow.insert(name) }
    }

    /// What a turn did with due ticks; `before` is when the next was due as it began.
    mutating func handOut(_ turn: CycleTurn, before: Int64?, fires: Bool) throws {
        for name in dueNow { schedules[name]?.due = turn.now }
        dueNow = []
        let due = schedules.filter { $0.value.due ?? .max <= turn.now }.keys.sorted()
        let expected = fires && before ?? .max <= turn.now ? due : []
        guard turn.schedules.sorted() == expected else {
            throw Wrong(description: "to be fired: \(turn.schedules), expected \(expected)")
        }
        for name in expected { schedules[name]?.due = turn.now + 1000 }
    }

    /// Takes over moments that only Redis knows, where they may be right.
    mutating func settle(_ audit: KeyspaceAudit) {
        for name in dueNow where schedules[name] != nil {
            let last = audit.clock["last"] ?? 0
            schedules[name]?.due = audit.ticks[name].flatMap { abs($0 - last) < 10_000 ? $0 : nil }
        }
        dueNow = []
        step += 1
    }

    // MARK: Comparing

    func differencesOfSchedules(from audit: KeyspaceAudit) -> [String] {
        var found: [String] = []
        func compare<Value: Equatable>(_ what: String, _ mine: Value, _ its: Value) {
            if mine != its { found.append("\(what): expected \(mine), found \(its)") }
        }
        compare("schedules", Set(schedules.keys), Set(audit.schedules.keys))
        compare("due ticks", schedules.compactMapValues(\.due), audit.ticks)
        compare("started by schedules", fires.filter { !$0.value.isEmpty }, audit.fires)
        for (name, mine) in schedules {
            guard let its = audit.schedules[name] else { continue }
            compare(
                "schedule \(name)",
                [mine.place, mine.spec, mine.payload, String(mine.made), mine.digest, mine.pausedBy],
                [
                    "\(its["revision"] ?? "-") \(its["tick"] ?? "-") \(its["waiting"] ?? "-")", its["spec"],
                    its["payload"], its["made"], its["current"], its["paused"].map { String($0.prefix { $0 != "\t" }) },
                ])
            compare("fired of \(name)", mine.fired, its["fired"].flatMap { Int($0) } ?? 0)
            compare("waiting for ends of \(name)", mine.isBlocked, its["blocked"] != nil)
            compare(
                "declarations of \(name)", mine.declared.mapValues { String($0) },
                Dictionary(
                    uniqueKeysWithValues: its.filter { $0.key.hasPrefix("d:") }.map {
                        (String($0.key.dropFirst(2)), $0.value)
                    }))
        }
        return found
    }
}
