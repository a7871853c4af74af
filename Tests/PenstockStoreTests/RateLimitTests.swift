import PenstockModel
import PenstockTesting
import Testing

@testable import PenstockStore

/// Tokens by the clock. Intervals are seconds and more, so that the time which the calls take does not count.
@Suite(.timeLimit(.minutes(10))) struct RateLimitTests {
    @Test func `a burst at once, then one each interval, and the worker is told when`() async throws {
        try await withStore { store in
            try await store.setLimit(.queue("q"), LimitTerms(jobs: 1, per: .seconds(10), burst: 3))
            try await store.fill(10)
            var worker = try await Player(store, lease: .seconds(86_400))
            let first = try await worker.turn(10)
            #expect(first.claimed.count == 3)
            let wait = try #require(first.nextDue) - first.now
            #expect((9_990...10_001).contains(wait))
            try await store.stepClock(by: .milliseconds(9_000))
            #expect(try await worker.turn(10).claimed.isEmpty)
            try await store.stepClock(by: .milliseconds(1_001))
            #expect(try await worker.turn(10).claimed.count == 1)
            // A pause saves no more than the burst.
            try await store.stepClock(by: .seconds(3600))
            #expect(try await worker.turn(10).claimed.count == 3)
        }
    }

    @Test func `no drift over a thousand grants`() async throws {
        try await withStore(audits: false) { store in
            let terms = try LimitTerms(jobs: 3, per: .seconds(100), burst: 2)
            let interval = 100_000_000.0 / 3
            try await store.setLimit(.queue("q"), terms)
            try await store.fill(1100)
            var worker = try await Player(store, lease: .seconds(86_400))
            var (granted, start) = (0, Int64(0))
            while granted < 1000 {
                let turn = try await worker.turn(10)
                if granted == 0 { start = turn.now }
                granted += turn.claimed.count
                try await worker.turn(ended: turn.claimed.map { $0.ended(.completed) })
                let allowed = 2 + Double(turn.now - start) * 1000 / interval
                // The first grant was within the millisecond that was told.
                #expect(Double(granted) <= allowed + 1000 / interval, "above the rate")
                #expect(Double(granted) > allowed - 1 - 1000 / interval, "below the rate")
                let due = try #require(turn.nextDue)
                try await store.stepClock(by: .milliseconds(max(due - turn.now, 1)))
            }
        }
    }

    @Test func `several limits are charged all or none`() async throws {
        try await withStore { store in
            try await store.setLimit(.queue("q"), LimitTerms(jobs: 1, per: .seconds(1000), burst: 5))
            try await store.setLimit(LimitName("a:1"), LimitTerms(jobs: 1, per: .seconds(1000), burst: 2))
            _ = try await store.enqueue(try (0..<5).map { _ in store.task(options: try options("a:1")) })
            var worker = try await Player(store)
            #expect(try await worker.turn(10).claimed.count == 2)
            let limits = try await store.limits()
            #expect(limits.map(\.tokens) == [0, 3])
            #expect(limits.map(\.parkedLanes) == [1, 0])
            // Others have what it could not take.
            try await store.fill(5)
            #expect(try await worker.turn(10).claimed.count == 3)
        }
    }

    @Test func `a slot that is freed while there is no token sets the timer`() async throws {
        try await withStore { store in
            try await store.setLimit(.queue("q"), LimitTerms(jobs: 1, per: .seconds(10), burst: 2, concurrency: 1))
            try await store.fill(5)
            var worker = try await Player(store, lease: .seconds(86_400))
            let first = try await worker.turn(5).claimed
            let second = try await worker.turn(5, ended: first.map { $0.ended(.completed) })
            #expect([first.count, second.claimed.count] == [1, 1])
            let third = try await worker.turn(5, ended: second.claimed.map { $0.ended(.completed) })
            #expect(third.claimed.isEmpty)
            let wait = try #require(third.nextDue) - third.now
            #expect((9_000...10_001).contains(wait))
            try await store.stepClock(by: .milliseconds(10_001))
            #expect(try await worker.turn(5).claimed.count == 1)
        }
    }

    @Test func `a name's own limit goes before that of its scope`() async throws {
        try await withStore { store in
            try await store.setLimit(LimitName("a:*"), LimitTerms(jobs: 1, per: .seconds(1000), burst: 2))
            try await store.setLimit(LimitName("a:big"), LimitTerms(jobs: 1, per: .seconds(1000), burst: 4))
            for name in ["a:big", "a:1", "a:2"] {
                _ = try await store.enqueue(try (0..<5).map { _ in store.task(name, options: try options(name)) })
            }
            var worker = try await Player(store)
            let claimed = try await worker.turn(50).claimed
            #expect(
                Dictionary(grouping: claimed, by: \.record.kind).mapValues(\.count) == ["a:big": 4, "a:1": 2, "a:2": 2])
            try await store.setLimit(LimitName("a:*"), nil)
            #expect(try await worker.turn(50).claimed.count == 6)
        }
    }

    @Test(arguments: ["a:1", "a:*"])
    func `a faster rate holds at once`(name: String) async throws {
        try await withStore { store in
            try await store.setLimit(LimitName(name), LimitTerms(jobs: 1, per: .seconds(86_400), burst: 1))
            _ = try await store.enqueue(try (0..<3).map { _ in store.task(options: try options("a:1")) })
            var worker = try await Player(store)
            #expect(try await worker.turn(5).claimed.count == 1)
            try await store.setLimit(LimitName(name), LimitTerms(jobs: 1, per: .seconds(5), burst: 1))
            #expect(try await worker.turn(5).claimed.isEmpty)
            try await store.stepClock(by: .milliseconds(5_030))
            #expect(try await worker.turn(5).claimed.count == 1)
        }
    }

    @Test func `lanes whose token is due, and for which a claim has no room, go to the next claim`() async throws {
        try await withStore { store in
            try await store.setLimit(LimitName("tenant:*"), LimitTerms(jobs: 1, per: .seconds(5), burst: 1))
            for tenant in 0..<8 { try await store.fill(2, tenant: "t\(tenant)") }
            var worker = try await Player(store, lease: .seconds(3600))
            #expect(try await worker.turn(20).claimed.count == 8)
            #expect(try await worker.turn(20).claimed.isEmpty)
            try await store.stepClock(by: .milliseconds(5_100))
            #expect(try await worker.turn(1).claimed.count == 1)
            #expect(try await worker.turn(20).claimed.count == 7)
        }
    }

    @Test func `lanes whose token is due go to another worker where a claim does not take their kind`() async throws {
        try await withStore { store in
            try await store.setLimit(LimitName("queue:q"), LimitTerms(jobs: 1, per: .seconds(5), burst: 1))
            let ids = try await store.fill(2, "other")
            var choosy = try await Player(store, "choosy", kinds: ["k"], lease: .seconds(3600))
            var taker = try await Player(store, "taker", kinds: ["other"], lease: .seconds(3600))
            // Set aside by the one, and the token is spent by the other.
            try await choosy.turn(5)
            #expect(try await taker.turn(5).claimed.map(\.id) == [ids[0]])
            #expect(try await taker.turn(5).claimed.isEmpty)
            try await store.raw("DEL", store.keys.wake("taker"))
            try await store.stepClock(by: .milliseconds(5_100))
            let turn = try await choosy.turn(5)
            #expect(turn.claimed.isEmpty && (turn.nextDue ?? .max) > turn.now)
            #expect(try await KeyspaceAudit.read(store).hints == ["taker": ["work"]])
            #expect(try await taker.turn(5).claimed.map(\.id) == [ids[1]])
        }
    }

    @Test func `a lane whose token is due takes its turn among its tenant's other lanes`() async throws {
        try await withStore { store in
            try await store.setLimit(.tenant("t"), LimitTerms(jobs: 1, per: .seconds(5), burst: 1))
            try await store.fill(3, tenant: "t")
            var worker = try await Player(store, lease: .seconds(3600))
            #expect(try await worker.turn(5).claimed.count == 1)
            #expect(try await worker.turn(5).claimed.isEmpty)
            try await store.fill(1, tenant: "t", priority: 5)
            for _ in 0..<3 {
                try await store.stepClock(by: .milliseconds(5_100))
                #expect(try await worker.turn(5).claimed.count == 1)
            }
            #expect(try await store.queues().first?.ready == 0)
        }
    }

    /// Two queues have a timer of one limit: the first look offers the lane to the claim, the second one wakes it.
    @Test func `a lane that was offered to a claim and is then woken is not taken to stand in line`() async throws {
        try await withStore { store in
            try await store.setLimit(.tenant("t"), LimitTerms(jobs: 1, per: .seconds(5), burst: 1))
            try await store.fill(4, queue: "a", tenant: "t")
            var worker = try await Player(store, queues: ["a", "b"], lease: .seconds(3600))
            #expect(try await worker.turn(5).claimed.count == 1)
            #expect(try await worker.turn(5).claimed.isEmpty)
            for _ in 0..<3 {
                // Left by a lane of the other queue that is gone.
                try await store.raw("ZADD", store.keys.prefix + "refill:b", "1", "tenant:t")
                try await store.stepClock(by: .milliseconds(5_100))
                // No room for anything behind it.
                #expect(try await worker.turn(1).claimed.count == 1)
                #expect(try await KeyspaceAudit.check(store) == [])
            }
        }
    }

    @Test func `a full worker that knows of a token alone tells another one`() async throws {
        try await withStore { store in
            try await store.setLimit(.tenant("t"), LimitTerms(jobs: 1, per: .seconds(5), burst: 1))
            try await store.fill(3, tenant: "t")
            var busy = try await Player(store, "busy", lease: .seconds(3600))
            var idle = try await Player(store, "idle", lease: .seconds(3600))
            try await idle.turn(1)
            try await busy.turn(3)
            try await store.raw("DEL", store.keys.wake("idle"))
            try await idle.turn(0)
            try await store.raw("SADD", store.keys.prefix + "idle:q", "idle")
            try await store.stepClock(by: .milliseconds(5_001))
            try await busy.turn(0)
            #expect(try await KeyspaceAudit.read(store).hints["idle"] == ["work"])
        }
    }

    /// A limit that waits for another one does not use up the wake-up of the lanes behind it.
    @Test func `a lane that was woken for one limit and is blocked by another lets the next go`() async throws {
        try await withStore { store in
            let slow = try LimitName("slow:1")
            let shared = try LimitName("shared:1")
            try await store.setLimit(shared, LimitTerms(concurrency: 1))
            try await store.setLimit(slow, LimitTerms(jobs: 1, per: .seconds(1000), burst: 1))
            var both = TaskOptions()
            both.limits = [shared, slow]
            var one = TaskOptions()
            one.limits = [shared]
            _ = try await store.enqueue([
                store.task("first", tenant: "a", options: both), store.task("blocked", tenant: "a", options: both),
                store.task("free", tenant: "b", options: one),
            ])
            var worker = try await Player(store)
            var kinds: [String] = []
            for _ in 0..<2 {
                // Room for both, so that both lanes are met, and parked.
                let task = try #require(try await worker.turn(2).claimed.first)
                kinds.append(task.record.kind)
                if kinds.count == 1 {
                    // Its lane goes to the front of the line.
                    try await store.raw("ZADD", store.keys.waiting(shared.rawValue), "1", "q\ta\t\tshared:1\tslow:1")
                }
                try await worker.end(task, .completed)
            }
            #expect(Set(kinds) == ["first", "free"])
        }
    }

    @Test func `a lane whose token is due joins behind the tenant whose turn is next`() async throws {
        try await withStore { store in
            try await store.setLimit(LimitName("tenant:slow"), LimitTerms(jobs: 1, per: .seconds(10), burst: 1))
            try await store.fill(2, tenant: "slow")
            var worker = try await Player(store)
            #expect(try await worker.turn(1).claimed.map(\.record.tenant) == ["slow"])
            #expect(try await worker.turn(1).claimed.isEmpty)
            for _ in 0..<3 { try await store.fill(1, tenant: "free") }
            try await store.stepClock(by: .seconds(10))
            #expect(try await worker.turn(2).claimed.map(\.record.tenant) == ["free", "slow"])
        }
    }

    @Test func `a limit that was removed and is set anew is full`() async throws {
        try await withStore { store in
            let terms = try LimitTerms(jobs: 1, per: .seconds(3600), burst: 1)
            try await store.setLimit(.queue("q"), terms)
            let ids = try await store.fill(3)
            var worker = try await Player(store)
            #expect(try await worker.turn(9).claimed.map(\.id) == [ids[0]])
            try await store.setLimit(.queue("q"), terms)
            #expect(try await worker.turn(9).claimed.isEmpty)
            try await store.setLimit(.queue("q"), nil)
            #expect(try await store.raw("EXISTS", store.keys.prefix + "tokens").int == 0)
            try await store.setLimit(.queue("q"), terms)
            #expect(try await worker.turn(9).claimed.map(\.id) == [ids[1]])
        }
    }

    @Test(arguments: [1, 2])
    func `a lane that leaves the line keeps the turn of those behind it`(leaving: Int) async throws {
        try await withStore { store in
            try await store.setLimit(.queue("q"), LimitTerms(jobs: 1, per: .seconds(10), burst: 1))
            var ids: [TaskID] = []
            for tenant in ["a", "b", "c"] { ids += try await store.fill(1, tenant: tenant) }
            var worker = try await Player(store)
            #expect(try await worker.turn(9).claimed.map(\.id) == [ids[0]])
            for id in ids[1...leaving] { #expect(try await store.cancel(id, reason: "") == .cancelled) }
            let audit = try await KeyspaceAudit.read(store)
            #expect(audit.refills["q"]?.isEmpty == (leaving == 2 ? nil : false))
            try await store.stepClock(by: .seconds(10))
            #expect(try await worker.turn(9).claimed.map(\.id) == Array(ids[(leaving + 1)...]))
        }
    }

    private func options(_ name: String) throws -> TaskOptions {
        var options = TaskOptions()
        options.limits = [try LimitName(name)]
        return options
    }
}
