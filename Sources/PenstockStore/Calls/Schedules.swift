import PenstockModel
import RedisClient

/// A schedule as Redis has it.
package struct StoredSchedule: Sendable {
    package let name: String
    package let revision: Int
    /// JSON; see `ScheduleSpec`.
    package let spec: [UInt8]
    /// Of what is started: a job's payload, or a run's input.
    package let payload: [UInt8]
    package let facts: ScheduleFacts
    package let pause: (by: String, at: Int64)?
    package let made: Int64
    /// Of the declaration in force, and when it was declared last; nil for a schedule that was made by hand.
    package let declaration: (digest: String, at: Int64)?
    /// When it is looked at next.
    package let due: Int64?

    /// What a plan that was made for it expects to find.
    var place: String { "\(revision) \(Self.words(facts.tick, facts.waiting))" }

    static func words(_ tick: Int64?, _ waiting: Int64?) -> String {
        "\(tick.map { String($0) } ?? "-") \(waiting.map { String($0) } ?? "-")"
    }
}

/// What firing a schedule starts.
package enum ScheduleStart: Sendable {
    case nothing
    /// They share lane, options and limits.
    case jobs([NewTask])
    case runs([NewRun])
}

/// Ticks to be fired.
package struct TickFire: Sendable {
    package var schedule: String
    /// Names this call: sent again, it changes nothing.
    package var token: String
    /// For how long the token is remembered.
    package var memory: Duration = .seconds(30)
    /// Where the schedule has to stand, and what it moves on to. Nil: started beside its ticks, wherever it stands.
    package var move: (from: StoredSchedule, plan: TickPlan)?
    /// Whether others look at what goes on.
    package var isTracked: Bool
    /// For people, the latest first.
    package var notes: [TickNote]
    package var start: ScheduleStart
    /// Whether that was the last of it, and the schedule is to be forgotten.
    package var forgets = false

    package init(
        schedule: String, token: String, move: (from: StoredSchedule, plan: TickPlan)? = nil, isTracked: Bool,
        notes: [TickNote] = [], start: ScheduleStart
    ) {
        self.schedule = schedule
        self.token = token
        self.move = move
        self.isTracked = isTracked
        self.notes = notes
        self.start = start
    }
}

package enum TickFireAnswer: Sendable, Hashable {
    case fired
    /// The schedule stands elsewhere now; nothing was done.
    case stale
    /// It is not yet time by Redis's clock; nothing was done.
    case early
    /// A length cap refuses the jobs; nothing was done.
    case full(String)
    /// An id is in use; nothing was done.
    case taken
    /// There is no such shape; nothing was done.
    case unknownShape
}

