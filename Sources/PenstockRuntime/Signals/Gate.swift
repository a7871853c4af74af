import Synchronization

/// Lets one task wait for a moment that others announce. An announcement that nobody waits for is kept, once.
final class Gate: Sendable {
    private enum State {
        case closed
        case open
        case waiting(CheckedContinuation<Void, Never>)
    }

    private let state = Mutex(State.closed)

    /// Whether an announcement is kept.
    var isOpen: Bool {
        state.withLock { state in
            if case .open = state { true } else { false }
        }
    }

    /// Lets the waiter go on, or the next one that comes.
    func open() {
        let waiter: CheckedContinuation<Void, Never>? = state.withLock { state in
            switch state {
            case .closed, .open:
                state = .open
                return nil
            case .waiting(let continuation):
                state = .closed
                return continuation
            }
        }
        waiter?.resume()
    }

    /// Returns at the next announcement, at once if there was one since the last wait, or when the task is cancelled.
    func wait() async {
        await withTaskCancellationHandler {
            if !Task.isCancelled { await waitIgnoringCancellation() }
        } onCancel: {
            open()
        }
    }

    /// Returns at the next announcement, at once if there was one since the last wait.
    func waitIgnoringCancellation() async {
        await withCheckedContinuation { continuation in
            let goOn = state.withLock { state in
                if case .closed = state {
                    state = .waiting(continuation)
                    return false
                }
                state = .closed
                return true
            }
            if goOn { continuation.resume() }
        }
    }
}
