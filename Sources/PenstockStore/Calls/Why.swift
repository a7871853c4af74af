import PenstockModel
import RedisClient

/// What `lua/why.lua` tells of a task.
package struct WhyFacts: Sendable {
    package let state: String
    private let values: [String: String]
    package let holders: [String]
    package let uniqueKeys: [String]
    /// Of a task that has not ended: its troubles.
    package fileprivate(set) var history = TaskHistory()
    /// When it ends unless it has started (ms).
    package fileprivate(set) var expiry: Int64?

    init(_ pairs: [(String, String)]) {
        values = Dictionary(pairs) { first, _ in first }
        state = values["state"] ?? "unknown"
        holders = pairs.filter { $0.0 == "holder" }.map(\.1)
        uniqueKeys = pairs.filter { $0.0 == "unique" }.map(\.1)
    }

    package subscript(name: String) -> String? { values[name] }
    package func number(_ name: String) -> Int64? { values[name].flatMap(Double.init).map { Int64($0) } }

    /// The terms of the limit that holds it.
    package var terms: LimitTerms? { values["terms"].flatMap { LimitTerms(stored: $0) } }

    /// Who paused its queue or kind, and when (ms).
    package func pause(_ what: String) -> (by: String, at: Int64)? {
        guard let text = values[what + "_paused"] else { return nil }
        let parts = text.split(separator: "\t", omittingEmptySubsequences: false)
        return (parts.first.map(String.init) ?? "", parts.last.flatMap { Int64($0) } ?? 0)
    }
}

extension Store {
    package func why(_ id: TaskID, depth: Int = 100_000) async throws(StoreError) -> WhyFacts {
        let items = try await call(Scripts.why, [id.rawValue, String(depth)]).array ?? []
        guard items.count % 2 == 0 else { throw .unexpectedReply("why") }
        var facts = WhyFacts(
            stride(from: 0, to: items.count, by: 2).map {
                let value = items[$0 + 1]
                return (items[$0].text ?? "", value.text ?? value.int.map(String.init) ?? "")
            })
        if let queue = facts["queue"] {
            let replies = try await pipeline([
                RedisCommand("HGET", keys.tries, id.rawValue),
                RedisCommand("ZSCORE", keys.expiring(queue), id.rawValue),
            ])
            facts.history = TaskHistory(replies[0].bytes ?? [])
            facts.expiry = replies[1].text.flatMap(Double.init).map { Int64($0) }
        }
        return facts
    }
}
