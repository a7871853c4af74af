import PenstockModel
import RedisClient

/// What a waiter learns.
package enum WaitAnswer: Sendable, Hashable {
    /// A hint follows.
    case waiting
    case dead
    /// It never was, or has ended and was not retained.
    case unknown
    /// With the retained result of a completed task, else the reason.
    case ended(TaskState, [UInt8])
}

extension Store {
    /// Asks for a hint to `waiter` when the task ends, unless it has.
    package func follow(_ id: TaskID, waiter: String) async throws(StoreError) -> WaitAnswer {
        let reply = try await call(Scripts.follow, [id.rawValue, waiter])
        guard let items = reply.array, let state = items.first?.text else { throw .unexpectedReply("follow") }
        switch state {
        case "waiting": return .waiting
        case "unknown": return .unknown
        case "dead": return .dead
        default:
            guard let state = TaskState(rawValue: state), items.count == 2 else { throw .unexpectedReply("follow") }
            return .ended(state, items[1].bytes ?? [])
        }
    }

    /// Waits for hints that tasks have ended, on a connection of its own, up to `timeout`. States are `dead`, `purged`, or
    /// a terminal one.
    package func endings(
        for waiter: String, on connection: RedisBlockingConnection, timeout: Duration
    ) async throws(StoreError) -> [(id: TaskID, state: String)] {
        try await wakeUps(for: waiter, on: connection, atMost: 1000, timeout: timeout).compactMap { text in
            let parts = text.split(separator: " ")
            guard parts.count == 3, parts[0] == "ended", let id = TaskID(parts[1]) else { return nil }
            return (id, String(parts[2]))
        }
    }
}
