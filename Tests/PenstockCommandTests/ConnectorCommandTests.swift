import Logging
import Penstock
import PenstockTesting
import ServiceLifecycle
import Testing

/// Connectors, seen and steered from the command line.
@Suite(.timeLimit(.minutes(10))) struct ConnectorCommandTests {
    @Test func `what is served is listed, and what was set aside is shown, tried again and dropped`() async throws {
        try await Workshop.open { shop in
            #expect(try await shop.penstock("connector", "list").expect().text == "No connector was ever served.")
            let source = try RedisStreamConnector(shop.client, stream: "orders", group: "g")
            let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let service = ConnectorService(
                shop.client, "orders", from: source, options: .init(parallel: 2), logger: quiet
            ) { event in
                if event.headers["bad"] != nil { throw JobFailure.permanent("bad \u{1B}[2J order") }
                return [.enqueue(kind: "greet", payload: event.payload)]
            }
            for words in [["key", "a", "payload", "1", "bad", "yes"], ["key", "a", "payload", "2"]] {
                let all = ["redis-cli", "-s", shop.redis.socketPath, "XADD", "orders", "*"] + words
                _ = try await TestProcess.withProcess("/usr/bin/env", all) { try await $0.exit() }
            }
            let group = ServiceGroup(configuration: .init(services: [.init(service: service)], logger: quiet))
            async let running: Void = group.run()
            try await eventually("one job, and one event set aside") {
                let aside = try await shop.client.connectors().first?.setAside
                let ready = try await shop.client.queues().first?.ready
                return aside == 1 && ready == 1
            }
            let list = try await shop.penstock("connector", "list", "--json").expect().json()
            #expect(list[0]["name"].string == "orders" && list[0]["set_aside"].int == 1)
            #expect(list[0]["shards"].array.count == 2 && list[0]["shards"][0]["holder"].string != nil)
            let text = try await shop.penstock("connector", "list").expect().text
            #expect(text.contains("stream orders, group g") && text.contains("2 of 2"))
            let shown = try await shop.penstock("connector", "show", "orders", "--json").expect().json()
            let event = try #require(shown["events"][0]["event"].string)
            #expect(shown["events"][0]["payload"]["content"].string == "1" && shown["events"][0]["tries"].int == 1)
            let lines = try await shop.penstock("connector", "show", "orders").expect().text
            #expect(lines.contains(event) && lines.contains("bad \u{FFFD}[2J order"))
            let retried = try await shop.penstock("connector", "retry", "orders", event).expect().text
            #expect(retried == "1 event of orders to be tried again")
            try await eventually("another try") {
                try await shop.client.setAsideEvents(of: "orders").first?.tries == 2
            }
            let dropped = try await shop.penstock("connector", "discard", "orders", "--all").expect().text
            #expect(dropped == "1 event of orders discarded")
            await group.triggerGracefulShutdown()
            try await running
            let after = try await shop.penstock("connector", "show", "orders").expect().text
            #expect(after.contains("nobody") && !after.contains("set aside"))
        }
    }

    @Test(arguments: [
        "show none": Int32(1), "retry none 1-1": 1, "retry orders": 64, "discard orders 1-1 --all": 64, "show a,b": 64,
    ])
    func `what cannot be is refused`(words: String, code: Int32) async throws {
        try await Workshop.open { shop in
            let words = ["connector"] + words.split(separator: " ").map(String.init)
            let ended = try await Workshop.penstock(words, environment: shop.environment)
            #expect(ended.exit == .code(code))
        }
    }
}
