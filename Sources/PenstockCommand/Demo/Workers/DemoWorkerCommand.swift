import ArgumentParser
import Logging
import Penstock
import ServiceLifecycle

/// `penstock demo-worker URL`: one worker process of the tour, started and ended by `penstock demo`.
struct DemoWorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo-worker", abstract: "A worker process of the tour.", shouldDisplay: false)

    @Argument var url: String

    /// Short, so that nobody waits long for what a killed worker held.
    static let lease: Duration = .seconds(2)
    static let concurrency = 16

    func run() async throws {
        var logger = Logger(label: "demo-worker") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .warning
        let penstock = try Penstock(.init(url: url, namespace: Tour.namespace), logger: logger)
        var options = Worker.Options()
        options.lease = Self.lease
        options.shutdownGrace = .seconds(1)
        let worker = Worker(
            penstock, queues: Tour.queues + [FulfilmentAct.queue], concurrency: Self.concurrency, options: options,
            logger: logger)
        worker.handle(Checksum.self, retry: Tour.retry, ChecksumHandler.handle)
        worker.handle(try Fulfilment.workflow())
        try await ServiceGroup(services: [penstock, worker], gracefulShutdownSignals: [.sigterm], logger: logger).run()
    }
}
