import PenstockModel
import RedisClient

/// What happens to an enqueue beyond a length cap.
package enum CapPolicy: String, Sendable, Hashable {
    case reject
    /// The oldest jobs that wait make way.
    case drop
}

package struct CapView: Sendable, Hashable {
    package let queue: String
    /// Nil: the whole queue. `*`: each tenant that has none of its own.
    package let tenant: String?
    package let most: Int
    package let policy: CapPolicy
    /// Jobs that count under it now; nil for `*`.
    package let length: Int?
}

extension Store {
    /// Sets or removes (`most` nil) the length cap of a queue, or of one or every (`*`) tenant of it. It counts live jobs
    /// enqueued from then on, dead letters apart.
    /// - Returns: false if there was none to remove.
    @discardableResult
    package func setCap(
        queue: String, tenant: String?, most: Int?, policy: CapPolicy
    ) async throws(StoreError) -> Bool {
        do {
            try Name.queue.check(queue)
            if let tenant { try Name.tenant.check(tenant) }
        } catch { throw .invalid("\(error)") }
        let target = tenant.map { "\(queue)\t\($0)" } ?? queue
        guard let most else {
            return try await send(RedisCommand("HDEL", keys.caps, target)).int == 1
        }
        guard (1...1_000_000_000).contains(most) else {
            throw .invalid(
                "a length cap must be 1 to 1000000000 jobs; it is \(most). To stop enqueues, stop the producers")
        }
        _ = try await send(RedisCommand("HSET", keys.caps, target, "\(most)\t\(policy.rawValue)"))
        return true
    }

    package func caps() async throws(StoreError) -> [CapView] {
        let stored = Dictionary(flat: try await send(RedisCommand("HGETALL", keys.caps)).array ?? []).sorted {
            $0.key < $1.key
        }
        let lengths = try await pipeline(stored.map { RedisCommand("ZCARD", keys.live($0.key)) })
        return zip(stored, lengths).compactMap { entry, length in
            let target = entry.key.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
            let terms = entry.value.split(separator: "\t")
            guard let queue = target.first, terms.count == 2, let most = Int(terms[0]),
                let policy = CapPolicy(rawValue: String(terms[1]))
            else { return nil }
            let tenant = target.count > 1 ? String(target[1]) : nil
            return CapView(
                queue: String(queue), tenant: tenant, most: most, policy: policy,
                length: tenant == "*" ? nil : length.int)
        }
    }
}
