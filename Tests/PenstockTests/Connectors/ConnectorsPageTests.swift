import Foundation
import Penstock
import PenstockTesting
import RedisClient
import Testing

/// The code of the page Connectors is that of ConnectorsExample.swift, to the letter, and it works.
@Suite struct ConnectorsPageTests {
    @Test func `the page shows the code that is compiled here`() throws {
        let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let code = try String(contentsOf: here.appendingPathComponent("ConnectorsExample.swift"), encoding: .utf8)
        let root = here.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let page = root.appendingPathComponent("Sources/Penstock/Penstock.docc/Connectors.md")
        #expect(try String(contentsOf: page, encoding: .utf8).contains("```swift\n" + code + "```"))
    }

    @Test func `an order that is paid is shipped`() async throws {
        let checkout = try Workflow("checkout", input: Order.self) { flow in
            let paid = flow.signal("paid", of: Bool.self)
            return flow.step("pack", after: paid) { order, _ in Parcel(order: order.number, address: "there") }
        }
        let shipping = try Workflow("shipping", input: Parcel.self) { flow in
            flow.step("ship") { parcel, _ in "order \(parcel.order) to \(parcel.address)" }
        }
        try await Rig.with { rig in
            let penstock = rig.penstock
            for (type, payload) in [("ordered", #"{"number":7,"items":[]}"#), ("paid", "")] {
                let words = RedisArguments(["orders", "*", "key", "customer-7", "type", type, "payload", payload])
                _ = try await penstock.store.redis.send(RedisCommand("XADD", words))
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await serve(penstock, checkout: checkout, shipping: shipping) }
                try await eventually("the shipping") {
                    try await penstock.runs(.init(workflow: "shipping", states: [.succeeded])).entries.count == 1
                }
                group.cancelAll()
            }
            let entry = try #require(try await penstock.runs(.init(workflow: "shipping")).entries.first)
            #expect(try await penstock.run(entry.id).output() == Array(#""order 7 to there""#.utf8))
        }
    }
}
