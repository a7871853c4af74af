import Penstock

/// Finding dead letters.
enum DeadLetters {
    /// Queues that have any, or the one named.
    static func queues(_ queue: String?, _ penstock: Penstock) async throws -> [String] {
        if let queue { return [queue] }
        return try await penstock.queues().filter { $0.dead > 0 }.map(\.name).sorted()
    }

    /// All of a queue as of now. Those that come meanwhile are in front, so that no older one is missed.
    static func ids(queue: String, _ penstock: Penstock) async throws -> [TaskID] {
        var ids: [TaskID] = []
        var seen: Set<TaskID> = []
        var offset = 0
        while true {
            let page = try await penstock.deadLetters(queue: queue, offset: offset, limit: 500)
            if page.isEmpty { return ids }
            offset += page.count
            for status in page where seen.insert(status.id).inserted { ids.append(status.id) }
        }
    }
}
