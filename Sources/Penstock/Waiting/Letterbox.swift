import Synchronization

/// Holds the last of what was put into it until the one who waits takes it.
///
/// Waiting for a while and giving up takes nothing, and one can wait again. (An `AsyncStream` ends for good when whoever waits
/// for its next element is cancelled.)
final class Letterbox<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func put(_ value: Value) {
        let waiter = state.withLock { state in
            state.value = value
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// What is there, or comes within this time; nil if nothing does, or the task is cancelled. Without a time it waits for as
    /// long as it takes. One waits at a time.
    func take(within time: Duration? = nil) async -> Value? {
        if let value = taken() { return value }
        guard let time else {
            await arrival()
            return taken()
        }
        guard time > .zero else { return nil }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.arrival() }
            group.addTask { try? await Task.sleep(for: time) }
            await group.next()
            group.cancelAll()
        }
        return taken()
    }

    private func taken() -> Value? {
        state.withLock { state in
            defer { state.value = nil }
            return state.value
        }
    }

    private func arrival() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    // A cancellation after this line finds the waiter, one before it is seen here.
                    if state.value != nil || Task.isCancelled { return true }
                    precondition(state.waiter == nil, "two wait at one letterbox")
                    state.waiter = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume()
        }
    }
}
