import Penstock
import RedisClient

/// A thousand lanes limited to ten jobs a second each, under full load, and an unlimited queue beside them. It demands that no
/// lane gets more than its rate and burst, or less than 98 % of it, and that the unlimited queue loses no more than a fifth.
struct Limits: Scenario {
    let name = "limits"
    let summary = "Grants of 1,000 limited lanes, and what they cost a queue beside them."
    let isQuick = false

    func measure(_ plan: Plan) async throws -> [Figure] {
        let grants = try await plan.onServer { try await self.grants($0) }
        let (alone, beside, shares) = try await freeRates(plan)
        let (least, most) = (Double(grants.least), Double(grants.most))
        return [
            Figure("seconds", grants.seconds, "s", .higher),
            Figure("expected", grants.expected, "jobs", .higher),
            Figure("most", most, "jobs", .higher),
            Figure("least", least, "jobs", .higher),
            Figure(
                "most_to_expected", most / grants.expected, "", .lower,
                target: .atMost(1 + 1e-9, demand: true, always: true)),
            // But for one job.
            Figure(
                "least_to_expected", (least + 1) / grants.expected, "", .higher,
                target: .atLeast(0.98, demand: true, always: true)),
            .rate("free_alone", alone),
            .rate("free_beside", beside),
            Figure("beside_to_alone", shares, "", .higher, target: .atLeast(0.8, demand: true)),
        ]
    }

    private func perLane(_ plan: Plan) -> Int { plan.rate * ((plan.seconds ?? 20) + 60) + plan.burst }

    private func fillLanes(_ stage: Stage) async throws {
        let plan = stage.plan
        try await stage.penstock.setLimit("tenant:*", LimitTerms(jobs: plan.rate, burst: plan.burst))
        for lane in 0..<plan.lanes {
            try await stage.fill(perLane(plan), .init(queue: "limited", tenant: "t\(lane)")) { Noop(id: $0) }
        }
    }

    /// What each lane has started after the time, by Redis's clock; the rest is still in its lane.
    private func grants(
        _ stage: Stage
    ) async throws -> (seconds: Double, expected: Double, least: Int, most: Int) {
        let (plan, redis) = (stage.plan, stage.redis)
        try await fillLanes(stage)
        let each = perLane(plan)
        let worker = try WorkerChild(url: stage.server.url, .init(queues: "limited"))
        defer { worker.kill() }
        // From the first grant on: the buckets are full until then.
        var began: Double?
        while began == nil {
            let replies = try await redis.pipeline([RedisCommand("TIME"), RedisCommand("HLEN", Stage.key("tokens"))])
            if replies[1].int ?? 0 > 0 { began = Self.time(replies[0]) }
        }
        try await Task.sleep(for: .seconds(plan.seconds ?? 20))
        let replies = try await redis.pipeline(
            [RedisCommand("MULTI")]
                + (0..<plan.lanes).map { RedisCommand("LLEN", Stage.key("lane:limited\tt\($0)")) }
                + [RedisCommand("TIME"), RedisCommand("EXEC")])
        guard let all = replies.last?.array, let last = all.last, let began else { throw BenchmarkError("no answer") }
        let started = all.dropLast().map { each - ($0.int ?? 0) }
        // The first grant was made up to a round trip before it was seen.
        let passed = Self.time(last) - began + 0.01
        let expected = Double(plan.rate) * passed + Double(plan.burst)
        return (passed, expected, started.min() ?? 0, started.max() ?? 0)
    }

    private static func time(_ reply: RedisReply) -> Double {
        let parts = (reply.array ?? []).compactMap { $0.text.flatMap(Double.init) }
        return (parts.first ?? 0) + (parts.last ?? 0) / 1_000_000
    }

    /// Jobs a second of the unlimited queue, with a worker that serves both: alone and beside the limited lanes, by turns on
    /// two servers, each time against the mean of alone before and after it, for the machine is not the same for long.
    /// Medians of the rates and of that share.
    private func freeRates(_ plan: Plan) async throws -> (alone: Double, beside: Double, share: Double) {
        try await plan.onServer { quiet in
            try await plan.onServer { busy in
                try await fillLanes(busy)
                try await busy.penstock.pause(queue: "limited")
                return try await quiet.withWorkers(1, .init(queues: "limited,free")) { quietCrew in
                    try await busy.withWorkers(1, .init(queues: "limited,free")) { busyCrew in
                        var alone = [try await freeRate(quiet, quietCrew)]
                        var (beside, shares): ([Double], [Double]) = ([], [])
                        for _ in 0..<5 {
                            try await fillFree(busy)
                            try await busy.penstock.resume(queue: "limited")
                            // The bursts are over, the steady load is on.
                            try await Task.sleep(for: .seconds(2))
                            beside.append(try await drainFree(busy, busyCrew))
                            try await busy.penstock.pause(queue: "limited")
                            alone.append(try await freeRate(quiet, quietCrew))
                            shares.append(beside[beside.count - 1] * 2 / alone.suffix(2).reduce(0, +))
                        }
                        return (alone.median, beside.median, shares.median)
                    }
                }
            }
        }
    }

    private func freeRate(_ stage: Stage, _ crew: Crew) async throws -> Double {
        try await fillFree(stage)
        return try await drainFree(stage, crew)
    }

    private func fillFree(_ stage: Stage) async throws {
        try await stage.penstock.pause(queue: "free")
        try await stage.fill(stage.plan.jobs ?? 200_000, .init(queue: "free")) { Noop(id: $0) }
    }

    private func drainFree(_ stage: Stage, _ crew: Crew) async throws -> Double {
        let began = ContinuousClock.now
        try await stage.penstock.resume(queue: "free")
        try await stage.until("the unlimited queue is empty", every: .milliseconds(10)) {
            try crew.check()
            return try await stage.redis.send(RedisCommand("LLEN", Stage.key("lane:free\t"))).int ?? 0 == 0
        }
        return Double(stage.plan.jobs ?? 200_000) / ((ContinuousClock.now - began) / .seconds(1))
    }
}
