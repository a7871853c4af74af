// Serves a connector of a Redis stream in a process of its own, for tests that kill and stop it.
//
//     ConnectorProcess URL SHARDS LEASE_MS KEYS
//
// Each entry of the stream "events" becomes a job of kind "ledger" with the entry's payload. With `shared` for KEYS an effect
// is known by its event; with `own` it is known to this process only, so that nothing but its role keeps it from happening twice.

import Glibc
import Logging
import Penstock
import ServiceLifecycle

let arguments = CommandLine.arguments
guard arguments.count == 5, let shards = Int(arguments[2]), let lease = Int(arguments[3]) else {
    print("usage: ConnectorProcess URL SHARDS LEASE_MS shared|own")
    exit(64)
}
let logger = Logger(label: "connector") { _ in SwiftLogNoOpLogHandler() }
let penstock = try Penstock(.init(url: arguments[1], namespace: "t"), logger: logger)
let isShared = arguments[4] == "shared"
let options = ConnectorOptions(
    parallel: shards, lease: .milliseconds(lease), backoff: .constant(.milliseconds(50)))
let source = try RedisStreamConnector(penstock, stream: "events", group: "ledger")
let service = ConnectorService(penstock, "ledger", from: source, options: options) { event in
    let key = isShared ? nil : "\(getpid())-\(event.id)"
    return [.enqueue(kind: "ledger", payload: event.payload, .init(queue: "ledger", idempotencyKey: key))]
}
let line = Array("serving\n".utf8)
_ = write(1, line, line.count)
let group = ServiceGroup(
    configuration: .init(services: [.init(service: service)], gracefulShutdownSignals: [.sigterm], logger: logger))
try await group.run()
await penstock.shutdown()
