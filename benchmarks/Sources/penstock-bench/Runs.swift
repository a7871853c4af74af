import ArgumentParser
import EmbeddedRedis
import Foundation
import Logging
import Penstock
import RedisClient

/// Workflows of steps that do nothing.
enum Nothing {
    static func fan() throws -> Workflow<Int, NoOutput> {
        try Workflow("fan", input: Int.self) { flow in
            flow.forEach("items") { count, _ in
                (0..<count).map { Noop(id: $0) }
            } run: { _, _ in
            }
        }
    }

    static func chain() throws -> Workflow<NoInput, NoOutput> {
        let workflow = try Workflow("chain", input: NoInput.self) { flow in
            var last = flow.step("s1") { _, _ in }
            for number in 2...5 { last = flow.step("s\(number)", after: last) { _, _ in } }
        }
        return workflow
    }
}

/// A fan-out of no-op items against plain no-op jobs, and chains of five steps, with one worker process. Fails if the
/// items run at less than half the rate of the jobs, or if a call to Redis takes 50 ms.
struct Runs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs", abstract: "Fan-outs and chains against plain jobs.")

    @Flag(help: "Print one JSON object.") var json = false
    @Option(help: "Items of the fan-out, and plain jobs.") var items = 100_000
    @Option(help: "Chains of five steps.") var chains = 2000
    @Option(help: "Rounds; medians count.") var rounds = 3

    private struct Report: Encodable {
        var jobsPerSecond: Double
        var itemsPerSecond: Double
        var itemsToJobs: Double
        /// CPU for one, in microseconds.
        var redisPerJob: Double
        var redisPerItem: Double
        var workerPerJob: Double
        var workerPerItem: Double
        var longestCallMilliseconds: Double
        var workerMegabytes: Double
        var chainStepsPerSecond: Double
        /// Calls that workers made to Redis for each step of one chain at a time.
        var roundTripsPerStep: Double
    }

    func run() async throws {
        var logger = Logger(label: "bench")
        logger.logLevel = .error
        let quiet = logger
        let report = try await EmbeddedRedis.withRedis { server in
            let redis = RedisClient(configuration: try RedisConfiguration(url: server.url), logger: quiet)
            _ = try await redis.send(RedisCommand("CONFIG", "SET", "slowlog-log-slower-than", "1000"))
            var jobs: [Double] = []
            var fans: [Double] = []
            var chainRates: [Double] = []
            var longest = 0.0
            var memory = 0.0
            var costs: (job: Cost, item: Cost) = (Cost(), Cost())
            var trips = 0.0
            for _ in 0..<rounds {
                let plain = try await plainRate(server.url, redis, quiet)
                jobs.append(plain.rate)
                costs.job = plain.cost
                let fan = try await fanRate(server.url, redis, quiet)
                fans.append(fan.rate)
                costs.item = fan.cost
                memory = max(memory, fan.memory)
                longest = max(longest, try await slowest(redis))
                let chain = try await chainRate(server.url, redis, quiet)
                chainRates.append(chain.rate)
                trips = chain.trips
            }
            await redis.shutdown()
            return Report(
                jobsPerSecond: jobs.median, itemsPerSecond: fans.median, itemsToJobs: fans.median / jobs.median,
                redisPerJob: costs.job.redis, redisPerItem: costs.item.redis, workerPerJob: costs.job.worker,
                workerPerItem: costs.item.worker,
                longestCallMilliseconds: longest, workerMegabytes: memory, chainStepsPerSecond: chainRates.median,
                roundTripsPerStep: trips)
        }
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
            encoder.keyEncodingStrategy = .convertToSnakeCase
            print(String(decoding: try encoder.encode(report), as: UTF8.self))
        } else {
            print(
                """
                plain jobs        \(Int(report.jobsPerSecond)) a second
                fan-out of \(items)  \(Int(report.itemsPerSecond)) items a second, \(Int(report.itemsToJobs * 100)) % of that
                CPU of Redis      \(String(format: "%.1f", report.redisPerJob)) us a job, \(String(format: "%.1f", report.redisPerItem)) us an item
                CPU of the worker \(String(format: "%.1f", report.workerPerJob)) us a job, \(String(format: "%.1f", report.workerPerItem)) us an item
                longest call      \(String(format: "%.1f", report.longestCallMilliseconds)) ms
                worker's memory   \(Int(report.workerMegabytes)) MB at its highest
                chains of five    \(Int(report.chainStepsPerSecond)) steps a second
                round trips       \(String(format: "%.2f", report.roundTripsPerStep)) a step of a chain that runs alone
                """)
        }
        guard report.itemsToJobs >= 0.5 else { throw BenchmarkError("items run at less than half the rate of jobs") }
        guard report.longestCallMilliseconds < 50 else { throw BenchmarkError("a call took 50 ms or more") }
    }

    private func slowest(_ redis: RedisClient) async throws -> Double {
        let entries = try await redis.send(RedisCommand("SLOWLOG", "GET", "1000")).array ?? []
        return entries.compactMap { $0.array?[2].int }.map { Double($0) / 1000 }.max() ?? 0
    }

    /// CPU of the last round for one job or item, in microseconds.
    private struct Cost {
        var redis = 0.0
        var worker = 0.0
    }

    private func plainRate(
        _ url: String, _ redis: RedisClient, _ logger: Logger
    ) async throws -> (rate: Double, cost: Cost) {
        _ = try await redis.send(RedisCommand("FLUSHALL"))
        let penstock = try Penstock(.init(url: url, namespace: "bench"), logger: logger)
        try await penstock.pause(queue: "default")
        for start in stride(from: 0, to: items, by: 1000) {
            try await penstock.enqueue(many: (start..<min(start + 1000, items)).map { Noop(id: $0) })
        }
        let worker = try WorkerChild(url: url, queues: "default")
        defer { worker.kill() }
        try await Task.sleep(for: .seconds(1))
        let began = ContinuousClock.now
        let (redisBefore, workerBefore) = (try await redisCPU(redis), worker.cpu)
        try await penstock.resume(queue: "default")
        while try await redis.send(RedisCommand("HLEN", "{bench:0}:tasks")).int ?? 0 > 0 {
            try await Task.sleep(for: .milliseconds(5))
        }
        let took = ContinuousClock.now - began
        let cost = Cost(
            redis: (try await redisCPU(redis) - redisBefore) / Double(items),
            worker: (worker.cpu - workerBefore) / Double(items))
        await penstock.shutdown()
        return (Double(items) / (took / .seconds(1)), cost)
    }

    private func fanRate(
        _ url: String, _ redis: RedisClient, _ logger: Logger
    ) async throws -> (rate: Double, memory: Double, cost: Cost) {
        _ = try await redis.pipeline([RedisCommand("FLUSHALL"), RedisCommand("SLOWLOG", "RESET")])
        let penstock = try Penstock(.init(url: url, namespace: "bench"), logger: logger)
        let worker = try WorkerChild(url: url, queues: "default")
        defer { worker.kill() }
        try await Task.sleep(for: .seconds(1))
        let began = ContinuousClock.now
        let (redisBefore, workerBefore) = (try await redisCPU(redis), worker.cpu)
        let run = try await penstock.start(try Nothing.fan(), items).run
        let status = try await run.wait(timeout: .seconds(300))
        let took = ContinuousClock.now - began
        guard status.state == .succeeded, status.steps[0].fanOut?.done == items else {
            throw BenchmarkError("the fan-out has ended \(status.state): \(status.errors)")
        }
        let memory = worker.highestMemory
        let cost = Cost(
            redis: (try await redisCPU(redis) - redisBefore) / Double(items),
            worker: (worker.cpu - workerBefore) / Double(items))
        await penstock.shutdown()
        return (Double(items) / (took / .seconds(1)), memory, cost)
    }

    private func chainRate(
        _ url: String, _ redis: RedisClient, _ logger: Logger
    ) async throws -> (rate: Double, trips: Double) {
        _ = try await redis.send(RedisCommand("FLUSHALL"))
        let penstock = try Penstock(.init(url: url, namespace: "bench"), logger: logger)
        let worker = try WorkerChild(url: url, queues: "default")
        defer { worker.kill() }
        let chain = try Nothing.chain()
        for _ in 0..<20 { _ = try await penstock.start(chain).output() }
        // Alone: what the worker asks Redis for, between two starts.
        var trips = 0
        for _ in 0..<20 {
            let before = try await calls(redis)
            let run = try await penstock.start(chain).run
            while try await run.status().state != .succeeded {}
            trips += try await calls(redis) - before
        }
        let began = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<chains {
                if number >= 64 { try await group.next() }
                group.addTask { _ = try await penstock.start(chain) }
            }
            try await group.waitForAll()
        }
        while try await redis.send(RedisCommand("HLEN", "{bench:0}:tasks")).int ?? 0 > 0 {
            try await Task.sleep(for: .milliseconds(5))
        }
        let took = ContinuousClock.now - began
        await penstock.shutdown()
        return (Double(5 * chains) / (took / .seconds(1)), Double(trips) / 100)
    }

    /// What a worker and nobody else asks for: scripts and reads of facts. A start is one script call of the client, which is taken off.
    private func calls(_ redis: RedisClient) async throws -> Int {
        let text = try await redis.send(RedisCommand("INFO", "commandstats")).text ?? ""
        var sum = 0
        for line in text.split(whereSeparator: \.isNewline) {
            guard line.hasPrefix("cmdstat_evalsha:"), let range = line.range(of: "calls="),
                let end = line[range.upperBound...].firstIndex(of: ",")
            else { continue }
            sum += Int(line[range.upperBound..<end]) ?? 0
        }
        return sum
    }
}

extension WorkerChild {
    /// What it has used so far, in microseconds.
    var cpu: Double {
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return 0 }
        let fields = stat.split(separator: " ")
        return ((Double(fields[13]) ?? 0) + (Double(fields[14]) ?? 0)) * 10_000
    }

    /// The most that it ever had in memory, in MB.
    var highestMemory: Double {
        guard let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM") }),
            let kilobytes = line.split(separator: " ").compactMap({ Double($0) }).first
        else { return 0 }
        return kilobytes / 1024
    }
}
