/// Which live tasks were seen in which places, as the auditor reads the one and then the other. It takes about 60 bytes a
/// task; a namespace with more tasks than that is worth is read in several passes, each for a share of the ids.
struct PlaceLedger: Sendable {
    /// A key in which tasks are, and what a task must be to be in it.
    struct Place: Sendable, Hashable {
        /// Without the prefix.
        let key: String
        let isLane: Bool
        fileprivate let queue: UInt32
        fileprivate let route: UInt32?
        fileprivate let kind: UInt32?
    }

    private struct Entry {
        var route: UInt32
        var queue: UInt32
        var kind: UInt32
        /// 0: nowhere yet.
        var times: UInt8 = 0
    }

    /// What is to be looked at again.
    enum Doubt: Sendable, Hashable { case misplaced, doubled }

    private var entries: [String: Entry] = [:]
    private var heads: [String: Entry?] = [:]

    var count: Int { entries.count }

    /// Notes a live task. False if its head cannot be read. A task that is listed twice is one.
    mutating func add(_ id: String, head: String) -> Bool {
        let known: Entry?
        if let cached = heads[head] {
            known = cached
        } else {
            known = Self.entry(head)
            // Heads are mostly alike; where they are not, remembering them all would be the larger half.
            if heads.count < 1000 { heads[head] = .some(known) }
        }
        guard let known else { return false }
        if entries[id] == nil { entries[id] = known }
        return true
    }

    /// Notes that a task was seen in a place; of ids that are no live tasks, nothing is known and nothing said.
    mutating func see(_ id: String, in place: Place) -> Doubt? {
        guard var entry = entries[id] else { return nil }
        entry.times = min(entry.times + 1, 2)
        entries[id] = entry
        if entry.times > 1 { return .doubled }
        let isRight =
            (place.route ?? entry.route) == entry.route && (place.kind ?? entry.kind) == entry.kind
            && (place.queue == 0 || place.queue == entry.queue)
        return isRight ? nil : .misplaced
    }

    /// Tasks that were seen nowhere.
    var missing: [String] { entries.compactMap { $0.value.times == 0 ? $0.key : nil } }

    // MARK: Names

    /// `queue TAB tenant [TAB priority TAB keys]` from the head of a record.
    private static func entry(_ head: String) -> Entry? {
        let fields = head.split(separator: "\t", omittingEmptySubsequences: false)
        guard fields.count >= 4 else { return nil }
        let keys = fields.dropFirst(4).filter { $0.hasPrefix("l=") }.map { $0.dropFirst(2) }
        return Entry(
            route: route(queue: fields[1], tenant: fields[2], priority: fields[3], keys: keys[...]),
            queue: hash(fields[1]), kind: hash(fields[0]))
    }

    private static func route(
        queue: Substring, tenant: Substring, priority: Substring, keys: ArraySlice<Substring>
    ) -> UInt32 {
        var text = "\(queue)\t\(tenant)\t\(priority)"
        for key in keys { text += "\t\(key)" }
        return hash(text[...])
    }

    /// A place by its key without the prefix.
    static func place(_ key: String) -> Place {
        let form = key.prefix { $0 != ":" }
        let part = key.dropFirst(form.count + 1)
        switch form {
        case "delayed", "dead":
            return Place(key: key, isLane: false, queue: hash(part), route: nil, kind: nil)
        case "lane":
            var fields = part.split(separator: "\t", omittingEmptySubsequences: false)
            guard fields.count >= 2 else { return Place(key: key, isLane: true, queue: 1, route: 0, kind: nil) }
            let ring = fields[0].split(separator: "|", maxSplits: 1)
            // Tasks of a kind that has a limit are in a lane beside the one of their record.
            var kind = ring.count > 1 ? ring[1] : nil
            if fields.count > 3, let last = fields.last, last.hasPrefix("kind:") {
                kind = last.dropFirst(5)
                fields.removeLast()
            }
            let route = route(
                queue: ring.first ?? "", tenant: fields[1], priority: fields.count > 2 ? fields[2] : "",
                keys: fields.dropFirst(3))
            return Place(key: key, isLane: true, queue: 0, route: route, kind: kind.map(hash))
        default: return Place(key: key, isLane: false, queue: 0, route: nil, kind: nil)
        }
    }

    /// FNV-1a; not 0.
    static func hash(_ text: Substring) -> UInt32 {
        var hash: UInt32 = 2_166_136_261
        for byte in text.utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        return hash == 0 ? 1 : hash
    }
}
