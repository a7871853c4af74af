import EmbeddedRedis
import Glibc
import Penstock

/// The workflow of the tour: an order is reserved, charged and shipped. What a step does is a file in a folder, so that
/// everybody can see what was done, and that it was undone.
enum Fulfilment {
    static let name = "fulfilment"
    /// What a step takes at least, so that there is something to see.
    static let slowness = Duration.milliseconds(150)

    struct Order: Codable, Sendable {
        let number: Int
        let ledger: FileName
        /// No carrier takes it.
        let isRefused: Bool

        func entry(_ what: String) -> FileName { ledger.appending("\(number).\(what)".utf8) }
    }

    /// What stands in the ledger of an order that has come to its good end.
    static let entries = ["charged", "reserved", "shipped"]

    static func workflow() throws -> Workflow<Order, String> {
        try Workflow(name, input: Order.self) { flow in
            let reserve = flow.step("reserve") { order, _ in try await enter("reserved", order) }
                .rollback { _, context in try await strike("reserved", try await context.input()) }
            let charge = flow.step("charge", after: reserve, retry: .fixed(.milliseconds(200), attempts: 3)) {
                order, context in
                if context.attempt == 1 { throw JobFailure.retryable("the gateway is busy, on purpose") }
                try await enter("charged", order)
            }
            .rollback { _, context in try await strike("charged", try await context.input()) }
            return flow.step("ship", after: charge, retry: .fixed(.milliseconds(200), attempts: 2)) { order, _ in
                if order.isRefused { throw JobFailure.retryable("no carrier takes order \(order.number)") }
                try await enter("shipped", order)
                return "parcel \(order.number)"
            }
        }
    }

    /// Harmless when done again: a step may be executed twice.
    private static func enter(_ what: String, _ order: Order) async throws {
        try await Task.sleep(for: slowness)
        let entry = order.entry(what)
        let descriptor = entry.withCString { open($0, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600) }
        guard descriptor >= 0 else { throw SystemError("create \(entry)") }
        _ = try OwnedDescriptor(takingOver: descriptor)
    }

    private static func strike(_ what: String, _ order: Order) async throws {
        try await Task.sleep(for: slowness)
        let entry = order.entry(what)
        guard entry.withCString({ unlink($0) }) == 0 || errno == ENOENT else { throw SystemError("remove \(entry)") }
    }
}
