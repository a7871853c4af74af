import Logging
import PenstockStore
import RedisClient
import Synchronization

/// Hears news from Redis for all in this process who wait for them: on one connection, open only while somebody waits.
///
/// News are hints: whoever waits looks for himself at first, and again now and then.
final class Listeners<Key: Hashable & Sendable, News: Sendable>: Sendable {
    /// What one who waits hears; of several news the last.
    struct Subscription: Sendable {
        fileprivate let box = Letterbox<News>()

        /// The next news; nil if the time is over before.
        func next(within time: Duration) async -> News? { await box.take(within: time) }
    }

    private struct State {
        var waiting: [Key: [Int: Letterbox<News>]] = [:]
        var next = 0
        var isHearing = false
        /// While somebody hears.
        var connection: RedisBlockingConnection?
        var isClosed = false
    }

    /// Waits for news of these, for a second or so.
    typealias Hear =
        @Sendable (_ keys: [Key], _ connection: RedisBlockingConnection) async throws(StoreError) -> [(Key, News)]

    private let store: Store
    private let logger: Logger
    private let hear: Hear
    /// Called when somebody waits for something new while `hear` waits without it.
    private let interrupt: (@Sendable () async -> Void)?
    private let state = Mutex(State())

    init(store: Store, logger: Logger, interrupt: (@Sendable () async -> Void)? = nil, hear: @escaping Hear) {
        self.store = store
        self.logger = logger
        self.interrupt = interrupt
        self.hear = hear
    }

    /// Runs `body` with the news of a key.
    func listen<Value: Sendable, Failure: Error>(
        for key: Key, _ body: (Subscription) async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let subscription = Subscription()
        let (ticket, starts, isNew) = state.withLock { state in
            state.next += 1
            let isNew = state.waiting[key] == nil
            state.waiting[key, default: [:]][state.next] = subscription.box
            defer { state.isHearing = true }
            return (state.next, !state.isHearing, isNew)
        }
        defer {
            state.withLock { state in
                state.waiting[key]?[ticket] = nil
                if state.waiting[key]?.isEmpty == true { state.waiting[key] = nil }
            }
        }
        if starts {
            // Unstructured: it serves all who wait, and outlives the one who happened to come first; it ends with the last.
            Task { await self.hearAll() }
        } else if isNew {
            await interrupt?()
        }
        return try await body(subscription)
    }

    private func hearAll() async {
        let connection = store.redis.makeBlockingConnection()
        state.withLock { $0.connection = connection }
        while true {
            let keys: [Key]? = state.withLock { state in
                if state.waiting.isEmpty || state.isClosed { state.isHearing = false }
                return state.isHearing ? Array(state.waiting.keys) : nil
            }
            guard let keys else { break }
            do throws(StoreError) {
                for (key, news) in try await hear(keys, connection) {
                    for box in state.withLock({ $0.waiting[key].map { Array($0.values) } }) ?? [] {
                        box.put(news)
                    }
                }
            } catch {
                if case .redis(.closed) = error {
                    state.withLock { $0.isHearing = false }
                    break
                }
                // What was said meanwhile is lost; those who wait look for themselves now and then.
                logger.debug("cannot hear of what is waited for", metadata: ["error": "\(error)"])
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
