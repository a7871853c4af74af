/// Waits for a state outside of this process that cannot announce itself: a process that is gone, a key in Redis.
///
/// It asks again at short intervals, 1 ms at first and at most 25 ms, so that a test takes as long as the state takes to
/// come and not as long as somebody guessed. For what happens inside this process use `EventBox`, `TestSignal` or
/// `Watched`, which are told.
///
/// An error thrown by `condition` ends the wait, unless time is left and `retryingErrors` is set.
public func eventually(
    _ what: String = "a condition", within limit: Duration = .seconds(10), retryingErrors: Bool = false,
    isolation: isolated (any Actor)? = #isolation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    var interval = Duration.milliseconds(1)
    while true {
        do {
            if try await condition() { return }
        } catch {
            guard retryingErrors, ContinuousClock.now < deadline else { throw error }
        }
        guard ContinuousClock.now < deadline else { throw WaitTimedOut(what: what, limit: limit) }
        try await Task.sleep(for: interval)
        interval = min(interval * 3 / 2, .milliseconds(25))
    }
}
