#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// An event of a source outside, as a connector delivers it.
public struct ConnectorEvent: Sendable, Hashable {
    /// Its name in the source: the same each time that it is delivered, and that of no other event.
    public var id: String
    /// Events with the same key take effect in their order. Nil: in any order.
    public var key: String?
    public var payload: [UInt8]
    /// What comes with the payload.
    public var headers: [String: String]
    /// When it happened, by the clock of the source; nil if that is not known. Lag is told by it.
    public var time: Date?
    /// How often it has been delivered, this time included; nil if that is not known.
    ///
    /// An event that was delivered so often and never done with may kill whoever takes it. One that was delivered more than
    /// five times should come alone, so that it can be told from its neighbours: after `ConnectorOptions.tries` more it is
    /// set aside unseen.
    public var deliveries: Int?
    static let manyDeliveries = 5

    public init(
        id: String, key: String? = nil, payload: [UInt8] = [], headers: [String: String] = [:], time: Date? = nil,
        deliveries: Int? = nil
    ) {
        self.id = id
        self.key = key
        self.payload = payload
        self.headers = headers
        self.time = time
        self.deliveries = deliveries
    }

    /// By which it is dealt to a shard, and waits for others.
    package var orderKey: String { key ?? id }
}

/// A part of a source: of `count` shards the one of this `index`.
public struct ConnectorShard: Sendable, Hashable, CustomStringConvertible {
    /// From 0.
    public let index: Int
    public let count: Int

    /// The whole of a source.
    public static let whole = ConnectorShard(index: 0, count: 1)

    public init(index: Int, count: Int) {
        precondition(count >= 1 && (0..<count).contains(index), "a shard's index is 0 to count - 1")
        self.index = index
        self.count = count
    }

    /// Whether events of this key belong to it; an event without a key goes by its id. The same in every process and version.
    public func owns(_ key: String) -> Bool {
        // FNV-1a, whose low bits are mixed once more: they are what decides.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in key.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        hash = (hash ^ (hash >> 32)) &* 0x9e37_79b9_7f4a_7c15
        return (hash >> 32) % UInt64(count) == UInt64(index)
    }

    public func owns(_ event: ConnectorEvent) -> Bool { owns(event.orderKey) }

    /// As in `1-of-4`: people count from one.
    public var description: String { "\(index + 1)-of-\(count)" }
}
