import Penstock
import RedisClient

/// Drain rate, Redis's cost of a job's whole life, and the latency from enqueue to start on an idle system.
struct Core: Scenario {
    let name = "core"
    let summary = "The figures that the engine is held to: drain, a job's whole life, latency in three rhythms."

    func measure(_ plan: Plan) async throws -> [Figure] {
        try await plan.onServer { stage in
            var figures = plan.latency ? [] : try await drain(stage)
            // What the drain left behind, such as tokens of calls, is no part of an idle system.
            _ = try await stage.redis.send(RedisCommand("FLUSHALL"))
            for rhythm in Rhythm.allCases { figures += self.figures(try await latencies(stage, rhythm), rhythm) }
            return figures
        }
    }

    private func drain(_ stage: Stage) async throws -> [Figure] {
        let jobs = stage.plan.jobs ?? 200_000
        try await stage.penstock.pause(queue: "default")
        return try await stage.withWorkers(1) { crew in
            let meter = try await Meter(stage)
            try await stage.fill(jobs) { Noop(id: 1_000_000 + $0) }
            let enqueue = try await meter.read()
            let drain = try await stage.drain(by: crew)
            try await stage.expectCompleted(jobs)
            let count = Double(jobs)
            return [
                .rate("drained_per_second", count / drain.seconds, target: .atLeast(1 / 22)),
                .redisCPU("redis_cpu_us_per_enqueue", enqueue.redis / count),
                .redisCPU("redis_cpu_us_per_job", (enqueue.redis + drain.redis) / count, target: .atMost(18)),
                Figure("redis_calls_per_job", (enqueue.calls + drain.calls) / count, "", .lower),
            ]
        }
    }

    /// In which order PINGs and jobs are sent, one at a time.
    private enum Rhythm: String, CaseIterable {
        /// A bare loop of PINGs, then one of jobs, several times over.
        case loops
        /// A PING and a job by turns.
        case alternating
        /// The same with a pause before each. The jobs' threads have then slept as long as the PINGs'.
        case paced

        static let rounds = 5

        var pause: Duration? { self == .paced ? .milliseconds(5) : nil }
        /// Before the names of its figures.
        var prefix: String { self == .loops ? "" : "\(rawValue)_" }
    }

    /// Latencies in microseconds.
    private struct Latencies {
        /// Round trips.
        var pings: [Double] = []
        /// From the call of enqueue to the first line of the handler.
        var starts: [Double] = []
    }

    /// In the PINGs of the same rhythm, and not in those of the frame.
    private func figures(_ found: Latencies, _ rhythm: Rhythm) -> [Figure] {
        func inPings(_ share: Double) -> Double { found.starts.percentile(share) / found.pings.median }
        let isHeld = rhythm == .loops
        return [
            Figure("ping_us_p50", found.pings.median, "us", .lower),
            Figure("enqueue_to_start_us_p50", found.starts.median, "us", .lower),
            Figure("enqueue_to_start_us_p99", found.starts.percentile(0.99), "us", .lower),
            Figure(
                "enqueue_to_start_pings_p50", inPings(0.5), "PINGs", .lower, target: isHeld ? .atMost(12) : nil),
            Figure(
                "enqueue_to_start_pings_p99", inPings(0.99), "PINGs", .lower, target: isHeld ? .atMost(40) : nil),
        ].map {
            Figure(rhythm.prefix + $0.name, $0.value, $0.unit, $0.better, target: $0.target)
        }
    }

    /// What PINGs and the starts of jobs take on an idle system; producer and worker are in this process.
    private func latencies(_ stage: Stage, _ rhythm: Rhythm) async throws -> Latencies {
        let (redis, producer, count) = (stage.redis, stage.penstock, stage.plan.samples)
        let consumer = try Penstock(.init(url: stage.server.url, namespace: Stage.namespace), logger: Plan.logger)
        let worker = Worker(consumer, queues: ["default"], concurrency: 16)
        let (started, continuation) = AsyncStream.makeStream(of: ContinuousClock.Instant.self)
        worker.handle(Stamp.self) { _, _ in _ = continuation.yield(.now) }
        let found = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await worker.run() }
            var found = Latencies()
            var iterator = started.makeAsyncIterator()
            func ping() async throws -> Double {
                if let pause = rhythm.pause { try await Task.sleep(for: pause) }
                let sent = ContinuousClock.now
                _ = try await redis.send(RedisCommand("PING"))
                return microseconds(.now - sent)
            }
            func job() async throws -> Double {
                if let pause = rhythm.pause { try await Task.sleep(for: pause) }
                let sent = ContinuousClock.now
                try await producer.enqueue(Stamp(index: 0))
                guard let moment = await iterator.next() else { throw BenchmarkError("the worker ended") }
                return microseconds(moment - sent)
            }
            // The first calls connect, load scripts, and wake what sleeps.
            for _ in 0..<count / 10 {
                _ = try await ping()
                _ = try await job()
            }
            switch rhythm {
            case .loops:
                for _ in 0..<Rhythm.rounds {
                    for _ in 0..<count / Rhythm.rounds { found.pings.append(try await ping()) }
                    for _ in 0..<count / Rhythm.rounds { found.starts.append(try await job()) }
                }
            case .alternating, .paced:
                for _ in 0..<count {
                    found.pings.append(try await ping())
                    found.starts.append(try await job())
                }
            }
            group.cancelAll()
            return found
        }
        await consumer.shutdown()
        return found
    }
}
