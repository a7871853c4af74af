import Penstock

/// What a worker process asks of Redis when there is nothing to do.
struct Idle: Scenario {
    let name = "idle"
    let summary = "Commands a second, and CPU, of an idle worker process."

    func measure(_ plan: Plan) async throws -> [Figure] {
        let seconds = plan.seconds ?? 10
        return try await plan.onServer { stage in
            try await stage.withWorkers(1) { crew in
                // The client of this process would be idle beside it: nothing of it runs. Start-up is over after a second.
                try await Task.sleep(for: .seconds(1))
                let scripts = try await redisCalls(stage.redis, of: "evalsha")
                let meter = try await Meter(stage, crew)
                try await Task.sleep(for: .seconds(seconds))
                let cost = try await meter.read()
                let called = try await redisCalls(stage.redis, of: "evalsha") - scripts
                try await stage.fill(1) { Noop(id: $0) }
                try await stage.until("the worker does what comes", every: .milliseconds(5), limit: .seconds(10)) {
                    try await stage.live() == 0
                }
                try await stage.expectCompleted(1)
                return [
                    Figure("commands", cost.calls / cost.seconds, "1/s", .lower),
                    Figure("scripts", Double(called) / cost.seconds, "1/s", .lower),
                    Figure("redis_cpu", cost.redis / cost.seconds / 10_000, "% of a core", .lower),
                    Figure("worker_cpu", cost.workers / cost.seconds / 10_000, "% of a core", .lower),
                    Figure("worker_memory", try crew.memory(), "MB", .lower),
                ]
            }
        }
    }
}
