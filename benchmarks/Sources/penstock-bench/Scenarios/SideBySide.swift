import Penstock
import RedisClient

/// The same for other engines as for ours, in one run: see "Side by side" in the README.
struct SideBySide: Scenario {
    let name = "peers"
    let summary = "Drain, start latency and Redis cost of Sidekiq, Celery, arq and BullMQ beside ours."
    let isQuick = false

    private static let perSecond = 200
    private static let warmUp = 100

    func notes(_ plan: Plan) -> [String] {
        Engine.all.map { engine in
            guard let version = engine.version else {
                return "\(engine.name): MISSING; benchmarks/peers/setup installs it"
            }
            return "\(engine.name): \(version); \(engine.note)"
        }
    }

    func measure(_ plan: Plan) async throws -> [Figure] {
        var figures: [Figure] = []
        var results: [Result] = []
        for engine in Engine.all where engine.version != nil {
            let result = try await measure(engine, plan, &figures)
            results.append(result)
        }
        guard let ours = results.first(where: { $0.name == Engine.json.name }) else { return figures }
        for peer in results where !peer.name.hasPrefix("penstock") { figures += Self.ratios(ours, peer) }
        return figures
    }

    /// The best of an engine.
    private struct Result {
        var name: String
        var drained: [Double] = []
        var redis = 0.0
        var start = 0.0
    }

    private static func ratios(_ ours: Result, _ peer: Result) -> [Figure] {
        zip(ours.drained, peer.drained).enumerated().map { number, rates in
            Figure("ours_to_\(peer.name)_drained_\(number + 1)", rates.0 / rates.1, "times", .higher)
        } + [
            Figure("ours_to_\(peer.name)_redis_cpu", ours.redis / peer.redis, "times", .lower),
            Figure("ours_to_\(peer.name)_start_p50", ours.start / peer.start, "times", .lower),
        ]
    }

    /// Drains with each setting, by one and by two worker processes. Cost and latency are those of the setting that is the
    /// best with one.
    private func measure(_ engine: Engine, _ plan: Plan, _ figures: inout [Figure]) async throws -> Result {
        let jobs = plan.scaled(engine.jobs)
        var result = Result(name: engine.name)
        var best: (setting: String, life: Life)?
        for workers in [1, 2] {
            var rates: [Double] = []
            for setting in engine.settings {
                let life = try await self.life(of: jobs, engine, setting, workers: workers, plan)
                rates.append(life.rate)
                let words = setting.replacing("-", with: "_")
                figures.append(Figure("\(engine.name)_drained_\(workers)_by_\(words)", life.rate, "1/s", .higher))
                if workers == 1, life.rate > best?.life.rate ?? 0 { best = (setting, life) }
            }
            result.drained.append(rates.max() ?? 0)
            figures.append(.rate("\(engine.name)_drained_\(workers)", rates.max() ?? 0))
        }
        guard let best else { throw BenchmarkError("\(engine.name) has no setting") }
        let starts = try await self.starts(engine, best.setting, plan)
        (result.redis, result.start) = (best.life.redis, starts.median)
        figures += [
            .redisCPU("\(engine.name)_redis_cpu_per_life", best.life.redis),
            Figure("\(engine.name)_redis_calls_per_life", best.life.calls, "", .lower),
            .latency("\(engine.name)_start_p50", starts.median),
            .latency("\(engine.name)_start_p99", starts.percentile(0.99)),
        ]
        return result
    }

    // MARK: Drain and cost

    private struct Life {
        /// Jobs a second from the first start to the last.
        var rate: Double
        /// For each job, enqueue and drain; not what idle workers ask in between.
        var redis: Double
        var calls: Double
    }

    private func life(
        of jobs: Int, _ engine: Engine, _ setting: String, workers: Int, _ plan: Plan
    ) async throws -> Life {
        try await plan.onServer { stage in
            try await EngineCrew.with(engine, stage) { crew in
                let filling = try await Meter(stage)
                try await crew.produce("fill", jobs)
                let fill = try await filling.read()
                try await stage.hide(engine)
                try await crew.start(workers, setting)

                let draining = try await Meter(stage)
                let shown = try await stage.show(engine)
                // By files: it costs Redis nothing.
                try await stage.until("\(engine.name) has started all jobs", every: .milliseconds(50)) {
                    try crew.check()
                    return try crew.tally().jobs >= jobs
                }
                let looks = try await stage.until("\(engine.name) has nothing left", every: .milliseconds(20)) {
                    try await stage.left(engine) == 0
                }
                let drain = try await draining.read(withoutCalls: shown + looks * engine.left.count)
                let tally = try crew.tally()
                guard tally.jobs == jobs else {
                    throw BenchmarkError("\(engine.name) has started \(tally.jobs) jobs of \(jobs)")
                }
                return Life(
                    rate: Double(jobs) / tally.seconds, redis: (fill.redis + drain.redis) / Double(jobs),
                    calls: (fill.calls + drain.calls) / Double(jobs))
            }
        }
    }

    // MARK: Latency

    private func starts(_ engine: Engine, _ setting: String, _ plan: Plan) async throws -> [Double] {
        let jobs = Self.perSecond * (plan.seconds ?? 5)
        return try await plan.onServer { stage in
            try await EngineCrew.with(engine, stage) { crew in
                try await crew.start(1, setting)
                try await crew.produce("pace", Self.warmUp, jobs, Self.perSecond)
                try await stage.until("\(engine.name) has told all starts", every: .milliseconds(50)) {
                    try crew.check()
                    return try crew.starts().count >= jobs
                }
                return try crew.starts()
            }
        }
    }
}

extension Stage {
    /// Keeps what an engine's queue has from workers.
    fileprivate func hide(_ engine: Engine) async throws {
        switch engine.gate {
        case .paused: try await penstock.pause(queue: "default")
        case .renamed(let key, _): try await expectOK(["RENAME", key, "hidden"])
        }
    }

    /// Lets workers have it, and tells how many commands that took.
    fileprivate func show(_ engine: Engine) async throws -> Int {
        switch engine.gate {
        case .paused:
            try await penstock.resume(queue: "default")
            return 0
        case .renamed(let key, let then):
            try await expectOK(["RENAME", "hidden", key])
            for command in then { _ = try await redis.send(RedisCommand(command)) }
            return 1 + then.count
        }
    }

    fileprivate func left(_ engine: Engine) async throws -> Int {
        var sum = 0
        for command in engine.left {
            guard let number = try await redis.send(RedisCommand(command)).int else {
                throw BenchmarkError("\(command.joined(separator: " ")) has answered no number")
            }
            sum += number
        }
        return sum
    }

    private func expectOK(_ command: [String]) async throws {
        let answer = try await redis.send(RedisCommand(command)).text
        guard answer == "OK" else {
            throw BenchmarkError("\(command.joined(separator: " ")) has answered \(answer ?? "nothing")")
        }
    }
}

extension RedisCommand {
    /// A command of words.
    fileprivate init(_ words: [String]) { self.init(words.first ?? "", RedisArguments(Array(words.dropFirst()))) }
}
