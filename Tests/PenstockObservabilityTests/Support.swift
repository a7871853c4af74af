import EmbeddedRedis
import Logging
import Penstock
import PenstockTesting

struct Sample: Job {
    static let name = "sample"
}

/// A private Redis and a client of it, while `body` runs.
func withPenstock(
    enqueueMiddleware: [any EnqueueMiddleware] = [], _ body: (Penstock) async throws -> Void
) async throws {
    try await EmbeddedRedis.withRedis { redis in
        let penstock = try Penstock(
            .init(url: redis.url, namespace: "t", enqueueMiddleware: enqueueMiddleware),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        do {
            try await body(penstock)
            await penstock.shutdown()
        } catch {
            await penstock.shutdown()
            throw error
        }
    }
}

/// Works until the queue is empty.
func drain(
    _ penstock: Penstock, queue: String = "default", _ middleware: [any ExecutionMiddleware],
    _ prepare: (Worker) -> Void
) async throws {
    var options = Worker.Options()
    options.drains = true
    options.executionMiddleware = middleware
    let worker = Worker(penstock, queues: [queue], options: options)
    prepare(worker)
    try await withDeadline(.seconds(30), for: "the queue to be empty") { try await worker.run() }
}
