import PenstockModel
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

@Suite(.timeLimit(.minutes(5))) struct FairnessTests {
    @Test func `lanes of one tenant share a claim`() async throws {
        try await withStore { store in
            for name in ["a:1", "b:1", "c:1"] {
                var options = TaskOptions()
                options.limits = [try LimitName(name)]
                try await store.enqueue((0..<6).map { _ in store.task(name, options: options) })
            }
            var worker = try await Player(store)
            let kinds = try await worker.turn(9).claimed.map(\.record.kind)
            #expect(Dictionary(grouping: kinds) { $0 }.mapValues(\.count) == ["a:1": 3, "b:1": 3, "c:1": 3])
        }
    }

    @Test(arguments: [1, 7, 64])
    func `one tenant with a hundred thousand tasks, ninety-nine with one: all are served within two rounds`(room: Int)
        async throws
    {
        try await withStore(audits: false) { store in
            try await store.fill(100_000, tenant: "flood")
            for i in 0..<99 { try await store.fill(1, tenant: "small\(i)") }
            var worker = try await Player(store)
            var served: Set<String> = []
            var claims = 0
            while claims + room <= 200 {
                let claimed = try await worker.turn(room).claimed
                #expect(claimed.count == room)
                claims += room
                for task in claimed { served.insert(task.record.tenant) }
            }
            #expect(served.count == 100, "after \(claims) claims")
        }
    }

    @Test(arguments: [1, 10])
    func `weights of three to one are kept within one round after each claim`(room: Int) async throws {
        for together in [true, false] {
            try await withStore { store in
                try await store.setWeight(3, tenant: "a", queue: "q")
                if together {
                    _ = try await store.enqueue((0..<400).map { store.task(tenant: $0 < 300 ? "a" : "b") })
                } else {
                    try await store.fill(100, tenant: "b")
                    try await store.fill(300, tenant: "a")
                }
                var worker = try await Player(store)
                var (a, b) = (0, 0)
                while a < 250 && b < 80 {
                    for task in try await worker.turn(room).claimed {
                        if task.record.tenant == "a" { a += 1 } else { b += 1 }
                    }
                    // Who comes later enters one round behind.
                    let ahead = Double(b) - Double(a) / 3 - (together ? 0 : 1)
                    #expect(abs(ahead) <= 1 + 1e-6, "\(a) to \(b)")
                }
            }
        }
    }

    @Test func `a weight below one is served less than once a round`() async throws {
        try await withStore { store in
            try await store.setWeight(0.25, tenant: "slow", queue: "q")
            _ = try await store.enqueue((0..<200).map { store.task(tenant: $0 % 2 == 0 ? "slow" : "usual") })
            var worker = try await Player(store)
            var slow = 0
            for _ in 0..<100 where try await worker.claim().record.tenant == "slow" { slow += 1 }
            #expect((19...21).contains(slow))
        }
    }

    @Test(arguments: [1, 3])
    func `newcomers neither starve the others nor overtake them`(room: Int) async throws {
        try await withStore { store in
            for tenant in ["a", "b", "c"] { try await store.fill(100, tenant: tenant) }
            var worker = try await Player(store)
            var counts: [String: Int] = [:]
            // With each claim three new tenants come, more than are served: the old ones still get their turns.
            for round in 0..<60 {
                for i in 0..<3 { try await store.fill(1, tenant: "new\(round)-\(i)") }
                for task in try await worker.turn(room).claimed { counts[task.record.tenant, default: 0] += 1 }
                let old = ["a", "b", "c"].map { counts[$0, default: 0] }
                // The first one had begun before the others came.
                #expect((old.max() ?? 0) - (old.min() ?? 0) <= 2)
            }
            #expect(["a", "b", "c"].allSatisfy { counts[$0, default: 0] >= 2 }, "\(counts)")
            // Nobody who comes and goes gets more than those who wait.
            var worker2 = try await Player(store, "w2")
            try await store.purgeAll("q", chunk: 1000)
            try await store.fill(100, tenant: "a")
            var (waiting, coming) = (0, 0)
            for _ in 0..<20 {
                try await store.fill(1, tenant: "comes")
                for task in try await worker2.turn(room).claimed {
                    if task.record.tenant == "a" { waiting += 1 } else { coming += 1 }
                }
                #expect(coming <= waiting + 1)
            }
        }
    }

    @Test func `queues share the room of a claim, and what one does not need is for the others`() async throws {
        try await withStore { store in
            for (queue, count) in [("a", 100), ("b", 100), ("c", 1)] { try await store.fill(count, queue: queue) }
            var worker = try await Player(store, queues: ["a", "b", "c"])
            for turn in 0..<3 {
                let claimed = try await worker.turn(30).claimed
                let counts = Dictionary(claimed.map { ($0.record.queue, 1) }, uniquingKeysWith: +)
                #expect(claimed.count == 30 && counts["c"] == (turn == 0 ? 1 : nil))
                #expect(try #require(counts["a"]) >= 10 && #require(counts["b"]) >= 10, "\(counts)")
            }
        }
    }

    @Test func `shares are those of the model, turn by turn`() async throws {
        let seed = UInt64(ProcessEnvironment.value("PENSTOCK_SEED") ?? "") ?? .random(in: 0..<1_000_000)
        var random = SeededRandom(seed: seed)
        try await withStore { store in
            let weights = ["t1": 3.0, "t2": 0.5, "t3": 0.001, "t4": 17.25, "t5": 1000]
            for (tenant, weight) in weights { try await store.setWeight(weight, tenant: tenant, queue: "q") }
            var worker = try await Player(store)
            for step in 0..<150 {
                let batch = (0..<Int.random(in: 1...30, using: &random)).map { _ in
                    store.task(tenant: "t\(Int.random(in: 0..<12, using: &random))")
                }
                if Bool.random(using: &random) { _ = try await store.enqueue(batch) }
                let room = [1, 2, 3, 7, 20, 64][Int.random(in: 0..<6, using: &random)]
                let before = try await KeyspaceAudit.read(store)
                let expected = SharesModel.claim(
                    turn: before.turns["q"] ?? [:], room: room,
                    lengths: { before.lanes["q\t\($0)"]?.count ?? 0 }, weights: { weights[$0] ?? 1 })
                var counts: [String: Int] = [:]
                let claimed = try await worker.turn(room).claimed
                for task in claimed { counts[task.record.tenant, default: 0] += 1 }
                let after = try await KeyspaceAudit.read(store)
                #expect(counts == expected.shares, "seed \(seed), step \(step)")
                #expect(after.turns["q"] ?? [:] == expected.turn, "seed \(seed), step \(step)")
                try await worker.turn(ended: claimed.map { $0.ended(.completed) })
                if counts != expected.shares { break }
            }
        }
    }
}

