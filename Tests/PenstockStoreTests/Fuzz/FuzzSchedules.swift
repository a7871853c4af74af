import PenstockModel
import PenstockTesting
import RedisClient

@testable import PenstockStore

/// Schedules: saved by hand and by declarations, paused, fired, forgotten.
extension Fuzz {
    private mutating func someSchedule() -> String { "s\(number(0...2))" }

    /// How it stands, read anew or, now and then, some time ago; with Redis's clock. Nil where that would be too near to a
    /// moment that decides.
    private mutating func read(_ name: String) async throws -> (now: Int64, stored: StoredSchedule?)? {
        let (now, found) = try await store.schedules([name])
        try compare(found[0], model.schedules[name], name)
        let isClear = (model.schedules[name]?.declared.values.map(\.self) ?? []).allSatisfy {
            abs(now - $0 - 180_000) > 1000
        }
        let old = readings[name]
        readings[name] = found[0]
        guard isClear else { return nil }
        return (now, chance(15) ? old ?? found[0] : found[0])
    }

    private func compare(_ its: StoredSchedule?, _ mine: StoreModel.Schedule?, _ name: String) throws {
        let facts = mine.map {
            ScheduleFacts(
                tick: $0.tick, waiting: $0.waiting, fired: $0.fired, live: model.fires[name]?.count ?? 0)
        }
        let isSame =
            its?.revision == mine?.revision && its?.facts == facts && its?.pause?.by == mine?.pausedBy
            && its?.due == mine?.due && its?.made == mine?.made && its?.declaration?.digest == mine?.declaration?.digest
            && its?.declaration?.at == mine?.declaration?.at
            && its.map { String(decoding: $0.spec, as: UTF8.self) } == mine?.spec
        guard isSame else { throw StoreModel.Wrong(description: "read \(name): \(its as Any), not \(mine as Any)") }
    }

    mutating func saveSchedule() async throws {
        let name = someSchedule()
        last = "save schedule \(name)"
        guard let (now, stored) = try await read(name) else { return }
        let tick = chance(85) ? now + Int64(number(-2000...6000)) : nil
        var change = ScheduleChange(
            name: name, spec: Array("{\"a\":\(number(0...99))}".utf8), payload: Array("p\(number(0...99))".utf8),
            tick: tick, due: tick.map { $0 + Int64(number(0...300)) }, digest: chance(35) ? pick(["d0", "d1"]) : nil)
        if let stored, chance(80) {
            // Too near to now to know who is first.
            let due = stored.due.flatMap { abs($0 - now) > 1000 ? $0 : nil }
            change.old = (stored, due: chance(60) ? due : nil)
        }
        last += " by \(change.digest ?? "hand") at \(change.old?.0.place ?? "-"), tick \(tick ?? 0)"
        let answer = try await store.save(change)
        try await look()
        let expected = try model.save(change, now: now, audit: audit)
        guard answer == expected else { throw StoreModel.Wrong(description: "\(answer), expected \(expected)") }
    }

    mutating func turnSchedule() async throws {
        let name = someSchedule()
        last = "turn schedule \(name)"
        guard let (now, stored) = try await read(name) else { return }
        let (answer, expected): (ScheduleTurning, ScheduleTurning)
        if let stored, model.schedules[name]?.pausedBy != nil ? chance(80) : chance(20) {
            let tick = chance(90) ? now + Int64(number(0...4000)) : nil
            last = "resume schedule \(name) of \(stored.place), tick \(tick ?? 0)"
            answer = try await store.resumeSchedule(stored, tick: tick, due: tick)
            expected = model.resumeSchedule(name, revision: stored.revision, tick: tick, due: tick)
        } else {
            last = "pause schedule \(name)"
            answer = try await store.pauseSchedule(name, by: "ann")
            expected = model.pauseSchedule(name, by: "ann")
        }
        try await look()
        guard answer == expected else { throw StoreModel.Wrong(description: "\(answer), expected \(expected)") }
    }

