import ArgumentParser
import EmbeddedRedis
import Logging
import Penstock
import RedisClient

/// When appended writes of the measured Redis reach the disk.
enum Durability: String, Sendable, Codable, CaseIterable, ExpressibleByArgument {
    /// No append-only file.
    case none
    case everysec
    case always

    /// The arguments of `redis-server`. The file is in the server's own directory, under `/tmp`.
    var arguments: [String] { self == .none ? [] : ["--appendonly", "yes", "--appendfsync", rawValue] }
}

/// How much is measured, from the command line. What is nil has a default in each scenario.
struct Plan: ParsableArguments, Sendable {
    @Option(
        help: "How many jobs; scenarios scale with it. 100000 is the quick form, 1000000 has a backlog of a million.")
    var jobs: Int?
    @Option(help: "Worker processes, where a scenario has no number of its own.") var workers = 1
    @Option(help: "The append-only file of the measured Redis: none, everysec or always.") var durability =
        Durability.none
    @Option(help: "Slots of a worker.") var concurrency = 64
    @Option(help: "Seconds of load, of the scenarios that last for a time.") var seconds: Int?
    @Option(help: "core: jobs, and PINGs, for the latency.") var samples = 1000
    @Flag(help: "core: only the latency.") var latency = false
    @Option(help: "limits: limited lanes, each a tenant.") var lanes = 1000
    @Option(help: "limits: jobs a second for each.") var rate = 10
    @Option(help: "limits: jobs at once for each.") var burst = 10
    @Option(help: "runs: items of the fan-out, and plain jobs.") var items = 100_000
    @Option(help: "runs: chains of five steps.") var chains = 2000
    @Option(help: "schedules: how many tick every second.") var schedules = 1000

    func validate() throws {
        for (name, value) in [
            ("jobs", jobs ?? 1), ("workers", workers), ("concurrency", concurrency), ("seconds", seconds ?? 1),
            ("samples", samples - 9), ("lanes", lanes), ("rate", rate), ("burst", burst), ("items", items),
            ("chains", chains), ("schedules", schedules),
        ] where value < 1 {
            throw ValidationError("--\(name) is too small")
        }
    }

    /// What the quick form has, scaled by `--jobs`.
    func scaled(_ quick: Int, atLeast least: Int = 1) -> Int { max(least, quick * (jobs ?? 100_000) / 100_000) }

    /// Errors only: a log line costs as much as some jobs.
    static var logger: Logger {
        var logger = Logger(label: "bench")
        logger.logLevel = .error
        return logger
    }

    /// Runs `body` on a private Redis of its own that has nothing in it.
    func onServer<T: Sendable>(
        _ durability: Durability? = nil, _ body: (Stage) async throws -> T
    ) async throws -> T {
        let options = EmbeddedRedis.Options(extraArguments: (durability ?? self.durability).arguments)
        return try await EmbeddedRedis.withRedis(options) { server in
            let redis = RedisClient(configuration: try RedisConfiguration(url: server.url), logger: Plan.logger)
            let penstock = try Penstock(.init(url: server.url, namespace: Stage.namespace), logger: Plan.logger)
            let result: Result<T, any Error>
            do {
                result = .success(try await body(Stage(plan: self, server: server, redis: redis, penstock: penstock)))
            } catch {
                result = .failure(error)
            }
            await penstock.shutdown()
            await redis.shutdown()
            return try result.get()
        }
    }
}
