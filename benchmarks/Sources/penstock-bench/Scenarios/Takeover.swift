import Penstock
import RedisClient

/// The time from SIGKILL of a worker process to the start of its jobs in another one.
struct Takeover: Scenario {
    let name = "takeover"
    let summary = "Time from SIGKILL of a worker process to the start of its jobs elsewhere, lease 3 s."

    private static let lease = 3
    private static let jobs = 16

    func measure(_ plan: Plan) async throws -> [Figure] {
        try await plan.onServer { stage in
            let options = WorkerChild.Options(slots: Self.jobs, lease: Self.lease)
            return try await stage.withWorkers(1, options) { doomed in
                try await stage.fill(Self.jobs) { Hold(id: $0) }
                try await stage.until("the first worker runs the jobs", every: .milliseconds(10)) {
                    try await started(stage) == Self.jobs
                }
                return try await stage.withWorkers(1, options) { _ in
                    doomed.kill()
                    let killed = ContinuousClock.now
                    var first: Double?
                    try await stage.until("the second worker runs the jobs", every: .milliseconds(5)) {
                        let count = try await started(stage) - Self.jobs
                        if count > 0, first == nil { first = (ContinuousClock.now - killed) / .seconds(1) }
                        return count == Self.jobs
                    }
                    let last = (ContinuousClock.now - killed) / .seconds(1)
                    return [
                        Figure("first_started", first ?? last, "s", .lower),
                        Figure("all_started", last, "s", .lower),
                        Figure("beyond_lease", last - Double(Self.lease), "s", .lower, target: .atMost(1)),
                    ]
                }
            }
        }
    }

    private func started(_ stage: Stage) async throws -> Int {
        try await stage.redis.send(RedisCommand("LLEN", Hold.started)).int ?? 0
    }
}
