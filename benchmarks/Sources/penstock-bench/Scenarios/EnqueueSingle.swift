import Penstock

/// One client that enqueues job after job, 64 calls in flight.
struct EnqueueSingle: Scenario {
    let name = "enqueue"
    let summary = "Enqueues one by one from one client, 64 in flight."

    func measure(_ plan: Plan) async throws -> [Figure] {
        let jobs = plan.scaled(50_000)
        return try await plan.onServer { stage in
            // The first call connects and loads the script.
            try await stage.fill(1) { Noop(id: $0) }
            let penstock = stage.penstock
            let meter = try await Meter(stage)
            try await stage.inFlight(jobs) { try await penstock.enqueue(Noop(id: 1_000_000 + $0)) }
            let cost = try await meter.read()
            try await stage.expectReady(jobs + 1)
            return [
                .rate("enqueued", Double(jobs) / cost.seconds, target: .atLeast(1 / 12)),
                .redisCPU("redis_cpu_per_job", cost.redis / Double(jobs)),
                Figure("redis_calls_per_job", cost.calls / Double(jobs), "", .lower),
            ]
        }
    }
}

extension Stage {
    /// Throws unless so many jobs of the queue are ready.
    func expectReady(_ count: Int) async throws {
        let ready = try await penstock.queues(["default"]).first?.ready ?? 0
        guard ready == count else { throw BenchmarkError("\(ready) of \(count) jobs are ready") }
    }
}
