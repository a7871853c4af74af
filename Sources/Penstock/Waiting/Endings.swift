import Logging
import PenstockModel
import PenstockStore

/// Hears for a client that jobs have ended: of each the state, `dead`, `purged`, or the one in which it ended.
struct Endings: Sendable {
    /// Whose list the hints go to.
    let name: String
    let listeners: Listeners<TaskID, String>

    init(store: Store, logger: Logger) {
        let name = "client-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        self.name = name
        listeners = Listeners(store: store, logger: logger) { _, connection throws(StoreError) in
            try await store.endings(for: name, on: connection, timeout: .seconds(1)).map { ($0.id, $0.state) }
        }
    }
}
