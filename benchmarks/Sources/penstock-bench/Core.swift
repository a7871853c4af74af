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
    @Flag(help: "Only the latency.") var latency = false
    @Option(help: "Slots of the worker.") var concurrency = 64
    @Option(help: "Jobs, and PINGs, for the latency.") var samples = 1000

    /// Before each PING and job of the paced latency.
    private var pace: Duration { .milliseconds(5) }

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
            for _ in 0..<(latency ? 0 : runs) {
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
            let bare = try await latencies(server.url, redis, .loops, logger: quiet)
            let alternating = try await latencies(server.url, redis, .turns(nil), logger: quiet)
            let paced = try await latencies(server.url, redis, .turns(pace), logger: quiet)
            await redis.shutdown()
            return Figures(
                setPerSecond: setRates.median, setUs: setCosts.median, drainedPerSecond: drainRates.median,
                drainToSetRatio: drainRates.median / max(1, setRates.median),
                redisCpuUsPerJob: lifeCosts.median, redisCpuUsPerEnqueue: enqueueCosts.median,
                redisCpuSetsPerJob: lifeCosts.median / max(0.001, setCosts.median),
                redisCallsPerJob: callsPerJob.median,
                pingUsP50: bare.pings.median, enqueueToStartUsP50: bare.starts.median,
                enqueueToStartUsP99: bare.starts.percentile(0.99), enqueueToStartPingsP50: bare.inPings(0.5),
                enqueueToStartPingsP99: bare.inPings(0.99),
                alternatingPingUsP50: alternating.pings.median,
                alternatingEnqueueToStartUsP50: alternating.starts.median,
                alternatingEnqueueToStartUsP99: alternating.starts.percentile(0.99),
                alternatingEnqueueToStartPingsP50: alternating.inPings(0.5),
                alternatingEnqueueToStartPingsP99: alternating.inPings(0.99),
                pacedPingUsP50: paced.pings.median, pacedEnqueueToStartUsP50: paced.starts.median,
                pacedEnqueueToStartUsP99: paced.starts.percentile(0.99),
                pacedEnqueueToStartPingsP50: paced.inPings(0.5), pacedEnqueueToStartPingsP99: paced.inPings(0.99))
        }
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
            encoder.keyEncodingStrategy = .convertToSnakeCase
            print(String(decoding: try encoder.encode(figures), as: UTF8.self))
        } else {
            figures.printTable()
        }
    }

    /// Runs a worker process until the queue is empty; returns the seconds from its first call to its last.
    private func drain(url: String) throws -> Double {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["drain-worker", "--redis", url, "--concurrency", "\(concurrency)"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let printed = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0, let seconds = Double(String(decoding: printed, as: UTF8.self)) else {
            throw BenchmarkError("the worker process failed")
        }
        return seconds
    }

    /// In which order PINGs and jobs are sent, one at a time.
    private enum Rhythm {
        /// A bare loop of PINGs, then one of jobs, several times over.
        case loops
        /// A PING and a job by turns, each after a pause. The jobs' threads have then slept as long as the PINGs'.
        case turns(Duration?)

        static let rounds = 5
    }

    /// Latencies in microseconds.
    private struct Latencies {
        /// Round trips.
        var pings: [Double] = []
        /// From the call of enqueue to the first line of the handler.
        var starts: [Double] = []

        /// The start of jobs in round trips of the PING.
        func inPings(_ share: Double) -> Double { starts.percentile(share) / pings.median }
    }

    /// What PINGs and the starts of jobs take on an idle system.
    private func latencies(
        _ url: String, _ redis: RedisClient, _ rhythm: Rhythm, logger: Logger
    ) async throws -> Latencies {
        let producer = try Penstock(.init(url: url, namespace: "latency"), logger: logger)
        let consumer = try Penstock(.init(url: url, namespace: "latency"), logger: logger)
        let worker = Worker(consumer, queues: ["default"], concurrency: 16)
        let (started, continuation) = AsyncStream.makeStream(of: ContinuousClock.Instant.self)
        worker.handle(Stamp.self) { _, _ in _ = continuation.yield(.now) }
        let count = samples
        let found = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await worker.run() }
            var found = Latencies()
            var iterator = started.makeAsyncIterator()
            func ping() async throws -> Double {
                let sent = ContinuousClock.now
                _ = try await redis.send(RedisCommand("PING"))
                return microseconds(.now - sent)
            }
            func job() async throws -> Double {
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
            case .turns(let pause):
                for _ in 0..<count {
                    if let pause { try await Task.sleep(for: pause) }
                    found.pings.append(try await ping())
                    if let pause { try await Task.sleep(for: pause) }
                    found.starts.append(try await job())
                }
            }
            group.cancelAll()
            return found
        }
        await producer.shutdown()
        await consumer.shutdown()
        return found
    }
}

