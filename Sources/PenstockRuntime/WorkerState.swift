import DequeModule
import PenstockModel
import PenstockStore

/// What a worker knows of itself, and all its decisions: no IO, no waiting. One place locks it.
struct WorkerState {
    enum Phase: Hashable {
        /// Exits: `stop` to stopping, `leave` to left.
        case working
        /// No more claims; what runs may end until the instant. Exits: `leave` to left.
        case stopping(graceEnds: ContinuousClock.Instant)
        /// Signs off, or has: no incarnation may begin any more.
        case left
    }

    /// What the claim loop does next.
    enum Step {
        case cycle(CycleRequest, again: Bool)
        /// Wait for the gate.
        case wait
        /// Nothing runs and nothing is to be committed any more.
        case finished
    }

    /// A claimed task that waits for a slot.
    struct Ready {
        let task: ClaimedTask
        let since: ContinuousClock.Instant
        var brief: RunBrief?
        var carried: RunEnd?
    }

    /// The end of an attempt, to be committed.
    private struct End {
        let task: EndedTask
        /// Of a run's task: what ended, in case that its run has moved on and it has to be planned once more.
        var attempt: Attempt?
    }

    let configuration: WorkerConfiguration
    let kinds: [String]?

    private(set) var phase = Phase.working
    private(set) var incarnation = 0
    private(set) var incarnationName = ""
    /// Taken over, and not registered anew yet.
    private(set) var isLost = false
    private(set) var statistics = WorkerStatistics()

    private var ready: Deque<Ready> = []
    /// By itself, not by task: an attempt of a lost life may still be ending while the task runs anew.
    private(set) var running: [ObjectIdentifier: Attempt] = [:]
    /// Child tasks that take from `ready`; at most as many as there are slots.
    private var runners = 0
    private var ended: [End] = []
    private var oldestEnd: ContinuousClock.Instant?
    /// Sent, reply awaited.
    private var inFlight: [End] = []
    private var isInFlight = false
    /// Ends that were sent and their reply lost: refused the next time, they had been taken the first time.
    private var doubtful: Set<Lease> = []
    private var needsReconcile = false
    /// Tasks to be cancelled that may be on their way here, in a reply that is awaited.
    private var earlyCancels: [TaskID: String] = [:]
    /// When the next delayed task is due, as the last reply told.
    private var nextDue: ContinuousClock.Instant?
    /// It is due, and was told to this worker only: there must be a call, be it one that wakes others.
    private var isDue = false
    /// Something said that there may be work.
    private var wantsWork = true
    private var claimCount = 0
    /// Kept where kinds have bounds.
    private var heldByKind: [String: Int] = [:]
    private let boundsKinds: Bool
    private var pace = Pace()
    private var portion = Portion()

    init(configuration: WorkerConfiguration, kinds: [String]?) {
        self.configuration = configuration
        self.kinds = kinds
        boundsKinds = !configuration.kindConcurrency.isEmpty
    }

    // MARK: The life of an incarnation

    mutating func begin(incarnation name: String) {
        incarnation += 1
        incarnationName = name
        isLost = false
        statistics.incarnations += 1
        needsReconcile = false
        wantsWork = true
    }

    /// The incarnation was taken over. Its attempts are to be interrupted by the caller; what had ended is refused.
    mutating func lose() -> (interrupt: [Attempt], refused: [TaskID]) {
        isLost = true
        let refused = (inFlight + ended).map(\.task.id)
        statistics.refused += refused.count
        inFlight = []
        isInFlight = false
        doubtful = []
        earlyCancels = [:]
        ended = []
        oldestEnd = nil
        for waiting in ready { release(kind: waiting.task.record.kind) }
        ready = []
        return (running.values.filter { $0.incarnation == incarnation }, refused)
    }

    mutating func stop(graceEnds: ContinuousClock.Instant) {
        guard case .working = phase else { return }
        phase = .stopping(graceEnds: graceEnds)
        // What was claimed and never started goes back first.
        while let waiting = ready.popFirst() { end(waiting.task, .released) }
    }

    /// The worker signs off.
    mutating func leave() { phase = .left }

    // MARK: The claim loop

