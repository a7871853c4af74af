import Penstock

/// Runs of a workflow that are started while the queue is paused, and then executed by workers.
struct RunBatch {
    let runs: Int
    let workflow: Workflow<NoInput, NoOutput>
    let end: RunState

    struct Costs: Sendable {
        /// Starts and executions, of all runs.
        var start: Meter.Reading
        var work: Meter.Reading
    }

    func measure(_ stage: Stage) async throws -> Costs {
        try await stage.penstock.pause(queue: "default")
        let (penstock, workflow) = (stage.penstock, workflow)
        return try await stage.withWorkers { crew in
            let meter = try await Meter(stage)
            try await stage.inFlight(runs) { _ in _ = try await penstock.start(workflow) }
            let start = try await meter.read()
            let work = try await stage.drain(by: crew)
            try await stage.expectRuns(runs, of: workflow.name, end)
            return Costs(start: start, work: work)
        }
    }

    /// Rates and costs of a run, under the same names for all workflows. `steps` are those that a worker executes.
    func figures(_ costs: Costs, steps: Int) -> [Figure] {
        let count = Double(runs)
        return [
            .rate("started", count / costs.start.seconds, "runs/s"),
            .rate("executed", count / costs.work.seconds, "runs/s"),
            Figure("steps_executed", count * Double(steps) / costs.work.seconds, "1/s", .higher),
            .redisCPU("redis_cpu_per_run", (costs.start.redis + costs.work.redis) / count),
            Figure("redis_calls_per_run", (costs.start.calls + costs.work.calls) / count, "", .lower),
            Figure("worker_cpu_per_run", costs.work.workers / count, "us", .lower),
        ]
    }
}

/// Runs of five steps one after the other, and jobs beside them to compare with.
struct Chain: Scenario {
    let name = "chain"
    let summary = "Runs of five steps, against plain jobs."

    func measure(_ plan: Plan) async throws -> [Figure] {
        let jobs = plan.scaled(100_000)
        let (rate, life) = try await plan.onServer { stage in
            let meter = try await Meter(stage)
            let drain = try await stage.drained(jobs)
            return (Double(jobs) / drain.seconds, try await meter.read().redis / Double(jobs))
        }
        let batch = RunBatch(runs: plan.scaled(2000), workflow: try Nothing.chain(), end: .succeeded)
        let costs = try await plan.onServer { try await batch.measure($0) }
        let perRun = (costs.start.redis + costs.work.redis) / Double(batch.runs)
        let runRate = Double(batch.runs) / costs.work.seconds
        return batch.figures(costs, steps: 5) + [
            Figure("runs_to_jobs", runRate / rate, "", .higher, target: .atLeast(1 / 6)),
            Figure("step_cost_to_job", perRun / 5 / life, "", .lower, target: .atMost(2.5)),
        ]
    }
}

/// Runs of one step, ten beside each other, and one that joins them.
struct Diamond: Scenario {
    let name = "diamond"
    let summary = "Runs of 1 + 10 + 1 steps."

    func measure(_ plan: Plan) async throws -> [Figure] {
        let batch = RunBatch(runs: plan.scaled(1000), workflow: try Nothing.diamond(), end: .succeeded)
        return batch.figures(try await plan.onServer { try await batch.measure($0) }, steps: 12)
    }
}

/// Runs of five steps whose last one fails, and that are rolled back.
struct Rollback: Scenario {
    let name = "rollback"
    let summary = "Runs of five steps of which the last fails, and five rollbacks."

    func measure(_ plan: Plan) async throws -> [Figure] {
        let batch = RunBatch(runs: plan.scaled(1000), workflow: try Nothing.undone(), end: .rolledBack)
        return batch.figures(try await plan.onServer { try await batch.measure($0) }, steps: 10)
    }
}

/// One run over many items.
struct FanOutRun: Scenario {
    let name = "fan-out"
    let summary = "One run with a fan-out of 10,000 items."

    func measure(_ plan: Plan) async throws -> [Figure] {
        let items = plan.scaled(10_000)
        return try await plan.onServer { stage in
            try await stage.withWorkers { crew in
                let cost = try await stage.fannedOut(items, by: crew)
                return [
                    .rate("items_executed", Double(items) / cost.seconds),
                    .redisCPU("redis_cpu_per_item", cost.redis / Double(items)),
                    Figure("redis_calls_per_item", cost.calls / Double(items), "", .lower),
                    Figure("worker_cpu_per_item", cost.workers / Double(items), "us", .lower),
                    Figure("worker_memory_highest", try crew.memory("VmHWM"), "MB", .lower),
                ]
            }
        }
    }
}
