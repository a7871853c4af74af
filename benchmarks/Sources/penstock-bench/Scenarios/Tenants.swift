import Penstock

/// The whole life of jobs of one tenant, a hundred, and ten thousand.
struct Tenants: Scenario {
    let name = "tenants"
    let summary = "A job's whole life with 1, 100 and 10,000 tenants that have jobs."

    func measure(_ plan: Plan) async throws -> [Figure] {
        let jobs = plan.scaled(100_000)
        var figures: [Figure] = []
        var single: Double?
        for tenants in [1, 100, 10_000] {
            let (rate, cost) = try await plan.onServer { try await life($0, jobs, tenants: min(tenants, jobs)) }
            figures.append(.rate("drained_\(tenants)", rate))
            figures.append(.redisCPU("redis_cpu_per_life_\(tenants)", cost))
            if let single {
                figures.append(
                    Figure(
                        "cost_\(tenants)_to_1", cost / single, "", .lower,
                        target: tenants == 10_000 ? .atMost(1.5) : nil))
            }
            single = single ?? cost
        }
        return figures
    }

    private func life(_ stage: Stage, _ jobs: Int, tenants: Int) async throws -> (rate: Double, redis: Double) {
        try await stage.penstock.pause(queue: "default")
        let payload = try stage.penstock.configuration.codec.encode(Noop(id: 1_000_000))
        let requests = (0..<tenants).map {
            JobRequest(kind: Noop.name, payload: payload, options: .init(tenant: tenants == 1 ? "" : "t\($0)"))
        }
        return try await stage.withWorkers { crew in
            let meter = try await Meter(stage)
            for start in stride(from: 0, to: jobs, by: 1000) {
                let chunk = (start..<min(start + 1000, jobs)).map { requests[$0 % tenants] }
                try await stage.penstock.enqueue(raw: chunk)
            }
            let enqueue = try await meter.read()
            let drain = try await stage.drain(by: crew)
            try await stage.expectCompleted(jobs)
            return (Double(jobs) / drain.seconds, (enqueue.redis + drain.redis) / Double(jobs))
        }
    }
}
