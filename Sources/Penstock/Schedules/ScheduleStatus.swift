import PenstockModel
import PenstockRuntime
import PenstockStore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A schedule at one moment.
public struct ScheduleStatus: Sendable, Hashable {
    public let name: String
    /// The expression or interval, in its one form.
    public let recurrence: String
    /// In words: `at 09:00, Monday to Friday`.
    public let words: String
    public let options: ScheduleOptions
    /// What is started at each tick.
    public let target: ScheduleTarget
    public let state: State
    /// The next ticks, earliest first; by its jitter a tick is fired later.
    public let next: [Date]
    /// A tick that waits for the end of what goes on.
    public let waiting: Date?
    /// How many ticks were fired, those included that could not start anything.
    public let fired: Int
    /// How many of the jobs and runs that it has started go on; 0 where no policy asks.
    public let live: Int
    public let created: Date
    /// Declared by the code of workers, and when that was done last.
    public let declared: Date?
    /// A backfill, which goes when it is done.
    public let isBackfill: Bool

    public enum State: Sendable, Hashable {
        case active
        case paused(by: String, at: Date)
        /// Its ticks wait until fewer of what it has started go on.
        case waiting
        /// No tick will come any more.
        case over
    }
}

/// What became of a tick.
public struct TickRecord: Sendable, Hashable {
    public let tick: Date
    public let fate: Fate

    public enum Fate: Sendable, Hashable {
        /// What was started.
        case fired(String)
        /// Somebody asked for it by hand.
        case triggered(String)
        /// Code made this of a tick.
        case made(String)
        /// Code made nothing of a tick.
        case filtered
        /// Passed over: what an earlier tick has started went on.
        case overlapped
        /// Waits for the end of what goes on.
        case waits
        /// It, and those after it up to another one, came too late.
        case missed(through: Date)
        /// Could not be started, for this reason.
        case refused(String)
    }

    init?(_ note: TickNote) {
        tick = Date(milliseconds: note.tick)
        switch note.fate {
        case "fired": fate = .fired(note.detail)
        case "triggered": fate = .triggered(note.detail)
        case "made": fate = .made(note.detail)
        case "filtered": fate = .filtered
        case "overlapped": fate = .overlapped
        case "waits": fate = .waits
        case "missed": fate = .missed(through: Date(milliseconds: Int64(note.detail) ?? note.tick))
        case "refused": fate = .refused(note.detail)
        default: return nil
        }
    }
}

extension Schedule {
    /// How the schedule stands.
    ///
    /// - Parameter next: how many of its next ticks are told, up to 1,000.
    public func status(next: Int = 5) async throws(PenstockError) -> ScheduleStatus {
        let (stored, now) = try await read()
        return try await penstock.scheduling {
            try ScheduleStatus(stored, now: now, next: min(max(next, 0), 1000), penstock.firer)
        }
    }

    /// What became of its last ticks, the latest first; the newest 100 are kept.
    public func history(limit: Int = 20) async throws(PenstockError) -> [TickRecord] {
        let name = name
        let notes = try await penstock.scheduling {
            limit < 1 ? [] : try await penstock.store.tickNotes(of: name, limit: limit)
        }
        return notes.compactMap { TickRecord($0) }
    }
}

extension Penstock {
    /// Schedules by name.
    ///
    /// - Parameters:
    ///   - prefix: only those whose names begin so.
    ///   - after: only those after this name, for the next page.
    /// - Returns: at most `limit`, up to 1,000. One that this version cannot read is left out, and logged.
    public func schedules(
        prefix: String = "", after: String = "", limit: Int = 100
    ) async throws(PenstockError) -> [ScheduleStatus] {
        let limit = min(max(limit, 1), 1000)
        return try await scheduling {
            let names = try await store.scheduleNames(after: after, prefix: prefix, limit: limit)
            if names.isEmpty { return [] }
            let (now, found) = try await store.schedules(names)
            return found.compactMap { stored in
                guard let stored else { return nil }
                do { return try ScheduleStatus(stored, now: now, next: 1, firer) } catch {
                    logger.warning(
                        "a schedule cannot be read by this version",
                        metadata: ["schedule": "\(stored.name)", "error": "\(error)"])
                    return nil
                }
            }
        }
    }
}

extension ScheduleStatus {
    init(_ stored: StoredSchedule, now: Int64, next: Int, _ firer: TickFirer) throws {
        let spec = try ScheduleSpec(stored: stored.spec)
        name = stored.name
        recurrence = spec.recurrence.text
        words = spec.recurrence.words
        options = ScheduleOptions(spec)
        target = try ScheduleTarget(spec.target, stored.payload)
        let facts = stored.facts
        if let pause = stored.pause {
            state = .paused(by: pause.by, at: Date(milliseconds: pause.at))
        } else if facts.tick == nil && facts.waiting == nil {
            state = .over
        } else if stored.due == nil {
            state = .waiting
        } else {
            state = .active
        }
        // Of a paused one, those that would come if it went on now.
        let first = stored.pause == nil || spec.isTemporary ? facts.tick.map { $0 - 1 } : now
        let ticks = try first.map { try firer.ticks(spec, after: $0, count: next) } ?? []
        let left = spec.maximumCount.map { max(0, $0 - facts.fired) } ?? next
        self.next = ticks.prefix(left).map { Date(milliseconds: $0) }
        waiting = facts.waiting.map { Date(milliseconds: $0) }
        fired = facts.fired
        live = facts.live
        created = Date(milliseconds: stored.made)
        declared = stored.declaration.map { Date(milliseconds: $0.at) }
        isBackfill = spec.isTemporary
    }
}
