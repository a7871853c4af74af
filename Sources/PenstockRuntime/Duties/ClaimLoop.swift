import PenstockModel
import PenstockStore
import RedisClient

extension WorkerEngine {
    /// Commits and claims, one call at a time, until the worker has stopped; owns the slots.
    func claimLoop() async {
        await withDiscardingTaskGroup { slots in
            var failures = 0
            loop: while true {
                let (step, start) = state.withLock { ($0.nextStep(now: .now), $0.startRunners()) }
                startSlots(start, &slots)
                switch step {
                case .wait:
                    if let flushAt = state.withLock({ $0.flushAt }) { alarm.set(flushAt) }
                    // Not ended by cancellation: what runs has to be waited for, and each end opens the gate.
                    await gate.waitIgnoringCancellation()
                case .finished:
                    break loop
                case .cycle(let request, _):
                    do throws(StoreError) {
                        let reply = try await store.cycle(request, timeout: configuration.callTimeout)
                        failures = 0
                        switch reply {
                        case .dead: await beReborn(from: request.worker)
                        case .turn(let turn): await take(turn, request, &slots)
                        }
                    } catch {
                        failures += 1
                        await recover(request, from: error, failures: failures)
                    }
                }
            }
            await leave()
        }
    }

    private func take(_ turn: CycleTurn, _ request: CycleRequest, _ slots: inout DiscardingTaskGroup) async {
        if !turn.schedules.isEmpty { handedOut.continuation.yield(turn.schedules) }
        let briefs = await readRuns(turn, request)
        let now = ContinuousClock.now
        let (start, refused, confirmed) = state.withLock {
            $0.accept(turn, requested: request, briefs: briefs, now: now)
        }
        count(refused: refused, confirmed: confirmed)
        if let observe {
            let accepted = request.accepted(by: turn, confirmed: confirmed)
            if !accepted.isEmpty { observe(.committed(accepted)) }
        }
        if !turn.unreadable.isEmpty {
            logger.error("claimed tasks that cannot be read", metadata: ["jobs": "\(turn.unreadable)"])
        }
        if let observe, !turn.claimed.isEmpty { observe(.claimed(turn.claimed.map(\.id))) }
        startSlots(start, &slots)
        if let overdueAt = state.withLock({ $0.overdueAt }) { alarm.set(overdueAt) }
        if let due = state.withLock({ $0.noteDue(now: now) }) { alarm.set(due) }
        if request.room > 0 && turn.claimed.count < request.room {
            if state.withLock({ $0.isIdle }) {
                observe?(.idle)
                if configuration.drains, await isDrained() { stop(grace: configuration.shutdownGrace) }
            }
            alarm.set(now + configuration.pollInterval)
        }
    }

    /// What the tasks of runs among these need to be looked at. What cannot be read now is read in the slot.
    private func readRuns(_ turn: CycleTurn, _ request: CycleRequest) async -> [TaskID: RunBrief] {
        if workflows.isEmpty { return [:] }
        let tasks = turn.claimed.filter { $0.record.options.run != nil }
        if tasks.isEmpty { return [:] }
        do throws(StoreError) {
            return try await briefs(for: tasks, confirmed: Self.confirmed(turn, request))
        } catch {
            logger.warning("cannot read runs", metadata: ["error": "\(error)"])
            return [:]
        }
    }

    /// Runs whose revision the call has found to be what was known, and has not moved: of those all commits were ends of items,
    /// and one was applied.
    private static func confirmed(_ turn: CycleTurn, _ request: CycleRequest) -> [RunID: Int] {
        var revisions: [RunID: Int] = [:]
        var others: Set<RunID> = []
        let failed = turn.refused.isEmpty && turn.stale.isEmpty ? [] : Set(turn.refused.map(\.id) + turn.stale)
        for task in request.committed {
            if task.commit.isItem, !failed.contains(task.id) {
                revisions[task.commit.run] = task.commit.revision
            } else {
                others.insert(task.commit.run)
            }
        }
        for run in others { revisions[run] = nil }
        return revisions
    }

    private func startSlots(_ count: Int, _ slots: inout DiscardingTaskGroup) {
        for _ in 0..<count { slots.addTask(executorPreference: globalConcurrentExecutor) { await self.runSlot() } }
    }

    private func recover(_ request: CycleRequest, from error: StoreError, failures: Int) async {
        var unknown = true
        if case .redis(let redis) = error {
            switch redis {
            case .unavailable, .closed, .invalidConfiguration: unknown = false
            // What the server had no means to do it did not begin; any other error may have come in the middle.
            case .server(let answer): unknown = !answer.isServerTrouble
            case .outcomeUnknown, .invalidReply, .cancelled: break
            }
        }
        if case .outOfMemory = error { unknown = false }
        state.withLock { $0.giveBack(request, outcomeUnknown: unknown, now: .now) }
        if failures == 1 || failures % 20 == 0 {
            logger.error("cannot reach Redis as needed; trying again", metadata: ["error": "\(error)"])
        }
        if case .redis(.closed) = error {
            // The client is shut down: nothing can be committed any more, leases will expire.
            state.withLock { $0.surrender() }
            return
        }
        let wait = Backoff.exponential(from: .milliseconds(20), cap: .seconds(1), jitter: 0.5)
            .wait(afterAttempt: failures, random: .random(in: 0..<1))
        try? await Task.sleep(for: wait)
        // A stop ends, also when Redis does not come back: once the lease has run out there is no hurry to hand back.
        let isHopeless = state.withLock { state in
            guard case .stopping(let graceEnds) = state.phase else { return false }
            return .now > graceEnds + configuration.lease || (Task.isCancelled && failures > 5)
        }
        if isHopeless { state.withLock { $0.surrender() } }
    }

    private func isDrained() async -> Bool {
        do throws(StoreError) {
            return try await store.queues(configuration.queues).allSatisfy {
                $0.ready == 0 && $0.limited == 0 && $0.delayed == 0 && $0.running == 0
            }
        } catch {
            logger.error("cannot see whether the queues are empty", metadata: ["error": "\(error)"])
            return false
        }
    }

    private func leave() async {
        let name = state.withLock { state in
            state.leave()
            return state.incarnationName
        }
        for triesLeft in [2, 1, 0] {
            do throws(StoreError) {
                try await store.retire(worker: name, timeout: configuration.callTimeout)
                return
            } catch {
                if triesLeft == 0 {
                    logger.warning("cannot sign off; the lease will expire", metadata: ["error": "\(error)"])
                }
            }
        }
    }
}
