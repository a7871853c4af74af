import Logging
import Penstock
import PenstockTesting
import RedisClient
import ServiceLifecycle
import Testing

extension Rig {
    /// Adds entries to a stream: `key payload` each.
    func publish(_ entries: [String], to stream: String = "events") async throws {
        for from in stride(from: 0, to: entries.count, by: 1000) {
            let commands = entries[from..<min(from + 1000, entries.count)].map { entry in
                RedisCommand(
                    "XADD", stream, "*", "key", String(entry.prefix { $0 != " " }), "payload", entry, "source", "test")
            }
            for reply in try await penstock.store.redis.pipeline(commands) { #expect(reply.error == nil) }
        }
    }

    /// The payloads of the jobs of queue "ledger", in the order of their enqueue.
    func ledger() async throws -> [String] {
        let ids = (try await command("LRANGE", "{t:0}:lane:ledger\t", "0", "-1").array ?? []).compactMap(\.text)
        var payloads: [String] = []
        for from in stride(from: 0, to: ids.count, by: 5000) {
            let part = Array(ids[from..<min(from + 5000, ids.count)])
            let words = RedisArguments(["{t:0}:tasks"] + part)
            let records = try await penstock.store.redis.send(RedisCommand("HMGET", words)).array ?? []
            payloads += records.compactMap { $0.text?.split(separator: "\n", maxSplits: 1).last.map(String.init) }
        }
        return payloads
    }

    func ledgerCount() async throws -> Int { try await command("LLEN", "{t:0}:lane:ledger\t").int ?? 0 }

    /// Each entry once, those of a key in order.
    func expectLedger(_ entries: [String], sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let found = try await ledger()
        #expect(found.count == entries.count, sourceLocation: sourceLocation)
        let missing = Set(entries).subtracting(found)
        #expect(missing.isEmpty, "\(missing.sorted().prefix(5))", sourceLocation: sourceLocation)
        func byKey(_ list: [String]) -> [Substring: [String]] { Dictionary(grouping: list) { $0.prefix { $0 != " " } } }
        let isInOrder = byKey(found) == byKey(entries)
        #expect(isInOrder, "order of a key", sourceLocation: sourceLocation)
    }

    /// A connector of the stream "events" that makes a job of each entry.
    func ledgerService(
        _ options: ConnectorOptions = .quick, penstock: Penstock? = nil,
        map: @escaping @Sendable (ConnectorEvent) async throws -> Void = { _ in }
    ) throws -> ConnectorService<RedisStreamConnector> {
        let penstock = penstock ?? self.penstock
        let source = try RedisStreamConnector(penstock, stream: "events", group: "ledger")
        return ConnectorService(penstock, "ledger", from: source, options: options, logger: Rig.quiet) { event in
            try await map(event)
            return [.enqueue(kind: "ledger", payload: event.payload, .init(queue: "ledger"))]
        }
    }
}

extension ConnectorOptions {
    static var quick: ConnectorOptions {
        ConnectorOptions(lease: .seconds(60), tries: 3, backoff: .constant(.milliseconds(20)))
    }

    func with(_ change: (inout ConnectorOptions) -> Void) -> ConnectorOptions {
        var options = self
        change(&options)
        return options
    }
}

/// Runs services while `body` runs, and shuts them down gracefully.
func serving<Result: Sendable>(
    _ services: any Service..., isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
) async throws -> Result {
    let group = ServiceGroup(
        configuration: .init(services: services.map { .init(service: $0) }, logger: Rig.quiet))
    async let running: Void = withDeadline(.seconds(120), for: "the end of services") { try await group.run() }
    do {
        let result = try await body()
        await group.triggerGracefulShutdown()
        try await running
        return result
    } catch {
        await group.triggerGracefulShutdown()
        try? await running
        throw error
    }
}
