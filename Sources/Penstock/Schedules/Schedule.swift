import PenstockModel
import PenstockRuntime
import PenstockStore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A schedule, to look at and to steer. Only a name: nothing is read before it is asked for.
public struct Schedule: Sendable {
    public let name: String
    package let penstock: Penstock

    /// What a tick, or somebody by hand, has started.
    public enum Started: Sendable, Hashable, CustomStringConvertible {
        case job(TaskID)
        case run(RunID)

        public var description: String {
            switch self {
            case .job(let id): id.rawValue
            case .run(let id): id.rawValue
            }
        }
    }
}

extension Penstock {
    /// The schedule of this name, whether there is one or not.
    public func schedule(_ name: String) -> Schedule { Schedule(name: name, penstock: self) }

    /// Makes a schedule that starts something at each of its ticks, by whatever worker comes first. Its first tick is the next
    /// one from now.
    ///
    /// - Parameters:
    ///   - recurrence: a cron expression of five or six fields, `@daily` and its like, or an interval like `@every 90s`.
    /// - Throws: `invalidArgument` if something is wrong with it, or if there is a schedule of this name.
    @discardableResult
    public func createSchedule(
        _ name: String, _ recurrence: String, starting target: ScheduleTarget, _ options: ScheduleOptions = .init()
    ) async throws(PenstockError) -> Schedule {
        try checkSchedule(name)
        let (stored, payload) = try target.stored(store)
        let spec = try options.spec(recurrence, stored)
        return try await create(name, spec, payload)
    }

    /// Makes a schedule that enqueues a job.
    @discardableResult
    public func createSchedule<J: Job>(
        _ name: String, _ recurrence: String, _ job: J, _ options: ScheduleOptions = .init(),
        enqueue: EnqueueOptions = .init()
    ) async throws(PenstockError) -> Schedule {
        try await createSchedule(name, recurrence, starting: try target(job, enqueue), options)
    }

    /// Makes a schedule that starts runs of this version of a workflow.
    @discardableResult
    public func createSchedule<Input, Output>(
        _ name: String, _ recurrence: String, _ workflow: Workflow<Input, Output>, _ input: Input,
        _ options: ScheduleOptions = .init(), start: StartOptions = .init()
    ) async throws(PenstockError) -> Schedule {
        try await createSchedule(
            name, recurrence, starting: try target(workflow.definition, input, start), options)
    }

    /// Makes a schedule that starts runs of this version of a state machine, in its initial status.
    @discardableResult
    public func createSchedule<Object, Status>(
        _ name: String, _ recurrence: String, _ machine: StateMachine<Object, Status>, _ object: Object,
        _ options: ScheduleOptions = .init(), start: StartOptions = .init()
    ) async throws(PenstockError) -> Schedule {
        try await createSchedule(name, recurrence, starting: try target(machine.definition, object, start), options)
    }

    func create(_ name: String, _ spec: ScheduleSpec, _ payload: [UInt8]) async throws(PenstockError) -> Schedule {
        let answer = try await scheduling {
            try await firer.save(name) { old in
                guard old == nil else { throw Self.exists(name) }
                return (spec, payload)
            }
        }
        guard answer == .saved else { throw Self.exists(name) }
        return schedule(name)
    }

    private static func exists(_ name: String) -> PenstockError {
        PenstockError(
            .invalidArgument, "there is a schedule \(name): change it (update), delete it, or take another name")
    }

    func checkSchedule(_ name: String) throws(PenstockError) {
        do { try Name.schedule.check(name) } catch { throw PenstockError(.invalidArgument, "\(error)", cause: error) }
    }

    func target<J: Job>(_ job: J, _ options: EnqueueOptions) throws(PenstockError) -> ScheduleTarget {
        .job(kind: J.name, payload: try encode(job), options.adding(limitKeys: job.limitKeys))
    }

    func target<Input: Encodable>(
        _ definition: Definition, _ input: Input, _ options: StartOptions
    ) throws(PenstockError) -> ScheduleTarget {
        let bytes: [UInt8]
        do {
            bytes = input is NoOutput ? [] : try configuration.codec.encode(input)
        } catch {
            throw PenstockError(
                .codec, "the input of \(definition.shape.name) cannot be encoded: \(error)", cause: error)
        }
        return .workflow(definition.shape.name, version: definition.shape.version, input: bytes, options)
    }

    /// Errors of schedules as this library throws them.
    func scheduling<Value>(_ body: () async throws -> Value) async throws(PenstockError) -> Value {
        do { return try await body() } catch let error as PenstockError {
            throw error
        } catch let error as StoreError {
            throw PenstockError(error)
        } catch {
            throw PenstockError(.invalidArgument, "\(error)", cause: error)
        }
    }
}

// MARK: Steering

extension Schedule {
    /// No tick is fired from now on. Ticks that pass meanwhile are not made up for. Does nothing if it is paused already.
    ///
    /// - Parameter by: who asks, for people.
    public func pause(by: String = "") async throws(PenstockError) {
        let who = by.isEmpty ? penstock.actor : by.filter { $0 != "\t" && $0 != "\n" }
        let name = name
        let answer = try await penstock.scheduling { try await penstock.store.pauseSchedule(name, by: who) }
        if answer == .unknown { throw unknown }
    }

    /// Goes on with the next tick from now.
    public func resume() async throws(PenstockError) {
        for _ in 0..<20 {
            let (stored, now) = try await read()
            let answer = try await penstock.scheduling {
                let spec = try ScheduleSpec(stored: stored.spec)
                // A backfill goes on where it was: its ticks have passed anyway.
                let first: (tick: Int64, due: Int64)? =
                    spec.isTemporary
                    ? stored.facts.tick.map { ($0, $0) } : try penstock.firer.first(name, spec, after: now)
                return try await penstock.store.resumeSchedule(stored, tick: first?.tick, due: first?.due)
            }
            switch answer {
            case .done, .same: return
            case .unknown: throw unknown
            case .stale: continue
            }
        }
        throw PenstockError(.notNow, "schedule \(name) is changed by others all the time: try again")
    }

