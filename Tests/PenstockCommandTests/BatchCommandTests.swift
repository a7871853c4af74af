import Penstock
import PenstockTesting
import Testing

/// Batches from the command line.
@Suite(.timeLimit(.minutes(10))) struct BatchCommandTests {
    /// Runs what is ready in a queue; the kinds that ran, in alphabetical order.
    private func drain(_ shop: Workshop, queue: String) async throws -> [String] {
        let path = "\(shop.folder)/\(queue)-kinds"
        try await shop.penstock(
            "worker", "--queue", queue, "--drain", "--exec", "sh", "-c", "echo $PENSTOCK_KIND >> \(path)"
        ).expect()
        return String(decoding: readFile(path) ?? [], as: UTF8.self).split(separator: "\n").map(String.init).sorted()
    }

    @Test func `a batch is opened, filled, sealed, and ends with its callbacks`() async throws {
        try await Workshop.open { shop in
            let id = try await shop.penstock(
                "batch", "open", "import of rows", "--on-success", "praise", "--on-failure", "alarm", "--on-done",
                "report", "--queue", "reports"
            ).expect().text
            #expect(BatchID(id) != nil)
            let one = try await shop.penstock("enqueue", "row", "--batch", id).expect().text
            let many = try await shop.penstock(
                "enqueue", "row", "--jsonl", "-", "--batch", id, "--json", input: "1\n2\n"
            ).expect().json()
            #expect(many["enqueued"].int == 2)
            #expect(try await shop.penstock("job", "show", one, "--json").expect().json()["batch"].string == id)
            #expect(try await shop.penstock("job", "show", one).expect().output.contains { $0.hasSuffix("  \(id)") })

            let open = try await shop.penstock("batch", "show", id, "--json").expect().json()
            #expect(open["id"].string == id && open["name"].string == "import of rows")
            #expect(open["state"].string == "open" && open["ended_at"] == .null && open["parent"] == .null)
            #expect(open["total"].int == 3 && open["pending"].int == 3 && open["succeeded"].int == 0)
            let sealed = try await shop.penstock("batch", "seal", id).expect().text
            #expect(sealed == "batch \(id) \"import of rows\", sealed: 0 of 3 succeeded, 0 failed, 3 left")
            // Once more changes nothing.
            #expect(
                try await shop.penstock("batch", "seal", id, "--json").expect().json()["state"].string == "sealed")
            #expect(try await shop.client.queues(["reports"]).allSatisfy { $0.ready == 0 })

            #expect(try await drain(shop, queue: "default") == ["row", "row", "row"])
            let ended = try await shop.penstock("batch", "show", id, "--json").expect().json()
            #expect(ended["state"].string == "ended" && ended["ended_at"].string != nil)
            #expect(ended["succeeded"].int == 3 && ended["failed"].int == 0 && ended["pending"].int == 0)
            #expect(try await drain(shop, queue: "reports") == ["praise", "report"])
        }
    }

    @Test func `a member that fails is counted, and fires the callback of failure`() async throws {
        try await Workshop.open { shop in
            let id = try await shop.penstock(
                "batch", "open", "--on-success", "praise", "--on-failure", "alarm", "--queue", "reports", "--json"
            ).expect().json()["id"].string
            let batch = try #require(id)
            try await shop.penstock("enqueue", "row", "--batch", batch).expect()
            try await shop.penstock("enqueue", "row", "--batch", batch).expect()
            try await shop.penstock("worker", "--drain", "--exec", "sh", "-c", "exit 65").expect()
            // It is open still: the callback of failure does not wait.
            #expect(
                try await shop.penstock("batch", "show", batch).expect().text
                    == "batch \(batch), open: 0 of 2 succeeded, 2 failed, 0 left")
            #expect(try await drain(shop, queue: "reports") == ["alarm"])
            #expect(try await shop.penstock("batch", "seal", batch).expect().text.contains(", ended: 0 of 2"))
            #expect(try await drain(shop, queue: "reports") == ["alarm"])
        }
    }

    @Test func `a batch is a member of another, and an empty one has succeeded`() async throws {
        try await Workshop.open { shop in
            let outer = try await shop.penstock("batch", "open").expect().text
            let inner = try await shop.penstock("batch", "open", "--parent", outer).expect().text
            try await shop.penstock("batch", "seal", outer).expect()
            let waiting = try await shop.penstock("batch", "show", outer, "--json").expect().json()
            #expect(waiting["state"].string == "sealed" && waiting["pending"].int == 1)
            let shown = try await shop.penstock("batch", "seal", inner, "--json").expect().json()
            #expect(shown["parent"].string == outer && shown["state"].string == "ended")
            let ended = try await shop.penstock("batch", "show", outer, "--json").expect().json()
            #expect(ended["state"].string == "ended" && ended["succeeded"].int == 1 && ended["total"].int == 1)
        }
    }

    @Test func `a batch that is not known or has ended is told so`() async throws {
        try await Workshop.open { shop in
            for words in [["batch", "show", "nobody"], ["batch", "seal", "nobody"]] {
                let ended = try await Workshop.penstock(words + ["--json"], environment: shop.environment).expect(1)
                let error = try JSONValue(ended.errorText)["error"]
                #expect(error["code"].string == "not_found")
                #expect(error["message"].string?.contains("batch nobody is not known") == true)
            }
            let over = try await shop.penstock("batch", "open").expect().text
            try await shop.penstock("batch", "seal", over).expect()
            for (id, why) in [("nobody", "is not known"), (over, "has ended")] {
                for words in [
                    ["enqueue", "k", "--batch", id], ["enqueue", "k", "--batch", id, "--jsonl", "-"],
                    ["batch", "open", "--parent", id],
                ] {
                    let ended = try await Workshop.penstock(
                        words, input: Array("1\n".utf8), environment: shop.environment
                    ).expect(64)
                    #expect(ended.errorText.contains(id) && ended.errorText.contains(why), "\(ended.errorText)")
                }
            }
            #expect(try await shop.client.queues().allSatisfy { $0.ready == 0 })
        }
    }

    @Test func `a name from outside does not steer the terminal`() async throws {
        try await Workshop.open { shop in
            let id = try await shop.client.openBatch("a\u{1B}[2Jb\nc").id
            let shown = try await shop.penstock("batch", "show", id.rawValue).expect()
            #expect(shown.output.count == 1 && shown.text.contains("\"a\u{FFFD}[2Jb\u{FFFD}c\""))
        }
    }
}