    mutating func nextStep(now: ContinuousClock.Instant) -> Step {
        if phase == .left { return .finished }
        if isInFlight { return .wait }
        let isStopping = phase != .working
        if isLost { return isStopping && running.isEmpty ? .finished : .wait }
        if isStopping && running.isEmpty && ended.isEmpty && ready.isEmpty { return .finished }
        let room =
            isStopping
            ? 0 : portion.limit(max(0, configuration.concurrency + pace.ahead - running.count - ready.count))
        let flush = !ended.isEmpty && (isStopping || !shouldHold(now: now))
        // Claims are held back like commits: while enough is waiting here, a call would bring little.
        let claims = wantsWork && room > 0 && ready.count <= pace.lowWater
        guard flush || needsReconcile || isDue || claims else { return .wait }
        claimCount += 1
        if ended.count <= Pace.mostEnded {
            inFlight = ended
            ended = []
            oldestEnd = nil
        } else {
            inFlight = Array(ended.prefix(Pace.mostEnded))
            ended.removeFirst(inFlight.count)
        }
        isInFlight = true
        isDue = false
        if room > 0 { wantsWork = false }
        statistics.cycles += 1
        // Most workers have no tasks of runs; then all of it goes as it is.
        var others: [EndedTask]
        var committed: [EndedRunTask] = []
        if inFlight.allSatisfy({ $0.attempt == nil }) {
            others = inFlight.map(\.task)
        } else {
            others = []
            for task in inFlight.lazy.map(\.task) {
                if case .planned(let what, let commit) = task.outcome {
                    committed.append(EndedRunTask(id: task.id, claim: task.claim, task: what, commit: commit))
                } else {
                    others.append(task)
                }
            }
        }
        var request = CycleRequest(
            worker: incarnationName, lease: configuration.lease, claim: claimCount, room: room,
            queues: configuration.queues, kinds: kinds,
            bounds: configuration.kindConcurrency.map { kind, bound in
                (kind, max(0, bound - heldByKind[kind, default: 0]))
            },
            reconcile: needsReconcile ? leases : nil,
            ended: others, committed: committed)
        request.fires = configuration.firesSchedules && !isStopping
        return .cycle(request, again: !doubtful.isEmpty)
    }

    /// What this incarnation knows that it holds: running, waiting for a slot, or ended and not yet committed for certain.
    private var leases: [(id: TaskID, claim: Int)] {
        running.values.filter { $0.incarnation == incarnation }.map { ($0.task.id, $0.task.claim) }
            + ready.map { ($0.task.id, $0.task.claim) } + (inFlight + ended).map { ($0.task.id, $0.task.claim) }
    }

    /// Holding a batch back pays while slots have work waiting in this process; never for longer than `Pace.longestHold`.
    private func shouldHold(now: ContinuousClock.Instant) -> Bool {
        guard ready.count > pace.lowWater, let oldestEnd else { return false }
        return now - oldestEnd < Pace.longestHold
    }

    /// Ends that wait for a call.
    var endedCount: Int { ended.count }

    /// When a held batch must leave, if one is held.
    var flushAt: ContinuousClock.Instant? { isInFlight ? nil : oldestEnd.map { $0 + Pace.longestHold } }

    /// Takes in the reply of a cycle. Returns how many runners to start.
    ///
    /// - Parameter briefs: what was read of the runs of claimed tasks.
    mutating func accept(
        _ turn: CycleTurn, requested: CycleRequest, briefs: [TaskID: RunBrief] = [:], now: ContinuousClock.Instant
    ) -> (start: Int, refused: [TaskID], confirmed: [TaskID]) {
        // The reply to an earlier life: what it carried was given up for lost, and what it claimed is lost.
        guard requested.worker == incarnationName, !isLost else { return (0, [], []) }
        isInFlight = false
        pace.note(ended: inFlight.count, at: now)
        portion.note(arrived: turn.claimed)
        let stale = Set(turn.stale)
        let outdated = Set(turn.refused.map(\.id))
        var refused: [TaskID] = []
        var confirmed: [TaskID] = []
        for end in inFlight {
            let task = end.task
            if outdated.contains(task.id) {
                // Planned for another state of its run: looked at once more, without its code if that has run.
                if let attempt = end.attempt {
                    ready.prepend(Ready(task: attempt.task, since: now, carried: attempt.end))
                }
            } else if !stale.contains(task.id) {
                count(task.outcome)
            } else if doubtful.contains(task.lease) {
                confirmed.append(task.id)
                count(task.outcome)
            } else {
                refused.append(task.id)
            }
        }
        statistics.refused += refused.count
        inFlight = []
        if !doubtful.isEmpty { doubtful = [] }
        if requested.reconcile != nil { needsReconcile = false }
        nextDue = turn.nextDue.map { now + .milliseconds(max(0, $0 - turn.now)) }
        take(turn, claim: requested.claim, briefs, now: now)
        // As much as there was room for: there may be more.
        if requested.room > 0 && turn.claimed.count >= requested.room { wantsWork = true }
        if case .stopping = phase {
            while let waiting = ready.popFirst() { end(waiting.task, .released) }
            return (0, refused, confirmed)
        }
        let start = max(0, min(ready.count, configuration.concurrency - runners))
        runners += start
        return (start, refused, confirmed)
    }

