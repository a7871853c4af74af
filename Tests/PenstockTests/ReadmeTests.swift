import EmbeddedRedis
import Foundation
import Penstock
import PenstockTesting
import Testing

/// The service of the README is ReadmeService.swift, to the letter, and it works.
@Suite struct ReadmeTests {
    @Test func `the README shows the service that is compiled here`() throws {
        let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let service = try String(contentsOf: here.appendingPathComponent("ReadmeService.swift"), encoding: .utf8)
        let root = here.deletingLastPathComponent().deletingLastPathComponent()
        let readme = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
        #expect(readme.contains("```swift\n" + service + "```"))
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
