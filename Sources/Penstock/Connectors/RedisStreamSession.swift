import PenstockModel
import RedisClient
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// One shard of a Redis stream, read from its consumer group.
///
/// **Order and strays.** What is read is handed out only together with everything before it: a process that lost the shard
/// while it was stopped, with a read under way, may still be given entries. They are in the group's list of pending entries,
/// which is compared with each batch; what is there and was not read here is claimed, and all of it handed out in order.
///
/// **An entry that kills** its process is claimed again by the next. So what was delivered too often is claimed alone, and
/// delivered so often as it alone is to blame for.
public final class RedisStreamSession: ConnectorSession {
    public typealias Element = [ConnectorEvent]

    private struct Position {
        /// Everything up to here was handed out.
        var last = StreamEntryID.zero
        /// There are, or may be, pending entries after it.
        var isCatchingUp = true
    }

    private let connector: RedisStreamConnector
    private let shard: ConnectorShard
    private let group: String
    private let blocking: RedisBlockingConnection
    private let position = Mutex(Position())
    /// All processes are one consumer, since one of them reads at a time: so none has to be buried.
    private static let consumer = "penstock"

    init(connector: RedisStreamConnector, shard: ConnectorShard, group: String) {
        self.connector = connector
        self.shard = shard
        self.group = group
        blocking = connector.client.makeBlockingConnection()
    }

    public struct Iterator: AsyncIteratorProtocol {
        let session: RedisStreamSession

        public mutating func next() async throws -> [ConnectorEvent]? { try await session.next() }
    }

    public func makeAsyncIterator() -> Iterator { Iterator(session: self) }

    public func acknowledge(_ ids: [String]) async throws {
        // What is no id of an entry is not known either.
        let known = ids.filter { StreamEntryID($0) != nil }
        for from in stride(from: 0, to: known.count, by: 1000) {
            let part = known[from..<Swift.min(from + 1000, known.count)]
            try await send(RedisCommand("XACK", RedisArguments([connector.stream, group] + part)))
        }
    }

    public func backlog() async throws -> Int? {
        let groups = RedisStreamGroups(stream: connector.stream, group: connector.group, client: connector.client)
        do throws(RedisError) { return try await groups.unread(group) } catch { throw PenstockError(error) }
    }

    public func close() async { await blocking.close() }

    // MARK: Reading

    private func next() async throws -> [ConnectorEvent] {
        while true {
            try Task.checkCancellation()
            let events = position.withLock { $0.isCatchingUp } ? try await claimPending() : try await read()
            let own = events.filter(shard.owns)
            if own.count < events.count {
                let others = events.filter { !shard.owns($0) }
                try await acknowledge(others.map(\.id))
            }
            if !own.isEmpty { return own }
        }
    }

    /// What was read before, by whomever, and is not acknowledged.
    private func claimPending() async throws -> [ConnectorEvent] {
        let rows = try await pending(atMost: connector.options.batch)
        guard let first = rows.first else {
            position.withLock { $0.isCatchingUp = false }
            return []
        }
        let harmless = rows.prefix { $0.deliveries <= ConnectorEvent.manyDeliveries }
        let wanted = harmless.isEmpty ? [first] : Array(harmless)
        let words = [connector.stream, group, Self.consumer, "0"] + wanted.map { "\($0.id)" }
        let reply = try await send(RedisCommand("XCLAIM", RedisArguments(words)))
        let deliveries = Dictionary(wanted.map { ("\($0.id)", $0.deliveries + 1) }) { first, _ in first }
        // Entries that were deleted are not among them, and are no longer pending.
        let events = (reply.array ?? []).compactMap { event($0) { deliveries[$0] } }
        if let last = wanted.last { position.withLock { $0.last = last.id } }
        return events
    }

    private func read() async throws -> [ConnectorEvent] {
        let patience = Duration.seconds(5)
        let words = [
            "GROUP", group, Self.consumer, "COUNT", "\(connector.options.batch)", "BLOCK", "\(patience.milliseconds)",
            "STREAMS", connector.stream, ">",
        ]
        let reply: RedisReply
        do throws(RedisError) {
            reply = try await blocking.send(
                RedisCommand("XREADGROUP", RedisArguments(words)), deadline: patience + .seconds(5))
        } catch {
            if error == .cancelled { throw CancellationError() }
            throw PenstockError(error)
        }
        let entries = reply.array?.first?.array?.last?.array ?? []
        let ids = entries.compactMap { $0.array?.first?.text }
        let rows = try await pending(atMost: entries.count + 1)
        guard rows.map({ "\($0.id)" }) == ids else {
            // Somebody was given others, or nothing was read here and something there.
            position.withLock { $0.isCatchingUp = true }
            return []
        }
        if let last = rows.last { position.withLock { $0.last = last.id } }
        return entries.compactMap { event($0) { _ in 1 } }
    }

    /// Pending entries after what was handed out.
    private func pending(atMost count: Int) async throws -> [(id: StreamEntryID, deliveries: Int)] {
        let last = position.withLock { $0.last }
        let reply = try await send(RedisCommand("XPENDING", connector.stream, group, "(\(last)", "+", "\(count)"))
        return (reply.array ?? []).compactMap { row in
            guard let parts = row.array, parts.count == 4, let id = parts[0].text.flatMap({ StreamEntryID($0) }),
                let deliveries = parts[3].int
            else { return nil }
            return (id, deliveries)
        }
    }

    private func event(_ entry: RedisReply, _ deliveries: (String) -> Int?) -> ConnectorEvent? {
        guard let parts = entry.array, parts.count == 2, let text = parts[0].text, let id = StreamEntryID(text),
            let fields = parts[1].array
        else { return nil }
        var event = ConnectorEvent(id: text, deliveries: deliveries(text))
        event.time = Date(timeIntervalSince1970: Double(id.milliseconds) / 1000)
        for i in stride(from: 0, to: fields.count - 1, by: 2) {
            guard let name = fields[i].bytes.map({ String(decoding: $0, as: UTF8.self) }),
                let bytes = fields[i + 1].bytes
            else { continue }
            switch name {
            case connector.options.keyField: event.key = String(decoding: bytes, as: UTF8.self)
            case connector.options.payloadField: event.payload = bytes
            default: event.headers[name] = String(decoding: bytes, as: UTF8.self)
            }
        }
        return event
    }

    @discardableResult
    private func send(_ command: RedisCommand) async throws -> RedisReply {
        do throws(RedisError) { return try await connector.client.send(command) } catch { throw PenstockError(error) }
    }
}