    private mutating func take(
        _ turn: CycleTurn, claim: Int, _ briefs: [TaskID: RunBrief], now: ContinuousClock.Instant
    ) {
        statistics.claimed += turn.claimed.count
        for task in turn.claimed {
            if boundsKinds { heldByKind[task.record.kind, default: 0] += 1 }
            if let reason = earlyCancels[task.id] {
                end(task, .cancelled(reason: reason), now: now)
            } else {
                ready.append(Ready(task: task, since: now, brief: briefs.isEmpty ? nil : briefs[task.id]))
            }
        }
        if !earlyCancels.isEmpty { earlyCancels = [:] }
        for id in turn.unreadable {
            let outcome = Outcome.dead(attempt: 1, message: "the stored record cannot be read by this version")
            ended.append(End(task: EndedTask(id: id, claim: claim, outcome: outcome)))
            if oldestEnd == nil { oldestEnd = now }
        }
    }

    /// The call failed. What it carried goes first again.
    mutating func giveBack(_ requested: CycleRequest, outcomeUnknown: Bool, now: ContinuousClock.Instant) {
        guard requested.worker == incarnationName, !isLost else { return }
        isInFlight = false
        if outcomeUnknown { portion.noteLost(room: requested.room) }
        if outcomeUnknown {
            doubtful.formUnion(inFlight.lazy.map(\.task.lease))
            needsReconcile = true
        }
        ended = inFlight + ended
        inFlight = []
        if !ended.isEmpty && oldestEnd == nil { oldestEnd = now }
        wantsWork = true
    }

    /// Time to compare what is held with what is known: a call that was given up for lost may have been executed later.
    mutating func reviewLeases() { needsReconcile = true }

    /// The moment of `nextDue` may have come. Returns it if it has not.
    mutating func noteDue(now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard let nextDue, nextDue <= now else { return nextDue }
        self.nextDue = nil
        if phase == .working && !isLost { isDue = true }
        return nil
    }

    mutating func lookForWork() { wantsWork = true }

    // MARK: Slots

    /// The next task for a runner; nil ends the runner.
    mutating func takeReady(_ make: (Ready, Int) -> Attempt) -> Attempt? {
        guard let waiting = ready.popFirst() else {
            runners -= 1
            return nil
        }
        let attempt = make(waiting, incarnation)
        running[ObjectIdentifier(attempt)] = attempt
        return attempt
    }

    /// Whether the claim loop has something to do now that a task has ended.
    var needsLoop: Bool { !isInFlight && (ready.count <= pace.lowWater || phase != .working) }

    /// What became of the end of an attempt.
    enum Settlement {
        /// It will be committed.
        case recorded
        /// Its lease is lost: nothing can be committed.
        case refused
        /// Its slot had been given away before.
        case late
    }

    /// An attempt has ended.
    mutating func settle(
        _ attempt: Attempt, _ outcome: Outcome?, _ carried: RunEnd? = nil, now: ContinuousClock.Instant
    ) -> Settlement {
        guard running.removeValue(forKey: ObjectIdentifier(attempt)) != nil else { return .late }
        if let outcome, attempt.incarnation == incarnation, !isLost {
            if let carried { attempt.end = carried }
            end(attempt.task, outcome, outcome.isPlanned ? attempt : nil, now: now)
            return .recorded
        }
        release(kind: attempt.task.record.kind)
        statistics.refused += 1
        return .refused
    }

