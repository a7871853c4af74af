import Penstock

/// What a job costs over its whole life: Redis CPU and commands from its enqueue to its commit, and the worker.
struct Cost: Scenario {
    let name = "cost"
    let summary = "Redis CPU and commands of a job's whole life, worker CPU and memory."

    func measure(_ plan: Plan) async throws -> [Figure] {
        let jobs = plan.scaled(100_000)
        return try await plan.onServer { stage in
            try await stage.penstock.pause(queue: "default")
            return try await stage.withWorkers { crew in
                // The memory of a worker that has seen jobs: buffers have grown, slots have their tasks.
                let first = try await life(stage, crew, jobs)
                let memory = try crew.memory()
                let second = try await life(stage, crew, jobs)
                try await stage.expectCompleted(2 * jobs)
                let grown = max(0, try crew.memory() - memory) * 1_048_576 / Double(jobs)
                let count = Double(2 * jobs)
                return [
                    .redisCPU("redis_cpu_per_enqueue", (first.enqueue + second.enqueue) / count),
                    .redisCPU("redis_cpu_per_life", (first.redis + second.redis) / count, target: .atMost(10)),
                    Figure("redis_calls_per_life", (first.calls + second.calls) / count, "", .lower),
                    Figure(
                        "worker_cpu_per_job", (first.workers + second.workers) / count, "us", .lower,
                        target: .atMost(8)),
                    Figure("worker_memory", try crew.memory(), "MB", .lower),
                    Figure("worker_memory_growth", grown, "bytes a job", .lower),
                ]
            }
        }
    }

    /// From the enqueue, a thousand a call, to the last commit. Costs are sums over all jobs.
    private func life(
        _ stage: Stage, _ crew: Crew, _ jobs: Int
    ) async throws -> (enqueue: Double, redis: Double, workers: Double, calls: Double) {
        let whole = try await Meter(stage, crew)
        try await stage.fill(jobs) { Noop(id: 1_000_000 + $0) }
        let enqueue = try await whole.read()
        let drain = try await stage.drain(by: crew)
        try await stage.penstock.pause(queue: "default")
        return (
            enqueue.redis, enqueue.redis + drain.redis, enqueue.workers + drain.workers, enqueue.calls + drain.calls
        )
    }
}
