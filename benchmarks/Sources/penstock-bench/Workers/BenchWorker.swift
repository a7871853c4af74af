import ArgumentParser
import Foundation
import Penstock
import RedisClient
import Synchronization

/// The worker process of the scenarios: has a handler for all of their jobs and workflows, and runs until it is killed or its
/// standard input ends, which it does with the process that started it.
struct BenchWorker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "worker-process", shouldDisplay: false)

    @Option var redis: String
    @Option var concurrency = 64
    @Option var queues = "default"
    @Option var lease: Int?

    func run() async throws {
        endWithInput()
        let penstock = try Penstock(.init(url: redis, namespace: Stage.namespace), logger: Plan.logger)
        let client = RedisClient(configuration: try RedisConfiguration(url: redis), logger: Plan.logger)
        var options = Worker.Options()
        if let lease { options.lease = .seconds(lease) }
        let worker = Worker(
            penstock, queues: queues.split(separator: ",").map(String.init), concurrency: concurrency, options: options)
        handleJobs(worker, client)
        worker.handle(try Nothing.fan())
        worker.handle(try Nothing.chain())
        worker.handle(try Nothing.diamond())
        worker.handle(try Nothing.undone())
        try await worker.run()
    }

    private func handleJobs(_ worker: Worker, _ client: RedisClient) {
        let notes = Notes()
        worker.handle(Noop.self) { _, _ in }
        worker.handle(kind: RawNoop.kind) { _, _ in nil }
        worker.handle(Flaky.self, retry: .fixed(.milliseconds(50), attempts: 3)) { job, context in
            if job.fails && context.attempt == 1 { throw JobFailure.retryable("as it should") }
        }
        worker.handle(Stamp.self) { job, _ in notes.add(Double(sharedClock() - job.sent) / 1000) }
        worker.handle(Ticked.self) { _, context in
            if let moment = context.tick?.moment { notes.add(Date().timeIntervalSince(moment) * 1_000_000) }
        }
        worker.handle(Hold.self) { _, _ in
            _ = try await client.send(RedisCommand("RPUSH", Hold.started, "\(getpid())"))
            try await Task.sleep(for: .seconds(86_400))
        }
        worker.handle(Tell.self) { _, _ in
            let text = notes.take().map { "\($0)" }.joined(separator: " ")
            _ = try await client.send(RedisCommand("RPUSH", Tell.told, text))
        }
    }
}

/// Ends this process when its standard input ends, which it does with the process that started it.
func endWithInput() {
    Thread.detachNewThread {
        while FileHandle.standardInput.availableData.count > 0 {}
        Foundation.exit(0)
    }
}

/// Microseconds that handlers have noted.
private final class Notes: Sendable {
    private let values = Mutex<[Double]>([])

    func add(_ value: Double) { values.withLock { $0.append(value) } }

    /// What was noted since the last call.
    func take() -> [Double] {
        values.withLock { values in
            defer { values = [] }
            return values
        }
    }
}

extension Stage {
    /// What the one worker has noted since it was asked last, in microseconds.
    func notes() async throws -> [Double] {
        _ = try await redis.send(RedisCommand("DEL", Tell.told))
        try await penstock.enqueue(Tell())
        var told: String?
        try await until("the worker has told its notes", every: .milliseconds(5)) {
            told = try await redis.send(RedisCommand("LPOP", Tell.told)).text
            return told != nil
        }
        return (told ?? "").split(separator: " ").compactMap { Double($0) }
    }
}