    mutating func deleteSchedule() async throws {
        let name = someSchedule()
        last = "delete schedule \(name)"
        guard let (now, _) = try await read(name) else { return }
        let answer = try await store.deleteSchedule(name)
        try await look()
        let expected = model.deleteSchedule(name, now: now)
        guard answer == expected else { throw StoreModel.Wrong(description: "\(answer), expected \(expected)") }
    }

    mutating func fireTicks() async throws {
        let name = someSchedule()
        last = "fire schedule \(name)"
        guard let (now, stored) = try await read(name), let stored else { return }
        var fire = TickFire(schedule: name, token: store.makeID().rawValue, isTracked: chance(75), start: .nothing)
        fire.start = someStart()
        if case .runs = fire.start { fire.isTracked = false }
        if chance(80), stored.pause == nil {
            let plan = somePlan(now, live: stored.facts.live)
            fire.move = (stored, plan)
            fire.forgets = plan.isOver && chance(30)
            fire.notes = plan.fates.map { TickNote(tick: $0.tick, fate: pick(["fired", "refused"]), detail: "x") }
            if chance(20) { fire.notes.append(TickNote(tick: now, fate: "overlapped")) }
        } else if model.schedules[name] != nil {
            fire.notes = [TickNote(tick: now, fate: "triggered")]
        } else {
            return
        }
        last += """
             from \(fire.move?.from.place ?? "-") to \(fire.move.map { "\($0.plan)" } ?? "-"), \(fire.start), \
            \(fire.isTracked ? "tracked" : "")\(fire.forgets ? ", forgotten" : "")
            """
        let answer = try await store.fire(fire)
        let again = answer == .fired && chance(20) ? try await store.fire(fire) : answer
        try await look()
        let expected = try model.fire(fire, now: now, audit: audit)
        guard answer == expected, again == answer else {
            throw StoreModel.Wrong(description: "\(answer), again \(again), expected \(expected)")
        }
        for token in audit.sent { try await store.raw("DEL", store.keys.prefix + "sent:" + token) }
        try await look()
        if answer == .fired, case .jobs(let tasks) = fire.start { everything += tasks.map(\.id) }
        let notes = try await store.tickNotes(of: name, limit: 200).map(\.text)
        let mine = model.schedules[name]?.notes ?? []
        guard notes == mine else { throw StoreModel.Wrong(description: "notes: \(notes), expected \(mine)") }
    }

    /// What Redis should accept of a plan: where it goes on, and what it is fired for. The decisions are tested elsewhere.
    private mutating func somePlan(_ now: Int64, live: Int) -> TickPlan {
        var plan = TickPlan()
        for _ in 0..<number(0...2) {
            plan.fates.append((tick: now - Int64(number(0...5000)), fate: .fired))
        }
        if chance(7) { plan.fates.append((tick: now + 60_000, fate: .fired)) }
        plan.tick = chance(85) ? now + Int64(number(0...5000)) : nil
        plan.waiting = chance(20) ? now - 1 : nil
        plan.due = plan.tick
        switch number(1...5) {
        case 1: plan.cancelsLive = true
        case 2, 3:
            plan.wantsEnds = plan.tick != nil || !plan.isOver && live > 0
            // Only an end makes it due.
            if plan.wantsEnds, live > 0 { plan.due = chance(30) ? plan.tick : nil }
        default: break
        }
        return plan
    }

    private mutating func someStart() -> ScheduleStart {
        if chance(4) {
            let head = TaskRecord(kind: "flow", queue: "q0", payload: [])
            return .runs([NewRun(id: store.makeRunID(), workflow: "flow", shapeDigest: "none", head: head)])
        }
        if chance(15) { return .nothing }
        var first = store.task(
            pick(["k0", "k1"]), queue: pick(["q0", "q1"]), tenant: pick(["", "t0"]), payload: [UInt8(number(0...255))])
        if chance(15) { first.expiry = .milliseconds(number(1...8000)) }
        var tasks = [first]
        for _ in 1..<number(1...3) {
            var next = first
            next.id = store.makeID()
            tasks.append(next)
        }
        // In use, perhaps.
        if chance(4) { tasks[0].id = someID() }
        return .jobs(tasks)
    }
}
