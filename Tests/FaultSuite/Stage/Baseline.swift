import Penstock
import PenstockModel
import RedisClient

/// What a namespace and its processes hold when nothing is to be done.
struct Baseline: Sendable, Hashable {
    /// Keys that do not expire, by the first part of their name.
    var keys: [String: Int] = [:]
    /// Of Redis's data, bytes.
    var memory = 0
    var connections = 0
    var redisDescriptors = 0
    /// Of worker processes, by ordinal.
    var descriptors: [Int: Int] = [:]

    /// How far the memory of data may be off: tables that have grown do not shrink at once.
    static let memoryTolerance = 2 << 20

    /// What has grown since `before`.
    func growth(since before: Baseline) -> [String] {
        var growth: [String] = []
        for (name, count) in keys.sorted(by: { $0.key < $1.key }) where count > before.keys[name, default: 0] {
            growth.append("keys \(name): \(count), before \(before.keys[name, default: 0])")
        }
        if memory > before.memory + Self.memoryTolerance {
            growth.append("memory of data: \(memory) bytes, before \(before.memory)")
        }
        if connections > before.connections {
            growth.append("connections: \(connections), before \(before.connections)")
        }
        if redisDescriptors > before.redisDescriptors {
            growth.append("descriptors of Redis: \(redisDescriptors), before \(before.redisDescriptors)")
        }
        // Of one that was started since, those of the others are the measure.
        let most = before.descriptors.values.max() ?? 0
        for (worker, count) in descriptors.sorted(by: { $0.key < $1.key })
        where count > before.descriptors[worker] ?? most {
            growth.append("descriptors of worker \(worker): \(count), before \(before.descriptors[worker] ?? most)")
        }
        return growth
    }
}

extension Stage {
    /// Everything that is kept for a time and would go by itself.
    private static let cleaning = """
        local prefix, kept = ARGV[1], {}
        for _, name in ipairs(redis.call('KEYS', '*')) do
          local rest = string.sub(name, #prefix + 1)
          local part = string.match(rest, '^[^:]*')
          if redis.call('PTTL', name) > 0 and part ~= 'wake' then
            redis.call('DEL', name)
          elseif part ~= 'wake' then
            kept[#kept + 1] = part
          end
        end
        return kept
        """

    /// Removes what has ended and is kept for a time, and takes the measure of the rest.
    func measure() async throws -> Baseline {
        try await removeRuns()
        var baseline = Baseline()
        let reply = try await command("EVAL", Self.cleaning, "0", "{t:0}:")
        for name in reply.array?.compactMap(\.text) ?? [] { baseline.keys[name, default: 0] += 1 }
        baseline.memory = try await info("memory", "used_memory_dataset")
        baseline.connections = try await info("clients", "connected_clients")
        baseline.redisDescriptors = Child.descriptors(of: redis.pid)
        for worker in workers { baseline.descriptors[worker.ordinal] = worker.descriptors }
        return baseline
    }

    private func removeRuns() async throws {
        while true {
            let page = try await penstock.runs(.init(), limit: 500).entries
            if page.isEmpty { return }
            for entry in page where entry.state.isTerminal { _ = try await penstock.run(entry.id).remove() }
            if page.contains(where: { !$0.state.isTerminal }) { return }
        }
    }

    /// Waits until nothing has grown; what has is told if it stays.
    func expect(_ before: Baseline, within limit: Duration = .seconds(12)) async throws {
        let end = ContinuousClock.now + limit
        while true {
            let growth = try await measure().growth(since: before)
            if growth.isEmpty { return }
            guard .now < end else {
                return violations.append("not back to the baseline: " + growth.joined(separator: "; "))
            }
            try await pause(.milliseconds(400))
        }
    }

    /// Nothing spins when there is nothing to do.
    func expectIdleness() async throws {
        let (calls, ticks) = (
            try await info("stats", "total_commands_processed"), workers.map { Child.ticks(of: $0.process.pid) }
        )
        let pids = workers.map(\.process.pid)
        try await pause(.seconds(2))
        let sent = try await info("stats", "total_commands_processed") - calls
        let used = zip(pids, ticks).map { Child.ticks(of: $0) - $1 }
        // Ten workers' worth of what idle workers send; what scripts call inside Redis is counted as well.
        if sent > 400 { violations.append("\(sent) commands in 2 s with nothing to do") }
        if used.contains(where: { $0 > 60 }) {
            violations.append("workers use \(used) hundredths of a second in 2 s with nothing to do")
        }
        remarks.append("\(sent) commands in 2 s idle")
    }
}
