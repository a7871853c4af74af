import Logging
import PenstockModel
import PenstockStore
import Synchronization

extension WorkerEngine {
    /// Runs claimed tasks one after the other until none is left.
    func runSlot() async {
        while let attempt = state.withLock({ $0.takeReady(makeAttempt) }) {
            if let limit = attempt.limit { alarm.set(limit.at) }
            let end = await run(attempt)
            // The worker's own task was cancelled: that is no failure of the job.
            if Task.isCancelled { attempt.interrupt.raise(.shutdown) }
            let outcome = attempt.outcome(of: end, now: store.serverNow, random: .random(in: 0..<1))
            if case .threw = end { log(attempt, outcome) }
            let now = ContinuousClock.now
            let (settlement, goesOn, opens, flushAt) = state.withLock { state in
                let settlement = state.settle(attempt, outcome, now: now)
                // The first end of a batch sets the alarm for all of it.
                let flushAt = state.endedCount == 1 ? state.flushAt : nil
                return (settlement, settlement != .late || state.regainRunner(), state.needsLoop, flushAt)
            }
            if settlement == .refused { count(refused: [attempt.task.id], confirmed: []) }
            if opens { gate.open() } else if let flushAt { alarm.set(flushAt) }
            if !goesOn { return }
        }
    }

    private func makeAttempt(_ task: ClaimedTask, incarnation: Int) -> Attempt {
        let handler = handlers[task.record.kind] ?? fallback
        let policy = (handler?.retry ?? configuration.retry).overridden(by: task.record.options)
        var limit: (at: ContinuousClock.Instant, reason: Interruption)?
        if let timeout = task.record.options.timeout ?? handler?.timeout ?? configuration.attemptTimeout {
            limit = (.now + timeout, .timedOut(timeout))
        }
        if let deadline = task.record.options.deadline {
            let at = ContinuousClock.now + .milliseconds(max(0, deadline - store.serverNow))
            if limit.map({ at < $0.at }) ?? true { limit = (at, .deadlinePassed) }
        }
        return Attempt(task: task, incarnation: incarnation, interrupt: Interrupt(), policy: policy, limit: limit)
    }

    /// Runs the handler. An interruption cancels it; the end is whatever it then does.
    private func run(_ attempt: Attempt) async -> HandlerEnd {
        guard let handler = handlers[attempt.task.record.kind] ?? fallback else {
            return .threw(message: "no handler for kind \(attempt.task.record.kind)", disposition: .ignorable)
        }
        if let deadline = attempt.task.record.options.deadline, deadline <= store.serverNow {
            return .threw(message: "deadline passed before the attempt began", disposition: .permanent)
        }
        let context = AttemptContext(
            logger: logger, maxAttempts: attempt.policy.attempts, interrupt: attempt.interrupt, store: store)
        return await withTaskGroup(of: HandlerEnd?.self) { group in
            let hasEnded = Atomic(false)
            // Started at once on this thread: a handler that never waits costs no hop and needs no watcher.
            group.addImmediateTask {
                defer { hasEnded.store(true, ordering: .releasing) }
                do {
                    return .returned(try await handler.run(attempt.task, context))
                } catch {
                    return .threw(message: Self.describe(error), disposition: Self.disposition(of: error))
                }
            }
            if !hasEnded.load(ordering: .acquiring) {
                group.addTask {
                    _ = await attempt.interrupt.wait()
                    return nil
                }
            }
            while let end = await group.next() {
                group.cancelAll()
                if let end { return end }
            }
            return .abandoned
        }
    }

    private static func describe(_ error: any Error) -> String {
        String(describing: error)
    }

    private static func disposition(of error: any Error) -> FailureDisposition {
        (error as? any FailureDisposing)?.disposition ?? .retryable
    }

    private func log(_ attempt: Attempt, _ outcome: Outcome?) {
        var metadata: Logger.Metadata = [
            "job": "\(attempt.task.id)", "kind": "\(attempt.task.record.kind)", "attempt": "\(attempt.task.attempt)",
        ]
        switch outcome {
        case .retry(let wait, _, _, let message):
            metadata["error"] = "\(message)"
            metadata["retry-in"] = "\(wait)"
            logger.info("attempt failed", metadata: metadata)
        case .dead(_, let message):
            metadata["error"] = "\(message)"
            logger.error("job is a dead letter", metadata: metadata)
        default: logger.debug("attempt ended", metadata: metadata)
        }
    }
}
