import ArgumentParser
import EmbeddedRedis
import Foundation
import Logging
import Penstock
import RedisClient
import Synchronization

/// Drain rate, Redis's cost of a job's whole life, and the latency from enqueue to start on an idle system.
struct Core: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "core", abstract: "The figures that the engine is held to.")

    @Flag(help: "Print one JSON object.") var json = false
    @Option(help: "Jobs to drain.") var jobs = 200_000
    @Option(help: "Runs of the drain; the median counts.") var runs = 3
    @Option(help: "Slots of the worker.") var concurrency = 64
    @Option(help: "Jobs for the latency, 200 a second.") var samples = 1000

    func run() async throws {
        var logger = Logger(label: "bench")
        logger.logLevel = .error
        let quiet = logger
        let figures = try await EmbeddedRedis.withRedis { server in
            let redis = RedisClient(configuration: try RedisConfiguration(url: server.url), logger: quiet)
            var setRates: [Double] = []
            var setCosts: [Double] = []
            var drainRates: [Double] = []
            var lifeCosts: [Double] = []
            var enqueueCosts: [Double] = []
            var callsPerJob: [Double] = []
            for _ in 0..<runs {
                let operations = 100_000  // redis-benchmark's own default
                let before = try await redisCPU(redis)
                setRates.append(try redisBenchmarkSets(socket: server.socketPath, operations: operations))
                setCosts.append((try await redisCPU(redis) - before) / Double(operations))
                _ = try await redis.send(RedisCommand("FLUSHALL"))

                let penstock = try Penstock(.init(url: server.url, namespace: "bench"), logger: quiet)
                _ = try await redis.send(RedisCommand("CONFIG", "RESETSTAT"))
                let start = try await redisCPU(redis)
                var next = 0
                while next < jobs {
                    let end = min(next + 1000, jobs)
                    try await penstock.enqueue(many: (next..<end).map { Noop(id: 1_000_000 + $0) })
                    next = end
                }
                let enqueued = try await redisCPU(redis)
                let seconds = try drain(url: server.url)
                let drained = try await redisCPU(redis)
                let done = try await penstock.queues(["default"])[0].completed
                guard done == jobs else { throw BenchmarkError("\(done) of \(jobs) jobs were completed") }
                drainRates.append(Double(jobs) / seconds)
                lifeCosts.append((drained - start) / Double(jobs))
                enqueueCosts.append((enqueued - start) / Double(jobs))
                callsPerJob.append(Double(try await redisCalls(redis)) / Double(jobs))
                await penstock.shutdown()
                _ = try await redis.send(RedisCommand("FLUSHALL"))
            }
            let pings = try await pingTimes(redis)
            let starts = try await startLatencies(server.url, logger: quiet)
            await redis.shutdown()
            return Figures(
                set_per_second: setRates.median, set_us: setCosts.median, drained_per_second: drainRates.median,
                drain_to_set_ratio: drainRates.median / setRates.median,
                redis_cpu_us_per_job: lifeCosts.median, redis_cpu_us_per_enqueue: enqueueCosts.median,
                redis_cpu_sets_per_job: lifeCosts.median / setCosts.median, redis_calls_per_job: callsPerJob.median,
                ping_us_p50: pings.median, enqueue_to_start_us_p50: starts.median,
                enqueue_to_start_us_p99: starts.percentile(0.99),
                enqueue_to_start_pings_p50: starts.median / pings.median,
                enqueue_to_start_pings_p99: starts.percentile(0.99) / pings.median)
        }
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
            print(String(decoding: try encoder.encode(figures), as: UTF8.self))
        } else {
            figures.printTable()
        }
    }

    /// Runs a worker process until the queue is empty; returns the seconds that it took, its start included.
    private func drain(url: String) throws -> Double {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["drain-worker", "--redis", url, "--concurrency", "\(concurrency)"]
        let start = ContinuousClock.now
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw BenchmarkError("the worker process failed") }
        return (ContinuousClock.now - start) / .seconds(1)
    }

    private func pingTimes(_ redis: RedisClient) async throws -> [Double] {
        var times: [Double] = []
        for _ in 0..<3000 {
            let start = ContinuousClock.now
            _ = try await redis.send(RedisCommand("PING"))
            times.append(microseconds(ContinuousClock.now - start))
        }
        return Array(times.dropFirst(500))
    }

    private func startLatencies(_ url: String, logger: Logger) async throws -> [Double] {
        let producer = try Penstock(.init(url: url, namespace: "latency"), logger: logger)
        let consumer = try Penstock(.init(url: url, namespace: "latency"), logger: logger)
        let worker = Worker(consumer, queues: ["default"], concurrency: 16)
        let started = Mutex([ContinuousClock.Instant?](repeating: nil, count: samples))
        worker.handle(Stamp.self) { job, _ in
            let now = ContinuousClock.now
            started.withLock { $0[job.index] = now }
        }
        let count = samples
        let times = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await worker.run() }
            try await Task.sleep(for: .milliseconds(300))
            var sent: [ContinuousClock.Instant] = []
            for index in 0..<count {
                sent.append(.now)
                try await producer.enqueue(Stamp(index: index))
                try await Task.sleep(for: .milliseconds(5))
            }
            try await Task.sleep(for: .milliseconds(500))
            group.cancelAll()
            return started.withLock { started in
                zip(sent, started).compactMap { sent, started in started.map { microseconds($0 - sent) } }
            }
        }
        guard times.count == count else { throw BenchmarkError("\(times.count) of \(count) jobs started") }
        await producer.shutdown()
        await consumer.shutdown()
        return Array(times.dropFirst(min(50, count / 10)))
    }
}

