import Glibc
import Penstock
import PenstockTesting
import Testing

/// Jobs run by programs.
@Suite(.timeLimit(.minutes(10))) struct ProgramTests {
    @Test func `the checksums of some hundred files are those of sha256sum`() async throws {
        try await Workshop.open { shop in
            let found = try await Workshop.run(
                "/bin/sh", "-c", "find /usr/include -type f -size -256k | sort | head -300 | xargs sha256sum")
            let expected = found.map { line in
                (sum: String(line.prefix(64)), path: String(line.dropFirst(66)))
            }
            try #require(expected.count == 300)
            var jobs: [Penstock.RawJob] = []
            for file in expected {
                jobs.append(
                    .init(
                        kind: "checksum", payload: try #require(readFile(file.path)),
                        options: .init(retention: .seconds(600))))
            }
            let ids = try await shop.client.enqueue(raw: jobs).map(\.id)
            let worker = try await shop.penstock(
                "worker", "--drain", "--concurrency", "4", "--json", "--exec", "sha256sum")
            #expect(try worker.expect().json()["completed"].int == 300)
            for (id, file) in zip(ids, expected) {
                let result = try await shop.client.status(id).result ?? []
                #expect(String(decoding: result.prefix(64), as: UTF8.self) == file.sum, "\(file.path)")
            }
        }
    }

    @Test func `payloads of any kind go through byte for byte, also large ones while the program writes`() async throws
    {
        try await Workshop.open { shop in
            var large = [UInt8](repeating: 0, count: 10 << 20)
            for index in large.indices { large[index] = UInt8(truncatingIfNeeded: index &* 2_654_435_761 >> 11) }
            let payloads: [[UInt8]] = [[], [0], Array("a\0b\n".utf8), [0xFF, 0xC0, 0x80], large]
            var ids: [TaskID] = []
            for payload in payloads {
                let options = EnqueueOptions(retention: .seconds(600))
                ids.append(try await shop.client.enqueue(kind: "echo", payload: payload, options).id)
            }
            try await shop.penstock("worker", "--drain", "--max-result", "16MiB", "--exec", "cat").expect()
            for (id, payload) in zip(ids, payloads) { #expect(try await shop.client.status(id).result == payload) }
        }
    }

    @Test func `a program need not read its input, and a long result is cut off`() async throws {
        try await Workshop.open { shop in
            let options = EnqueueOptions(retention: .seconds(600))
            let payload = [UInt8](repeating: 7, count: 4 << 20)
            let id = try await shop.client.enqueue(kind: "k", payload: payload, options).id
            let worker = try await shop.penstock(
                "worker", "--drain", "--max-result", "1000", "--json", "--exec", "sh", "-c",
                "exec <&-; head -c 100000 /dev/zero"
            ).expect()
            #expect(try worker.json()["completed"].int == 1)
            #expect(try worker.json()["truncated"].int == 1)
            #expect(worker.errorText.contains("result truncated"))
            #expect(try await shop.client.status(id).result?.count == 1000)
        }
    }

    @Test func `a program that fails twice is tried again and succeeds`() async throws {
        try await Workshop.open { shop in
            let id = try await shop.client.enqueue(kind: "k", payload: [], .init(retention: .seconds(600))).id
            let script = try shop.script(
                "flaky", #"if [ $PENSTOCK_ATTEMPT -lt 3 ]; then echo "not yet" >&2; exit 3; fi; echo done"#)
            let worker = try await shop.penstock("worker", "--drain", "--backoff", "20ms", "--json", "--exec", script)
                .expect()
            let summary = try worker.json()
            #expect(summary["claimed"].int == 3 && summary["retried"].int == 2 && summary["completed"].int == 1)
            #expect(try await shop.client.status(id).result == Array("done\n".utf8))
            let queue = try await shop.queue()
            #expect(queue.retried == 2 && queue.completed == 1 && queue.dead == 0)
        }
    }

    @Test func `what a failure means: exit codes, signals, and the text of the error`() async throws {
        try await Workshop.open { shop in
            for kind in ["exit3", "exit65", "signal", "silent"] {
                try await shop.client.enqueue(kind: kind, payload: [], .init(maxAttempts: 1))
            }
            let script = try shop.script(
                "fail",
                """
                case $PENSTOCK_KIND in
                exit3) head -c 200000 /dev/zero | tr '\\0' x >&2; echo >&2; echo "the reason" >&2; exit 3;;
                exit65) echo "no such user" >&2; exit 65;;
                signal) kill -9 $$;;
                silent) exit 1;;
                esac
                """)
            try await shop.penstock("worker", "--drain", "--exec", script).expect()
            let letters = try await shop.client.deadLetters(queue: "default")
            let messages = Dictionary(uniqueKeysWithValues: letters.map { ($0.kind, $0.history.last?.message ?? "") })
            let long = try #require(messages["exit3"])
            #expect(long.hasPrefix("exit 3: ... ") && long.contains("the reason") && long.contains("used up"))
            #expect(messages["exit65"]?.hasPrefix("exit 65: no such user") == true)
            #expect(messages["exit65"]?.contains("permanent") == true)
            #expect(messages["signal"]?.hasPrefix("killed by signal 9") == true)
            #expect(messages["silent"]?.hasPrefix("exit 1") == true)
        }
    }

    @Test func `a time-out ends the whole process group, grandchildren that ignore SIGTERM included`() async throws {
        try await Workshop.open { shop in
            let id = try await shop.client.enqueue(
                kind: "k", payload: [], .init(maxAttempts: 1, timeout: .milliseconds(700))
            ).id
            // The child ends at SIGTERM, the grandchild does not.
            let script = try shop.script(
                "family",
                """
                sh -c 'trap "" TERM; echo $$ > grandchild; while :; do sleep 1; done' &
                wait
                """)
            try await shop.penstock("worker", "--drain", "--kill-grace", "200ms", "--exec", script).expect()
            #expect(try await shop.client.status(id).history.last?.message.contains("timed out") == true)
            let pid = try #require(number(in: "\(shop.folder)/grandchild"))
            try await eventually("the grandchild to end") { !isAlive(pid) }
        }
    }

    @Test func `what a program leaves behind in its group goes when it ends`() async throws {
        try await Workshop.open { shop in
            try await shop.client.enqueue(kind: "k", payload: [])
            let script = try shop.script("leaver", "sleep 600 & echo $! > left; exit 0")
            let worker = try await shop.penstock("worker", "--drain", "--json", "--exec", script).expect()
            #expect(try worker.json()["completed"].int == 1)
            let pid = try #require(number(in: "\(shop.folder)/left"))
            try await eventually("the process left behind to end") { !isAlive(pid) }
        }
    }

    @Test func `a running job is cancelled from another process within a second`() async throws {
        try await Workshop.open { shop in
            let id = try await shop.client.enqueue(kind: "k", payload: [], .init(retention: .seconds(600))).id
            let script = try shop.script("long", "echo $$ > pid; exec sleep 600")
            try await shop.withPenstock(["worker", "--exec", script]) { worker in
                try await eventually("the program to run") { number(in: "\(shop.folder)/pid") != nil }
                let pid = try #require(number(in: "\(shop.folder)/pid"))
                let began = ContinuousClock.now
                #expect(try await shop.client.cancel(id, reason: "enough") == .requested)
                try await eventually("the program to end", within: .seconds(3)) { !isAlive(pid) }
                #expect(ContinuousClock.now - began < .seconds(1))
                try await shop.reach(.cancelled, id)
                #expect(try await shop.client.status(id).cancelReason == "enough")
                worker.signal(SIGTERM)
                #expect(try await worker.exit() == .code(0))
            }
        }
    }

    @Test func `penstock job cancel --wait says how the job ended`() async throws {
        try await Workshop.open { shop in
            let id = try await shop.client.enqueue(kind: "k", payload: [], .init(retention: .seconds(600))).id
            try await shop.withPenstock(["worker", "--exec", "sleep", "600"]) { _ in
                try await shop.reach(.running, id)
                let cancelled = try await shop.penstock(
                    "job", "cancel", id.rawValue, "--reason", "no", "--wait", "--json")
                let json = try cancelled.expect().json()
                #expect(json["answer"].string == "requested" && json["state"].string == "cancelled")
            }
            let waiting = try await shop.client.enqueue(kind: "k", payload: []).id
            let gone = try await shop.penstock("job", "cancel", waiting.rawValue, "--wait", "--json").expect().json()
            #expect(gone["answer"].string == "cancelled")
        }
    }
}
