import Logging
import PenstockModel
import PenstockStore
import Synchronization

extension WorkerEngine {
    /// Runs claimed tasks one after the other until none is left.
    ///
    /// Handlers run in a child task, so that they can be cancelled and the slot cannot. One child serves many attempts:
    /// it is replaced only after it was cancelled.
    func runSlot() async {
        while true {
            let cancellation = Gate()
            let unsettled = await withTaskGroup(of: UnsettledEnd?.self) { group in
                let hasEnded = Atomic(false)
                // Started at once on this thread: handlers that never wait cost no hop.
                group.addImmediateTask {
                    let unsettled = await self.runAttempts(cancellation)
                    hasEnded.store(true, ordering: .releasing)
                    cancellation.open()
                    return unsettled
                }
                if !hasEnded.load(ordering: .acquiring) {
                    await cancellation.waitIgnoringCancellation()
                    group.cancelAll()
                }
                return await group.next() ?? nil
            }
            guard let (attempt, end) = unsettled else { return }
            // The worker's own task was cancelled: that is no failure of the job.
            if Task.isCancelled { attempt.interrupt(.shutdown) }
            guard settle(attempt, end) else { return }
        }
    }

    private typealias UnsettledEnd = (attempt: Attempt, end: HandlerEnd)

    /// Runs tasks until none is left, or until one was interrupted: then this task is cancelled, or is about to be, and
    /// may run nothing more.
    /// - Parameter cancellation: opened to have this task cancelled.
    private func runAttempts(_ cancellation: Gate) async -> UnsettledEnd? {
        var next = state.withLock { $0.takeReady { makeAttempt($0, $1, cancellation) } }
        while let attempt = next {
            if let limit = attempt.limit { alarm.set(limit.at) }
            let end = await run(attempt)
            if Task.isCancelled || !attempt.finish() { return (attempt, end) }
            let outcome = outcome(attempt, end)
            let now = ContinuousClock.now
            let settlement: WorkerState.Settlement
            let signal: Signal
            (settlement, signal, next) = state.withLock { state in
                let settlement = state.settle(attempt, outcome, end.carried, now: now)
                let goesOn = settlement != .late || state.regainRunner()
                let next = goesOn ? state.takeReady { makeAttempt($0, $1, cancellation) } : nil
                return (settlement, Signal(state), next)
            }
            give(signal)
            if settlement == .refused { count(refused: [attempt.task.id], confirmed: []) }
        }
        return nil
    }

    /// Notes how an interrupted attempt ended. False when its slot was given away and is not needed.
    private func settle(_ attempt: Attempt, _ end: HandlerEnd) -> Bool {
        let outcome = outcome(attempt, end)
        let (settlement, goesOn, signal) = state.withLock { state in
            let settlement = state.settle(attempt, outcome, end.carried, now: .now)
            return (settlement, settlement != .late || state.regainRunner(), Signal(state))
        }
        give(signal)
        if settlement == .refused { count(refused: [attempt.task.id], confirmed: []) }
        return goesOn
    }

    /// Whom the end of an attempt concerns.
    private enum Signal {
        case nobody
        case claimLoop
        /// The first end of a batch sets the alarm for all of it.
        case alarm(ContinuousClock.Instant)

        init(_ state: borrowing WorkerState) {
            if state.needsLoop {
                self = .claimLoop
            } else if state.endedCount == 1, let flushAt = state.flushAt {
                self = .alarm(flushAt)
            } else {
                self = .nobody
            }
        }
    }

    private func give(_ signal: Signal) {
        switch signal {
        case .nobody: break
        case .claimLoop: gate.open()
        case .alarm(let instant): alarm.set(instant)
        }
    }

    private func outcome(_ attempt: Attempt, _ end: HandlerEnd) -> Outcome? {
        let outcome = attempt.outcome(of: end, now: store.serverNow, random: .random(in: 0..<1))
        switch end {
        case .threw, .decided(.retry, _): log(attempt, outcome)
        default: break
        }
        return outcome
    }

    private func makeAttempt(
        _ ready: WorkerState.Ready, _ incarnation: Int, _ cancellation: Gate
    ) -> Attempt {
        let task = ready.task
        let handler = handlers[task.record.kind] ?? fallback
        let (planned, timeout) = runTerms(ready)
        var limit: (at: ContinuousClock.Instant, reason: Interruption)?
        if let timeout = timeout ?? task.record.options.timeout ?? handler?.timeout ?? configuration.attemptTimeout {
            limit = (.now + timeout, .timedOut(timeout))
        }
        if let deadline = task.record.options.deadline {
            let at = ContinuousClock.now + .milliseconds(max(0, deadline - store.serverNow))
            if limit.map({ at < $0.at }) ?? true { limit = (at, .deadlinePassed) }
        }
        return Attempt(
            task: task, incarnation: incarnation, handler: handler,
            policy: (planned ?? handler?.retry ?? configuration.retry).overridden(by: task.record.options),
            limit: limit, cancellation: cancellation, brief: ready.brief, carried: ready.carried)
    }

    /// How a task of a run is retried, and how long an attempt may take: as the run's own version of the workflow says.
    private func runTerms(_ ready: WorkerState.Ready) -> (retry: RetryPolicy?, timeout: Duration?) {
        guard ready.task.record.options.run != nil,
            let planner = ready.brief?.planner ?? workflows[ready.task.record.kind]?.planner,
            let task = ready.brief?.payload.task ?? RunTaskPayload(ready.task.record.payload)?.task
        else { return (nil, nil) }
        return (planner.retry(task), planner.timeout(task))
    }

    /// Runs the handler. An interruption cancels it; the end is whatever it then does.
    private func run(_ attempt: Attempt) async -> HandlerEnd {
        if attempt.task.record.options.run != nil {
            if let workflow = workflows[attempt.task.record.kind] { return await runTask(attempt, workflow) }
            let message = "this worker has no workflow \(attempt.task.record.kind)"
            return .decided(
                .retry(after: .seconds(5), counted: false, attempt: attempt.task.attempt, message: message), nil)
        }
        guard let handler = attempt.handler else {
            return .threw(message: "no handler for kind \(attempt.task.record.kind)", disposition: .ignorable)
        }
        if let deadline = attempt.task.record.options.deadline, deadline <= store.serverNow {
            return .threw(message: "deadline passed before the attempt began", disposition: .permanent)
        }
        do {
            return .returned(
                try await handler.run(attempt.task, AttemptContext(logger: logger, attempt: attempt, engine: self)))
        } catch {
            return .threw(message: Self.describe(error), disposition: Self.disposition(of: error))
        }
    }

    static func describe(_ error: any Error) -> String {
        String(describing: error)
    }

    static func disposition(of error: any Error) -> FailureDisposition {
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
