import RedisClient
import Synchronization

/// How full Redis is.
struct MemoryReading: Sendable, Hashable {
    /// As Redis compares it with the limit: buffers of replicas and of the append-only file do not count. Bytes.
    var used: Int
    /// `maxmemory` in bytes; 0 for none.
    var limit: Int

    /// Reads the answer to `INFO memory`; nil when the figures are not in it.
    init?(info: String) {
        var fields: [Substring: Int] = [:]
        for line in info.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = Int(line[line.index(after: colon)...])
        }
        guard let used = fields["used_memory"], let limit = fields["maxmemory"] else { return nil }
        self.used = used - (fields["mem_not_counted_for_evict"] ?? 0)
        self.limit = limit
    }
}

/// Remembers the last look at Redis's memory for a while, and lets callers who come while one is under way share it.
final class MemoryGauge: Sendable {
    /// What a look found, nil if it failed, and when.
    typealias Look = (reading: MemoryReading?, at: ContinuousClock.Instant)

    private struct State {
        var last: Look?
        var isLooking = false
        var waiting: [CheckedContinuation<Look?, Never>] = []
    }

    private let state = Mutex(State())

    /// The last look, or a new one where that is older than `interval`.
    func look(every interval: Duration, _ ask: () async -> MemoryReading?) async -> Look {
        if let fresh = state.withLock({ Self.fresh($0.last, interval) }) { return fresh }
        let shared: Look? = await withCheckedContinuation { continuation in
            let answer: Look?? = state.withLock { state in
                if let fresh = Self.fresh(state.last, interval) { return .some(fresh) }
                if state.isLooking {
                    state.waiting.append(continuation)
                    return .none
                }
                state.isLooking = true
                return .some(nil)
            }
            if let answer { continuation.resume(returning: answer) }
        }
        // Nil: this caller looks, for all who come meanwhile.
        if let shared { return shared }
        let reading = await ask()
        let (look, waiting) = state.withLock { state in
            let look = (reading, ContinuousClock.now)
            state.last = look
            state.isLooking = false
            defer { state.waiting = [] }
            return (look, state.waiting)
        }
        for continuation in waiting { continuation.resume(returning: look) }
        return look
    }

    private static func fresh(_ look: Look?, _ interval: Duration) -> Look? {
        guard let look, ContinuousClock.now - look.at < interval else { return nil }
        return look
    }
}
