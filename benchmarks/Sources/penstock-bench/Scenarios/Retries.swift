import Penstock

/// Jobs of which one in ten fails at its first attempt, and is tried again after 50 ms.
struct Retries: Scenario {
    let name = "retries"
    let summary = "Drains jobs of which 10 % fail once."

    func measure(_ plan: Plan) async throws -> [Figure] {
        let jobs = plan.scaled(100_000)
        return try await plan.onServer { stage in
            try await stage.penstock.pause(queue: "default")
            try await stage.fill(jobs) { Flaky(id: $0) }
            let cost = try await stage.withWorkers { try await stage.drain(by: $0) }
            try await stage.expectCompleted(jobs)
            let retried = try await stage.penstock.queues(["default"]).first?.retried ?? 0
            let expected = (0..<jobs).count { Flaky(id: $0).fails }
            guard retried == expected else { throw BenchmarkError("\(retried) of \(expected) jobs were retried") }
            return [
                .rate("drained", Double(jobs) / cost.seconds),
                .redisCPU("redis_cpu_per_job", cost.redis / Double(jobs)),
                Figure("worker_cpu_per_job", cost.workers / Double(jobs), "us", .lower),
                Figure("redis_calls_per_job", cost.calls / Double(jobs), "", .lower),
            ]
        }
    }
}