    /// Starts now what a tick would start, also while it is paused and whatever goes on. The ticks go on as before.
    @discardableResult
    public func trigger() async throws(PenstockError) -> Started {
        let (stored, now) = try await read()
        let token = penstock.store.makeID().rawValue
        return try await penstock.scheduling {
            let spec = try ScheduleSpec(stored: stored.spec)
            let id = try await penstock.firer.start(
                name, spec, payload: stored.payload, tick: now, token: token, memory: .seconds(30), fate: "triggered")
            return try Self.started(id, spec)
        }
    }

    static func started(_ id: String, _ spec: ScheduleSpec) throws -> Started {
        switch spec.target {
        case .job:
            guard let id = TaskID(id) else { throw StoreError.unexpectedReply("fire_ticks") }
            return .job(id)
        case .workflow:
            guard let id = RunID(id) else { throw StoreError.unexpectedReply("fire_ticks") }
            return .run(id)
        }
    }

    /// Fires the ticks of a time that has passed, whether they were fired then or not, no more than so many at a time. It is a
    /// schedule of its own, with a name that is made of this one's: to look at, to pause, and to delete, which cancels it. It
    /// is gone when its last tick was fired.
    ///
    /// - Parameters:
    ///   - from: a tick at this moment counts, as does one at `through`.
    ///   - atMost: how many of the jobs or runs that it has started go on at once.
    @discardableResult
    public func backfill(
        from: Date, through: Date, atMost: Int = 1
    ) async throws(PenstockError) -> Schedule {
        guard from <= through else {
            throw PenstockError(.invalidArgument, "the end of the backfill comes before its start: exchange them")
        }
        let (stored, now) = try await read()
        let firer = penstock.firer
        let (spec, ticks) = try await penstock.scheduling {
            var spec = try ScheduleSpec(stored: stored.spec)
            spec.anchor = spec.anchor ?? spec.start ?? 0
            (spec.start, spec.end) = (from.milliseconds, through.milliseconds)
            spec.overlap = .wait(atMost: atMost)
            (spec.jitter, spec.maximumCount, spec.isTemporary) = (.zero, nil, true)
            try spec.check()
            return (spec, try firer.ticks(spec, after: from.milliseconds - 1, count: 1))
        }
        guard !ticks.isEmpty else {
            throw PenstockError(.invalidArgument, "schedule \(name) has no tick in this time: nothing to backfill")
        }
        guard through.milliseconds <= now else {
            throw PenstockError(.invalidArgument, "the end of the backfill has not come yet: those ticks will be fired")
        }
        let suffix = String(UInt32.random(in: .min ... .max), radix: 36)
        return try await penstock.create("\(name).backfill-\(suffix)", spec, stored.payload)
    }

    /// What of a schedule can be changed.
    public struct Draft: Sendable {
        public var recurrence: String
        public var options: ScheduleOptions
        /// What is started.
        public var target: ScheduleTarget
    }

    /// Changes the schedule, from its next tick on: what is due by now is fired as it was. A pause stays. One that workers
    /// declare stays as it is changed until they declare another version.
    public func update(_ change: @Sendable (inout Draft) throws -> Void) async throws(PenstockError) {
        try await penstock.scheduling {
            _ = try await penstock.firer.save(name) { stored in
                guard let stored else { throw unknown }
                let old = try ScheduleSpec(stored: stored.spec)
                let present = try ScheduleTarget(old.target, stored.payload)
                var draft = Draft(recurrence: old.recurrence.text, options: ScheduleOptions(old), target: present)
                try change(&draft)
                let (target, payload) =
                    draft.target == present ? (old.target, stored.payload) : try draft.target.stored(penstock.store)
                var spec = try draft.options.spec(draft.recurrence, target)
                (spec.isTemporary, spec.anchor) = (old.isTemporary, old.anchor)
                return (spec, payload)
            }
        }
    }

    /// Forgets the schedule; what it has started goes on.
    ///
    /// - Throws: `notNow` for one that a worker declares, who would make it anew: pause it, or take it out of the code;
    ///   `notFound`.
    public func delete() async throws(PenstockError) {
        let name = name
        switch try await penstock.scheduling({ try await penstock.store.deleteSchedule(name) }) {
        case .deleted: return
        case .unknown: throw unknown
        case .declared:
            throw PenstockError(
                .notNow,
                "schedule \(name) is declared by a live worker, which would make it anew: pause it, or take it out of the code"
            )
        }
    }

    var unknown: PenstockError { PenstockError(.notFound, "there is no schedule \(name)") }

    func read() async throws(PenstockError) -> (StoredSchedule, now: Int64) {
        try penstock.checkSchedule(name)
        let name = name
        let (now, found) = try await penstock.scheduling { try await penstock.store.schedules([name]) }
        guard case let stored? = found.first ?? nil else { throw unknown }
        return (stored, now)
    }
}

extension ScheduleOptions {
    init(_ spec: ScheduleSpec) {
        self.init(
            zone: spec.zone, start: spec.start.map { Date(milliseconds: $0) },
            end: spec.end.map { Date(milliseconds: $0) }, maximumCount: spec.maximumCount, jitter: spec.jitter,
            overlap: spec.overlap, misfire: spec.misfire, misfireGrace: spec.grace, note: spec.note)
    }
}
