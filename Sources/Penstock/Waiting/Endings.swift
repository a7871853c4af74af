import Logging
import PenstockModel
import PenstockStore
import Synchronization

/// Hears for a client that jobs have ended: one connection for all who wait, open only while somebody does.
final class Endings: Sendable {
    /// Whose list the hints go to.
    let name = "client-\(String(UInt64.random(in: .min ... .max), radix: 36))"

    private struct State {
        var waiting: [TaskID: [Int: AsyncStream<String>.Continuation]] = [:]
        var next = 0
        var isListening = false
    }

    private let store: Store
    private let logger: Logger
    private let state = Mutex(State())

    init(store: Store, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// Runs `body` with the states that are told of a job: `dead`, `purged`, or the one in which it ended.
    func listen<Value: Sendable>(
        for id: TaskID, _ body: (AsyncStream<String>) async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let (stream, continuation) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingNewest(1))
        let (ticket, starts) = state.withLock { state in
            state.next += 1
            state.waiting[id, default: [:]][state.next] = continuation
            defer { state.isListening = true }
            return (state.next, !state.isListening)
        }
        defer {
            state.withLock { state in
                state.waiting[id]?[ticket] = nil
                if state.waiting[id]?.isEmpty == true { state.waiting[id] = nil }
            }
        }
        // Unstructured: it serves all who wait, and outlives the one who happened to come first; it ends with the last.
        if starts { Task { await self.hear() } }
        return try await body(stream)
    }

    private func hear() async {
        let connection = store.redis.makeBlockingConnection()
        while state.withLock({ state in
            if state.waiting.isEmpty { state.isListening = false }
            return state.isListening
        }) {
            do throws(StoreError) {
                for (id, ended) in try await store.endings(for: name, on: connection, timeout: .seconds(1)) {
                    for continuation in state.withLock({ $0.waiting[id].map { Array($0.values) } }) ?? [] {
                        continuation.yield(ended)
                    }
                }
            } catch {
                if case .redis(.closed) = error { break }
                // What was said meanwhile is lost; those who wait look for themselves now and then.
                logger.debug("cannot hear of ended jobs", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .milliseconds(200))
            }
        }
        state.withLock { $0.isListening = false }
        await connection.close()
    }
}
