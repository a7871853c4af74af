import Penstock
import PenstockTesting
import Testing

/// Waiting for a job, and what it says meanwhile, from the command line.
@Suite(.timeLimit(.minutes(10))) struct WaitCommandTests {
    /// Runs `penstock job wait`, and `body` once Redis knows that somebody waits.
    private func wait(
        _ shop: Workshop, _ id: String, _ options: String..., body: () async throws -> Void
    ) async throws -> Ended {
        let words = ["job", "wait", id] + options
        var ended: Ended?
        try await shop.withPenstock(words) { process in
            try await eventually("the wait") {
                let bonds = try await Workshop.run(
                    "/usr/bin/env", "redis-cli", "-s", shop.redis.socketPath, "HGET", "{test:0}:bonds", id)
                return bonds.contains { $0.hasPrefix("w") }
            }
            try await body()
            let exit = try await process.exit(within: .seconds(30))
            try await process.output.end()
            try await process.errorOutput.end()
            ended = Ended(
                arguments: words, exit: exit, output: process.output.lines, errors: process.errorOutput.lines)
        }
        return try #require(ended)
    }

    private func work(_ shop: Workshop, _ script: String) async throws {
        try await shop.penstock("worker", "--drain", "--exec", "sh", "-c", script).expect()
    }

    @Test func `the result of a job is printed as it is, whether it ends before or after`() async throws {
        try await Workshop.open { shop in
            let id = try await shop.penstock("enqueue", "k", "--payload", "[1]", "--retain", "1h").expect().text
            let first = try await wait(shop, id) { try await work(shop, "cat; printf '\\tdone'") }
            #expect(first.expect().output == ["[1]\tdone"] && first.errors.isEmpty)
            #expect(try await shop.penstock("job", "wait", id).expect().output == ["[1]\tdone"])
            let json = try await shop.penstock("job", "wait", id, "--json").expect().json()
            #expect(json["id"].string == id && json["state"].string == "completed" && json["reason"] == .null)
            #expect(json["result"]["content"].string == "[1]\tdone")
        }
    }

    @Test func `a completed job without a result says so`() async throws {
        try await Workshop.open { shop in
            let id = try await shop.penstock("enqueue", "k").expect().text
            let ended = try await wait(shop, id) { try await work(shop, "echo lost") }
            #expect(ended.expect().output.isEmpty && ended.errorText == "\(id) is completed; it has no result.")
        }
    }

    @Test func `any other end is a failure that tells why`() async throws {
        try await Workshop.open { shop in
            let dead = try await shop.penstock("enqueue", "k").expect().text
            let first = try await wait(shop, dead) { try await work(shop, "echo no such user >&2; exit 65") }
            #expect(first.expect(1).errorText.contains("\(dead) is dead: exit 65: no such user"))

            let cancelled = try await shop.penstock("enqueue", "k", "--retain", "1h").expect().text
            let second = try await wait(shop, cancelled, "--json") {
                try await shop.penstock("job", "cancel", cancelled, "--reason", "changed my mind").expect()
            }
            let view = try second.expect(1).json()
            #expect(view["state"].string == "cancelled" && view["reason"].string == "changed my mind")
            #expect(try JSONValue(second.errorText)["error"]["code"].string == "refused")

            let unknown = try await shop.penstock("job", "wait", "nobody", "--json").expect(1)
            #expect(try JSONValue(unknown.errorText)["error"]["code"].string == "not_found")
            let slow = try await shop.penstock("enqueue", "k").expect().text
            let late = try await shop.penstock("job", "wait", slow, "--timeout", "100ms", "--json").expect(1)
            #expect(try JSONValue(late.errorText)["error"]["code"].string == "timed_out")
        }
    }

    @Test func `a running job says how far it is, and its log is kept as long as its end`() async throws {
        try await Workshop.open { shop in
            var options = Worker.Options()
            options.drains = true
            let worker = Worker(shop.client, concurrency: 1, options: options)
            let noted = TestSignal("the notes")
            let gate = TestSignal("the gate")
            worker.handle(kind: "k") { _, context in
                #expect(await context.log("first", "a\u{1B}[2Jb", "third"))
                #expect(await context.progress(0.256, "a quarter\u{7}"))
                noted.raise()
                try await gate.wait(within: .seconds(60))
                return nil
            }
            let id = try await shop.penstock("enqueue", "k", "--retain", "1h").expect().text
            let silent = try await shop.penstock("job", "log", id).expect()
            #expect(silent.output.isEmpty && silent.errorText == "\(id) has said nothing.")
            async let running: Void = worker.run()
            try await noted.wait()
            let text = try await shop.penstock("job", "log", id).expect()
            #expect(text.output == ["first", "a\u{FFFD}[2Jb", "third"])
            #expect(text.errorText == "26 %: a quarter\u{FFFD}")
            #expect(try await shop.penstock("job", "log", id, "--last", "1").expect().output == ["third"])
            let json = try await shop.penstock("job", "log", id, "--json", "--last", "2").expect().json()
            #expect(json["progress"] == .number(0.256) && json["message"].string == "a quarter\u{7}")
            #expect(json["lines"].array == [.string("a\u{1B}[2Jb"), .string("third")])
            gate.raise()
            try await running
            let over = try await shop.penstock("job", "log", id, "--json").expect().json()
            #expect(over["progress"] == .null && over["lines"].array.count == 3)
        }
    }
}
