import EmbeddedRedis
import Foundation
import Penstock
import PenstockTesting
import Testing

/// The code of the README and of the page Schedules is that of ReadmeService.swift, ReadmeWorkflow.swift and
/// ReadmeSchedules.swift, to the letter, and it works.
@Suite struct ReadmeTests {
    @Test(arguments: [
        ("ReadmeService.swift", "README.md"), ("ReadmeWorkflow.swift", "README.md"),
        ("ReadmeSchedules.swift", "Sources/Penstock/Penstock.docc/Schedules.md"),
    ])
    func `pages show the code that is compiled here`(name: String, page: String) throws {
        let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let code = try String(contentsOf: here.appendingPathComponent(name), encoding: .utf8)
        let root = here.deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: root.appendingPathComponent(page), encoding: .utf8)
        #expect(text.contains("```swift\n" + code + "```"))
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

    @Test func `its schedules are declared, made, and started`() async throws {
        try await Rig.with { rig in
            let sent = EventBox<String>("digests")
            let worker = try makeWorker(rig.penstock) { to, _ in sent.post(to) }
            let running = Task { try await worker.run() }
            try await eventually("the declarations") {
                try await rig.penstock.schedules().map(\.name) == ["digest", "quarter"]
            }
            let next = try await subscribe("acme", rig.penstock)
            #expect(next.count == 10 && next[1].timeIntervalSince(next[0]) == 12 * 3600)
            try await rig.penstock.schedule("digest").trigger()
            #expect(try await sent.next("the digest") { _ in true } == "staff")
            running.cancel()
            _ = await running.result
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