/// The rule of `lua/includes/shares.lua` and `take_turns.lua`, written a second time: those who have had the fewest rounds are
/// served until they are level with the one behind them, by weight; what somebody does not have is shared again.
enum SharesModel {
    static func claim(
        turn: [String: Double], room: Int, lengths: (String) -> Int, weights: (String) -> Double
    ) -> (shares: [String: Int], turn: [String: Double]) {
        var (shares, next, left) = ([String: Int](), turn, room)
        while left > 0, !next.isEmpty {
            let (asked, rounds) = pass(next, room: left, weights)
            let isAlone = next.count == 1
            for (tenant, share) in asked {
                let had = lengths(tenant) - shares[tenant, default: 0]
                shares[tenant, default: 0] += min(share, had)
                left -= min(share, had)
                if share >= had {
                    next[tenant] = nil
                } else if !isAlone {
                    next[tenant] = rounds[tenant]
                }
            }
        }
        return (shares, next)
    }

    /// How much each is asked for if all have enough, and the rounds that they have had then.
    private static func pass(
        _ turn: [String: Double], room: Int, _ weights: (String) -> Double
    ) -> (asked: [String: Int], rounds: [String: Double]) {
        let order = turn.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.prefix(room).map(\.key)
        if order.count == 1 {
            return ([order[0]: room], [order[0]: (turn[order[0]] ?? 0) + Double(room) / weights(order[0])])
        }
        var (asked, rounds, left) = ([String: Int](), turn, room)
        while left > 0 {
            guard let base = order.compactMap({ rounds[$0] }).min() else { break }
            for tenant in order where left > 0 {
                let (round, weight) = (rounds[tenant] ?? 0, weights(tenant))
                guard round < base + 1 else { continue }
                let some = min(
                    room - asked[tenant, default: 0], left,
                    max(1, Int(((base + 1 - round) * weight - 1e-9).rounded(.up))))
                asked[tenant, default: 0] += some
                rounds[tenant] = round + Double(some) / weight
                left -= some
            }
        }
        return (asked, rounds)
    }
}
