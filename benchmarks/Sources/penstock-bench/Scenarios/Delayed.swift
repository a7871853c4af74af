import Foundation
import Penstock

/// Jobs that are all due at one moment.
struct Delayed: Scenario {
    let name = "delayed"
    let summary = "Enqueues delayed jobs, as many as --jobs, that are then due all at once."

    func measure(_ plan: Plan) async throws -> [Figure] {
        let jobs = plan.scaled(100_000)
        return try await plan.onServer { stage in
            try await stage.penstock.pause(queue: "default")
            let due = Date().addingTimeInterval(2)
            let meter = try await Meter(stage)
            try await stage.fill(jobs, .init(at: due)) { Noop(id: $0) }
            let enqueue = try await meter.read()
            return try await stage.withWorkers { crew in
                try await stage.until("the jobs are due", every: .milliseconds(10)) { Date() > due }
                let drain = try await stage.drain(by: crew)
                try await stage.expectCompleted(jobs)
                return [
                    .rate("enqueued", Double(jobs) / enqueue.seconds),
                    .rate("drained", Double(jobs) / drain.seconds),
                    .redisCPU("redis_cpu_per_enqueue", enqueue.redis / Double(jobs)),
                    .redisCPU("redis_cpu_per_life", (enqueue.redis + drain.redis) / Double(jobs)),
                ]
            }
        }
    }
}
