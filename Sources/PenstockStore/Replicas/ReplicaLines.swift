import PenstockModel
import RedisClient
import Synchronization

/// Connections for enqueues that wait until replicas have confirmed. Redis holds up whatever comes behind a WAIT on the
/// same connection, so each carries one call at a time, apart from everybody else's commands. They are made when needed,
/// up to a bound; whoever comes then waits in line. Concurrent single enqueues with the same wish share a call.
final class ReplicaLines: Sendable {
    /// The most connections at once.
    static let maximumCount = 8
    /// So many different wishes have combiners. A program has one or two; beyond that calls are not shared.
    private static let maximumCombiners = 16

    private struct State {
        var all: [RedisClient] = []
        var free: [RedisClient] = []
        var inLine: [CheckedContinuation<RedisClient?, Never>] = []
        var isClosed = false
        var combiners: [ReplicaConfirmation: EnqueueCombiner] = [:]
    }

    private let redis: RedisClient
    private let state = Mutex(State())

    init(_ redis: RedisClient) { self.redis = redis }

    func combiner(for replicas: ReplicaConfirmation) -> EnqueueCombiner {
        state.withLock { state in
            if let known = state.combiners[replicas] { return known }
            let combiner = EnqueueCombiner(replicas: replicas)
            if state.combiners.count < Self.maximumCombiners { state.combiners[replicas] = combiner }
            return combiner
        }
    }

    /// Runs `body` with a connection that nobody else uses meanwhile.
    func withLine<Value>(
        _ body: (RedisClient) async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        guard let client = await take() else { throw .redis(.closed) }
        do throws(StoreError) {
            let value = try await body(client)
            giveBack(client)
            return value
        } catch {
            giveBack(client)
            throw error
        }
    }

    private enum Place {
        case taken(RedisClient)
        case closed
        case inLine
    }

    private func take() async -> RedisClient? {
        await withCheckedContinuation { continuation in
            let place: Place = state.withLock { state in
                if state.isClosed { return .closed }
                if let free = state.free.popLast() { return .taken(free) }
                guard state.all.count < Self.maximumCount else {
                    state.inLine.append(continuation)
                    return .inLine
                }
                let new = redis.makeSibling()
                state.all.append(new)
                return .taken(new)
            }
            switch place {
            case .taken(let client): continuation.resume(returning: client)
            case .closed: continuation.resume(returning: nil)
            case .inLine: break
            }
        }
    }

    private func giveBack(_ client: RedisClient) {
        let next: CheckedContinuation<RedisClient?, Never>? = state.withLock { state in
            guard !state.inLine.isEmpty else {
                state.free.append(client)
                return nil
            }
            return state.inLine.removeFirst()
        }
        next?.resume(returning: client)
    }

    /// Ends all connections: calls under way end with what is known of them, later ones with `closed`. Idempotent.
    func close() async {
        let (clients, inLine) = state.withLock { state in
            state.isClosed = true
            defer {
                state.all = []
                state.free = []
                state.inLine = []
            }
            return (state.all, state.inLine)
        }
        for continuation in inLine { continuation.resume(returning: nil) }
        for client in clients { await client.shutdown() }
    }
}
