import EmbeddedRedis
import Logging
import Penstock
import ServiceLifecycle

// An order is reserved, charged and shipped. What has been done is undone when a later step fails for good.
//
//     swift run example-orders

struct Order: Codable, Sendable {
    var number: Int
    var card: String
}

struct Payment: Codable, Sendable {
    var id: String
    var amount: Int
}

/// The shop's shelf: eight books.
actor Stock {
    private(set) var books = 8
    func reserve() { books -= 1 }
    func release() { books += 1 }
}

/// A gateway that is busy at first, and refuses one card. It knows what it has done by the key that comes along, so that a
/// step which is repeated after a crash charges once.
actor Gateway {
    private(set) var balance = 0
    private var calls: [String: Int] = [:]

    func charge(_ card: String, _ amount: Int, key: String) throws -> Payment {
        calls[key, default: 0] += 1
        if calls[key] == 1 { throw JobFailure.retryable("the gateway is busy") }
        if card == "stolen" { throw JobFailure.permanent("the card was refused") }
        balance += amount
        return Payment(id: "payment-\(key.hashValue.magnitude % 1000)", amount: amount)
    }

    func refund(_ payment: Payment) { balance -= payment.amount }
}

/// The workflow. It is a value: whoever has it starts runs of it, and workers that handle it execute its steps.
func makeFulfilment(_ stock: Stock, _ gateway: Gateway) throws -> Workflow<Order, String> {
    try Workflow("fulfilment", input: Order.self) { flow in
        let reserve = flow.step("reserve") { order, _ in
            await stock.reserve()
            print("  order \(order.number): a book is reserved")
        }.rollback { _, _ in
            await stock.release()
            print("  undone: the book is back on the shelf")
        }

        // Two retries, 100 ms apart. A permanent failure is not retried at all.
        let charge = flow.step("charge", after: reserve, retry: .fixed(.milliseconds(100), attempts: 3)) {
            order, context in
            print("  order \(order.number): charges the card, attempt \(context.attempt)")
            return try await gateway.charge(order.card, 20, key: context.idempotencyKey)
        }.rollback { payment, _ in
            // Without a payment the step has failed: nothing to give back.
            guard let payment else { return }
            await gateway.refund(payment)
            print("  undone: \(payment.amount) are paid back")
        }

        // Its output is that of the run.
        return flow.step("ship", after: charge) { order, context in
            let payment = try await context[charge]
            return "order \(order.number), paid with \(payment.amount), is on its way"
        }
    }
}

/// Something did not come out as it should.
struct Unexpected: Error, CustomStringConvertible {
    let description: String
}

func expect(_ isAsExpected: Bool, _ what: String) throws {
    guard isAsExpected else { throw Unexpected(description: "not as expected: \(what)") }
}

@main struct Orders {
    static func main() async throws {
        let (stock, gateway) = (Stock(), Gateway())
        let fulfilment = try makeFulfilment(stock, gateway)
        print(fulfilment.mermaid(direction: .leftToRight), "\n")

        try await EmbeddedRedis.withRedis { redis in
            var logger = Logger(label: "orders")
            logger.logLevel = .error
            let penstock = try Penstock(.init(url: redis.url, namespace: "shop"), logger: logger)
            let worker = Worker(penstock)
            worker.handle(fulfilment)
            let services = ServiceGroup(services: [penstock, worker], logger: logger)
            async let serving: Void = services.run()

            print("An order that succeeds:")
            let good = try await penstock.start(fulfilment, Order(number: 1, card: "valid"))
            let answer = try await good.output()
            print("  \(answer)\n")
            try expect(answer == "order 1, paid with 20, is on its way", answer)
            let (books, balance) = (await stock.books, await gateway.balance)
            try expect(books == 7 && balance == 20, "\(books) books, balance \(balance)")

            print("An order whose card is refused for good:")
            let bad = try await penstock.start(fulfilment, Order(number: 2, card: "stolen"))
            let status = try await bad.run.wait()
            print("  the run is \(status.state.words): \(status.errors.map(\.description).joined(separator: ", "))\n")
            try expect(status.state == .rolledBack, status.state.words)
            let (booksLeft, earned) = (await stock.books, await gateway.balance)
            try expect(booksLeft == 7 && earned == 20, "\(booksLeft) books, balance \(earned)")

            print("What happened to it:")
            for entry in try await bad.run.history() {
                for case .step(let step, let state, _) in entry.moves { print("  \(step) \(state.words)") }
            }
            print("\nAll as expected.")
            await services.triggerGracefulShutdown()
            try await serving
        }
    }
}
