import PenstockModel
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

/// Row T4: what waits for its time costs nothing until then, however much it is, and is let go in bounded chunks.
@Suite("T4: timers", .timeLimit(.minutes(10)), .serialized) struct TimerTests {
    private static var many: Int { ProcessEnvironment.wantsLongTests ? 1_000_000 : 50_000 }

    private func memory(_ store: Store) async throws -> Int {
        let text = try await store.redis.send(RedisCommand("INFO", "memory")).text ?? ""
        let line = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("used_memory:") }
        return try #require(line.flatMap { Int($0.dropFirst("used_memory:".count)) })
    }

    /// CPU time that Redis's main thread has used up to now. Unlike the slow log it does not count what a busy machine makes
    /// it wait.
    private func processorTime(_ store: Store) async throws -> Duration {
        let text = try await store.redis.send(RedisCommand("INFO", "cpu")).text ?? ""
        let seconds = ["used_cpu_sys_main_thread:", "used_cpu_user_main_thread:"].map { name in
            text.split(whereSeparator: \.isNewline).first { $0.hasPrefix(name) }.flatMap {
                Double($0.dropFirst(name.count))
            }
        }
        return try .seconds(#require(seconds[0]) + #require(seconds[1]))
    }

    /// Fails if the call takes longer than 20 ms: by the clock of the processor, and in the long form, which has the
    /// machine to itself, by the one on the wall too (the slow log's).
    private func quick<Answer>(_ store: Store, _ call: () async throws -> Answer) async throws -> Answer {
        _ = try await store.redis.send(RedisCommand("CONFIG", "SET", "slowlog-log-slower-than", "20000"))
        let before = try await processorTime(store)
        let answer = try await call()
        let used = try await processorTime(store) - before
        #expect(used < .milliseconds(20))
        if ProcessEnvironment.wantsLongTests {
            let slow = try await store.redis.send(RedisCommand("SLOWLOG", "LEN")).int
            #expect(slow == 0)
        }
        return answer
    }

    @Test("10,000 due in the same millisecond are all let go, at most 200 by a call, none of which takes 20 ms")
    func sameMillisecond() async throws {
        try await withStore { store in
            let moment = store.serverNow + 3_600_000
            for _ in 0..<10 {
                _ = try await store.enqueue((0..<1000).map { _ in store.task(start: .at(moment)) })
            }
            var worker = try await Player(store, lease: .seconds(3600))
            try await store.stepClock(by: .seconds(3600))
            var (before, done) = (10_000, 0)
            var claimed: [ClaimedTask] = []
            repeat {
                let ended = claimed.map { $0.ended(.completed) }
                claimed = try await quick(store) { try await worker.turn(500, ended: ended).claimed }
                let after = try await store.redis.send(RedisCommand("ZCARD", store.keys.delayed("q"))).int ?? -1
                #expect((0...200).contains(before - after))
                before = after
                done += claimed.count
            } while !claimed.isEmpty
            #expect(done == 10_000)
        }
    }

    @Test("10,000 schedules due in the same millisecond are all handed out, at most 50 by a call")
    func schedulesOfTheSameMillisecond() async throws {
        try await withStore { store in
            let moment = store.serverNow + 3_600_000
            try await schedules(10_000, at: moment, store)
            var worker = try await Player(store, lease: .seconds(3600))
            try await store.stepClock(by: .seconds(3600))
            var names: Set<String> = []
            var turns = 0
            // One that is not fired within a second comes again.
            while names.count < 10_000, turns < 2000 {
                let turn = try await quick(store) { try await worker.turn(1, fires: true) }
                #expect(turn.schedules.count <= 50 && turn.nextDue != nil)
                names.formUnion(turn.schedules)
                turns += 1
            }
            #expect(names.count == 10_000)
        }
    }

    private func schedules(_ count: Int, at moment: Int64, _ store: Store) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for part in 0..<50 {
                group.addTask {
                    for place in stride(from: part, to: count, by: 50) {
                        _ = try await store.save(
                            ScheduleChange(
                                name: "schedule-\(place)", spec: Array("{}".utf8), payload: [], tick: moment,
                                due: moment))
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("many pending timers: what one takes, and that a claim costs the same")
    func pending() async throws {
        try await withStore(audits: false) { store in
            var worker = try await Player(store, lease: .seconds(3600))
            try await store.fill(3000)
            let alone = try await cost(store, &worker)
            let before = try await memory(store)
            let payload = [UInt8](repeating: 0x78, count: 60)
            for _ in 0..<(Self.many / 1000) {
                _ = try await store.enqueue(
                    (0..<1000).map { _ in store.task(start: .after(.seconds(86_400)), payload: payload) })
            }
            let bytes = Double(try await memory(store) - before) / Double(Self.many)
            let beside = try await cost(store, &worker)
            try await schedules(1000, at: store.serverNow + 86_400_000, store)
            let withSchedules = try await cost(store, &worker)
            print(
                "\(Self.many) timers: \(Int(bytes)) bytes each, with a record of 60 bytes; a claim of 50 costs \(alone) calls alone, \(beside) beside them, \(withSchedules) beside 1,000 schedules"
            )
            #expect(bytes < 300)
            #expect(beside <= alone * 1.1 && withSchedules <= alone * 1.1)
        }
    }

    /// Commands of Redis for a claim of 50 with its commit, on the average of ten.
    private func cost(_ store: Store, _ worker: inout Player) async throws -> Double {
        var claimed = try await worker.turn(50, fires: true).claimed
        let before = try await Commands.count(store)
        for _ in 0..<10 {
            claimed = try await worker.turn(50, ended: claimed.map { $0.ended(.completed) }, fires: true).claimed
            #expect(claimed.count == 50)
        }
        let used = try await Commands.count(store) - before
        try await worker.turn(ended: claimed.map { $0.ended(.completed) })
        return Double(used) / 10
    }
}
