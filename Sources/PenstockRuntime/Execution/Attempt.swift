import PenstockModel
import PenstockStore
import Synchronization

/// The right to commit a task: the task, and the call that claimed it. No two claims of a process have the same number.
struct Lease: Hashable, Sendable {
    let id: TaskID
    let claim: Int
}

extension ClaimedTask {
    var lease: Lease { Lease(id: id, claim: claim) }
}

extension EndedTask {
    var lease: Lease { Lease(id: id, claim: claim) }
}

/// One attempt that occupies a slot.
final class Attempt: Sendable {
    private struct State {
        /// The first reason to end early.
        var reason: Interruption?
        /// When its slot is given away although the handler has not returned.
        var abandonAt: ContinuousClock.Instant?
        /// The handler has returned by itself: nothing may cancel its task any more, which runs the next attempt.
        var hasFinished = false
        /// When the code of a run's task was called.
        var started: ContinuousClock.Instant?
        var end: RunEnd?
    }

    let task: ClaimedTask
    /// The life of the worker under whose lease it runs.
    let incarnation: Int
    let handler: TaskHandler?
    let policy: RetryPolicy
    /// When it is interrupted unless it has ended, and why.
    let limit: (at: ContinuousClock.Instant, reason: Interruption)?
    /// Opened to have the handler's task cancelled.
    private let cancellation: Gate
    /// Of a run's task: what was read of the run after the claim, if that went well.
    let brief: RunBrief?
    /// Of a run's task whose code has run in an attempt that the run had moved on from: how that ended.
    let carried: RunEnd?
    private let state = Mutex(State())

    init(
        task: ClaimedTask, incarnation: Int, handler: TaskHandler?, policy: RetryPolicy,
        limit: (at: ContinuousClock.Instant, reason: Interruption)?, cancellation: Gate, brief: RunBrief? = nil,
        carried: RunEnd? = nil
    ) {
        self.task = task
        self.brief = brief
        self.carried = carried
        self.incarnation = incarnation
        self.handler = handler
        self.policy = policy
        self.limit = limit
        self.cancellation = cancellation
    }

    /// How the code of a run's task has ended.
    var end: RunEnd? {
        get { state.withLock { $0.end } }
        set { state.withLock { $0.end = newValue } }
    }

    /// When the code of a run's task was called.
    var started: ContinuousClock.Instant? { state.withLock { $0.started } }
    func start() { state.withLock { $0.started = .now } }

    /// The reason given so far to end early.
    var interruption: Interruption? { state.withLock { $0.reason } }

    /// Asks the handler to end. Only the first reason counts, and only while the handler runs.
    /// - Returns: whether this was the first one.
    @discardableResult
    func interrupt(_ reason: Interruption) -> Bool {
        let isFirst = state.withLock { state in
            guard state.reason == nil, !state.hasFinished else { return false }
            state.reason = reason
            return true
        }
        if isFirst { cancellation.open() }
        return isFirst
    }

    /// The handler has returned. False if it was interrupted before: its task is cancelled, or will be.
    func finish() -> Bool {
        state.withLock { state in
            guard state.reason == nil else { return false }
            state.hasFinished = true
            return true
        }
    }

    /// When its slot is given away although the handler has not returned.
    var abandonAt: ContinuousClock.Instant? {
        get { state.withLock { $0.abandonAt } }
        set { state.withLock { $0.abandonAt = newValue } }
    }
}

/// How a handler ended, before anything is decided.
enum HandlerEnd: Sendable {
    case returned([UInt8]?)
    case threw(message: String, disposition: FailureDisposition)
    /// A task of a run: with what follows for the run, and what would be planned with once more.
    case decided(Outcome, RunEnd?)
    /// It did not return within the grace time after its cancellation.
    case abandoned
}

extension HandlerEnd {
    var carried: RunEnd? {
        if case .decided(_, let end) = self { end } else { nil }
    }
}

extension Attempt {
    /// What to commit for this end; nil if the lease is lost, so that nothing can be committed. Pure but for `now` and
    /// `random`, which are asked for a failure only: success, the usual end, reads no clock and draws no number.
    func outcome(
        of end: HandlerEnd, now: @autoclosure () -> Int64, random: @autoclosure () -> Double
    ) -> Outcome? {
        let reason = interruption
        if reason == .leaseLost { return nil }
        if case .decided(let outcome, _) = end { return outcome }
        if case .returned(let result) = end {
            if let retention = task.record.options.retention { return .result(result ?? [], retention: retention) }
            return .completed
        }
        switch reason {
        case .cancelled(let reason): return .cancelled(reason: reason)
        case .shutdown: return .released
        case .deadlinePassed: return .dead(attempt: task.attempt, message: "deadline passed while it ran")
        case .timedOut(let limit): return failure("timed out after \(limit)", .retryable, now: now(), random: random())
        case .leaseLost, nil: break
        }
        switch end {
        case .threw(let message, let disposition): return failure(message, disposition, now: now(), random: random())
        case .returned, .decided, .abandoned: return failure("did not return", .retryable, now: now(), random: random())
        }
    }

    private func failure(_ message: String, _ disposition: FailureDisposition, now: Int64, random: Double) -> Outcome {
        let decision = policy.decide(
            attempt: task.attempt, disposition: disposition, now: now, deadline: task.record.options.deadline,
            random: random)
        switch decision {
        case .retry(let wait, let counted):
            return .retry(after: wait, counted: counted, attempt: task.attempt, message: message)
        case .giveUp where task.record.options.run != nil:
            // What follows for the run is planned by who claims it next, and finds all attempts used up.
            return .retry(after: .zero, counted: true, attempt: task.attempt, message: message)
        case .giveUp(let reason):
            return .dead(attempt: task.attempt, message: "\(message) (\(reason.rawValue))")
        }
    }
}
