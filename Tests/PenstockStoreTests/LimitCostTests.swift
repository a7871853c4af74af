import PenstockModel
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

/// What limits add to the cost of a claim, in calls of Redis's own commands a job: unlike time, the same on every machine.
@Suite(.timeLimit(.minutes(20)), .serialized) struct LimitCostTests {
    private func calls(_ store: Store, _ body: () async throws -> Int) async throws -> Double {
        let before = try await Commands.count(store)
        let jobs = try await body()
        return Double(try await Commands.count(store) - before) / Double(max(jobs, 1))
    }

    /// One slot is freed and taken in each turn.
    private func costOfSlot(lanes: Int) async throws -> Double {
        var cost = 0.0
        try await withStore(audits: false) { store in
            try await store.setLimit(.queue("q"), LimitTerms(concurrency: 5))
            for from in stride(from: 0, to: lanes, by: 1000) {
                _ = try await store.enqueue(
                    (from..<min(from + 1000, lanes)).flatMap { lane in
                        (0..<max(2, 500 / lanes)).map { _ in store.task(tenant: "t\(lane)") }
                    })
            }
            var worker = try await Player(store, lease: .seconds(3600))
            var held: [ClaimedTask] = []
            // Until all are parked.
            for _ in 0..<(lanes / 200 + 2) { held += try await worker.turn(50).claimed }
            #expect(try await store.limits().first?.parkedLanes == lanes)
            cost = try await calls(store) {
                for _ in 0..<100 {
                    let turn = try await worker.turn(5, ended: [held.removeFirst().ended(.completed)])
                    #expect(turn.claimed.count == 1)
                    held += turn.claimed
                }
                return 100
            }
        }
        return cost
    }

    @Test func `ten thousand lanes that share a limit cost a claim no more than ten`() async throws {
        let few = try await costOfSlot(lanes: 10)
        let many = try await costOfSlot(lanes: 10_000)
        print("a slot with 10 lanes in line: \(few) calls, with 10,000: \(many)")
        #expect(many <= few * 1.05)
    }

    /// Claims `room` of 1,000 lanes' jobs a turn; the lanes have tokens to spare, or exactly as many as are claimed.
    private func costOfTokens(_ terms: LimitTerms?, room: Int) async throws -> (calls: Double, microseconds: Double) {
        var cost = (calls: 0.0, microseconds: 0.0)
        try await withStore(audits: false) { store in
            if let terms { try await store.setLimit(LimitName("tenant:*"), terms) }
            for round in 0..<20 {
                _ = try await store.enqueue((0..<1000).map { store.task(tenant: "t\($0)", payload: [UInt8(round)]) })
            }
            var worker = try await Player(store, lease: .seconds(3600))
            var claimed = try await worker.turn(room).claimed
            let before = try await script(store)
            cost.calls = try await calls(store) {
                var jobs = 0
                for _ in 0..<(10_000 / room) {
                    let turn = try await worker.turn(room, ended: claimed.map { $0.ended(.completed) })
                    claimed = turn.claimed
                    jobs += claimed.count
                    // Rates keep pace: each lane's tokens come back while the others are served.
                    try await store.stepClock(by: .milliseconds(room))
                }
                #expect(jobs >= 9_000, "\(jobs)")
                return jobs
            }
            cost.microseconds = (try await script(store) - before) / 10_000
        }
        return cost
    }

    /// Microseconds that scripts took.
    private func script(_ store: Store) async throws -> Double {
        let text = try await store.redis.send(RedisCommand("INFO", "commandstats")).text ?? ""
        return text.split(whereSeparator: \.isNewline).reduce(0) { sum, line in
            guard line.hasPrefix("cmdstat_evalsha:"), let from = line.firstRange(of: "usec=") else { return sum }
            return sum + (Double(line[from.upperBound...].prefix { $0.isNumber }) ?? 0)
        }
    }

    @Test(arguments: [10, 50, 200])
    func `a thousand lanes with tokens cost a claim at most half as much again`(room: Int) async throws {
        let free = try await costOfTokens(nil, room: room)
        // A burst to spare: lanes stay in turn. A burst of one: each lane is parked after each job.
        let spare = try await costOfTokens(LimitTerms(jobs: 10, per: .seconds(1), burst: 20), room: room)
        let tight = try await costOfTokens(LimitTerms(jobs: 10, per: .seconds(1), burst: 1), room: room)
        print("room \(room), calls and us a job: no limit \(free), tokens to spare \(spare), one token each \(tight)")
        #expect(spare.calls <= free.calls * 1.5)
        #expect(tight.calls <= free.calls * 1.5)
    }

    @Test func `a tenant that a limit blocks costs the others nothing`() async throws {
        let many = ProcessEnvironment.wantsLongTests ? 500_000 : 20_000
        try await withStore(audits: false) { store in
            try await store.fill(5_000, tenant: "busy")
            var worker = try await Player(store, lease: .seconds(3600))
            try await store.setLimit(.tenant("blocked"), LimitTerms(jobs: 1, per: .seconds(86_400), burst: 1))
            func measure() async throws -> Double {
                var claimed = try await worker.turn(50).claimed
                return try await calls(store) {
                    for _ in 0..<20 {
                        claimed = try await worker.turn(50, ended: claimed.map { $0.ended(.completed) }).claimed
                        #expect(claimed.count == 50)
                    }
                    return 1000
                }
            }
            let alone = try await measure()
            try await store.fill(many, tenant: "blocked")
            try await worker.turn(2)
            let beside = try await measure()
            print("calls a job alone: \(alone), beside \(many) blocked jobs: \(beside)")
            #expect(beside <= alone * 1.1)
        }
    }
}
