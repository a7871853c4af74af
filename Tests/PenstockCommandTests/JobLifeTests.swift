import EmbeddedRedis
import Penstock
import PenstockTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct JobLifeTests {
    @Test func `enqueue, show, work, stats`() async throws {
        try await Workshop.open { shop in
            let id = try await shop.penstock(
                "enqueue", "greet", "--queue", "mail", "--tenant", "acme", "--payload", #"{"who":"you"}"#, "--retain",
                "1h"
            ).expect().text
            #expect(TaskID(id) != nil)

            let waiting = try await shop.penstock("job", "show", id, "--json").expect().json()
            #expect(waiting["state"].string == "queued")
            #expect(waiting["kind"].string == "greet")
            #expect(waiting["queue"].string == "mail")
            #expect(waiting["tenant"].string == "acme")
            #expect(waiting["position"].int == 0)
            #expect(waiting["payload"]["content"].string == #"{"who":"you"}"#)
            let forPeople = try await shop.penstock("job", "show", id).expect().text
            #expect(forPeople.contains("queued") && forPeople.contains(#"{"who":"you"}"#))

            let worker = try await shop.penstock(
                "worker", "--queue", "mail", "--drain", "--json", "--exec", "sh", "-c",
                #"printf '%s %s %s %s %s ' $PENSTOCK_JOB_ID $PENSTOCK_KIND $PENSTOCK_QUEUE $PENSTOCK_TENANT $PENSTOCK_ATTEMPT; cat"#
            ).expect()
            let summary = try worker.json()
            #expect(summary["claimed"].int == 1)
            #expect(summary["completed"].int == 1)
            #expect(["retried", "dead", "cancelled", "released", "refused"].allSatisfy { summary[$0].int == 0 })
            #expect(
                worker.errors.contains {
                    $0.contains("worker ready") && $0.contains("mail") && $0.contains("durability none")
                })
            #expect(worker.errors.contains { $0.contains("append-only") })

            let done = try await shop.penstock("job", "show", id, "--json").expect().json()
            #expect(done["state"].string == "completed")
            #expect(done["result"]["content"].string == #"\#(id) greet mail acme 1 {"who":"you"}"#)

            let stats = try await shop.penstock("stats", "--json").expect().json()
            #expect(stats.keys == ["queues"])
            #expect(stats["queues"].keys == ["mail"])
            let mail = stats["queues"]["mail"]
            #expect(
                mail.keys.isSuperset(of: [
                    "ready", "delayed", "running", "dead", "completed", "retried", "recovered", "paused",
                ]))
            #expect(mail["completed"].int == 1)
            #expect(mail["paused"].bool == false)
            #expect(["ready", "delayed", "running", "dead", "retried", "recovered"].allSatisfy { mail[$0].int == 0 })
            let table = try await shop.penstock("stats").expect()
            #expect(table.output.count == 2 && table.output[1].hasPrefix("mail"))
        }
    }

    @Test func `a job that is unknown is told so, with exit code 1`() async throws {
        try await Workshop.open { shop in
            let shown = try await shop.penstock("job", "show", "nobody", "--json").expect(1)
            #expect(try shown.json()["state"].string == "unknown")
            #expect(try JSONValue(shown.errorText)["error"]["code"].string == "not_found")
            try await shop.penstock("job", "cancel", "nobody").expect(1)
            try await shop.penstock("job", "retry", "nobody").expect(1)
        }
    }

    @Test func `a step of a run is not cancelled as a job: the answer names its run`() async throws {
        let flow = try Workflow("flow", input: NoInput.self) { flow in flow.step("only") { _, _ in } }
        try await Workshop.open { shop in
            let run = try await shop.client.start(flow).run
            let refused = try await shop.penstock("job", "cancel", "\(run.id)-a1", "--json").expect(1)
            let answer = try refused.json()
            #expect(answer["answer"].string == "belongs_to_run" && answer["run"].string == run.id.rawValue)
            #expect(refused.errorText.contains("a step of run \(run.id): use penstock run cancel \(run.id)"))
            try await run.cancel()
        }
    }

    @Test func `a delay is kept, and a key enqueues once`() async throws {
        try await Workshop.open { shop in
            let first = try await shop.penstock("enqueue", "k", "--delay", "1h30m", "--key", "once", "--json").expect()
                .json()
            let again = try await shop.penstock("enqueue", "k", "--delay", "1h30m", "--key", "once", "--json").expect()
                .json()
            #expect(first["duplicate"].bool == false && again["duplicate"].bool == true)
            #expect(first["id"] == again["id"])
            let status = try await shop.client.status(try shop.id(first["id"].string))
            #expect(status.state == .delayed)
            let wait = try #require(status.at) - (status.id.milliseconds ?? 0)
            #expect((5_300_000...5_500_000).contains(wait))
            let at = try await shop.penstock("enqueue", "k", "--at", "2100-01-01T00:00:00Z").expect()
            #expect(try await shop.client.status(try shop.id(at.text)).at == 4_102_444_800_000)
            #expect(try await shop.queue().delayed == 2)
        }
    }

    @Test(arguments: [false, true])
    func `headers travel with the job, and are shown`(lines: Bool) async throws {
        try await Workshop.open { shop in
            let headers = ["--header", "X-Request-ID=a=b", "--header", "traceparent=00-1\t2", "--header", "empty="]
            let source = lines ? ["--jsonl", "-", "--ids"] : ["--payload", "{}"]
            let id = try await Workshop.penstock(
                ["enqueue", "k"] + source + headers, input: Array("{}\n".utf8), environment: shop.environment
            ).expect().text
            let shown = try await shop.penstock("job", "show", id, "--json").expect().json()["headers"]
            #expect(shown.keys == ["X-Request-ID", "traceparent", "empty"])
            #expect(shown["X-Request-ID"].string == "a=b" && shown["traceparent"].string == "00-1\t2")
            let text = try await shop.penstock("job", "show", id).expect().text
            #expect(text.contains("header X-Request-ID") && text.contains("a=b"))
            let plain = try await shop.penstock("enqueue", "k").expect().text
            #expect(try await shop.penstock("job", "show", plain, "--json").expect().json()["headers"].string == nil)
        }
    }

    @Test func `above the memory mark, and without replicas to confirm, nothing is enqueued`() async throws {
        try await Workshop.open(.init(maxMemory: 100 << 20)) { shop in
            for source in [[], ["--jsonl", "-"]] {
                let full = try await Workshop.penstock(
                    ["enqueue", "k", "--memory-mark", "0.000001", "--json"] + source, input: Array("{}\n".utf8),
                    environment: shop.environment
                ).expect(1)
                #expect(full.errorText.contains("back_pressure"), "\(full.errorText)")
                let lone = try await Workshop.penstock(
                    ["enqueue", "k", "--replicas", "1", "--replicas-timeout", "60s"] + source,
                    input: Array("{}\n".utf8), environment: shop.environment
                ).expect(69)
                #expect(lone.errorText.contains("no replica"), "\(lone.errorText)")
            }
            #expect(try await shop.client.queues().isEmpty)
            try await shop.penstock("enqueue", "k", "--memory-mark", "0.9").expect()
        }
    }

    @Test
    func `an enqueue that waits for replicas says how many confirmed, and what became of a job that too few have`()
        async throws
    {
        try await Workshop.open(.init(extraArguments: ["--repl-diskless-sync-delay", "0"])) { shop in
            try await FaultProxy.withProxy(to: shop.redis, listeningOn: .loopback) { proxy in
                let port = try #require(proxy.port)
                let options = EmbeddedRedis.Options(extraArguments: ["--replicaof", "127.0.0.1", "\(port)"])
                try await EmbeddedRedis.withRedis(options) { replica in
                    func enqueue(_ limit: String) async throws -> Ended {
                        try await shop.penstock(
                            "enqueue", "k", "--replicas", "1", "--replicas-timeout", limit, "--json")
                    }
                    // Refused until the replica is attached.
                    try await eventually("the replica to be attached", within: .seconds(30)) {
                        try await enqueue("20s").exit == .code(0)
                    }
                    #expect(try await enqueue("20s").expect().json()["confirmed_replicas"].int == 1)
                    replica.suspend()
                    let ready = try await shop.client.queues()[0].ready
                    let few = try await enqueue("50ms").expect(1)
                    #expect(try JSONValue(few.errorText)["error"]["code"].string == "not_replicated")
                    #expect(try await shop.client.queues()[0].ready == ready + 1)
                    replica.resume()
                }
            }
        }
    }

    @Test func `an embedded Redis in a directory keeps the jobs`() async throws {
        try await withTemporaryDirectory { folder in
            let environment = Workshop.environment(url: nil)
            func penstock(_ words: String...) async throws -> Ended {
                try await Workshop.penstock(words, environment: environment, directory: folder)
            }
            // A path, a value joined to it, and a word that can be nothing else.
            try await penstock("enqueue", "k", "--embedded", "./data").expect()
            try await penstock("enqueue", "--embedded=data", "k").expect()
            try await penstock("enqueue", "--embedded", "data", "k").expect()
            #expect(
                try await penstock("stats", "--embedded", "data", "--json").json()["queues"]["default"]["ready"].int
                    == 3)
            // Without a directory nothing is kept, and the next word is what the command expects.
            try await penstock("enqueue", "--embedded", "k").expect()
            #expect(try await penstock("stats", "--embedded", "--json").json()["queues"].keys.isEmpty)
            try await penstock("worker", "--embedded", "data", "--drain", "--exec", "true", "--embedded").expect()
            #expect(
                try await penstock("stats", "--json", "--embedded", "./data").json()["queues"]["default"]["completed"]
                    .int == 3)
        }
    }
}
