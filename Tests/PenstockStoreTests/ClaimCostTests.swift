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

    /// The cost of a job, claimed and committed in batches of 50, with `ready` and `delayed` others waiting.
    private func measure(ready: Int, delayed: Int, tenants: Int) async throws -> Cost {
        var cost = Cost(calls: 0, received: 0, sent: 0)
        try await withStore(audits: false) { store in
            for tenant in 0..<tenants { try await store.fill(ready / tenants, tenant: "t\(tenant)") }
            try await store.fill(delayed, tenant: "t0", start: .after(.seconds(86_400)))
            var worker = try await Player(store, lease: .seconds(3600))
            var claimed = try await worker.turn(Self.batch).claimed
            let idle = try await traffic(store) - traffic(store)
            let before = try await traffic(store)
            for _ in 0..<Self.cycles {
                claimed = try await worker.turn(Self.batch, ended: claimed.map { $0.ended(.completed) }).claimed
                #expect(claimed.count == Self.batch)
            }
            let used = try await traffic(store) - before
            let jobs = Double(Self.cycles * Self.batch)
            // What the look itself adds: the first of two has the second one's.
            cost = Cost(
                calls: used.calls / jobs, received: (used.received + idle.received) / jobs,
                sent: (used.sent + idle.sent) / jobs)
        }
        return cost
    }

    private struct Traffic {
        var calls: Double
        var received: Double
        var sent: Double
        static func - (left: Traffic, right: Traffic) -> Traffic {
            Traffic(calls: left.calls - right.calls, received: left.received - right.received, sent: left.sent - right.sent)
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
        let reference = try await measure(ready: 1000, delayed: 0, tenants: tenants)
        print("claim cost, \(tenants) tenants, 1000 ready: \(reference)")
        for (ready, delayed) in [(many, 0), (1000, many), (many, many)] {
            let cost = try await measure(ready: ready, delayed: delayed, tenants: tenants)
            print("claim cost, \(tenants) tenants, \(ready) ready, \(delayed) delayed: \(cost)")
            for (value, base) in [
                (cost.calls, reference.calls), (cost.received, reference.received), (cost.sent, reference.sent),
            ] {
                #expect((0.9...1.1).contains(value / base), "\(cost); at 1000: \(reference)")
            }
        }
    }

    @Test(arguments: [1, 20])
    func `the same at 1,000 and at 20,000`(tenants: Int) async throws {
        try await compare(20_000, tenants: tenants)
    }

    @Test(.enabled(if: ProcessEnvironment.wantsLongTests), arguments: [1, 20])
    func `the same at 1,000 and at 1,000,000`(tenants: Int) async throws {
        try await compare(1_000_000, tenants: tenants)
    }
}
