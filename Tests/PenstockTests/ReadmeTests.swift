import EmbeddedRedis
import Foundation
import Penstock
import PenstockTesting
import Testing

/// The code of the README is that of ReadmeService.swift and ReadmeWorkflow.swift, to the letter, and it works.
@Suite struct ReadmeTests {
    @Test(arguments: ["ReadmeService.swift", "ReadmeWorkflow.swift"])
    func `the README shows the code that is compiled here`(name: String) throws {
        let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let code = try String(contentsOf: here.appendingPathComponent(name), encoding: .utf8)
        let root = here.deletingLastPathComponent().deletingLastPathComponent()
        let readme = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
        #expect(readme.contains("```swift\n" + code + "```"))
    }

    @Test func `its workflow ships, and undoes what no carrier takes`() async throws {
        try await EmbeddedRedis.withRedis { redis in
            let shop = Shop()
            let penstock = try Penstock(.init(url: redis.url, namespace: "shop"), logger: Rig.quiet)
            try await RunningWorker.with(penstock) { worker in
                do { worker.handle(try makeCheckout(shop)) } catch { Issue.record(error) }
            } _: { _ in
                let parcel = try await buy(Basket(items: ["book"], card: "1"), in: shop, penstock)
                #expect(parcel == "parcel of book")
                shop.isOpen.turnOff()
                let error = await #expect(throws: PenstockError.self) {
                    try await buy(Basket(items: ["lamp"], card: "1"), in: shop, penstock)
                }
                #expect(error?.code == .runFailed)
                #expect(shop.journal.all == ["reserve", "charge", "reserve", "charge", "refund", "release"])
            }
            await penstock.shutdown()
        }
    }

    @Test func `it serves`() async throws {
        try await EmbeddedRedis.withRedis { redis in
            let url = redis.url
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await serve(redis: url, mailer: Mailer()) }
                let penstock = try Penstock(.init(url: url, namespace: "shop"))
                try await eventually("the first mail") {
                    try await penstock.queues(["mail"])[0].completed == 1
                }
                #expect(try await penstock.queues(["mail"])[0].delayed == 1)
                await penstock.shutdown()
                group.cancelAll()
            }
        }
    }
}

/// What the workflow of the README acts on.
struct Shop: Sendable {
    let journal = Journal()
    let isOpen = Switch()

    init() { isOpen.turnOn() }

    func reserve(_ items: [String]) async throws -> String {
        journal.note("reserve")
        return items.joined(separator: " and ")
    }
    func release(_ shelf: String) async throws { journal.note("release") }
    func charge(_ card: String, key: String) async throws -> Int {
        journal.note("charge")
        return 20
    }
    func refund(_ payment: Int) async throws { journal.note("refund") }
    func ship(from shelf: String) async throws -> String {
        if !isOpen.isOn { throw JobFailure.permanent("no carrier takes it") }
        return "parcel of \(shelf)"
    }
}
