import Logging
import Penstock
import ServiceLifecycle
import UnixSignals

/// Runs a worker until it ends or is told to: the first signal lets it finish, the second one does not wait.
struct WorkerRun {
    let worker: Worker
    let signals: UnixSignalsSequence
    let logger: Logger

    func run() async throws {
        let services = ServiceGroup(
            configuration: .init(
                services: [.init(service: worker, successTerminationBehavior: .gracefullyShutdownGroup)],
                logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            group.addTask {
                var isStopping = false
                for await signal in signals {
                    if isStopping {
                        Console.writeError("\(signal) again: not waiting for running jobs")
                        return
                    }
                    isStopping = true
                    Console.writeError("\(signal): running jobs may end; once more to not wait for them")
                    await services.triggerGracefulShutdown()
                }
            }
            // Either the worker has ended, or it is to end at once.
            try await group.next()
            group.cancelAll()
            try await group.waitForAll()
        }
    }
}
