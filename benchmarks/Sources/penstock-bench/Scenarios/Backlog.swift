import Penstock

/// The drain of a short backlog, several times, and of one that is a hundred times as long with `--jobs 1000000`.
struct Backlog: Scenario {
    let name = "backlog"
    let summary = "Drain rate with a backlog of 10,000 and of --jobs."

    private static let short = 10_000
    private static let rounds = 10

    func measure(_ plan: Plan) async throws -> [Figure] {
        let long = plan.scaled(100_000, atLeast: Self.short)
        // Rounds of the short one are over in the time of some polls, so both are looked at as often.
        let pause = Duration.milliseconds(1)
        let (short, first) = try await plan.onServer { stage in
            try await stage.penstock.pause(queue: "default")
            return try await stage.withWorkers { crew in
                var seconds = 0.0
                var redis = 0.0
                for _ in 0..<Self.rounds {
                    try await stage.fill(Self.short) { Noop(id: $0) }
                    let cost = try await stage.drain(by: crew, every: pause)
                    try await stage.penstock.pause(queue: "default")
                    seconds += cost.seconds
                    redis += cost.redis
                }
                let jobs = Self.rounds * Self.short
                try await stage.expectCompleted(jobs)
                return (Double(jobs) / seconds, redis / Double(jobs))
            }
        }
        let (rate, cost) = try await plan.onServer { stage in
            try await stage.penstock.pause(queue: "default")
            try await stage.fill(long) { Noop(id: $0) }
            let cost = try await stage.withWorkers { try await stage.drain(by: $0, every: pause) }
            try await stage.expectCompleted(long)
            return (Double(long) / cost.seconds, cost.redis / Double(long))
        }
        return [
            .rate("drained_short", short), .redisCPU("redis_cpu_per_job_short", first),
            .rate("drained_long", rate), .redisCPU("redis_cpu_per_job_long", cost),
            Figure("long_to_short", rate / short, "", .higher, target: .atLeast(0.9)),
        ]
    }
}
