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
        let seconds = Double(max(timeout.milliseconds, 1)) / 1000
        let command = RedisCommand("BLMPOP", "\(seconds)", "1", keys.wake(waiter), "LEFT", "COUNT", "1000")
        let reply: RedisReply
        do throws(RedisError) {
            reply = try await connection.send(command, deadline: timeout + .seconds(5))
        } catch {
            throw StoreError(error)
        }
        guard let items = reply.array, items.count == 2, let texts = items[1].array else { return [] }
        return texts.compactMap { item in
            let parts = (item.text ?? "").split(separator: " ")
            guard parts.count == 3, parts[0] == "ended", let id = TaskID(parts[1]) else { return nil }
            return (id, String(parts[2]))
        }
    }
}
