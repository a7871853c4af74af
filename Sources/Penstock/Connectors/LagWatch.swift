import PenstockModel
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What the shards of this process have in hand.
final class LagWatch: Sendable {
    struct Shard: Sendable {
        /// Of the oldest event that is not done with.
        var oldest: Date?
        var pending = 0
        var backlog: Int?
    }

    private let shards: Mutex<[Shard]>

    init(shards: Int) { self.shards = Mutex(Array(repeating: Shard(), count: shards)) }

    func shard(_ index: Int) -> Shard { shards.withLock { $0[index] } }
    func left(_ index: Int) { shards.withLock { $0[index] = Shard() } }

    func note(_ index: Int, oldest: Date?, pending: Int) {
        shards.withLock {
            $0[index].oldest = oldest
            $0[index].pending = pending
        }
    }

    func note(_ index: Int, backlog: Int?) { shards.withLock { $0[index].backlog = backlog } }

    func lag(of index: Int, at now: Date) -> Duration { Self.age(shard(index).oldest, now) }

    /// That of the shard which is furthest behind.
    func lag(at now: Date) -> Duration { Self.age(shards.withLock { $0.compactMap(\.oldest).min() }, now) }

    private static func age(_ oldest: Date?, _ now: Date) -> Duration {
        .seconds(max(0, oldest.map { now.timeIntervalSince($0) } ?? 0))
    }
}
