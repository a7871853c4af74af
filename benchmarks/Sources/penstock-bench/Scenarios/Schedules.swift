import Penstock
import RedisClient

/// Schedules that all tick every second, fired and executed by one worker process.
struct Schedules: Scenario {
    let name = "schedules"
    let summary = "A thousand schedules that tick every second: lateness, and what a tick costs."

    func measure(_ plan: Plan) async throws -> [Figure] {
        let seconds = plan.seconds ?? 5
        return try await plan.onServer { stage in
            let penstock = stage.penstock
            return try await stage.withWorkers(1) { crew in
                try await stage.inFlight(plan.schedules) { number in
                    try await penstock.createSchedule("s\(number)", "* * * * * *", Ticked(id: number))
                }
                // From the middle between two ticks to the middle between two others; the first are those that warm up.
                try await halfPast(2, stage)
                _ = try await stage.notes()
                let before = try await fired(stage)
                let meter = try await Meter(stage, crew)
                try await halfPast(seconds, stage)
                let cost = try await meter.read()
                let ticks = try await fired(stage) - before
                let lateness = try await stage.notes()
                // Ticks that are fired late end in the next window, and some of the window before are in this one.
                guard ticks > 0, abs(ticks - lateness.count) <= plan.schedules else {
                    throw BenchmarkError("\(ticks) ticks were fired, \(lateness.count) of their jobs were executed")
                }
                return [
                    Figure("fired", Double(ticks) / cost.seconds, "ticks/s", .higher),
                    Figure("fired_share", Double(ticks) / Double(seconds * plan.schedules), "", .higher),
                    Figure("lateness_p50", lateness.median / 1000, "ms", .lower),
                    Figure("lateness_p99", lateness.percentile(0.99) / 1000, "ms", .lower),
                    .redisCPU("redis_cpu_per_tick", cost.redis / Double(ticks)),
                    Figure("redis_calls_per_tick", cost.calls / Double(ticks), "", .lower),
                    Figure("worker_cpu_per_tick", cost.workers / Double(ticks), "us", .lower),
                ]
            }
        }
    }

    /// Ticks of all schedules that were fired since they are there.
    private func fired(_ stage: Stage) async throws -> Int {
        var (sum, last, count) = (0, "", 0)
        repeat {
            let page = try await stage.penstock.schedules(after: last, limit: 1000)
            sum += page.reduce(0) { $0 + $1.fired }
            last = page.last?.name ?? ""
            count = page.count
        } while count == 1000
        return sum
    }

    /// Sleeps until it is half past a second for the `count`th time from now.
    private func halfPast(_ count: Int, _ stage: Stage) async throws {
        let reply = try await stage.redis.send(RedisCommand("TIME")).array ?? []
        guard reply.count == 2, let part = reply[1].text.flatMap({ Int($0) }) else {
            throw BenchmarkError("Redis does not tell the time")
        }
        try await Task.sleep(for: .seconds(count - 1) + .microseconds((1_500_000 - part) % 1_000_000))
    }
}
