import ArgumentParser
import EmbeddedRedis
import Foundation
import Logging
import Penstock
import RedisClient

/// A thousand lanes limited to ten jobs a second each, under full load, and an unlimited queue beside them. Fails if a lane
/// gets more than its rate and burst, or less than 98 % of it, or if the unlimited queue loses more than a fifth.
struct Limits: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits", abstract: "Grants of limited lanes, and what they cost a queue beside them.")

    @Flag(help: "Print one JSON object.") var json = false
    @Option(help: "Limited lanes, each a tenant.") var lanes = 1000
    @Option(help: "Jobs a second for each.") var rate = 10
    @Option(help: "Jobs at once for each.") var burst = 10
    @Option(help: "Seconds of full load.") var seconds = 20
    @Option(help: "Jobs of the unlimited queue.") var jobs = 400_000
    @Option(help: "Runs of the unlimited queue, alone and beside; the medians count.") var runs = 3

    func run() async throws {
        var logger = Logger(label: "bench")
        logger.logLevel = .error
        let quiet = logger
        let report = try await EmbeddedRedis.withRedis { server in
            let redis = RedisClient(configuration: try RedisConfiguration(url: server.url), logger: quiet)
            let grants = try await grants(server.url, redis, quiet)
            var alone: [Double] = []
            var beside: [Double] = []
            for _ in 0..<runs {
                alone.append(try await freeRate(server.url, redis, quiet, withLimited: false))
                beside.append(try await freeRate(server.url, redis, quiet, withLimited: true))
            }
            await redis.shutdown()
            return Report(
                seconds: grants.seconds, expected: grants.expected, least: grants.least, most: grants.most,
                freeAlone: alone.median, freeBeside: beside.median, besideToAlone: beside.median / alone.median)
        }
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
            encoder.keyEncodingStrategy = .convertToSnakeCase
            print(String(decoding: try encoder.encode(report), as: UTF8.self))
        } else {
            print(
                """
                \(lanes) lanes, \(rate) a second each, burst \(burst), \(String(format: "%.2f", report.seconds)) s of full load:
                  grants of a lane: least \(report.least), most \(report.most); allowed \(String(format: "%.1f", report.expected))
                unlimited queue alone   \(Int(report.freeAlone)) jobs a second
                beside the limited ones \(Int(report.freeBeside)) jobs a second, \(Int(report.besideToAlone * 100)) %
                """)
        }
        guard Double(report.most) <= report.expected + 1e-6 else {
            throw BenchmarkError("a lane got more than its limit")
        }
        guard Double(report.least) >= report.expected * 0.98 - 1 else { throw BenchmarkError("a lane got too little") }
        guard report.besideToAlone >= 0.8 else { throw BenchmarkError("the unlimited queue is slowed down too much") }
    }

    private struct Report: Encodable {
        let seconds: Double
        /// Jobs that a lane may have started: rate x time + burst.
        let expected: Double
        let least: Int
        let most: Int
        let freeAlone: Double
        let freeBeside: Double
        let besideToAlone: Double
    }

    private func fill(_ url: String, _ redis: RedisClient, _ logger: Logger) async throws -> Penstock {
        _ = try await redis.send(RedisCommand("FLUSHALL"))
        let penstock = try Penstock(.init(url: url, namespace: "bench"), logger: logger)
        try await penstock.setLimit("tenant:*", LimitTerms(jobs: rate, burst: burst))
        let each = rate * (seconds + 15) + burst
        for lane in 0..<lanes {
            try await penstock.enqueue(
                many: (0..<each).map { Noop(id: $0) }, .init(queue: "limited", tenant: "t\(lane)"))
        }
        return penstock
    }

    /// What each lane has started after the time, by Redis's clock; the rest is still in its lane.
    private func grants(
        _ url: String, _ redis: RedisClient, _ logger: Logger
    ) async throws -> (seconds: Double, expected: Double, least: Int, most: Int) {
        let penstock = try await fill(url, redis, logger)
        let each = rate * (seconds + 15) + burst
        let worker = try WorkerChild(url: url, queues: "limited")
        defer { worker.kill() }
        // From the first grant on: the buckets are full until then.
        var began: Double?
        while began == nil {
            let replies = try await redis.pipeline([RedisCommand("TIME"), RedisCommand("HLEN", "{bench:0}:tokens")])
            if replies[1].int ?? 0 > 0 { began = Self.time(replies[0]) }
        }
        try await Task.sleep(for: .seconds(seconds))
        let replies = try await redis.pipeline(
            [RedisCommand("MULTI")]
                + (0..<lanes).map { RedisCommand("LLEN", "{bench:0}:lane:limited\tt\($0)") }
                + [RedisCommand("TIME"), RedisCommand("EXEC")])
        guard let all = replies.last?.array, let last = all.last, let began else { throw BenchmarkError("no answer") }
        let started = all.dropLast().map { each - ($0.int ?? 0) }
        // The first grant was made up to a round trip before it was seen.
        let passed = Self.time(last) - began + 0.01
        await penstock.shutdown()
        return (passed, Double(rate) * passed + Double(burst), started.min() ?? 0, started.max() ?? 0)
    }

    private static func time(_ reply: RedisReply) -> Double {
        let parts = (reply.array ?? []).compactMap { $0.text.flatMap(Double.init) }
        return (parts.first ?? 0) + (parts.last ?? 0) / 1_000_000
    }

    /// Jobs a second of the unlimited queue, with the same worker.
    private func freeRate(
        _ url: String, _ redis: RedisClient, _ logger: Logger, withLimited: Bool
    ) async throws -> Double {
        let penstock: Penstock
        if withLimited {
            penstock = try await fill(url, redis, logger)
        } else {
            _ = try await redis.send(RedisCommand("FLUSHALL"))
            penstock = try Penstock(.init(url: url, namespace: "bench"), logger: logger)
        }
        try await penstock.pause(queue: "free")
        var next = 0
        while next < jobs {
            try await penstock.enqueue(many: (next..<min(next + 1000, jobs)).map { Noop(id: $0) }, .init(queue: "free"))
            next += 1000
        }
        let worker = try WorkerChild(url: url, queues: "limited,free")
        defer { worker.kill() }
        // The bursts are over, the steady load is on.
        try await Task.sleep(for: .seconds(2))
        let began = ContinuousClock.now
        try await penstock.resume(queue: "free")
        while try await redis.send(RedisCommand("LLEN", "{bench:0}:lane:free\t")).int ?? 0 > 0 {
            try await Task.sleep(for: .milliseconds(10))
        }
        let took = ContinuousClock.now - began
        await penstock.shutdown()
        return Double(jobs) / (took / .seconds(1))
    }
}

/// A worker process of no-op jobs that runs until it is killed.
struct WorkerChild {
    private let process = Process()

    init(url: String, queues: String) throws {
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["drain-worker", "--redis", url, "--queues", queues, "--stays"]
        process.standardOutput = FileHandle.nullDevice
        try process.run()
    }

    var pid: Int32 { process.processIdentifier }

    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}
