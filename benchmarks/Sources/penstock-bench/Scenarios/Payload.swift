import Penstock

/// Jobs with payloads of one size, as bytes. Larger ones are fewer, so that Redis has at most some hundred MB with the usual
/// number of jobs.
struct Payload: Scenario {
    let bytes: Int

    var name: String { "payload-\(bytes)" }
    var summary: String { "Enqueues and drains payloads of \(bytes) bytes." }

    func measure(_ plan: Plan) async throws -> [Figure] {
        let jobs = plan.scaled(min(100_000, (128 << 20) / bytes))
        return try await plan.onServer { stage in
            try await stage.penstock.pause(queue: "default")
            let meter = try await Meter(stage)
            try await stage.fill(raw: RawNoop.payload(bytes), jobs)
            let enqueue = try await meter.read()
            let drain = try await stage.withWorkers { try await stage.drain(by: $0, every: .milliseconds(1)) }
            try await stage.expectCompleted(jobs)
            let megabytes = Double(jobs * bytes) / 1_048_576
            return [
                .rate("enqueued", Double(jobs) / enqueue.seconds),
                .rate("drained", Double(jobs) / drain.seconds),
                Figure("enqueued_bytes", megabytes / enqueue.seconds, "MB/s", .higher),
                Figure("drained_bytes", megabytes / drain.seconds, "MB/s", .higher),
                .redisCPU("redis_cpu_per_life", (enqueue.redis + drain.redis) / Double(jobs)),
                Figure("worker_cpu_per_job", drain.workers / Double(jobs), "us", .lower),
            ]
        }
    }
}
