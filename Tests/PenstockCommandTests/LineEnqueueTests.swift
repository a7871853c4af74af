import Glibc
import Penstock
import PenstockTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct LineEnqueueTests {
    @Test func `each line becomes a job, byte for byte, blank ones do not`() async throws {
        try await Workshop.open { shop in
            let lines = ["{\"n\": 1}", "", "  [1,2 , 3]\r", "   ", "\"\u{E9}\u{4E2D}\"", "null"]
            let file = try shop.file("lines.jsonl", lines.joined(separator: "\n"))
            let ended = try await shop.penstock("enqueue", "k", "--jsonl", file, "--ids", "--retain", "1h").expect()
            #expect(ended.output.count == 4)
            #expect(ended.errorText.contains("4 enqueued"))
            var payloads: [String] = []
            for id in ended.output {
                payloads.append(String(decoding: try await shop.client.status(try shop.id(id)).payload, as: UTF8.self))
            }
            #expect(payloads == ["{\"n\": 1}", "  [1,2 , 3]", "\"\u{E9}\u{4E2D}\"", "null"])
        }
    }

    @Test func `a bad line is named, the lines before it are enqueued once, also by a second run`() async throws {
        try await Workshop.open { shop in
            var lines = (1...2_500).map { "{\"n\":\($0)}" }
            lines[1_699] = "{\"n\":1700,}"
            let bad = try shop.file("bad.jsonl", lines.joined(separator: "\n") + "\n")
            for _ in 0..<2 {
                let ended = try await shop.penstock(
                    "enqueue", "k", "--jsonl", bad, "--key-prefix", "import-7", "--json")
                ended.expect(64)
                #expect(ended.output.isEmpty)
                let message = try JSONValue(ended.errorText)["error"]["message"].string ?? ""
                #expect(message.contains("line 1700") && message.contains("byte 11"), "\(message)")
                #expect(try await shop.queue().ready == 1_699)
            }
            lines[1_699] = "{\"n\":1700}"
            let good = try shop.file("good.jsonl", lines.joined(separator: "\n"))
            let summary = try await shop.penstock(
                "enqueue", "k", "--jsonl", good, "--key-prefix", "import-7", "--json"
            ).expect().json()
            #expect(summary["enqueued"].int == 801 && summary["duplicates"].int == 1_699)
            #expect(try await shop.queue().ready == 2_500)
        }
    }

    @Test func `lines come from standard input as well, and --raw takes any`() async throws {
        try await Workshop.open { shop in
            let ended = try await shop.penstock("enqueue", "k", "--jsonl", "-", "--raw", input: "no json\n\nat all")
            #expect(ended.expect().text.hasPrefix("2 enqueued"))
            #expect(try await shop.queue().ready == 2)
        }
    }

    @Test func `a writer that pauses does not hold back its lines`() async throws {
        try await Workshop.open { shop in
            let pipe = "\(shop.folder)/pipe"
            try #require(mkfifo(pipe, 0o600) == 0)
            try await shop.withPenstock(["enqueue", "k", "--jsonl", pipe]) { penstock in
                // Opening waits for the other side, so a program does it.
                try await TestProcess.withProcess(
                    "/bin/sh", ["-c", "exec 9>\(pipe); echo 1 >&9; echo 2 >&9; exec sleep 600"]
                ) { _ in
                    try await eventually("two jobs") { try await shop.client.queues().first?.ready == 2 }
                }
                #expect(try await penstock.exit() == .code(0))
            }
        }
    }

    @Test func `a file is enqueued byte for byte, a payload as it is with --raw`() async throws {
        try await Workshop.open { shop in
            let text = "\u{0}\nnot json {\r\n"
            let file = try shop.file("payload", text)
            let first = try await shop.penstock("enqueue", "k", "--payload-file", file).expect().text
            let second = try await shop.penstock("enqueue", "k", "--payload-file", "-", input: text).expect().text
            let third = try await shop.penstock("enqueue", "k", "--raw", "--payload", "-{").expect().text
            for (id, payload) in [(first, text), (second, text), (third, "-{")] {
                #expect(try await shop.client.status(try shop.id(id)).payload == Array(payload.utf8))
            }
        }
    }
}
