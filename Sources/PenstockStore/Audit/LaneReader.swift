import RedisClient

/// Reads a list from its tail to its head, while others push at both ends and pop at the head. Counted from the tail, an
/// entry moves only away from the tail, towards what is still to be read, so none that stays is missed; what was pushed
/// meanwhile shifts some entries into the next chunk once more, and those are told by the ones that were read last.
struct LaneReader: Sendable {
    private let key: String
    private let chunk: Int
    /// How far from the tail was read, and the entries there, the one nearest to the head first.
    private var offset = 0
    private var last: [String] = []
    private(set) var isAtEnd = false

    init(key: String, chunk: Int) {
        self.key = key
        self.chunk = chunk
    }

    /// The command for the next chunk: a few entries that were read already, and what is before them.
    var command: RedisCommand {
        RedisCommand("LRANGE", key, "-\(offset + chunk)", "-\(offset - last.count + 1)")
    }

    /// Takes the answer; returns what is new in it.
    mutating func take(_ reply: RedisReply) -> [String] {
        let entries = (reply.array ?? []).map(\.looseText)
        isAtEnd = entries.count < chunk + last.count
        var new = entries[...]
        for known in last {
            if let place = entries.lastIndex(of: known) {
                new = entries[..<place]
                break
            }
        }
        offset += chunk
        last = Array(entries.prefix(32))
        return Array(new)
    }
}
