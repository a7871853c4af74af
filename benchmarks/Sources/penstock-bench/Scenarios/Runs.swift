import Penstock
import RedisClient

/// A fan-out of no-op items against plain no-op jobs, and chains of five steps, with one worker process. It demands that the
/// items run at half the rate of the jobs, and that no call to Redis takes 50 ms.
struct Runs: Scenario {
    let name = "runs"
    let summary = "A fan-out and chains against plain jobs, with the longest call of Redis."
    let isQuick = false

    func measure(_ plan: Plan) async throws -> [Figure] {
        let items = Double(plan.items)
        let jobs = try await plan.onServer { try await $0.drained(plan.items, by: 1) }
        let fan = try await plan.onServer { try await fanOut($0) }
        let chains = try await plan.onServer { try await self.chains($0) }
        return [
            .rate("jobs_per_second", items / jobs.seconds),
            .rate("items_per_second", items / fan.cost.seconds),
            Figure(
                "items_to_jobs", jobs.seconds / fan.cost.seconds, "", .higher, target: .atLeast(0.5, demand: true)),
            .redisCPU("redis_per_job", jobs.redis / items),
            .redisCPU("redis_per_item", fan.cost.redis / items),
            Figure("worker_per_job", jobs.workers / items, "us", .lower),
            Figure("worker_per_item", fan.cost.workers / items, "us", .lower),
            Figure(
                "longest_call_milliseconds", fan.longestCall, "ms", .lower,
                target: .atMost(50, demand: true, always: true)),
            Figure("worker_megabytes", fan.memory, "MB", .lower),
            .rate("chain_steps_per_second", chains.rate),
            Figure("round_trips_per_step", chains.trips, "", .lower),
        ]
    }

    /// One run, from its start to its end, and the longest call of Redis meanwhile in milliseconds.
    private func fanOut(
        _ stage: Stage
    ) async throws -> (cost: Meter.Reading, memory: Double, longestCall: Double) {
        let items = stage.plan.items
        _ = try await stage.redis.send(RedisCommand("CONFIG", "SET", "slowlog-log-slower-than", "1000"))
        return try await stage.withWorkers(1) { crew in
            let cost = try await stage.fannedOut(items, by: crew)
            let entries = try await stage.redis.send(RedisCommand("SLOWLOG", "GET", "1000")).array ?? []
            let longest = entries.compactMap { $0.array?[2].int }.max() ?? 0
            return (cost, try crew.memory("VmHWM"), Double(longest) / 1000)
        }
    }

    /// Steps a second of many chains, and what the worker asks Redis for in each step of a chain that runs alone.
    private func chains(_ stage: Stage) async throws -> (rate: Double, trips: Double) {
        let (penstock, chain, count) = (stage.penstock, try Nothing.chain(), stage.plan.chains)
        return try await stage.withWorkers(1) { crew in
            for _ in 0..<20 { _ = try await penstock.start(chain).output() }
            // From before the start: its one call is the client's, and told with the steps', as ever.
            var trips = 0
            for _ in 0..<20 {
                let before = try await redisCalls(stage.redis, of: "evalsha")
                let run = try await penstock.start(chain).run
                while try await run.status().state != .succeeded {}
                trips += try await redisCalls(stage.redis, of: "evalsha") - before
            }
            let began = ContinuousClock.now
            try await stage.inFlight(count) { _ in _ = try await penstock.start(chain) }
            try await stage.until("all chains have ended", every: .milliseconds(5)) {
                try crew.check()
                return try await stage.live() == 0
            }
            let seconds = (ContinuousClock.now - began) / .seconds(1)
            try await stage.expectRuns(count + 40, of: chain.name, .succeeded)
            return (Double(5 * count) / seconds, Double(trips) / 100)
        }
    }
}

extension Stage {
    /// One run with so many items, from its start to its end.
    func fannedOut(_ items: Int, by crew: Crew) async throws -> Meter.Reading {
        let meter = try await Meter(self, crew)
        let run = try await penstock.start(try Nothing.fan(), items).run
        let status = try await run.wait(timeout: .seconds(300))
        let cost = try await meter.read()
        guard status.state == .succeeded, status.steps.first?.fanOut?.done == items else {
            throw BenchmarkError("the fan-out has ended \(status.state): \(status.errors)")
        }
        return cost
    }
}
