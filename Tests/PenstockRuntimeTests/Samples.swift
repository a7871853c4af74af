import Logging

@testable import PenstockModel
@testable import PenstockRuntime
@testable import PenstockStore

let start = ContinuousClock.now

func id(_ name: String) -> TaskID { TaskID(unchecked: name) }

func task(_ name: String, claim: Int = 1, kind: String = "k", options: TaskOptions = .init()) -> ClaimedTask {
    ClaimedTask(
        id: id(name), claim: claim, record: TaskRecord(kind: kind, queue: "q", options: options, payload: []),
        history: TaskHistory())
}

func turn(
    _ claimed: [ClaimedTask] = [], stale: [String] = [], unreadable: [String] = [], due: Int64? = nil
) -> CycleTurn {
    CycleTurn(now: 1000, nextDue: due, stale: stale.map(id), claimed: claimed, unreadable: unreadable.map(id))
}

func makeAttempt(_ task: ClaimedTask, _ incarnation: Int, cancellation: Gate = Gate()) -> Attempt {
    Attempt(
        task: task, incarnation: incarnation, handler: nil, policy: .fixed(.seconds(1), attempts: 3), limit: nil,
        cancellation: cancellation)
}

/// A `WorkerState` behind a reference, so that expectations can call what changes it.
final class Subject {
    private var state: WorkerState

    /// A worker that has begun its first life.
    init(concurrency: Int = 2, kinds: [String: Int] = [:]) {
        var configuration = WorkerConfiguration(queues: ["q"])
        configuration.concurrency = concurrency
        configuration.kindConcurrency = kinds
        state = WorkerState(configuration: configuration, kinds: nil)
        state.begin(incarnation: "one")
    }

    /// The request of the next step, if it is a cycle.
    func request(at instant: ContinuousClock.Instant = start) -> CycleRequest? {
        if case .cycle(let request, _) = state.nextStep(now: instant) { return request }
        return nil
    }

    func waits(at instant: ContinuousClock.Instant = start) -> Bool {
        if case .wait = state.nextStep(now: instant) { return true }
        return false
    }

    func isFinished(at instant: ContinuousClock.Instant = start) -> Bool {
        if case .finished = state.nextStep(now: instant) { return true }
        return false
    }

    /// Claims these in one turn, and returns the attempts of as many runners as were started.
    func claim(_ tasks: [ClaimedTask], at instant: ContinuousClock.Instant = start) -> [Attempt] {
        guard let request = request(at: instant) else { return [] }
        let claimed = tasks.map {
            ClaimedTask(id: $0.id, claim: request.claim, record: $0.record, history: $0.history)
        }
        return (0..<accept(turn(claimed), requested: request, now: instant).start).compactMap { _ in takeReady() }
    }

    func accept(
        _ turn: CycleTurn, requested: CycleRequest, now: ContinuousClock.Instant = start
    ) -> (start: Int, refused: [TaskID], confirmed: [TaskID]) {
        state.accept(turn, requested: requested, now: now)
    }

    func giveBack(_ request: CycleRequest, outcomeUnknown: Bool) {
        state.giveBack(request, outcomeUnknown: outcomeUnknown, now: start)
    }

    func settle(
        _ attempt: Attempt, _ outcome: Outcome?, now: ContinuousClock.Instant = start
    ) -> WorkerState.Settlement { state.settle(attempt, outcome, now: now) }

    func takeReady() -> Attempt? { state.takeReady { makeAttempt($0.task, $1) } }
    func lookForWork() { state.lookForWork() }
    func reviewLeases() { state.reviewLeases() }
    func lose() -> (interrupt: [Attempt], refused: [TaskID]) { state.lose() }
    func begin(_ name: String) { state.begin(incarnation: name) }
    func stop(graceEnds: ContinuousClock.Instant) { state.stop(graceEnds: graceEnds) }
    func surrender() { state.surrender() }
    func cancel(_ id: TaskID, reason: String) -> Attempt? { state.cancel(id, reason: reason) }
    func releaseOverdue(now: ContinuousClock.Instant) { state.releaseOverdue(now: now) }
    func noteDue(now: ContinuousClock.Instant) -> ContinuousClock.Instant? { state.noteDue(now: now) }
    func loseRunner() { state.loseRunner() }
    func regainRunner() -> Bool { state.regainRunner() }
    func startRunners() -> Int { state.startRunners() }

    var statistics: WorkerStatistics { state.statistics }
    var running: [Attempt] { Array(state.running.values) }
    var overdueAt: ContinuousClock.Instant? { state.overdueAt }
    var flushAt: ContinuousClock.Instant? { state.flushAt }
    var needsLoop: Bool { state.needsLoop }
    var isIdle: Bool { state.isIdle }
}
