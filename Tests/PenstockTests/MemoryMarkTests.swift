import EmbeddedRedis
import Penstock
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

@Suite("The memory mark", .timeLimit(.minutes(10))) struct MemoryMarkTests {
    private static let limit = 100 << 20

    private static func client(_ url: String, mark: Double? = 0.5) throws -> Penstock {
        try Penstock(.init(url: url, namespace: "t", memoryMark: mark), logger: Rig.quiet)
    }

    /// Fills Redis to about three fifths.
    private func fill(_ rig: Rig) async throws { try await rig.command("SETRANGE", "ballast", "60000000", "x") }

    @Test("above it every road is refused before anything is sent, and says when to try again")
    func refuses() async throws {
        try await Rig.with(.init(maxMemory: Self.limit)) { rig in
            for road in EnqueueMiddlewareTests.roads {
                let below = try Self.client(rig.redis.url)
                #expect(try await road.enqueue(below, .init()).count == road.jobs)
                await below.shutdown()
            }
            let before = try await rig.queue().ready
            try await fill(rig)
            for road in EnqueueMiddlewareTests.roads {
                let client = try Self.client(rig.redis.url)
                let error = await #expect(throws: PenstockError.self) { try await road.enqueue(client, .init()) }
                #expect(error?.code == .backPressure)
                let wait = try #require(error?.retryAfter)
                #expect(wait > .zero && wait <= .seconds(1))
                for word in ["\(Self.limit)", "0.5", "\(wait)"] {
                    #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
                }
                await client.shutdown()
                let higher = try Self.client(rig.redis.url, mark: 0.9)
                #expect(try await road.enqueue(higher, .init(queue: "higher")).count == road.jobs)
                await higher.shutdown()
            }
            #expect(try await rig.queue().ready == before)
            // Off by default.
            try await rig.penstock.enqueue(Work())
        }
    }

    @Test("workers go on: they claim, retry, commit; and enqueue goes on when there is room again")
    func workersGoOn() async throws {
        try await Rig.with(.init(maxMemory: Self.limit)) { rig in
            let client = try Self.client(rig.redis.url)
            try await client.enqueue(many: (0..<50).map { Work(number: $0) })
            try await fill(rig)
            try await eventually("the refusal", within: .seconds(20)) {
                do {
                    try await client.enqueue(Work(), .init(queue: "elsewhere"))
                    return false
                } catch let error as PenstockError where error.code == .backPressure {
                    return true
                }
            }
            try await RunningWorker.with(client, options: .draining) { worker in
                worker.handle(Work.self, retry: .fixed(.milliseconds(1), attempts: 2)) { job, context in
                    if job.number % 2 == 0 && context.attempt == 1 { throw JobFailure.retryable("once") }
                }
            } _: { running in
                try await running.events.next("the end", within: .seconds(40)) { $0 == .stopped }
            }
            let queue = try await rig.queue()
            #expect(queue.completed == 50 && queue.retried == 25)
            try await rig.command("DEL", "ballast")
            try await eventually("room", within: .seconds(20)) {
                do {
                    try await client.enqueue(Work())
                    return true
                } catch let error as PenstockError where error.code == .backPressure {
                    return false
                }
            }
            await client.shutdown()
        }
    }

    @Test("without maxmemory it does nothing")
    func noLimit() async throws {
        try await Rig.with { rig in
            let client = try Self.client(rig.redis.url, mark: 0.000001)
            try await client.enqueue(Work())
            await client.shutdown()
        }
    }

    @Test(
        "a look that fails refuses nothing", arguments: [Fault.dropReply(), .dropRequest(), .cutReply(afterBytes: 9)])
    func failedLook(fault: Fault) async throws {
        try await Rig.with(.init(maxMemory: Self.limit)) { rig in
            try await fill(rig)
            try await FaultProxy.withProxy(to: rig.redis) { proxy in
                let client = try Self.client(proxy.url)
                let rule = proxy.apply(fault, to: .containing("memory"))
                try await client.enqueue(Work())
                try await proxy.applied(rule)
                #expect(try await rig.queue().ready == 1)
                await client.shutdown()
            }
        }
    }

    @Test("Redis is asked once in the interval, and callers who come together share a look")
    func sharedLook() async throws {
        try await Rig.with(.init(maxMemory: Self.limit)) { rig in
            try await FaultProxy.withProxy(to: rig.redis) { proxy in
                let redis = RedisClient(configuration: try RedisConfiguration(url: proxy.url), logger: Rig.quiet)
                for (interval, most) in [(Duration.seconds(3600), 1), (.zero, 100)] {
                    var limits = StoreLimits()
                    limits.memoryMark = 0.5
                    limits.memoryInterval = interval
                    let store = try Store(redis: redis, namespace: "t", limits: limits)
                    let before = proxy.hits(of: .containing("memory"))
                    #expect(proxy.hits(of: .containing("memory")) == before, "nobody asks before an enqueue")
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for _ in 0..<100 { group.addTask { try await store.admit() } }
                        try await group.waitForAll()
                    }
                    for _ in 0..<10 { try await store.admit() }
                    let asked = proxy.hits(of: .containing("memory")) - before
                    #expect(interval == .zero ? asked >= 11 : asked == most, "\(interval): \(asked)")
                }
                await redis.shutdown()
            }
        }
    }

    @Test(
        "the figures are those that Redis itself compares",
        arguments: [
            ("used_memory:100\r\nmaxmemory:200\r\nmem_not_counted_for_evict:30\r\n", 70, 200),
            ("# Memory\r\nused_memory:5\r\nused_memory_human:5B\r\nmaxmemory:0\r\n", 5, 0),
        ])
    func figures(info: String, used: Int, limit: Int) throws {
        let reading = try #require(MemoryReading(info: info))
        #expect(reading.used == used && reading.limit == limit)
        #expect(MemoryReading(info: "used_memory:x\r\n") == nil && MemoryReading(info: "") == nil)
    }

    @Test("a mark that is no share is refused", arguments: [0, -0.1, 1.01, .nan, .infinity])
    func bounds(mark: Double) throws {
        let error = #expect(throws: PenstockError.self) { try Self.client("redis://127.0.0.1:1", mark: mark) }
        #expect(error?.code == .invalidArgument && error?.message.contains("memoryMark") == true)
    }
}
