import Logging
import PenstockModel
import PenstockStore
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The rules of time zones by their IANA names. Throws for an unknown one, naming it.
package typealias ZoneSource = @Sendable (String) throws -> any ZoneRules

/// Plans the due ticks of schedules and starts what they ask for. Whoever does it first does it: a plan is made for the place
/// where a schedule stands, and is refused when it stands elsewhere by then.
package struct TickFirer: Sendable {
    /// Names of the headers by which what is started knows its tick.
    package static let scheduleHeader = "penstock-schedule"
    package static let tickHeader = "penstock-tick"

    let store: Store
    let library: ShapeLibrary
    let zones: ZoneSource
    let logger: Logger
    private let specs = SpecShelf()

    package init(store: Store, library: ShapeLibrary, zones: @escaping ZoneSource, logger: Logger) {
        self.store = store
        self.library = library
        self.zones = zones
        self.logger = logger
    }

    /// Fires what is due of these schedules.
    func fire(_ names: [String]) async {
        let found: (now: Int64, [StoredSchedule?])
        do throws(StoreError) { found = try await store.schedules(names) } catch {
            logger.warning("cannot read schedules that are due", metadata: ["error": "\(error)"])
            return
        }
        await withDiscardingTaskGroup { group in
            for case let schedule? in found.1 {
                group.addTask {
                    do throws(StoreError) { try await fire(schedule, now: found.now) } catch {
                        // It is handed out again in a second.
                        logger.warning(
                            "cannot fire a schedule", metadata: ["schedule": "\(schedule.name)", "error": "\(error)"])
                    }
                }
            }
        }
    }

    /// Fires what is due, as often as the schedule moves meanwhile.
    package func fire(_ schedule: StoredSchedule, now: Int64) async throws(StoreError) {
        var (schedule, now) = (schedule, now)
        for _ in 0..<10 where schedule.pause == nil {
            switch try await fireOnce(schedule, now: now) {
            case .fired, .full: return
            case .stale, .early, .taken, .unknownShape: break
            }
            let (later, found) = try await store.schedules([schedule.name])
            guard case let next? = found.first ?? nil else { return }
            (schedule, now) = (next, later)
        }
    }

    private func fireOnce(_ schedule: StoredSchedule, now: Int64) async throws(StoreError) -> TickFireAnswer {
        let spec: ScheduleSpec
        let plan: TickPlan
        do {
            spec = try specs.spec(of: schedule)
            plan = try self.plan(schedule.name, spec, schedule.facts, now: now)
        } catch {
            logger.error(
                "a schedule cannot be fired by this version: looked at again in a minute",
                metadata: ["schedule": "\(schedule.name)", "error": "\(error)"])
            var later = TickPlan()
            (later.tick, later.waiting, later.due) = (schedule.facts.tick, schedule.facts.waiting, now + 60_000)
            return try await store.fire(
                TickFire(
                    schedule: schedule.name, token: token(), move: (schedule, later), isTracked: false, start: .nothing)
            )
        }
        var fire = TickFire(
            schedule: schedule.name, token: token(), move: (schedule, plan), isTracked: spec.overlap.isTracked,
            start: .nothing)
        fire.forgets = spec.isTemporary && plan.isOver
        var ids: [Int64: String] = [:]
        var refusal = ""
        if !plan.fired.isEmpty {
            try await store.admit()
            switch try await start(schedule.name, spec, schedule.payload, plan.fired) {
            case .success(let start):
                fire.start = start
                ids = Dictionary(zip(plan.fired, start.ids)) { $1 }
            case .failure(let reason): refusal = reason.description
            }
        }
        fire.notes = Self.notes(plan, ids, refusal: refusal)
        let answer = try await store.fire(fire)
        if answer == .unknownShape { library.forget() }
        guard case .full(let cap) = answer else { return answer }
        fire.start = .nothing
        fire.notes = Self.notes(plan, [:], refusal: "the length cap \(cap) is reached")
        return try await store.fire(fire)
    }

    /// Starts one thing beside the ticks: by hand, or made by code. The token names it: sent again, nothing is started.
    package func start(
        _ name: String, _ spec: ScheduleSpec, payload: [UInt8], tick: Int64, token: String, memory: Duration,
        fate: String
    ) async throws(StoreError) -> String {
        try await store.admit()
        for _ in 0..<5 {
            let start: ScheduleStart
            switch try await self.start(name, spec, payload, [tick]) {
            case .success(let made): start = made
            case .failure(let reason): throw .invalid(reason.description)
            }
            var fire = TickFire(
                schedule: name, token: token, isTracked: spec.overlap.isTracked,
                notes: [TickNote(tick: tick, fate: fate, detail: start.ids[0])], start: start)
            fire.memory = memory
            switch try await store.fire(fire) {
            case .fired: return start.ids[0]
            case .full(let cap): throw .invalid("the length cap \(cap) is reached: nothing was started")
            case .unknownShape: library.forget()
            case .stale, .early, .taken: break
            }
        }
        throw .unexpectedReply("fire_ticks")
    }

    /// What is due of a schedule at a moment.
    package func plan(
        _ name: String, _ spec: ScheduleSpec, _ facts: ScheduleFacts, now: Int64
    ) throws -> TickPlan {
        func plan(_ zone: some ZoneRules) -> TickPlan {
            TickPlanner(ticks: ScheduleTicks(spec, zone: zone), rules: spec.rules(of: name)).plan(facts, now: now)
        }
        return plan(try zones(spec.zone))
    }

    /// The first tick after a moment, and when it is fired.
    package func first(_ name: String, _ spec: ScheduleSpec, after now: Int64) throws -> (tick: Int64, due: Int64)? {
        try ticks(spec, after: now, count: 1).first.map { ($0, spec.rules(of: name).due($0)) }
    }

    package func ticks(_ spec: ScheduleSpec, after now: Int64, count: Int) throws -> [Int64] {
        func ticks(_ zone: some ZoneRules) -> [Int64] {
            let source = ScheduleTicks(spec, zone: zone)
            var found: [Int64] = []
            while found.count < count, let next = source.next(after: found.last ?? now) { found.append(next) }
            return found
        }
        return ticks(try zones(spec.zone))
    }

    // MARK: What is started

    private struct Refusal: Error { let description: String }

    private func start(
        _ name: String, _ spec: ScheduleSpec, _ payload: [UInt8], _ ticks: [Int64]
    ) async throws(StoreError) -> Result<ScheduleStart, Refusal> {
        func headers(_ tick: Int64) -> [String: String] {
            [Self.scheduleHeader: name, Self.tickHeader: String(tick)]
        }
        switch spec.target {
        case .job(let job):
            guard var record = TaskRecord(Array("\(job.head)\n".utf8) + payload) else {
                return .failure(Refusal(description: "its job cannot be read by this version"))
            }
            let own = record.options.headers
            var tasks: [NewTask] = []
            for tick in ticks {
                record.options.headers = own.merging(headers(tick)) { $1 }
                tasks.append(
                    NewTask(id: store.makeID(), record: record, deadline: job.deadline, expiry: job.expiry))
            }
            return .success(.jobs(tasks))
        case .workflow(let workflow):
            let known = try await store.workflows().filter {
                $0.name == workflow.name && (workflow.version == nil || $0.version == workflow.version)
            }
            guard let digest = known.last?.digest else {
                let version = workflow.version.map { " version \($0)" } ?? ""
                return .failure(Refusal(description: "no worker has made workflow \(workflow.name)\(version) known"))
            }
            let shape = try await library.planner(digest).shape
            return .success(
                .runs(
                    ticks.map { tick in
                        let head = TaskRecord(
                            kind: shape.kind, queue: workflow.queue, tenant: workflow.tenant,
                            priority: workflow.priority, options: TaskOptions(headers: headers(tick)), payload: [])
                        return NewRun(
                            id: store.makeRunID(), workflow: shape.name, shapeDigest: digest, input: payload,
                            head: head, callback: workflow.callback, tags: workflow.tags + ["schedule/\(name)"],
                            retention: shape.retention)
                    }))
        }
    }

    private func token() -> String { store.makeID().rawValue + String(UInt64.random(in: .min ... .max), radix: 36) }

    private static func notes(_ plan: TickPlan, _ ids: [Int64: String], refusal: String) -> [TickNote] {
        plan.fates.map { tick, fate in
            switch fate {
            case .fired:
                ids[tick].map { TickNote(tick: tick, fate: "fired", detail: $0) }
                    ?? TickNote(tick: tick, fate: "refused", detail: refusal)
            case .overlapped: TickNote(tick: tick, fate: "overlapped")
            case .waits: TickNote(tick: tick, fate: "waits")
            case .missed(let through): TickNote(tick: tick, fate: "missed", detail: String(through))
            }
        }
    }
}

extension ScheduleStart {
    fileprivate var ids: [String] {
        switch self {
        case .nothing: []
        case .jobs(let tasks): tasks.map(\.id.rawValue)
        case .runs(let runs): runs.map(\.id.rawValue)
        }
    }
}

/// Schedules as they were read last: most are fired many times before they are changed.
private final class SpecShelf: Sendable {
    private static let capacity = 1000
    private let known = Mutex<[String: (stored: [UInt8], spec: ScheduleSpec)]>([:])

    func spec(of schedule: StoredSchedule) throws -> ScheduleSpec {
        if let known = known.withLock({ $0[schedule.name] }), known.stored == schedule.spec { return known.spec }
        let spec = try ScheduleSpec(stored: schedule.spec)
        known.withLock { known in
            if known.count >= Self.capacity { known = [:] }
            known[schedule.name] = (schedule.spec, spec)
        }
        return spec
    }
}

extension ScheduleSpec {
    package init(stored bytes: [UInt8]) throws {
        self = try JSONDecoder().decode(ScheduleSpec.self, from: Data(bytes))
    }

    package func stored() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self))
    }
}
