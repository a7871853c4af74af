import PenstockModel
import PenstockStore

extension WorkerEngine {
    /// What the alarm does: everything in this process whose time has come.
    func ring() {
        let now = ContinuousClock.now
        var due: [(Attempt, Interruption)] = []
        var abandoned: [Attempt] = []
        var next: ContinuousClock.Instant?
        state.withLock { state in
            func soon(_ instant: ContinuousClock.Instant) { next = min(next ?? instant, instant) }
            if case .stopping(let graceEnds) = state.phase {
                if graceEnds <= now {
                    due += state.running.values.map { ($0, .shutdown) }
                } else {
                    soon(graceEnds)
                }
            }
            for attempt in state.running.values {
                if let abandonAt = attempt.abandonAt {
                    if abandonAt <= now { abandoned.append(attempt) } else { soon(abandonAt) }
                } else if let limit = attempt.limit {
                    if limit.at <= now { due.append((attempt, limit.reason)) } else { soon(limit.at) }
                }
            }
            state.releaseOverdue(now: now)
            if let overdueAt = state.overdueAt { soon(overdueAt) }
            if let due = state.noteDue(now: now) { soon(due) }
            state.lookForWork()
        }
        for (attempt, reason) in due { interrupt(attempt, reason) }
        for attempt in abandoned { abandon(attempt) }
        if let next { alarm.set(max(next, now + .milliseconds(1))) }
        gate.open()
    }

    /// Cancels a handler. It has the grace time to end; then its slot is given away.
    func interrupt(_ attempt: Attempt, _ reason: Interruption) {
        guard attempt.interrupt(reason) else { return }
        let abandonAt = ContinuousClock.now + configuration.cancellationGrace
        attempt.abandonAt = abandonAt
        alarm.set(abandonAt)
        observe?(.interrupted(attempt.task.id, reason))
    }

    private func abandon(_ attempt: Attempt) {
        logger.warning(
            "handler did not end after it was cancelled; its slot is given away",
            metadata: ["job": "\(attempt.task.id)", "kind": "\(attempt.task.record.kind)"])
        let outcome = attempt.outcome(of: .abandoned, now: store.serverNow, random: .random(in: 0..<1))
        state.withLock { state in
            if state.settle(attempt, outcome, now: .now) != .late { state.loseRunner() }
        }
    }
}
