import PenstockModel
import PenstockRuntime
import PenstockStore

extension Run {
    /// Waits until the run has ended: at once if it has already.
    ///
    /// Changes are pushed: whatever moves the run adds to its history, and this client hears of it. What gets lost on the way
    /// is found by looking every five seconds.
    ///
    /// - Throws: `timedOut`; `notFound` if there is no such run, or it was removed while nobody looked.
    public func wait(timeout: Duration = .seconds(60)) async throws(PenstockError) -> RunStatus {
        try await wait(timeout: timeout, "ended") { $0.facts.state.isTerminal }
    }

    /// Waits until the run was in this state: at once if it ever was.
    public func wait(for state: RunState, timeout: Duration = .seconds(60)) async throws(PenstockError) -> RunStatus {
        try await wait(timeout: timeout, "been \(state.words)", passed: .run(state)) { $0.facts.state == state }
    }

    /// Waits until a state machine has entered this status: at once if it ever has.
    public func wait(
        forStatus status: String, timeout: Duration = .seconds(60)
    ) async throws(PenstockError) -> RunStatus {
        try await wait(timeout: timeout, "entered \"\(status)\"", passed: .state(status)) { $0.machine.state == status }
    }

    /// Waits until a step has ended, forward.
    public func wait(forStep step: String, timeout: Duration = .seconds(60)) async throws(PenstockError) -> RunStatus {
        try await wait(timeout: timeout, "ended step \"\(step)\"", step: step) {
            ![.pending, .active, .waiting].contains($0.standing(step).state)
        }
    }

    /// Looks at no more than it asks for, since a large run moves often; the whole status is read once, at the end.
    ///
    /// - Parameter passed: a move that may have happened and been left behind.
    private func wait(
        timeout: Duration, _ what: String, step: String? = nil, passed: RunEvent.Move? = nil,
        _ isReached: (RunReading) -> Bool
    ) async throws(PenstockError) -> RunStatus {
        let limit = ContinuousClock.now + timeout
        return try await penstock.watch.listen(for: id) { changes throws(PenstockError) -> RunStatus in
            var lookedAt: String?
            while true {
                let (planner, reading) = try await read(step.map { [$0] } ?? [])
                if let step, planner.step(step) == nil {
                    throw PenstockError(.notFound, "\(RunControlError.unknownStep(step))")
                }
                if isReached(reading) { return try await status(planner) }
                if let passed {
                    let news = try await publicly { () throws(StoreError) in
                        try await penstock.store.history(id, after: lookedAt)
                    }
                    lookedAt = news.last?.id ?? lookedAt
                    if news.contains(where: { $0.moves.contains(passed) }) { return try await status(planner) }
                }
                let state = reading.facts.state
                // Of all ends this one leads on by itself.
                if state.isTerminal, passed == nil || state != .deletingData {
                    if passed != nil {
                        throw PenstockError(.notNow, "run \(id) has ended (\(state.words)) and never \(what)")
                    }
                    return try await status(planner)
                }
                let left = limit - .now
                guard left > .zero, !Task.isCancelled else {
                    throw PenstockError(
                        .timedOut, "run \(id) has not \(what) within \(timeout); it is \(state.words)")
                }
                _ = await changes.next(within: min(left, .seconds(5)))
            }
        }
    }

    /// The run at each change, beginning with now and ending with its end. Changes that come close together may be told as
    /// one.
    public func updates() -> AsyncThrowingStream<RunStatus, any Error> {
        AsyncThrowingStream { continuation in
            // Unstructured: it lives as long as somebody reads the stream.
            let task = Task {
                do {
                    let (planner, _) = try await read([])
                    try await penstock.watch.listen(for: id) { changes throws(PenstockError) in
                        var last: RunStatus?
                        while !Task.isCancelled {
                            let status = try await status(planner)
                            if status != last { continuation.yield(status) }
                            last = status
                            if status.state.isTerminal && status.state != .deletingData { break }
                            _ = await changes.next(within: .seconds(5))
                        }
                    }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }
}
