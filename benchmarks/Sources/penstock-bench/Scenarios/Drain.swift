import Penstock

enum DrainFormat: String, CaseIterable, Sendable {
    /// 60 bytes that the handler gets as they are.
    case raw
    /// 60 bytes of JSON that are decoded into a `Codable` type of three fields.
    case json
}

/// Worker processes that empty a queue of no-op jobs.
struct Drain: Scenario {
    let workers: Int
    let format: DrainFormat

    var name: String { "drain-\(format.rawValue)-\(workers)" }
    var summary: String {
        "Drains no-op jobs (\(format == .raw ? "bytes" : "decoded JSON")) with \(workers) worker process\(workers > 1 ? "es" : "")."
    }

    func measure(_ plan: Plan) async throws -> [Figure] {
        let jobs = plan.scaled(100_000)
        return try await plan.onServer { stage in
            let cost = try await stage.drained(jobs, by: workers, format)
            let target = workers > 1 ? nil : Target.atLeast(format == .raw ? 1 / 9 : 1 / 14)
            return [
                .rate("drained", Double(jobs) / cost.seconds, target: target),
                .redisCPU("redis_cpu_per_job", cost.redis / Double(jobs)),
                Figure("worker_cpu_per_job", cost.workers / Double(jobs), "us", .lower),
                Figure("redis_calls_per_job", cost.calls / Double(jobs), "", .lower),
            ]
        }
    }
}

extension Stage {
    /// Fills the paused queue, lets new workers empty it, and checks that they did. The costs are those of the drain alone.
    func drained(_ jobs: Int, by workers: Int? = nil, _ format: DrainFormat = .json) async throws -> Meter.Reading {
        try await penstock.pause(queue: "default")
        switch format {
        case .raw: try await fill(raw: RawNoop.payload(60), jobs)
        case .json: try await fill(jobs) { Noop(id: 1_000_000 + $0) }
        }
        let cost = try await withWorkers(workers) { try await drain(by: $0) }
        try await expectCompleted(jobs)
        return cost
    }
}
