import CTimerCalls
import Glibc
import Logging
import NIOCore
import NIOPosix
import Penstock
import PenstockRuntime
import PenstockStore
import RedisClient
import ServiceLifecycle

/// What `FaultSuite worker` is: a worker of the workload in a process of its own, with a ledger outside Redis.
struct WorkerChild {
    static let queue = "work"
    static let concurrency = 8

    let url: String
    let folder: String
    let ordinal: Int
    let lease: Int
    /// Whose scripts it has: `own`, `other` with other texts than this build's, or the name of a sabotage.
    let edition: String

    /// `worker URL FOLDER ORDINAL LEASE_MS own|other|SABOTAGE`
    init?(_ arguments: [String]) {
        guard arguments.count == 5, let ordinal = Int(arguments[2]), let lease = Int(arguments[3]) else { return nil }
        (url, folder, self.ordinal, self.lease) = (arguments[0], arguments[1], ordinal, lease)
        edition = arguments[4]
    }

    func run() async throws {
        keep_timers_real()
        let log = try LogFile("\(folder)/worker-\(ordinal).log")
        let harm = Harm(folder: folder, ordinal: ordinal)
        var configuration = Penstock.Configuration(url: url, namespace: "t")
        if edition != "own" {
            let others = try await otherScripts()
            configuration.standIn = { others[$0.name] ?? $0 }
        }
        let penstock = try Penstock(configuration, logger: Self.quiet)
        let worker = Worker(
            penstock, queues: [Self.queue], concurrency: Self.concurrency, options: options(log, harm)
        ) { Self.note($0, log, harm) }
        try Self.register(worker, log, harm)
        let group = ServiceGroup(
            configuration: .init(services: [worker], gracefulShutdownSignals: [.sigterm], logger: Self.quiet))
        try await group.run()
        await penstock.shutdown()
        log.note("gone")
    }

    private func options(_ log: LogFile, _ harm: Harm) -> Worker.Options {
        var options = Worker.Options()
        options.lease = .milliseconds(lease)
        options.shutdownGrace = .seconds(10)
        options.retry = .fixed(.milliseconds(30), attempts: 5)
        options.executionMiddleware = [LedgerMiddleware(log: log, harm: harm)]
        return options
    }

    private static func note(_ event: WorkerEvent, _ log: LogFile, _ harm: Harm) {
        switch event {
        case .registered(let name): log.note("born", name)
        case .incarnationLost(let name): log.note("lost", name)
        case .claimed(let ids):
            for id in ids { log.note("claimed", id.rawValue) }
            harm.strike(.claimed, log)
        case .committed(let commits):
            for commit in commits {
                log.note(
                    "commit", commit.id.rawValue, String(commit.claim), commit.outcome,
                    commit.attempt.map(String.init) ?? "-", commit.isInferred ? "inferred" : "told")
            }
        case .refused(let ids): for id in ids { log.note("refused", id.rawValue) }
        case .stopped: log.note("stopped")
        case .confirmed, .idle, .declared, .interrupted: break
        }
    }

    private static func register(_ worker: Worker, _ log: LogFile, _ harm: Harm) throws {
        worker.handle(Work.self) { job, context in
            if job.isPoison { kill(getpid(), SIGKILL) }
            harm.starve()
            if let slot = job.slot { log.note("enter", context.id.rawValue, slot) }
            defer { if let slot = job.slot { log.note("leave", context.id.rawValue, slot) } }
            // Sleeps because: it is the job's work.
            if job.milliseconds > 0 { try await Task.sleep(for: .milliseconds(job.milliseconds)) }
            if context.attempt <= job.failures { throw JobFailure.retryable("attempt \(context.attempt) is to fail") }
            harm.strike(.beforeEffect, log)
            log.note("effect", job.key, context.id.rawValue, String(context.attempt))
            harm.strike(.afterEffect, log)
        }
        worker.handle(IdleWork.self) { job, context in
            log.note("effect", job.key, context.id.rawValue, String(context.attempt))
        }
        worker.handle(TickWork.self) { _, context in
            let tick = context.tick.map { "\($0.schedule)@\(Int64(($0.moment.timeIntervalSince1970 * 1000)))" }
            log.note("effect", tick ?? "tick@none", context.id.rawValue, String(context.attempt))
        }
        worker.handle(
            try OrderWorkflow.make { key, attempt in
                harm.strike(.beforeEffect, log)
                log.note("effect", key, "-", String(attempt))
                harm.strike(.afterEffect, log)
            })
    }

    /// This build's scripts with another text, and so other digests, as a build of another day would have them; or with one of them
    /// broken.
    private func otherScripts() async throws -> [String: RedisScript] {
        let sabotage = Sabotage.all.first { $0.name == edition }
        let redis = RedisClient(configuration: try RedisConfiguration(url: url), logger: Self.quiet)
        var scripts: [String: RedisScript] = [:]
        for script in Scripts.all {
            var source = script.source + "\n-- of another build\n"
            if let sabotage, script.name == Scripts.cycle.name { source = try sabotage.script() }
            let digest = try await redis.send(RedisCommand("SCRIPT", RedisArguments(["LOAD", source]))).text
            scripts[script.name] = RedisScript(name: script.name, digest: digest ?? "", source: source)
        }
        await redis.shutdown()
        return scripts
    }

    static var quiet: Logger { Logger(label: "fault-suite") { _ in SwiftLogNoOpLogHandler() } }
}

/// Writes the beginning and the end of every attempt, whatever it is of.
private struct LedgerMiddleware: ExecutionMiddleware {
    let log: LogFile
    let harm: Harm

    func execute(_ payload: [UInt8], _ context: JobContext, next: NextAttempt) async throws -> [UInt8]? {
        log.note(
            "begin", context.id.rawValue, String(context.attempt), String(context.recoveries), context.kind)
        do {
            let result = try await next(payload, context)
            log.note("end", context.id.rawValue, String(context.attempt), "returned")
            return result
        } catch {
            log.note("end", context.id.rawValue, String(context.attempt), "threw")
            throw error
        }
    }
}
