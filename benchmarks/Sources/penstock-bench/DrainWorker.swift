import ArgumentParser
import Logging
import Penstock

/// The worker process of the drain scenarios: runs no-op jobs until the queue is empty.
struct DrainWorker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "drain-worker", shouldDisplay: false)

    @Option var redis: String
    @Option var concurrency = 64
    @Option var queues = "default"
    @Flag(help: "Go on when the queues are empty.") var stays = false

    func run() async throws {
        var logger = Logger(label: "bench")
        logger.logLevel = .error
        let penstock = try Penstock(.init(url: redis, namespace: "bench"), logger: logger)
        var options = Worker.Options()
        options.drains = !stays
        let worker = Worker(
            penstock, queues: queues.split(separator: ",").map(String.init), concurrency: concurrency, options: options)
        worker.handle(Noop.self) { _, _ in }
        worker.handle(try Nothing.fan())
        worker.handle(try Nothing.chain())
        let start = ContinuousClock.now
        try await worker.run()
        print((ContinuousClock.now - start) / .seconds(1), terminator: "")
        await penstock.shutdown()
    }
}
