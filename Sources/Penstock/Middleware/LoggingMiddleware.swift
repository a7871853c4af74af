import Logging

/// Logs every enqueue and every attempt, with the ids and names as metadata: `job`, `kind`, `queue`, `tenant` (where there
/// is one), `attempt`, `duration`, `outcome`, `error`.
///
/// What succeeds is logged at `level`, what fails as a warning. Handlers get a logger that carries the job's metadata.
public struct LoggingMiddleware: EnqueueMiddleware, ExecutionMiddleware {
    private let logger: Logger?
    private let level: Logger.Level

    /// - Parameters:
    ///   - logger: Where enqueues are logged, one named "penstock" by default, and attempts, the worker's by default.
    ///   - level: For what succeeds, and for attempts that are handed back at a shutdown; `debug` by default.
    public init(logger: Logger? = nil, level: Logger.Level = .debug) {
        self.logger = logger
        self.level = level
    }

    public func enqueue(_ jobs: [JobRequest], next: NextEnqueue) async throws -> [Enqueued] {
        let logger = logger ?? Logger(label: "penstock")
        let began = ContinuousClock.now
        do {
            let answers = try await next(jobs)
            guard logger.logLevel <= level else { return answers }
            let took = ContinuousClock.now - began
            for (job, answer) in zip(jobs, answers) {
                var metadata = Self.metadata(kind: job.kind, queue: job.options.queue, tenant: job.options.tenant)
                metadata["job"] = "\(answer.id)"
                metadata["duration"] = "\(took)"
                metadata["outcome"] = answer.isDuplicate ? "duplicate" : "enqueued"
                logger.log(level: level, "job enqueued", metadata: metadata)
            }
            return answers
        } catch {
            // One line, however many they are: they failed together. Their ids are not known here.
            var metadata: Logger.Metadata = ["jobs": "\(jobs.count)", "error": "\(error)", "outcome": "failed"]
            metadata["duration"] = "\(ContinuousClock.now - began)"
            if let first = jobs.first {
                let names = Self.metadata(
                    kind: first.kind, queue: first.options.queue, tenant: first.options.tenant)
                metadata.merge(names) { $1 }
            }
            logger.warning("enqueue failed", metadata: metadata)
            throw error
        }
    }

    public func execute(_ payload: [UInt8], _ context: JobContext, next: NextAttempt) async throws -> [UInt8]? {
        var context = context
        if let logger { context.logger = logger }
        for (key, value) in Self.metadata(kind: context.kind, queue: context.queue, tenant: context.tenant) {
            context.logger[metadataKey: key] = value
        }
        context.logger[metadataKey: "job"] = "\(context.id)"
        context.logger[metadataKey: "attempt"] = "\(context.attempt)"
        let began = ContinuousClock.now
        do {
            let result = try await next(payload, context)
            let took = ContinuousClock.now - began
            context.logger.log(
                level: level, "attempt completed", metadata: ["duration": "\(took)", "outcome": "completed"])
            return result
        } catch {
            let took = ContinuousClock.now - began
            let outcome = context.cancellation?.word ?? "failed"
            context.logger.log(
                level: context.cancellation == .shutdown ? level : .warning, "attempt failed",
                metadata: ["duration": "\(took)", "outcome": "\(outcome)", "error": "\(error)"])
            throw error
        }
    }

    private static func metadata(kind: String, queue: String, tenant: String) -> Logger.Metadata {
        var metadata: Logger.Metadata = ["kind": "\(kind)", "queue": "\(queue)"]
        if !tenant.isEmpty { metadata["tenant"] = "\(tenant)" }
        return metadata
    }
}

extension JobContext.Cancellation {
    /// What became of the attempt, in a word for logs and figures: `cancelled`, `timed-out`, `released`, `lease-lost`.
    public var word: String {
        switch self {
        case .requested: "cancelled"
        case .timedOut: "timed-out"
        case .shutdown: "released"
        case .leaseLost: "lease-lost"
        }
    }
}
