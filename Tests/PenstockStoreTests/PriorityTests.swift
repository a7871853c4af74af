import PenstockModel
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

@Suite(.timeLimit(.minutes(10))) struct PriorityTests {
    @Test func `the higher lane of a tenant is served first, one level being worth a minute`() async throws {
        try await withStore { store in
            let usual = try await store.fill(4)
            let urgent = try await store.fill(4, priority: 1)
            var worker = try await Player(store)
            #expect(try await worker.turn(1).claimed.map(\.id) == [urgent[0]])
            for _ in 0..<2 {
                try await store.stepClock(by: .seconds(29))
                try await worker.beat()
            }
            #expect(try await worker.turn(1).claimed.map(\.id) == [urgent[1]])
            try await store.stepClock(by: .seconds(3))
            // The head of the lower lane has stood there for 61 s, that of the higher one for 3 s, then for none.
            #expect(try await worker.turn(2).claimed.map(\.id) == [urgent[2], usual[0]])
            #expect(try await worker.turn(1).claimed.map(\.id) == [urgent[3]])
            #expect(try await worker.turn(9).claimed.map(\.id) == Array(usual[1...]))
        }
    }

    @Test func `lower than normal waits for its minute`() async throws {
        try await withStore { store in
            let low = try await store.fill(1, priority: -2)
            let usual = try await store.fill(3)
            var worker = try await Player(store, lease: .seconds(300))
            #expect(try await worker.turn(1).claimed.map(\.id) == [usual[0]])
            try await store.stepClock(by: .seconds(121))
            #expect(try await worker.turn(2).claimed.map(\.id) == [usual[1], low[0]])
            #expect(try await worker.turn(2).claimed.map(\.id) == [usual[2]])
        }
    }

    @Test func `all levels at once`() async throws {
        try await withStore { store in
            let tasks = (-10...10).flatMap { level in
                (0..<2).map { _ in store.task(priority: Priority(clamping: level)) }
            }
            _ = try await store.enqueue(tasks)
            #expect(try await store.queues().first?.ready == 42)
            var worker = try await Player(store)
            var levels: [Int] = []
            while true {
                let claimed = try await worker.turn(5).claimed
                if claimed.isEmpty { break }
                levels += claimed.map(\.record.priority.rawValue)
            }
            #expect(levels == (-10...10).reversed().flatMap { [$0, $0] })
        }
    }

    /// The bound of ageing, at its largest: the lowest level waits twenty minutes for the highest, and no longer, however
    /// many jobs of that come.
    @Test func `the lowest is served after twenty minutes under an endless stream of the highest`() async throws {
        try await withStore { store in
            try await store.fill(1, "lowest", priority: -10)
            var worker = try await Player(store, lease: .seconds(300))
            for minute in 0..<20 {
                // More than is served in the minute: a lane of the highest is never empty.
                try await store.fill(5, "highest", priority: 10)
                for _ in 0..<4 { #expect(try await worker.claim().record.kind == "highest", "minute \(minute)") }
                try await store.stepClock(by: .seconds(60))
                try await worker.beat()
            }
            try await store.stepClock(by: .seconds(1))
            try await store.fill(5, "highest", priority: 10)
            // The head of the higher lane became it a minute ago: one more of it may come first.
            let kinds = [try await worker.claim().record.kind, try await worker.claim().record.kind]
            #expect(kinds.contains("lowest"), "\(kinds)")
        }
    }

    @Test func `each level in between is passed over for as many minutes as it is lower`() async throws {
        try await withStore { store in
            for gap in [1, 5, 12] {
                let queue = "gap-\(gap)"
                try await store.fill(1, "low", queue: queue, priority: Priority(clamping: 6 - gap))
                var worker = try await Player(store, queues: [queue], lease: .seconds(300))
                for _ in 0..<gap {
                    try await store.fill(1, "high", queue: queue, priority: 6)
                    #expect(try await worker.claim().record.kind == "high")
                    try await store.stepClock(by: .seconds(60))
                    try await worker.beat()
                }
                try await store.stepClock(by: .seconds(1))
                try await store.fill(1, "high", queue: queue, priority: 6)
                #expect(try await worker.claim().record.kind == "low")
                #expect(try await worker.claim().record.kind == "high")
            }
        }
    }

    @Test func `priority does not cross tenants`() async throws {
        try await withStore { store in
            try await store.fill(20, tenant: "a", priority: 10)
            try await store.fill(20, tenant: "b")
            var worker = try await Player(store)
            var counts: [String: Int] = [:]
            for _ in 0..<20 { counts[try await worker.claim().record.tenant, default: 0] += 1 }
            // The one who came first is a round ahead, and served first in each.
            #expect(abs(counts["a", default: 0] - counts["b", default: 0]) <= 2)
        }
    }

    @Test func `a lane that a cancel has emptied starts anew`() async throws {
        try await withStore { store in
            let usual = try await store.fill(2)
            let urgent = try await store.fill(1, priority: 1)
            _ = try await store.cancel(urgent[0], reason: "")
            #expect(try await KeyspaceAudit.check(store) == [])
            var worker = try await Player(store, lease: .seconds(300))
            try await store.stepClock(by: .seconds(200))
            // Its age is that of the new head, not of the one that was cancelled.
            let late = try await store.fill(1, priority: 1)
            #expect(try await worker.turn(9).claimed.map(\.id) == [usual[0], late[0], usual[1]])
        }
    }
}