/// The figures; in JSON their names are in snake case.
struct Figures: Encodable, Sendable {
    var setPerSecond: Double
    var setUs: Double
    var drainedPerSecond: Double
    var drainToSetRatio: Double
    var redisCpuUsPerJob: Double
    var redisCpuUsPerEnqueue: Double
    var redisCpuSetsPerJob: Double
    var redisCallsPerJob: Double
    var pingUsP50: Double
    var enqueueToStartUsP50: Double
    var enqueueToStartUsP99: Double
    var enqueueToStartPingsP50: Double
    var enqueueToStartPingsP99: Double
    var alternatingPingUsP50: Double
    var alternatingEnqueueToStartUsP50: Double
    var alternatingEnqueueToStartUsP99: Double
    var alternatingEnqueueToStartPingsP50: Double
    var alternatingEnqueueToStartPingsP99: Double
    var pacedPingUsP50: Double
    var pacedEnqueueToStartUsP50: Double
    var pacedEnqueueToStartUsP99: Double
    var pacedEnqueueToStartPingsP50: Double
    var pacedEnqueueToStartPingsP99: Double

    func printTable() {
        func row(_ name: String, _ value: Double, _ unit: String, _ target: String = "") {
            let number = String(format: value >= 100 ? "%.0f" : "%.2f", value)
            let padding = String(repeating: " ", count: max(1, 34 - name.count))
            let space = String(repeating: " ", count: max(1, 10 - number.count))
            print("\(name)\(padding)\(space)\(number) \(unit)  \(target)")
        }
        row("SET, redis-benchmark -P 64", setPerSecond, "a second")
        row("SET, Redis CPU", setUs, "us")
        row("drained, 1 worker process", drainedPerSecond, "a second")
        row("SETs per drained job", drainToSetRatio > 0 ? 1 / drainToSetRatio : 0, "", "at most 22")
        row("Redis CPU, enqueue", redisCpuUsPerEnqueue, "us a job")
        row("Redis CPU, whole life", redisCpuUsPerJob, "us a job")
        row("Redis CPU, whole life", redisCpuSetsPerJob, "SETs", "at most 18")
        row("redis.calls", redisCallsPerJob, "a job")
        print("Latency on an idle system, a loop of PINGs against a loop of jobs:")
        row("  PING, median", pingUsP50, "us")
        row("  enqueue to start, median", enqueueToStartUsP50, "us")
        row("  enqueue to start, median", enqueueToStartPingsP50, "PINGs", "under 12")
        row("  99th percentile", enqueueToStartPingsP99, "PINGs", "under 40")
        print("Latency on an idle system, a PING and a job by turns:")
        row("  PING, median", alternatingPingUsP50, "us")
        row("  enqueue to start, median", alternatingEnqueueToStartUsP50, "us")
        row("  enqueue to start, median", alternatingEnqueueToStartPingsP50, "PINGs")
        row("  99th percentile", alternatingEnqueueToStartPingsP99, "PINGs")
        print("Latency on an idle system, a pause of 5 ms before each:")
        row("  PING, median", pacedPingUsP50, "us")
        row("  enqueue to start, median", pacedEnqueueToStartUsP50, "us")
        row("  enqueue to start, median", pacedEnqueueToStartPingsP50, "PINGs")
        row("  99th percentile", pacedEnqueueToStartPingsP99, "PINGs")
    }
}