/// The figures, by the names that they have in JSON.
struct Figures: Encodable, Sendable {
    var set_per_second: Double
    var set_us: Double
    var drained_per_second: Double
    var drain_to_set_ratio: Double
    var redis_cpu_us_per_job: Double
    var redis_cpu_us_per_enqueue: Double
    var redis_cpu_sets_per_job: Double
    var redis_calls_per_job: Double
    var ping_us_p50: Double
    var enqueue_to_start_us_p50: Double
    var enqueue_to_start_us_p99: Double
    var enqueue_to_start_pings_p50: Double
    var enqueue_to_start_pings_p99: Double

    func printTable() {
        func row(_ name: String, _ value: Double, _ unit: String, _ target: String = "") {
            let number = String(format: value >= 100 ? "%.0f" : "%.2f", value)
            let padding = String(repeating: " ", count: max(1, 34 - name.count))
            let space = String(repeating: " ", count: max(1, 10 - number.count))
            print("\(name)\(padding)\(space)\(number) \(unit)  \(target)")
        }
        row("SET, redis-benchmark -P 64", set_per_second, "a second")
        row("SET, Redis CPU", set_us, "us")
        row("drained, 1 worker process", drained_per_second, "a second")
        row("SETs per drained job", 1 / drain_to_set_ratio, "", "at most 22")
        row("Redis CPU, enqueue", redis_cpu_us_per_enqueue, "us a job")
        row("Redis CPU, whole life", redis_cpu_us_per_job, "us a job")
        row("Redis CPU, whole life", redis_cpu_sets_per_job, "SETs", "at most 18")
        row("redis.calls", redis_calls_per_job, "a job")
        row("PING, median", ping_us_p50, "us")
        row("enqueue to start, median", enqueue_to_start_us_p50, "us")
        row("enqueue to start, 99th percentile", enqueue_to_start_us_p99, "us")
        row("enqueue to start, median", enqueue_to_start_pings_p50, "PINGs", "under 12")
        row("enqueue to start, 99th percentile", enqueue_to_start_pings_p99, "PINGs", "under 40")
    }
}
