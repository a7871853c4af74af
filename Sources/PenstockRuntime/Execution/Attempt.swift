import PenstockModel
import PenstockStore

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
struct Attempt: Sendable {
    let task: ClaimedTask
    /// The life of the worker under whose lease it runs.
    let incarnation: Int
    /// The name of that life.
    var worker = ""
    let interrupt: Interrupt
    let policy: RetryPolicy
    /// When it is interrupted unless it has ended, and why.
    var limit: (at: ContinuousClock.Instant, reason: Interruption)?
    /// When its slot is given away although the handler has not returned.
    var abandonAt: ContinuousClock.Instant?
}

/// How a handler ended, before anything is decided.
enum HandlerEnd: Sendable {
    case returned([UInt8]?)
    case threw(message: String, disposition: FailureDisposition)
    /// It did not return within the grace time after its cancellation.
    case abandoned
}

extension Attempt {
    /// What to commit for this end; nil if the lease is lost, so that nothing can be committed. Pure but for `now` and
    /// `random`, which are asked for a failure only: success, the usual end, reads no clock and draws no number.
    func outcome(
        of end: HandlerEnd, now: @autoclosure () -> Int64, random: @autoclosure () -> Double
    ) -> Outcome? {
        let reason = interrupt.reason
        if reason == .leaseLost { return nil }
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
        case .returned, .abandoned: return failure("did not return", .retryable, now: now(), random: random())
        }
    }

    private func failure(_ message: String, _ disposition: FailureDisposition, now: Int64, random: Double) -> Outcome {
        let decision = policy.decide(
            attempt: task.attempt, disposition: disposition, now: now, deadline: task.record.options.deadline,
            random: random)
        switch decision {
        case .retry(let wait, let counted):
            return .retry(after: wait, counted: counted, attempt: task.attempt, message: message)
        case .giveUp(let reason):
            return .dead(attempt: task.attempt, message: "\(message) (\(reason.rawValue))")
        }
    }
}
