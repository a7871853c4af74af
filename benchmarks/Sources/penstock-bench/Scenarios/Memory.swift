import Penstock
import RedisClient

/// Bytes of Redis for one job or run in each of its states, without the buffers of clients.
struct Memory: Scenario {
    let name = "memory"
    let summary = "Bytes in Redis per queued, delayed, running and finished job, and per run."

    func measure(_ plan: Plan) async throws -> [Figure] {
        let jobs = plan.scaled(100_000)
        let queued = try await growth(plan, jobs) { stage in
            try await stage.fill(jobs) { Noop(id: 1_000_000 + $0) }
            try await stage.expectReady(jobs)
        }
        let delayed = try await growth(plan, jobs) { stage in
            try await stage.fill(jobs, .init(delay: .seconds(86_400))) { Noop(id: 1_000_000 + $0) }
            guard try await stage.live() == jobs else { throw BenchmarkError("not all jobs are delayed") }
        }
        let runs = plan.scaled(2000)
        let chain = try Nothing.chain()
        let started = try await growth(plan, runs) { stage in
            let penstock = stage.penstock
            try await stage.inFlight(runs) { _ in _ = try await penstock.start(chain) }
            try await stage.expectRuns(runs, of: chain.name, .running)
        }
        return [
            Figure("queued_job", queued, "bytes", .lower, target: .atMost(150)),
            Figure("delayed_job", delayed, "bytes", .lower),
            Figure("running_job", try await running(plan), "bytes", .lower),
            // What is left of a call's token and of the totals is less than a byte.
            Figure("finished_job", try await finished(plan, jobs), "bytes", .lower, target: .atMost(0.9)),
            Figure("started_run", started, "bytes", .lower),
            Figure("ended_run", try await ended(plan, runs), "bytes", .lower),
        ]
    }

    private func growth(_ plan: Plan, _ count: Int, _ body: (Stage) async throws -> Void) async throws -> Double {
        try await plan.onServer { try await growth($0, count) { try await body($0) } }
    }

    /// What Redis has more of after `body`, for one of so many. Scripts and the client's own things are there before.
    private func growth(_ stage: Stage, _ count: Int, _ body: (Stage) async throws -> Void) async throws -> Double {
        try await stage.penstock.enqueue(many: [Noop(id: 1), Noop(id: 2)], .init(queue: "other"))
        _ = try await stage.penstock.purge(queue: "other")
        let before = try await redisMemory(stage.redis)
        try await body(stage)
        return (try await redisMemory(stage.redis) - before) / Double(count)
    }

    /// Jobs whose handlers have begun and do not end.
    private func running(_ plan: Plan) async throws -> Double {
        let jobs = 2000
        return try await plan.onServer { stage in
            try await stage.withWorkers(1, .init(slots: jobs)) { _ in
                let each = try await growth(stage, jobs) { stage in
                    try await stage.fill(jobs) { Hold(id: 1_000_000_000 + $0) }
                    try await stage.until("all jobs run", every: .milliseconds(20)) {
                        try await stage.redis.send(RedisCommand("LLEN", Hold.started)).int == jobs
                    }
                    _ = try await stage.redis.send(RedisCommand("DEL", Hold.started))
                }
                return each
            }
        }
    }

    /// Jobs that have ended, after as many others: what is there once and for all is there then.
    private func finished(_ plan: Plan, _ jobs: Int) async throws -> Double {
        try await plan.onServer { stage in
            try await stage.penstock.pause(queue: "default")
            return try await stage.withWorkers { crew in
                try await stage.fill(jobs) { Noop(id: $0) }
                _ = try await stage.drain(by: crew)
                try await stage.penstock.pause(queue: "default")
                let each = try await growth(stage, jobs) { stage in
                    try await stage.fill(jobs) { Noop(id: $0) }
                    _ = try await stage.drain(by: crew)
                }
                try await stage.expectCompleted(2 * jobs)
                return each
            }
        }
    }

    /// Runs of five steps that have succeeded, with their histories, for as long as they are kept.
    private func ended(_ plan: Plan, _ runs: Int) async throws -> Double {
        let batch = RunBatch(runs: runs, workflow: try Nothing.chain(), end: .succeeded)
        return try await plan.onServer { stage in
            try await growth(stage, runs) { _ = try await batch.measure($0) }
        }
    }
}
