import PenstockStore

/// How many tasks one call claims at most, so that its reply is of a size that comes through: about eight MiB by what
/// payloads had lately, and a quarter of what it was after each reply that was lost.
struct Portion: Sendable {
    private static let bytes = 8 << 20

    private var most = Store.largestClaim
    /// Of a payload: the mean of the last reply, or what is left of a larger one before.
    private var typicalBytes = 0

    func limit(_ room: Int) -> Int {
        min(room, most, typicalBytes > 0 ? max(1, Self.bytes / typicalBytes) : room)
    }

    mutating func note(arrived claimed: [ClaimedTask]) {
        most = min(most * 2, Store.largestClaim)
        guard !claimed.isEmpty else { return }
        let sum = claimed.reduce(0) { $0 + $1.record.payload.count }
        typicalBytes = max(sum / claimed.count, typicalBytes - typicalBytes / 4)
    }

    mutating func noteLost(room: Int) {
        if room > 0 { most = max(1, min(most, room) / 4) }
    }
}
