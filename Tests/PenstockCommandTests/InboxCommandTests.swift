import Penstock
import PenstockTesting
import Testing

/// Jobs of other clients, seen from the command line.
@Suite(.timeLimit(.minutes(10))) struct InboxCommandTests {
    private func add(_ shop: Workshop, _ fields: String...) async throws {
        let words = ["redis-cli", "-s", shop.redis.socketPath, "XADD", "{test:0}:inbox", "*"] + fields
        try await TestProcess.withProcess("/usr/bin/env", words) { process in
            let exit = try await process.exit()
            #expect(exit == .code(0))
        }
    }

    @Test func `entries wait, become jobs, and are set aside with the reason where they are wrong`() async throws {
        try await Workshop.open { shop in
            #expect(
                try await shop.penstock("inbox").expect().text
                    == "waiting to be taken in: 0; set aside lately: 0")
            try await add(shop, "kind", "greet", "payload", "[1]", "retain_ms", "3600000")
            try await add(shop, "kind", "greet", "colour", "red")
            try await add(shop, "kind", "a\u{1B}[2J", "payload", "x")
            let waiting = try await shop.penstock("inbox", "--json").expect().json()
            #expect(waiting["waiting"].int == 3 && waiting["rejected"].array.isEmpty)

            try await shop.withPenstock(["worker", "--exec", "cat"]) { _ in
                try await eventually("the job") { try await shop.client.queues().first?.completed == 1 }
            }
            let json = try await shop.penstock("inbox", "--json").expect().json()
            #expect(json["waiting"].int == 0 && json["rejected"].array.count == 2)
            // The newest first.
            #expect(json["rejected"][0]["reason"].string?.contains("kind must be") == true)
            #expect(json["rejected"][1]["reason"].string?.contains("colour is not known") == true)
            #expect(json["rejected"][1]["fields"]["kind"].string == "greet")
            #expect(json["rejected"][1]["fields"].keys == ["kind", "colour"])
            let entry = try #require(json["rejected"][1]["entry"].string)
            let text = try await shop.penstock("inbox").expect()
            #expect(text.output.first == "waiting to be taken in: 0; set aside lately: 2")
            #expect(text.output.count == 4 && text.text.contains("a\u{FFFD}[2J"))
            #expect(text.output.contains { $0.hasPrefix(entry) && $0.contains("colour") && $0.hasSuffix("greet") })
        }
    }
}
