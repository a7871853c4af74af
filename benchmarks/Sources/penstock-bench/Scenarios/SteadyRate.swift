import Penstock

/// Jobs that come at a steady rate to one worker process on an otherwise idle system.
struct SteadyRate: Scenario {
    let perSecond: Int

    var name: String { "rate-\(perSecond)" }
    var summary: String { "Latency from enqueue to start and to commit at \(perSecond) jobs a second." }

    func measure(_ plan: Plan) async throws -> [Figure] {
        let jobs = perSecond * (plan.seconds ?? 3)
        return try await plan.onServer { stage in
            try await stage.withWorkers(1) { _ in
                let penstock = stage.penstock
                // Connections, scripts, and threads that sleep.
                try await steadily(perSecond / 2) {
                    _ = try await penstock.enqueue(Stamp(index: $0, sent: sharedClock()))
                }
                _ = try await stage.notes()

                let began = ContinuousClock.now
                try await steadily(jobs) { _ = try await penstock.enqueue(Stamp(index: $0, sent: sharedClock())) }
                let took = (ContinuousClock.now - began) / .seconds(1)
                let starts = try await stage.notes()
                // A job may have ended before its end is asked for; without retention nobody could tell then.
                let retained = EnqueueOptions(retention: .seconds(10))
                let commits = try await steadily(jobs) { number in
                    let sent = sharedClock()
                    let id = try await penstock.enqueue(Stamp(index: number, sent: sent), retained).id
                    let end = try await penstock.wait(for: id)
                    guard end.state == .completed else { throw BenchmarkError("a job has ended \(end.state)") }
                    return Double(sharedClock() - sent) / 1000
                }
                guard starts.count == jobs, commits.count == jobs else {
                    throw BenchmarkError(
                        "\(starts.count) of \(jobs) jobs have started, \(commits.count) were committed")
                }
                return figures(Double(jobs) / took, starts, commits)
            }
        }
    }

    private func figures(_ rate: Double, _ starts: [Double], _ commits: [Double]) -> [Figure] {
        let isHeld = perSecond == 200
        return [
            Figure("offered", rate, "1/s", .higher),
            .latency("enqueue_to_start_p50", starts.median, target: isHeld ? .atMost(8) : nil),
            .latency("enqueue_to_start_p99", starts.percentile(0.99), target: isHeld ? .atMost(25) : nil),
            .latency("enqueue_to_start_max", starts.max() ?? 0),
            .latency("enqueue_to_commit_p50", commits.median),
            .latency("enqueue_to_commit_p99", commits.percentile(0.99)),
        ]
    }

    /// Begins `body` so many times at the rate, however long it takes each time.
    @discardableResult
    private func steadily<T: Sendable>(
        _ count: Int, _ body: @escaping @Sendable (Int) async throws -> T
    ) async throws -> [T] {
        let start = ContinuousClock.now
        return try await withThrowingTaskGroup(of: T.self) { group in
            for number in 0..<count {
                try await Task.sleep(until: start + .seconds(1) / perSecond * number, clock: .continuous)
                group.addTask { try await body(number) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}
