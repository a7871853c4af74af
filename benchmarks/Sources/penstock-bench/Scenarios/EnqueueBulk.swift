import Penstock

/// One client that enqueues many jobs with one call, which sends a thousand at a time.
struct EnqueueBulk: Scenario {
    let name = "enqueue-bulk"
    let summary = "Enqueues many jobs with one call."

    func measure(_ plan: Plan) async throws -> [Figure] {
        let jobs = plan.scaled(200_000)
        return try await plan.onServer { stage in
            try await stage.fill(1) { Noop(id: $0) }
            let meter = try await Meter(stage)
            try await stage.penstock.enqueue(many: (0..<jobs).lazy.map { Noop(id: 1_000_000 + $0) })
            let cost = try await meter.read()
            try await stage.expectReady(jobs + 1)
            return [
                .rate("enqueued", Double(jobs) / cost.seconds, target: .atLeast(1 / 4)),
                .redisCPU("redis_cpu_per_job", cost.redis / Double(jobs)),
                Figure("redis_calls_per_job", cost.calls / Double(jobs), "", .lower),
            ]
        }
    }
}
