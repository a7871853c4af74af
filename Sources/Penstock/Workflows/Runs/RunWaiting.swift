import Logging
import PenstockModel
import PenstockRuntime
import PenstockStore
import RedisClient
import Synchronization

extension Run {
    /// Waits until the run has ended: at once if it has already.
    ///
    /// Changes are pushed: whatever moves the run adds to its history, and this client hears of it. What gets lost on the way
    /// is found by looking every five seconds.
    ///
    /// - Throws: `timedOut`; `notFound` if there is no such run, or it was removed while nobody looked.
    public func wait(timeout: Duration = .seconds(60)) async throws(PenstockError) -> RunStatus {
        try await wait(timeout: timeout, "ended") { $0.state.isTerminal }
    }

    /// Waits until the run was in this state: at once if it ever was.
    public func wait(for state: RunState, timeout: Duration = .seconds(60)) async throws(PenstockError) -> RunStatus {
        try await wait(timeout: timeout, "been \(state.words)", passed: .run(state)) { $0.state == state }
    }

    /// Waits until a state machine has entered this status: at once if it ever has.
    public func wait(forStatus status: String, timeout: Duration = .seconds(60)) async throws(PenstockError)
        -> RunStatus
    {
        try await wait(timeout: timeout, "entered \"\(status)\"", passed: .status(status)) { $0.status == status }
    }

    /// Waits until a step has ended, forward.
    public func wait(forStep step: String, timeout: Duration = .seconds(60)) async throws(PenstockError) -> RunStatus {
        let (planner, _) = try await read([])
        guard planner.step(step) != nil else { throw PenstockError(.notFound, "\(RunControlError.unknownStep(step))") }
        return try await wait(timeout: timeout, "ended step \"\(step)\"") { status in
            status.steps.contains { $0.name == step && ![.pending, .active, .waiting].contains($0.state) }
        }
    }

    /// - Parameter passed: a move that may have happened and been left behind.
    private func wait(
        timeout: Duration, _ what: String, passed: RunEntry.Move? = nil, _ isReached: (RunStatus) -> Bool
    ) async throws(PenstockError) -> RunStatus {
        let limit = ContinuousClock.now + timeout
        return try await penstock.watch.listen(to: id) { changes throws(PenstockError) -> RunStatus in
            while true {
                let status = try await status()
                if isReached(status) { return status }
                if let passed, try await history().contains(where: { $0.moves.contains(passed) }) {
                    // What was read before the history may be older than it.
                    return try await self.status()
                }
                // Of all ends this one leads on by itself.
                if status.state.isTerminal, passed == nil || status.state != .deletingData {
                    if passed != nil {
                        throw PenstockError(.notNow, "run \(id) has ended (\(status.state.words)) and never \(what)")
                    }
                    return status
                }
                let left = limit - .now
                guard left > .zero, !Task.isCancelled else {
                    throw PenstockError(
                        .timedOut, "run \(id) has not \(what) within \(timeout); it is \(status.state.words)")
                }
                await changes.next(within: min(left, .seconds(5)))
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
                    try await penstock.watch.listen(to: id) { changes throws(PenstockError) in
                        var last: RunStatus?
                        while !Task.isCancelled {
                            let status = try await status()
                            if status != last { continuation.yield(status) }
                            last = status
                            if status.state.isTerminal && status.state != .deletingData { break }
                            await changes.next(within: .seconds(5))
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

/// Hears for a client that runs have moved: one connection for all who wait, open only while somebody does.
final class RunWatch: Sendable {
    /// What one waiter hears.
    struct Changes: Sendable {
        fileprivate let stream: AsyncStream<Void>

        /// Returns when the run has moved, or when the time is over.
        func next(within time: Duration) async {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { for await _ in stream { return } }
                group.addTask { try? await Task.sleep(for: time) }
                await group.next()
                group.cancelAll()
            }
        }
    }

    private struct State {
        var waiting: [RunID: [Int: AsyncStream<Void>.Continuation]] = [:]
        /// The last entry of each run's history that was heard of.
        var seen: [RunID: String] = [:]
        var nudge = "0"
        var next = 0
        var isListening = false
        /// While somebody hears.
        var connection: RedisBlockingConnection?
        var isClosed = false
    }

    private let name = "client-\(String(UInt64.random(in: .min ... .max), radix: 36))"
    private let store: Store
    private let logger: Logger
    private let state = Mutex(State())

    init(store: Store, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    func listen<Value: Sendable>(
        to run: RunID, _ body: (Changes) async throws(PenstockError) -> Value
    ) async throws(PenstockError) -> Value {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let (ticket, starts, isNew) = state.withLock { state in
            state.next += 1
            let isNew = state.waiting[run] == nil
            state.waiting[run, default: [:]][state.next] = continuation
            defer { state.isListening = true }
            return (state.next, !state.isListening, isNew)
        }
        defer {
            state.withLock { state in
                state.waiting[run]?[ticket] = nil
                if state.waiting[run]?.isEmpty == true {
                    state.waiting[run] = nil
                    state.seen[run] = nil
                }
            }
        }
        if starts {
            // Unstructured: it serves all who wait, and outlives the one who happened to come first; it ends with the last.
            Task { await self.hear() }
        } else if isNew {
            // Whoever hears now does not hear of this run: it is told to look again.
            try? await store.nudge(watcher: name)
        }
        return try await body(Changes(stream: stream))
    }

    private func hear() async {
        let connection = store.redis.makeBlockingConnection()
        state.withLock { $0.connection = connection }
        while true {
            let (runs, nudge): ([(run: RunID, last: String)]?, String) = state.withLock { state in
                if state.waiting.isEmpty || state.isClosed { state.isListening = false }
                guard state.isListening else { return (nil, "") }
                return (state.waiting.keys.map { ($0, state.seen[$0] ?? "0") }, state.nudge)
            }
            guard let runs else { break }
            do throws(StoreError) {
                let moves = try await store.moves(
                    of: runs, watcher: name, nudge: nudge, on: connection, timeout: .seconds(1))
                state.withLock { state in
                    state.nudge = moves.nudge
                    for (run, last) in moves.runs where state.waiting[run] != nil {
                        state.seen[run] = last
                        for continuation in state.waiting[run]?.values.map({ $0 }) ?? [] { continuation.yield() }
                    }
                }
            } catch {
                if case .redis(.closed) = error {
                    state.withLock { $0.isListening = false }
                    break
                }
                // What was said meanwhile is lost; those who wait look for themselves now and then.
                logger.debug("cannot hear of runs", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .milliseconds(200))
            }
        }
        // Somebody else may hear already, with a connection of his own.
        state.withLock { if $0.connection === connection { $0.connection = nil } }
        await connection.close()
    }

    /// Hears no more, at once: the client is being shut down.
    func close() async {
        let connection = state.withLock { state in
            state.isClosed = true
            return state.connection
        }
        await connection?.close()
    }
}
