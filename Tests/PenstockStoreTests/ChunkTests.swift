import PenstockModel
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

/// No call does more than its share, however much there is: the rest is for the next one.
@Suite(.timeLimit(.minutes(10))) struct ChunkTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// At least so much and at most so much.
        let expected: ClosedRange<Int>
        /// Makes far more than one call may do, makes the call, and returns how much it did.
        let count: @Sendable (Store) async throws -> Int

        init(_ name: String, _ expected: ClosedRange<Int>, _ count: @escaping @Sendable (Store) async throws -> Int) {
            testDescription = name
            self.expected = expected
            self.count = count
        }
    }

    static let cases = [
        Case("entries of the inbox", 50...50) { store in
            for _ in 0..<120 { try await store.raw("XADD", store.keys.inbox, "*", "kind", "k") }
            var worker = try await Player(store)
            try await worker.turn(1)
            return 120 - (try await store.inboxLength())
        },
        Case("delayed tasks", 200...200) { store in
            try await store.fill(500, start: .after(.seconds(1)))
            try await store.stepClock(by: .seconds(2))
            var worker = try await Player(store, lease: .seconds(300))
            let turn = try await worker.turn(300)
            #expect(turn.claimed.count == 200 && (turn.nextDue ?? .max) <= turn.now)
            return 500 - (try #require(try await store.queues().first?.delayed))
        },
        Case("expired tasks", 200...200) { store in
            let tasks = (0..<500).map { _ in
                var task = store.task()
                task.expiry = .seconds(1)
                return task
            }
            _ = try await store.enqueue(tasks)
            try await store.stepClock(by: .seconds(2))
            _ = try await store.pause(.queue("q"), by: "")
            var worker = try await Player(store)
            try await worker.turn(1)
            return 500 - (try #require(try await store.queues().first?.ready))
        },
        Case("limits that have tokens again, for a claim of one", 1...16) { store in
            try await refilled(store, room: 1)
        },
        Case("limits that have tokens again", 200...200) { store in try await refilled(store, room: 400) },
        Case("schedules", 50...50) { store in
            for number in 0..<80 {
                let change = ScheduleChange(name: "s\(number)", spec: [], payload: [], tick: 1, due: 1)
                #expect(try await store.save(change) == .saved)
            }
            var worker = try await Player(store)
            return try await worker.turn(1, fires: true).schedules.count
        },
        Case("clients that wait for a role and are gone", 5...8) { store in
            let role = store.keys.prefix + "role:r"
            func take(_ holder: String, fence: String = "", lease: Int) async throws -> String {
                let words = ["r", holder, fence, "\(lease)", holder, "here", ""]
                return try await store.call(Scripts.takeRole, RedisArguments(words)).array?.last?.text ?? ""
            }
            let fence = try await take("me", lease: 300_000)
            for number in 0..<110 { _ = try await take("other\(number)", lease: 1000) }
            try await store.stepClock(by: .seconds(200))
            _ = try await take("me", fence: fence, lease: 300_000)
            try await store.stepClock(by: .seconds(200))
            _ = try await take("late", lease: 1000)
            return try await store.raw("HLEN", role).int ?? 0
        },
        Case("notes of ticks that are kept", 100...100) { store in
            _ = try await store.save(ScheduleChange(name: "s", spec: [], payload: [], tick: 1, due: 1))
            for number in 0..<130 {
                var fire = TickFire(schedule: "s", token: "\(number)", isTracked: true, start: .nothing)
                fire.notes = [TickNote(tick: Int64(number), fate: "missed")]
                #expect(try await store.fire(fire) == .fired)
            }
            return try await store.raw("LLEN", store.keys.prefix + "ticked:s").int ?? 0
        },
        Case("what a schedule started and cancels", 200...200) { store in
            var fire = TickFire(
                schedule: "s", token: "one", isTracked: true, start: .jobs((0..<250).map { _ in store.task() }))
            fire.notes = [TickNote(tick: 1, fate: "triggered")]
            _ = try await store.save(ScheduleChange(name: "s", spec: [], payload: [], tick: 1, due: 1))
            #expect(try await store.fire(fire) == .fired)
            let stored = try #require(try await store.schedules(["s"]).1[0])
            var plan = TickPlan()
            plan.cancelsLive = true
            (plan.tick, plan.due) = (2, 2)
            fire = TickFire(schedule: "s", token: "two", isTracked: true, start: .nothing)
            fire.move = (stored, plan)
            #expect(try await store.fire(fire) == .fired)
            return 250 - (try #require(try await store.schedules(["s"]).1[0]).facts.live)
        },
        Case("runs whose time is over", 100...100) { store in
            for number in 0..<300 { try await store.raw("ZADD", store.keys.prefix + "retained", "1", "run\(number)") }
            let ids = try await store.call(Scripts.expiredRuns, ["w", "100"]).array?.count
            try await store.raw("DEL", store.keys.prefix + "retained", store.keys.prefix + "sweeping")
            return ids ?? 0
        },
        Case("parked lanes that are listed", 1...300) { store in
            try await parkedLanes(store)
            // A cursor, then four words each.
            return ((try await store.call(Scripts.parked, ["q", "0"]).array?.count ?? 0) - 1) / 4
        },
        Case("parked lanes that are let go", 1...300) { store in
            try await parkedLanes(store)
            let limits = try await store.limits()
            for limit in limits { try await store.raw("HDEL", store.keys.prefix + "limits", limit.name.rawValue) }
            let before = try await parkedCount(store)
            _ = try await store.call(Scripts.unpark, ["q", "0", "tenant:"])
            return before - (try await parkedCount(store))
        },
        Case("tasks that are listed", 1...600) { store in
            try await store.fill(3000)
            return try await store.listTasks(from: "0", count: 200).tasks.count
        },
        Case("keys that are listed", 1...600) { store in
            for tenant in 0..<2000 { try await store.fill(1, tenant: "t\(tenant)") }
            return try await store.walkKeys(from: "0", count: 200).keys.count
        },
        Case("elements that are checked", 1...600) { store in
            try await store.fill(3000, start: .after(.seconds(60)))
            return try await store.examine("delayed", ["q"], cursor: "0", count: 200).looked
        },
        Case("elements that are checked, of many keys", 200...299) { store in
            let queues = (0..<20).map { "q\($0)" }
            for queue in queues { try await store.fill(50, queue: queue, start: .after(.seconds(60))) }
            return try await store.examine("delayed", queues[...], cursor: "0", count: 200).looked
        },
        Case("holders that are told", 5...5) { store in
            try await store.setLimit(LimitName("queue:q"), LimitTerms(concurrency: 20))
            let ids = try await store.fill(30)
            var worker = try await Player(store, lease: .seconds(300))
            #expect(try await worker.turn(30).claimed.count == 20)
            #expect(try await worker.turn(30).claimed.isEmpty)
            return try await store.why(ids[29]).holders.count
        },
        Case("idle workers that are asked for a kind", 1...8) { store in
            var one = try await Player(store, "one", kinds: ["k"], lease: .seconds(300))
            for number in 0..<40 {
                var other = try await Player(store, "other\(number)", kinds: ["other"], lease: .seconds(300))
                try await other.turn(1)
            }
            try await store.fill(1, "third")
            let before = try await calls("hmget", store)
            try await one.turn(1)
            // Two are the turn's own.
            return try await calls("hmget", store) - before - 2
        },
    ]

    @Test(arguments: cases) func `a call does its share`(one: Case) async throws {
        try await withStore(audits: false) { store in
            let count = try await one.count(store)
            #expect(one.expected.contains(count), "\(count)")
        }
    }

    /// How many of 400 limits have moved on.
    private static func refilled(_ store: Store, room: Int) async throws -> Int {
        try await parkedLanes(store)
        try await store.stepClock(by: .milliseconds(5_100))
        var worker = try await Player(store, lease: .seconds(300))
        let turn = try await worker.turn(room)
        let late = try await store.raw("ZCOUNT", store.keys.prefix + "refill:q", "-inf", String(turn.now)).int ?? 0
        return 400 - late
    }

    /// 400 of them, each of a tenant with tasks left and without tokens.
    private static func parkedLanes(_ store: Store) async throws {
        // Small hashes are scanned whole.
        try await store.raw("CONFIG", "SET", "hash-max-listpack-entries", "64")
        try await store.setLimit(LimitName("tenant:*"), LimitTerms(jobs: 1, per: .seconds(5), burst: 1))
        for tenant in 0..<400 { try await store.fill(3, tenant: "t\(tenant)") }
        var worker = try await Player(store, lease: .seconds(300))
        for _ in 0..<3 { try await worker.turn(500) }
        #expect(try await parkedCount(store) == 400)
    }

    private static func parkedCount(_ store: Store) async throws -> Int {
        try await store.raw("HLEN", store.keys.prefix + "parked:q").int ?? 0
    }

    private static func calls(_ command: String, _ store: Store) async throws -> Int {
        let info = try await store.raw("INFO", "commandstats").text ?? ""
        let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_\(command):") }
        return line?.firstMatch(of: /calls=(\d+)/).flatMap { Int($0.1) } ?? 0
    }
}
