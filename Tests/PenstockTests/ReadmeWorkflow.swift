import Penstock

struct Basket: Codable, Sendable {
    var items: [String]
    var card: String
}

func makeCheckout(_ shop: Shop) throws -> Workflow<Basket, String> {
    try Workflow("checkout", input: Basket.self) { flow in
        let reserve = flow.step("reserve") { basket, _ in try await shop.reserve(basket.items) }
            .rollback { shelf, _ in if let shelf { try await shop.release(shelf) } }

        let charge = flow.step("charge", after: reserve, retry: .fixed(.seconds(3), attempts: 3)) { basket, context in
            try await shop.charge(basket.card, key: context.idempotencyKey)
        }
        .rollback { payment, _ in if let payment { try await shop.refund(payment) } }

        return flow.step("ship", after: charge) { _, context in try await shop.ship(from: context[reserve]) }
    }
}

func buy(_ basket: Basket, in shop: Shop, _ penstock: Penstock) async throws -> String {
    let checkout = try makeCheckout(shop)
    let run = try await penstock.start(checkout, basket, .init(tenant: "acme", foreignID: "basket-7", tags: ["web"]))
    return try await run.output()
}
