import Penstock
import PenstockTesting
import Testing

@testable import PenstockCommand

/// Limits, caps, unique keys, expiry and why, from the command line.
@Suite(.timeLimit(.minutes(10))) struct LimitCommandTests {
    @Test func `limits are set, listed, changed while a worker runs, and removed`() async throws {
        try await Workshop.open { shop in
            #expect(try await shop.penstock("limit", "list").expect().text == "No limit is set.")
            let set = try await shop.penstock("limit", "set", "account:*", "--concurrency", "1", "--json").expect()
                .json()
            #expect(set["name"].string == "account:*" && set["terms"]["concurrency"].int == 1)
            #expect(set["terms"]["rate"] == .null)
            let text = try await shop.penstock("limit", "set", "queue:mail", "--rate", "600/m", "--burst", "3").expect()
                .text
            #expect(text == "limit queue:mail is set: 600/m, burst 3")
            try await shop.penstock("limit", "set", "queue:mail", "--rate", "3/10s", "--concurrency", "7").expect()

            let first = try await shop.penstock("enqueue", "k", "--limit", "account:1").expect().text
            let second = try await shop.penstock("enqueue", "k", "--limit", "account:1").expect().text
            try await shop.withPenstock(["worker", "--exec", "sleep", "600"]) { _ in
                try await shop.reach(.running, try shop.id(first))
                try await eventually("the second to be parked") { try await shop.queue().limited == 1 }
                let list = try await shop.penstock("limit", "list", "--json").expect().json()
                #expect(list.array.map { $0["name"].string } == ["account:*", "queue:mail"])
                #expect(list[0]["running"].int == 1 && list[0]["holders"].array == [.string(first)])
                #expect(list[0]["parked_lanes"].int == 1 && list[0]["tokens"] == .null)
                #expect(list[1]["terms"]["rate"]["jobs"].int == 3 && list[1]["tokens"].int == 1)
                #expect(list[1]["terms"]["rate"]["period_ms"].int == 10_000 && list[1]["running"].int == 0)
                let table = try await shop.penstock("limit", "list").expect().output
                #expect(table.count == 3 && table[2].contains("3/10s"))

                let stats = try await shop.penstock("stats", "--json").expect().json()["queues"]["default"]
                #expect(stats["limited"].int == 1 && stats["ready"].int == 0)
                let queues = try await shop.penstock("queue", "list", "--json").expect().json()["queues"]["default"]
                #expect(queues["limited"].int == 1)
                #expect(try await shop.penstock("stats").expect().output.first?.contains("LIMITED") == true)
                let queue = try await shop.penstock("queue", "show", "default", "--json").expect().json()
                #expect(queue["limited"].int == 1 && queue["tenants"][0]["limited"].int == 1)
                #expect(try await shop.penstock("queue", "show", "default").expect().text.contains("limited"))

                let why = try await shop.penstock("job", "why", second, "--json").expect().json()
                #expect(why["causes"][0]["cause"].string == "concurrency" && why["causes"].array.count == 1)
                #expect(why["causes"][0]["limit"].string == "account:1" && why["causes"][0]["running"].int == 1)
                #expect(why["causes"][0]["holders"].array == [.string(first)] && why["position"].int == 0)
                let sentence = try await shop.penstock("job", "why", second).expect().text
                #expect(sentence.hasPrefix("parked by limit account:1 (1 at once), under which 1 job runs: \(first)"))

                let show = try await shop.penstock("job", "show", second, "--json").expect().json()
                #expect(show["limits"].array == [.string("account:1")] && show["why"].string == sentence)
                #expect(try await shop.penstock("job", "show", second).expect().text.contains("parked by limit"))

                try await shop.penstock("limit", "remove", "account:*").expect()
                try await shop.reach(.running, try shop.id(second))
            }
            let unknown = try await shop.penstock("limit", "remove", "account:*").expect(1)
            #expect(unknown.errorText.contains("account:*") && unknown.errorText.contains("penstock limit list"))
            #expect(
                try await shop.penstock("limit", "remove", "queue:mail", "--json").expect().json()["removed"].bool
                    == true)
        }
    }

    @Test func `caps are set, listed and removed, and refuse or drop`() async throws {
        try await Workshop.open { shop in
            try await shop.penstock("cap", "set", "mail", "--most", "1").expect()
            try await shop.penstock("cap", "set", "logs", "--tenant", "*", "--most", "1", "--drop-oldest").expect()
            try await shop.penstock("enqueue", "k", "--queue", "mail").expect()
            let refused = try await shop.penstock("enqueue", "k", "--queue", "mail", "--json").expect(1)
            #expect(try JSONValue(refused.errorText)["error"]["code"].string == "full")
            let words = ["enqueue", "k", "--queue", "logs", "--tenant", "t", "--retain", "1h"]
            let oldest = try await Workshop.penstock(words, environment: shop.environment).expect().text
            try await Workshop.penstock(words, environment: shop.environment).expect()
            try await shop.reach(.discarded, try shop.id(oldest))

            let list = try await shop.penstock("cap", "list", "--json").expect().json()
            #expect(list[0]["queue"].string == "logs" && list[0]["tenant"].string == "*")
            #expect(list[0]["overflow"].string == "drop_oldest" && list[0]["length"] == .null)
            #expect(list[1]["queue"].string == "mail" && list[1]["tenant"] == .null)
            #expect(list[1]["most"].int == 1 && list[1]["length"].int == 1 && list[1]["overflow"].string == "reject")
            #expect(try await shop.penstock("cap", "list").expect().output.count == 3)
            try await shop.penstock("cap", "remove", "mail").expect()
            try await shop.penstock("enqueue", "k", "--queue", "mail").expect()
            let unknown = try await shop.penstock("cap", "remove", "mail").expect(1)
            #expect(unknown.errorText.contains("queue mail") && unknown.errorText.contains("penstock cap list"))
            try await shop.penstock("cap", "remove", "logs", "--tenant", "*").expect()
            #expect(try await shop.penstock("cap", "list").expect().text == "No length cap is set.")
        }
    }

    @Test func `unique, throttled and debounced jobs answer with the id of the one that stands for them`() async throws
    {
        try await Workshop.open { shop in
            for options in [
                ["--unique", "a"], ["--unique", "b", "--unique-until", "start"],
                ["--unique", "c", "--unique-until", "death"],
                ["--throttle", "d", "--throttle-period", "10m"], ["--debounce", "e", "--debounce-wait", "10m"],
            ] {
                func enqueue(_ payload: String) async throws -> Ended {
                    try await Workshop.penstock(
                        ["enqueue", "k", "--payload", payload, "--json"] + options, environment: shop.environment)
                }
                let first = try await enqueue("1").expect().json()
                let second = try await enqueue("2").expect().json()
                #expect(first["duplicate"].bool == false && second["duplicate"].bool == true, "\(options)")
                #expect(first["id"].string == second["id"].string)
                let status = try await shop.client.status(try shop.id(first["id"].string))
                #expect(status.payload == Array((options[0] == "--debounce" ? "2" : "1").utf8))
                #expect(status.state == (options[0] == "--debounce" ? .delayed : .queued))
            }
            let ended = try await shop.penstock("enqueue", "k", "--unique", "a").expect()
            #expect(ended.errorText.contains("The key was known"))
            let show = try await shop.penstock("job", "show", ended.text, "--json").expect().json()
            #expect(show["unique_keys"].array == [.string("a")])
        }
    }

    @Test func `a unique key is held as long as --unique-until says`() async throws {
        try await Workshop.open { shop in
            // Whether it is free while its job runs, and when that is a dead letter.
            let modes = [("start", true, true), ("finish", false, false), ("death", false, true)]
            func isFree(_ key: String, _ mode: String) async throws -> Bool {
                let words = [
                    "enqueue", "probe", "--queue", "probes", "--unique", key, "--unique-until", mode, "--json",
                ]
                return try await Workshop.penstock(words, environment: shop.environment).expect().json()["duplicate"]
                    .bool == false
            }
            func enqueue(_ key: String, _ mode: String) async throws -> TaskID {
                let words = ["enqueue", "k", "--unique", key, "--unique-until", mode]
                return try shop.id(try await Workshop.penstock(words, environment: shop.environment).expect().text)
            }
            for (mode, _, _) in modes { _ = try await enqueue("dead-\(mode)", mode) }
            try await shop.penstock("worker", "--drain", "--exec", "sh", "-c", "exit 65").expect()
            var running: [TaskID] = []
            for (mode, _, _) in modes { running.append(try await enqueue("running-\(mode)", mode)) }
            try await shop.withPenstock(["worker", "--concurrency", "3", "--exec", "sleep", "600"]) { _ in
                for id in running { try await shop.reach(.running, id) }
                for (mode, whenRunning, whenDead) in modes {
                    #expect(try await isFree("running-\(mode)", mode) == whenRunning, "running, \(mode)")
                    #expect(try await isFree("dead-\(mode)", mode) == whenDead, "dead, \(mode)")
                }
            }
        }
    }

    @Test func `a throttle ends with its period, a debounce waits no longer than it may`() async throws {
        try await Workshop.open { shop in
            func enqueue(_ options: String...) async throws -> (id: TaskID, isDuplicate: Bool) {
                let json = try await Workshop.penstock(
                    ["enqueue", "k", "--json"] + options, environment: shop.environment
                ).expect().json()
                return (try shop.id(json["id"].string), json["duplicate"].bool == true)
            }
            let first = try await enqueue("--throttle", "t", "--throttle-period", "500ms")
            try await eventually("the next period") {
                let next = try await enqueue("--throttle", "t", "--throttle-period", "500ms")
                return !next.isDuplicate && next.id != first.id
            }

            // Ten times the wait is the default, so the start is put off by each enqueue; here the first one counts.
            let free = try await enqueue("--debounce", "free", "--debounce-wait", "10m")
            let bound = try await enqueue(
                "--debounce", "bound", "--debounce-wait", "10m", "--debounce-at-most", "10m")
            let freeStart = try #require(try await shop.client.status(free.id).at)
            let boundStart = try await shop.client.status(bound.id).at
            try await eventually("the start to be put off") {
                #expect(try await enqueue("--debounce", "free", "--debounce-wait", "10m").id == free.id)
                return try await shop.client.status(free.id).at ?? 0 > freeStart
            }
            #expect(
                try await enqueue("--debounce", "bound", "--debounce-wait", "10m", "--debounce-at-most", "10m").id
                    == bound.id)
            #expect(try await shop.client.status(bound.id).at == boundStart)
        }
    }

    @Test func `a job that has not started in time has expired`() async throws {
        try await Workshop.open { shop in
            try await shop.penstock("queue", "pause", "default").expect()
            let id = try await shop.penstock("enqueue", "k", "--expires", "300ms", "--retain", "1h").expect().text
            let later = try await shop.penstock("enqueue", "k", "--expires", "1h").expect().text
            let why = try await shop.penstock("job", "why", later, "--json").expect().json()
            #expect(why["expires_at"].string != nil)
            #expect(why["causes"].array.map { $0["cause"].string } == ["queue_paused", "no_worker"])
            try await shop.withPenstock(["worker", "--exec", "cat"]) { _ in
                try await shop.reach(.expired, try shop.id(id))
            }
            #expect(try await shop.penstock("job", "show", id).expect().text.contains("expired"))
            #expect(try await shop.penstock("job", "why", id).expect().text == "ended: expired")
            #expect(
                try await shop.penstock("queue", "show", "default", "--json").expect().json()["expired"].int == 1)
        }
    }

    @Test func `why says what is known, and fails where nothing is`() async throws {
        try await Workshop.open { shop in
            let delayed = try await shop.penstock("enqueue", "k", "--delay", "1h").expect().text
            let text = try await shop.penstock("job", "why", delayed).expect().text
            #expect(text.hasPrefix("delayed until ") && text.contains("(in ") && text.contains("no worker is alive"))
            let unknown = try await shop.penstock("job", "why", "nobody").expect(1)
            #expect(unknown.text.hasPrefix("unknown") && unknown.errorText.contains("nobody"))
        }
    }

    @Test func `a draining worker waits for what limits hold back`() async throws {
        try await Workshop.open { shop in
            try await shop.penstock("limit", "set", "kind:k", "--rate", "10/s", "--burst", "1").expect()
            for _ in 0..<5 { try await shop.client.enqueue(kind: "k", payload: []) }
            let summary = try await shop.penstock("worker", "--drain", "--json", "--exec", "true").expect().json()
            #expect(summary["completed"].int == 5)
        }
    }

    @Test(arguments: [
        ("10/s", 10, Duration.seconds(1)), ("600/m", 600, .seconds(60)), ("5000/h", 5_000, .seconds(3600)),
        ("3/10s", 3, .seconds(10)), ("1/d", 1, .seconds(86_400)), ("5/250ms", 5, .milliseconds(250)),
        ("1/1h30m", 1, .seconds(5_400)),
    ])
    func rates(text: String, jobs: Int, period: Duration) throws {
        #expect(try LimitText.rate(text) == LimitText.Rate(jobs: jobs, period: period))
    }

    @Test(arguments: [
        "", "10", "10/", "/s", "10/x", "10/0s", "0/s", "-1/s", "1.5/s", "10s", "10/s/s", "10 /s", "99999999/s",
        "1/400d",
    ])
    func refusedRates(text: String) {
        #expect(throws: ArgumentProblem.self) { try LimitText.rate(text) }
    }
}
