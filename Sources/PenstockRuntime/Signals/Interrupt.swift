import Synchronization

/// Why a running attempt is asked to end.
package enum Interruption: Sendable, Hashable {
    /// Somebody cancelled the job.
    case cancelled(reason: String)
    /// Its time for one attempt is over.
    case timedOut(Duration)
    /// The total deadline has passed.
    case deadlinePassed
    /// The worker stops and its grace time is over.
    case shutdown
    /// Another worker has the job now.
    case leaseLost
}

/// Carries the first interruption to an attempt.
final class Interrupt: Sendable {
    private struct State {
        var reason: Interruption?
        var waiter: CheckedContinuation<Interruption?, Never>?
        var isOver = false
    }

    private let state = Mutex(State())

    /// The reason given so far.
    var reason: Interruption? { state.withLock { $0.reason } }

    /// Asks the attempt to end. Only the first reason counts.
    /// - Returns: whether this was the first one.
    @discardableResult
    func raise(_ reason: Interruption) -> Bool {
        let (isFirst, waiter): (Bool, CheckedContinuation<Interruption?, Never>?) = state.withLock { state in
            guard state.reason == nil else { return (false, nil) }
            state.reason = reason
            defer { state.waiter = nil }
            return (true, state.waiter)
        }
        waiter?.resume(returning: reason)
        return isFirst
    }

    /// Waits for a reason; nil when the task is cancelled because the attempt has ended by itself.
    func wait() async -> Interruption? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Interruption?? = state.withLock { state in
                    if let reason = state.reason { return .some(reason) }
                    if state.isOver || Task.isCancelled { return .some(nil) }
                    state.waiter = continuation
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter: CheckedContinuation<Interruption?, Never>? = state.withLock { state in
                state.isOver = true
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume(returning: nil)
        }
    }
}
