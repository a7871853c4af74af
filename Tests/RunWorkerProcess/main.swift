// A worker of workflows in a process of its own, for tests that kill it.
//
//     RunWorkerProcess URL LEASE_MS CONCURRENCY
//
// It has the workflows of KillWorkflows.swift, and one whose runs bring their graph and the fates of its steps.

import Glibc
import Logging
import Penstock
import ServiceLifecycle

let arguments = CommandLine.arguments
guard arguments.count == 4, let lease = Int(arguments[2]), let concurrency = Int(arguments[3]) else {
    print("usage: RunWorkerProcess URL LEASE_MS CONCURRENCY")
    exit(64)
}
let penstock = try Penstock(
    .init(url: arguments[1], namespace: "t"), logger: Logger(label: "run-worker") { _ in SwiftLogNoOpLogHandler() })
var options = Worker.Options()
options.lease = .milliseconds(lease)
options.shutdownGrace = .seconds(5)
options.watchesInbox = false
let worker = Worker(penstock, queues: ["default"], concurrency: concurrency, options: options) { event in
    if case .registered(let name) = event {
        let line = Array("registered \(name)\n".utf8)
        _ = write(1, line, line.count)
    }
}
try KillWorkflows.register(with: worker)
worker.handle(code: try RandomWorkflow.code())
worker.handle(code: try RandomWorkflow.childCode())

let group = ServiceGroup(
    configuration: .init(
        services: [.init(service: worker)], gracefulShutdownSignals: [.sigterm], logger: Logger(label: "run-worker")))
try await group.run()
await penstock.shutdown()