/// What became of a tick, for people: the newest 100 of a schedule are kept.
package struct TickNote: Sendable, Hashable {
    package let tick: Int64
    /// `fired`, `triggered`, `overlapped`, `waits`, `missed`, `refused`.
    package let fate: String
    /// The id of what was started, the last tick that was missed, or a reason.
    package let detail: String

    package init(tick: Int64, fate: String, detail: String = "") {
        self.tick = tick
        self.fate = fate
        self.detail = detail
    }

    var text: String { "\(tick)\t\(fate)\t\(detail)" }

    init?(_ text: String) {
        let parts = text.split(separator: "\t", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let tick = Int64(parts[0]) else { return nil }
        self.init(tick: tick, fate: String(parts[1]), detail: String(parts[2]))
    }
}

/// A schedule to be stored.
package struct ScheduleChange: Sendable {
    package var name: String
    package var spec: [UInt8]
    package var payload: [UInt8]
    package var tick: Int64?
    /// When the tick is fired.
    package var due: Int64?
    /// The one to be changed, and when its own tick is due, which must not have come; nil for a new one.
    package var old: (StoredSchedule, due: Int64?)?
    /// Nil if somebody asks by hand.
    package var digest: String?

    package init(
        name: String, spec: [UInt8], payload: [UInt8], tick: Int64?, due: Int64?,
        old: (StoredSchedule, due: Int64?)? = nil, digest: String? = nil
    ) {
        self.name = name
        self.spec = spec
        self.payload = payload
        self.tick = tick
        self.due = due
        self.old = old
        self.digest = digest
    }
}

package enum ScheduleSaving: String, Sendable {
    case saved, exists, stale, kept, left, foreign
}

package enum ScheduleTurning: String, Sendable {
    case done, same, stale, unknown
}

package enum ScheduleDeletion: String, Sendable {
    case deleted, declared, unknown
}

extension Store {
    /// Where schedules stand, and Redis's clock (ms); nil for those that are not there. One round trip.
    package func schedules(_ names: [String]) async throws(StoreError) -> (now: Int64, [StoredSchedule?]) {
        let items = try await call(Scripts.readSchedules, RedisArguments(names)).array ?? []
        guard items.count == 1 + 12 * names.count, let now = items[0].text.flatMap({ Int64($0) }) else {
            throw .unexpectedReply("read_schedules")
        }
        learn(now: now)
        return (now, names.indices.map { StoredSchedule(names[$0], items[(1 + 12 * $0)..<(13 + 12 * $0)]) })
    }

    /// Names of schedules in order, from the one after `last`.
    package func scheduleNames(
        after last: String = "", prefix: String = "", limit: Int
    ) async throws(StoreError) -> [String] {
        let from = last.isEmpty || last < prefix ? (prefix.isEmpty ? "-" : "[\(prefix)") : "(\(last)"
        // Names have no byte above 0x7E.
        let reply = try await send(
            RedisCommand(
                "ZRANGE", keys.schedules, from, prefix.isEmpty ? "+" : "[\(prefix)\u{7F}", "BYLEX", "LIMIT", "0",
                String(limit)))
        return (reply.array ?? []).compactMap(\.text)
    }

    package func save(_ change: ScheduleChange) async throws(StoreError) -> ScheduleSaving {
        guard change.payload.count <= limits.payloadBytes else {
            throw .invalid(
                "the payload of schedule \(change.name) has \(change.payload.count) bytes; at most \(limits.payloadBytes) are allowed"
            )
        }
        var words = RedisArguments([change.name, change.old?.0.place ?? ""])
        words.append(change.old?.due.map { String($0) } ?? "")
        words.append(change.spec)
        words.append(change.payload)
        words.append(change.tick.map { String($0) } ?? "")
        words.append(change.due.map { String($0) } ?? "")
        words.append(change.digest ?? "")
        return try await answer(Scripts.saveSchedule, words)
    }

    package func pauseSchedule(_ name: String, by: String) async throws(StoreError) -> ScheduleTurning {
        try await answer(Scripts.turnSchedule, [name, by, "", "", ""])
    }

    package func resumeSchedule(
        _ schedule: StoredSchedule, tick: Int64?, due: Int64?
    ) async throws(StoreError) -> ScheduleTurning {
        try await answer(
            Scripts.turnSchedule,
            [
                schedule.name, "", String(schedule.revision), tick.map { String($0) } ?? "",
                due.map { String($0) } ?? "",
            ])
    }

    package func deleteSchedule(_ name: String) async throws(StoreError) -> ScheduleDeletion {
        try await answer(Scripts.deleteSchedule, [name])
    }

    /// What became of the ticks of a schedule, the latest first.
    package func tickNotes(of name: String, limit: Int) async throws(StoreError) -> [TickNote] {
        let lines = try await send(RedisCommand("LRANGE", keys.ticked(name), "0", String(limit - 1))).array ?? []
        return lines.compactMap { $0.text.flatMap { TickNote($0) } }
    }

    /// Starts what ticks ask for, and moves the schedule on, in one step. A lost reply is no trouble: the call is safe to repeat,
    /// and is repeated here.
    package func fire(_ fire: TickFire) async throws(StoreError) -> TickFireAnswer {
        let words = try Self.words(fire, limits)
        var attempt = ResendWindow()
        while true {
            do throws(RedisError) {
                let reply = try await evaluate(Scripts.fireTicks, words)
                if let parts = reply.array, parts.first?.text == "full" { return .full(parts.last?.text ?? "") }
                switch reply.text {
                case "fired": return .fired
                case "stale": return .stale
                case "early": return .early
                default: throw RedisError.invalidReply("fire_ticks")
                }
            } catch {
                if case .server(let answer) = error {
                    if answer.message.hasPrefix("IDTAKEN ") { return .taken }
                    if answer.message.hasPrefix("NOSHAPE ") { return .unknownShape }
                }
                guard error.isPassing || error.isOutcomeUnknown, await attempt.mayResend() else {
                    throw StoreError(error)
                }
            }
        }
    }

    private func answer<Answer: RawRepresentable>(
        _ script: RedisScript, _ words: RedisArguments
    ) async throws(StoreError) -> Answer where Answer.RawValue == String {
        guard let answer = try await call(script, words).text.flatMap({ Answer(rawValue: $0) }) else {
            throw .unexpectedReply(script.name)
        }
        return answer
    }

    private static func words(_ fire: TickFire, _ limits: StoreLimits) throws(StoreError) -> RedisArguments {
        var words = RedisArguments([fire.token, fire.schedule])
        if let (from, plan) = fire.move {
            words.append(from.place)
            words.append(StoredSchedule.words(plan.tick, plan.waiting))
            words.append(plan.due.map { String($0) } ?? "")
            words.append(
                (plan.cancelsLive ? "c" : "") + (plan.wantsEnds ? "b" : "") + (fire.forgets ? "r" : ""))
            words.append(String(plan.fired.max() ?? 0))
        } else {
            for word in ["", "", "", "", "0"] { words.append(word) }
        }
        words.append(String(max(1, fire.memory.milliseconds / 1000)))
        words.append(fire.move?.from.facts.live ?? 0)
        words.append(fire.notes.count)
        for note in fire.notes { words.append(note.text) }
        switch fire.start {
        case .nothing: words.append("none")
        case .jobs(let tasks): append(tasks, fire, to: &words)
        case .runs(let runs): try append(runs, fire, limits, to: &words)
        }
        return words
    }

    private static func append(_ tasks: [NewTask], _ fire: TickFire, to words: inout RedisArguments) {
        var first = tasks.first
        if fire.isTracked { first?.schedule = fire.schedule }
        words.append("job")
        words.append(first?.record.lane ?? "")
        words.append(first?.extras ?? "")
        words.append(tasks.count)
        for task in tasks {
            words.append(task.id.rawValue)
            words.append(task.record.bytes)
        }
    }

    private static func append(
        _ runs: [NewRun], _ fire: TickFire, _ limits: StoreLimits, to words: inout RedisArguments
    ) throws(StoreError) {
        for (place, run) in runs.enumerated() {
            // id, workflow, shape, input, foreign id, head, callback, tags, retention
            let own = try run.words(limits).values
            if place == 0 {
                words.append("run")
                for value in [own[1], own[2], own[5], own[6], own[7], own[8]] { words.append(value) }
                words.append(fire.isTracked ? "o" : "")
                words.append(runs.count)
            }
            words.append(own[0])
            words.append(own[3])
        }
    }
}

extension StoredSchedule {
    fileprivate init?(_ name: String, _ items: ArraySlice<RedisReply>) {
        let fields = Array(items)
        func number(_ place: Int) -> Int64? { fields[place].text.flatMap { Double($0) }.map { Int64($0) } }
        guard let revision = number(0), let spec = fields[1].bytes, let payload = fields[2].bytes else { return nil }
        self.name = name
        self.revision = Int(revision)
        self.spec = spec
        self.payload = payload
        facts = ScheduleFacts(
            tick: number(3), waiting: number(4), fired: Int(number(5) ?? 0), live: Int(number(10) ?? 0))
        let pause = (fields[6].text ?? "").split(separator: "\t", omittingEmptySubsequences: false)
        self.pause = pause.count == 2 ? (String(pause[0]), Int64(pause[1]) ?? 0) : nil
        made = number(7) ?? 0
        let digest = fields[8].text ?? ""
        declaration = digest.isEmpty ? nil : (digest, number(9) ?? 0)
        due = number(11)
    }
}
