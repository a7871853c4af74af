import Synchronization

/// A value that tests can wait on: whoever changes it wakes those whose condition now holds. No polling.
///
/// Conditions speak about the whole value, so a wait that starts after the event still sees it: there is no race between
/// making something happen and waiting for it.
public final class Watched<State: Sendable>: Sendable {
    private struct Waiter: Sendable {
        /// Consumes what it waited for and returns how to wake it, or nil if it has to wait on.
        let attempt: @Sendable (inout State) -> (@Sendable () -> Void)?
        let cancel: @Sendable () -> Void
    }

    private struct Guarded: Sendable {
        var state: State
        var waiters: [(id: Int, waiter: Waiter)] = []
        var nextID = 0
    }

    private let guarded: Mutex<Guarded>

    public init(_ state: State) {
        guarded = Mutex(Guarded(state: state))
    }

    public var value: State { guarded.withLock { $0.state } }

    /// Changes the value and wakes, after unlocking, the waiters that it satisfies, longest waiting first.
    @discardableResult
    public func change<Result: Sendable>(_ body: (inout State) -> Result) -> Result {
        let (result, wakes) = guarded.withLock { guarded in
            let result = body(&guarded.state)
            var wakes: [@Sendable () -> Void] = []
            guarded.waiters.removeAll { _, waiter in
                guard let wake = waiter.attempt(&guarded.state) else { return false }
                wakes.append(wake)
                return true
            }
            return (result, wakes)
        }
        for wake in wakes { wake() }
        return result
    }

    /// Waits until `condition` returns something. It may take that out of the value, so that nobody else gets it.
    public func wait<Result: Sendable>(
        for what: String, within limit: Duration = .seconds(10),
        until condition: @escaping @Sendable (inout State) -> Result?
    ) async throws -> Result {
        try await withDeadline(limit, for: what) { try await self.wait(until: condition) }
    }

    private func wait<Result: Sendable>(
        until condition: @escaping @Sendable (inout State) -> Result?
    ) async throws -> Result {
        let id = guarded.withLock { guarded in
            guarded.nextID += 1
            return guarded.nextID
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Result, any Error>) in
                let waiter = Waiter(
                    attempt: { state in
                        condition(&state).map { result in { @Sendable in continuation.resume(returning: result) } }
                    },
                    cancel: { continuation.resume(throwing: CancellationError()) })
                let wake = guarded.withLock { guarded -> (@Sendable () -> Void)? in
                    // A cancellation after this line finds the waiter in the list, one before it is seen here.
                    if Task.isCancelled { return waiter.cancel }
                    if let wake = waiter.attempt(&guarded.state) { return wake }
                    guarded.waiters.append((id, waiter))
                    return nil
                }
                wake?()
            }
        } onCancel: {
            let cancelled = guarded.withLock { guarded -> Waiter? in
                guard let index = guarded.waiters.firstIndex(where: { $0.id == id }) else { return nil }
                return guarded.waiters.remove(at: index).waiter
            }
            cancelled?.cancel()
        }
    }
}