    /// The slot of an attempt is free although its handler still runs. A runner less: the handler's own is stuck.
    mutating func loseRunner() { runners -= 1 }

    /// A runner that was stuck in an abandoned attempt is back; it may go on if there are fewer than slots.
    mutating func regainRunner() -> Bool {
        guard runners < configuration.concurrency else { return false }
        runners += 1
        return true
    }

    /// Runners that a freed slot needs.
    mutating func startRunners() -> Int {
        let start = max(0, min(ready.count, configuration.concurrency - runners))
        runners += start
        return start
    }

    /// A task was asked to end. Returns its attempt, to be interrupted, if it runs; one that waits for a slot ends here,
    /// and one that may be on its way here when it arrives.
    mutating func cancel(_ id: TaskID, reason: String) -> Attempt? {
        if let attempt = running.values.first(where: { $0.task.id == id && $0.incarnation == incarnation }) {
            return attempt
        }
        if let place = ready.firstIndex(where: { $0.task.id == id }) {
            let waiting = ready.remove(at: place)
            end(waiting.task, .cancelled(reason: reason))
        } else if isInFlight {
            earlyCancels[id] = reason
        }
        return nil
    }

    /// Nothing can be committed any more; leases will expire.
    mutating func surrender() {
        phase = .left
        ready = []
        ended = []
        inFlight = []
        running = [:]
    }

    /// Claimed tasks that have waited for a slot for too long go back, for workers that have one.
    mutating func releaseOverdue(now: ContinuousClock.Instant) {
        while let last = ready.last, now - last.since >= Pace.longestWait {
            ready.removeLast()
            end(last.task, .released, now: now)
        }
    }

    /// When tasks that wait for a slot have waited too long.
    var overdueAt: ContinuousClock.Instant? { ready.last.map { $0.since + Pace.longestWait } }
    var isIdle: Bool { running.isEmpty && ready.isEmpty && ended.isEmpty && inFlight.isEmpty }

    private mutating func end(
        _ task: ClaimedTask, _ outcome: Outcome, _ attempt: Attempt? = nil, now: ContinuousClock.Instant = .now
    ) {
        ended.append(End(task: EndedTask(id: task.id, claim: task.claim, outcome: outcome), attempt: attempt))
        if oldestEnd == nil { oldestEnd = now }
        release(kind: task.record.kind)
    }

    private mutating func release(kind: String) {
        guard boundsKinds, let held = heldByKind[kind] else { return }
        heldByKind[kind] = held > 1 ? held - 1 : nil
    }

    private mutating func count(_ outcome: Outcome) {
        switch outcome {
        case .completed, .result, .planned: statistics.completed += 1
        case .retry: statistics.retried += 1
        case .dead: statistics.dead += 1
        case .cancelled: statistics.cancelled += 1
        case .released: statistics.released += 1
        }
    }
}

/// How far ahead of its slots a worker claims: as much as it ends in `reach`, so that slots do not wait for round trips
/// when tasks are short, and nothing is hoarded when they are long.
struct Pace: Sendable {
    static let longestHold: Duration = .milliseconds(2)
    static let longestWait: Duration = .milliseconds(200)
    private static let reachSeconds = 0.020
    private static let most = 2000
    /// What one call commits at most, so that none keeps Redis busy for more than a few milliseconds.
    static let mostEnded = 1000

    private(set) var ahead = 0
    /// The next call leaves when so few are left waiting: early enough that its reply finds slots at work.
    var lowWater: Int { ahead * 2 / 3 }
    private var rate = 0.0
    private var last: ContinuousClock.Instant?

    mutating func note(ended: Int, at now: ContinuousClock.Instant) {
        defer { last = now }
        guard let last else { return }
        let seconds = (now - last) / .seconds(1)
        guard seconds > 0 else { return }
        // Averaged over about 20 ms, whatever the length of a cycle.
        let weight = min(1, seconds / 0.02 + 0.2)
        rate += (Double(ended) / seconds - rate) * weight
        ahead = min(Self.most, Int(rate * Self.reachSeconds))
    }
}
