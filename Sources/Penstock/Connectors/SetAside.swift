import PenstockModel
import PenstockStore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// An event that could not take effect, kept for a person.
public struct SetAsideEvent: Sendable, Hashable {
    public let event: ConnectorEvent
    /// Why, the last time.
    public let reason: String
    public let tries: Int
    public let at: Date

    private struct Head: Codable {
        var key: String?
        var headers: [String: String]
        var time: Double?
        var tries: Int
        var reason: String
        var at: Double
    }

    init(event: ConnectorEvent, reason: String, tries: Int, at: Date) {
        self.event = event
        self.reason = reason
        self.tries = tries
        self.at = at
    }

    /// Nil for a record of another form.
    init?(id: String, record: [UInt8]) {
        guard let end = record.firstIndex(of: UInt8(ascii: "\n")),
            let head = try? JSONCodec().decode(Head.self, from: Array(record[..<end]))
        else { return nil }
        event = ConnectorEvent(
            id: id, key: head.key, payload: Array(record[(end + 1)...]), headers: head.headers,
            time: head.time.map { Date(timeIntervalSince1970: $0) })
        reason = head.reason
        tries = head.tries
        at = Date(timeIntervalSince1970: head.at)
    }

    /// One line of JSON, which has no LF in it, and the payload.
    var record: [UInt8] {
        get throws {
            let head = Head(
                key: event.key, headers: event.headers, time: event.time?.timeIntervalSince1970, tries: tries,
                reason: reason, at: at.timeIntervalSince1970)
            return try JSONCodec().encode(head) + [UInt8(ascii: "\n")] + event.payload
        }
    }
}

/// A connector as its services last told of it.
public struct ConnectorStatus: Sendable, Hashable {
    public struct Shard: Sendable, Hashable {
        public let shard: ConnectorShard
        /// Host and process of who reads it now; nil if nobody does.
        public let holder: String?
        /// The age of the oldest event that was read and is not done with; zero when there is none.
        public let lag: Duration?
        /// Events that were read and are not done with.
        public let pending: Int?
        /// Events of the source that were not read yet, those of other shards included.
        public let backlog: Int?
    }

    public let name: String
    /// What is connected.
    public let source: String
    public let shards: [Shard]
    /// Events that are set aside.
    public let setAside: Int
}

extension Penstock {
    /// The connectors that were ever served in the namespace.
    public func connectors() async throws(PenstockError) -> [ConnectorStatus] {
        try await publicly { () throws(StoreError) in
            let records = try await store.connectors()
            let counts = try await store.countAside(records.map(\.name))
            var statuses: [ConnectorStatus] = []
            for (record, count) in zip(records, counts) {
                let shards = (0..<max(record.shards, 1)).map { ConnectorShard(index: $0, count: max(record.shards, 1)) }
                let roles = try await store.roles(shards.map { ConnectorRole.name(record.name, $0) })
                statuses.append(
                    ConnectorStatus(
                        name: record.name, source: record.summary,
                        shards: zip(shards, roles).map { ConnectorRole.status($0, $1) }, setAside: count))
            }
            return statuses
        }
    }

    /// The events that a connector has set aside, the oldest first.
    public func setAsideEvents(of connector: String) async throws(PenstockError) -> [SetAsideEvent] {
        try await publicly { () throws(StoreError) in try await store.asideRecords(connector) }
            .compactMap { SetAsideEvent(id: $0.id, record: $0.record) }
            .sorted { ($0.at, $0.event.id) < ($1.at, $1.event.id) }
    }

    /// Has events that are set aside tried again, soon, by who serves the connector. They may be overtaken by others of their
    /// key. Returns how many of them there are.
    @discardableResult
    public func retrySetAside(_ events: [String], of connector: String) async throws(PenstockError) -> Int {
        try await publicly { () throws(StoreError) in try await store.retryAside(connector, events) }
    }

    /// Drops events that are set aside. Returns how many there were.
    @discardableResult
    public func discardSetAside(_ events: [String], of connector: String) async throws(PenstockError) -> Int {
        try await publicly { () throws(StoreError) in try await store.discardAside(connector, events) }
    }
}

/// The role of who serves a shard, and what is told of the shard in it.
enum ConnectorRole {
    static func name(_ connector: String, _ shard: ConnectorShard) -> String { "connector/\(connector)/\(shard)" }

    static func note(lag: Duration, pending: Int, backlog: Int?) -> String {
        "\(lag.milliseconds) \(pending) \(backlog.map(String.init) ?? "-")"
    }

    static func status(_ shard: ConnectorShard, _ role: RoleView?) -> ConnectorStatus.Shard {
        let words = (role?.holder == nil ? "" : role?.note ?? "").split(separator: " ").map { Int64($0) }
        func word(_ place: Int) -> Int64? { words.indices.contains(place) ? words[place] : nil }
        return ConnectorStatus.Shard(
            shard: shard, holder: role?.holder, lag: word(0).map { .milliseconds($0) },
            pending: word(1).map { Int($0) },
            backlog: word(2).map { Int($0) })
    }
}
