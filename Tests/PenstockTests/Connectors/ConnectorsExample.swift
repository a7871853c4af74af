import Foundation
import Penstock
import ServiceLifecycle

struct Parcel: Codable, Sendable {
    var order: Int
    var address: String
}

func serve(
    _ penstock: Penstock, checkout: Workflow<Order, Parcel>, shipping: Workflow<Parcel, String>
) async throws {
    // Entries of a Redis stream, `XADD orders * key customer-7 payload {...}`, start runs and signal them.
    let source = try RedisStreamConnector(penstock, stream: "orders", group: "checkout")
    let orders = ConnectorService(penstock, "orders", from: source, options: .init(parallel: 4)) { event in
        switch event.headers["type"] {
        case "paid": [.signal(workflow: "checkout", foreignID: event.key ?? "", "paid", true)]
        case "ordered":
            [
                .start(
                    checkout, try JSONDecoder().decode(Order.self, from: Data(event.payload)),
                    .init(foreignID: event.key))
            ]
        default: []
        }
    }

    // The end of one run starts another.
    let worker = Worker(penstock)
    worker.handle(checkout)
    worker.handle(shipping)
    worker.connect("ship", from: checkout, on: .succeeded, where: !.tagged("digital")) { moment in
        [.start(shipping, try await moment.output())]
    }

    try await ServiceGroup(services: [orders, worker], gracefulShutdownSignals: [.sigterm], logger: Rig.quiet).run()
}
