import Logging
import PenstockModel
import PenstockStore
import Synchronization

/// Hears for a client that runs have moved: it reads the end of their histories.
enum RunWatch {
    /// How far a client has read.
    private final class Places: Sendable {
        /// Of each run's history the last entry that was heard of; and the last nudge.
        let state = Mutex((seen: [RunID: String](), nudge: "0"))
    }

    static func listeners(store: Store, logger: Logger) -> Listeners<RunID, Void> {
        let name = "client-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        let places = Places()
        return Listeners(store: store, logger: logger) {
            // If that fails, whoever waits finds what there is by looking.
            try? await store.nudge(watcher: name)
        } hear: { runs, connection throws(StoreError) in
            let (asked, nudge) = places.state.withLock { place in
                place.seen = place.seen.filter { runs.contains($0.key) }
                return (runs.map { ($0, place.seen[$0] ?? "0") }, place.nudge)
            }
            let moves = try await store.moves(
                of: asked, watcher: name, nudge: nudge, on: connection, timeout: .seconds(1))
            places.state.withLock { place in
                place.nudge = moves.nudge
                for (run, last) in moves.runs { place.seen[run] = last }
            }
            return moves.runs.map { ($0.run, ()) }
        }
    }
}
