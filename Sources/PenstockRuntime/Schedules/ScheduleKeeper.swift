import Logging
import PenstockModel
import PenstockStore

/// A schedule that the code of a worker declares.
package struct ScheduleDeclaration: Sendable {
    package let name: String
    package let spec: ScheduleSpec
    package let payload: [UInt8]

    package init(name: String, spec: ScheduleSpec, payload: [UInt8]) {
        self.name = name
        self.spec = spec
        self.payload = payload
    }

    /// Names what is declared, so that versions can be told apart.
    func digest(_ stored: [UInt8]) -> String {
        String((stored + [0] + payload).fnv1a, radix: 36)
    }
}

extension TickFirer {
    /// Stores a schedule that is new, or changes one: with its next tick, and after what is due of it by now has been fired.
    ///
    /// - Parameter change: makes the new one out of the old one; nil for a new one. Throws what the caller wants to hear.
    package func save(
        _ name: String, digest: Bool = false,
        _ change: (StoredSchedule?) throws -> (spec: ScheduleSpec, payload: [UInt8])
    ) async throws -> ScheduleSaving {
        for _ in 0..<20 {
            let (now, found) = try await store.schedules([name])
            let old = found[0]
            let (spec, payload) = try change(old)
            let stored = try spec.stored()
            let declared =
                digest
                ? ScheduleDeclaration(name: name, spec: spec, payload: payload).digest(stored) : nil
            var oldDue: Int64?
            if let old, old.pause == nil, declared == nil || old.declaration?.digest != declared,
                let before = try? ScheduleSpec(stored: old.spec)
            {
                oldDue = old.facts.tick.map { before.rules(of: name).due($0) }
                if let due = oldDue, due <= now, !blocks(before, old) {
                    try await fire(old, now: now)
                    continue
                }
                if blocks(before, old) { oldDue = nil }
            }
            // A backfill's ticks have passed.
            let first = try first(name, spec, after: spec.isTemporary ? (spec.start ?? now) - 1 : now)
            let answer = try await store.save(
                ScheduleChange(
                    name: name, spec: stored, payload: payload, tick: first?.tick, due: first?.due,
                    old: old.map { ($0, oldDue) }, digest: declared))
            if answer != .stale { return answer }
        }
        throw StoreError.invalid("schedule \(name) is changed by others all the time: try again")
    }

    /// Whether a due tick waits for the end of what goes on, and does not hold up a change.
    private func blocks(_ spec: ScheduleSpec, _ schedule: StoredSchedule) -> Bool {
        if case .wait(let most) = spec.overlap { schedule.facts.live >= most } else { false }
    }

    /// Makes a declared schedule known, or leaves it alone if another version's is in force.
    func declare(_ declaration: ScheduleDeclaration) async throws -> ScheduleSaving {
        try await save(declaration.name, digest: true) { _ in (declaration.spec, declaration.payload) }
    }
}

extension WorkerEngine {
    /// Keeps the declared schedules in force, and says what is not.
    func declareSchedules() async {
        var said: [String: ScheduleSaving] = [:]
        while !Task.isCancelled {
            for declaration in schedules {
                do {
                    guard let answer = try await firer?.declare(declaration) else { continue }
                    if answer == .saved || said[declaration.name] != answer { say(answer, declaration.name) }
                    said[declaration.name] = answer
                } catch {
                    logger.error(
                        "cannot declare a schedule; trying again in a minute",
                        metadata: ["schedule": "\(declaration.name)", "error": "\(error)"])
                }
            }
            observe?(.declared)
            do { try await Task.sleep(for: .seconds(60)) } catch { return }
        }
    }

    private func say(_ answer: ScheduleSaving, _ name: String) {
        switch answer {
        case .saved: logger.info("schedule stored as declared", metadata: ["schedule": "\(name)"])
        case .left:
            logger.warning(
                "a declared schedule does not count while workers live that declare a later version of it",
                metadata: ["schedule": "\(name)"])
        case .foreign:
            logger.error(
                "a declared schedule does not count: one of its name was made by hand. Delete that, or rename this",
                metadata: ["schedule": "\(name)"])
        case .kept, .exists, .stale: break
        }
    }

    /// Fires the schedules that cycles hand out to this worker.
    func fireSchedules() async {
        for await names in handedOut.stream {
            await firer?.fire(names)
            // What comes next may be due sooner than this worker knows of.
            lookForWork()
        }
    }
}
