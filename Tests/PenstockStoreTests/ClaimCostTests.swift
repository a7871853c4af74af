import PenstockModel
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

/// What a claim costs does not depend on how much waits.
@Suite(.timeLimit(.minutes(10)), .serialized) struct ClaimCostTests {
    struct Cost: CustomStringConvertible {
        var calls: Double
        var received: Double
        var sent: Double
        var description: String {
            let figures = [calls, received, sent].map { "\(($0 * 1000).rounded() / 1000)" }
            return "\(figures[0]) calls, \(figures[1]) bytes of reply, \(figures[2]) bytes of request a job"
        }
    }

    private static let batch = 50
    private static let cycles = 16

    /// The cost of a job, claimed and committed in batches of 50, by what waits now.
    private func measure(_ store: Store, _ worker: inout Player) async throws -> Cost {
        var claimed = try await worker.turn(Self.batch).claimed
        let look = try await traffic(store) - traffic(store)
        let before = try await traffic(store)
        for _ in 0..<Self.cycles {
            claimed = try await worker.turn(Self.batch, ended: claimed.map { $0.ended(.completed) }).claimed
            #expect(claimed.count == Self.batch)
        }
        let used = try await traffic(store) - before
        try await worker.turn(ended: claimed.map { $0.ended(.completed) })
        // What looking adds is taken off: `look` is negative, since the first of two is the smaller one.
        let jobs = Double(Self.cycles * Self.batch)
        return Cost(
            calls: used.calls / jobs, received: (used.received + look.received) / jobs,
            sent: (used.sent + look.sent) / jobs)
    }

    /// Brings the number of ready tasks to `count`, shared by the tenants.
    private func fill(_ store: Store, to count: Int, tenants: Int) async throws {
        var ready = try await store.queues().first?.ready ?? 0
        while ready > count { ready -= try await store.purge(queue: "q", chunk: min(1000, ready - count)).removed }
        for tenant in 0..<tenants where ready < count {
            try await store.fill((count - ready) / (tenants - tenant), tenant: "t\(tenant)")
            ready += (count - ready) / (tenants - tenant)
        }
    }

    private struct Traffic {
        var calls: Double
        var received: Double
        var sent: Double
        static func - (left: Traffic, right: Traffic) -> Traffic {
            Traffic(
                calls: left.calls - right.calls, received: left.received - right.received, sent: left.sent - right.sent)
        }
    }

    private func traffic(_ store: Store) async throws -> Traffic {
        let calls = try await Commands.count(store)
        let text = try await store.redis.send(RedisCommand("INFO", "stats")).text ?? ""
        func field(_ name: String) -> Double {
            text.split(whereSeparator: \.isNewline).first { $0.hasPrefix(name + ":") }
                .flatMap { Double($0.dropFirst(name.count + 1)) } ?? 0
        }
        return Traffic(
            calls: Double(calls), received: field("total_net_output_bytes"), sent: field("total_net_input_bytes"))
    }

    private func compare(_ many: Int, tenants: Int) async throws {
        try await withStore(audits: false) { store in
            var worker = try await Player(store, lease: .seconds(3600))
            var reference: Cost?
            for (ready, delayed) in [(1000, 0), (many, 0), (many, many), (1000, many)] {
                try await fill(store, to: ready, tenants: tenants)
                let missing = delayed - (try await store.queues().first?.delayed ?? 0)
                try await store.fill(missing, tenant: "t0", start: .after(.seconds(86_400)))
                let cost = try await measure(store, &worker)
                print("claim cost, \(tenants) tenants, \(ready) ready, \(delayed) delayed: \(cost)")
                let base = reference ?? cost
                reference = base
                for (value, base) in [(cost.calls, base.calls), (cost.received, base.received), (cost.sent, base.sent)]
                {
                    #expect((0.9...1.1).contains(value / base), "\(ready) ready, \(delayed) delayed: \(cost)")
                }
            }
        }
    }

    @Test(arguments: [1, 20])
    func `the same at 1,000 and at 20,000`(tenants: Int) async throws {
        try await compare(20_000, tenants: tenants)
    }

    @Test(.enabled(if: ProcessEnvironment.wantsLongTests))
    func `the same at 1,000 and at 1,000,000`() async throws {
        try await compare(1_000_000, tenants: 1)
    }
}
