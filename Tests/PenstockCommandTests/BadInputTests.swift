import EmbeddedRedis
import PenstockTesting
import Testing

/// What nobody should type: a clear error that names the field, the right exit code, nothing done.
@Suite(.timeLimit(.minutes(10))) struct BadInputTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let words: [String]
        let mentions: [String]

        init(_ words: [String], mentions: String...) {
            self.words = words
            self.mentions = mentions
        }

        init(_ words: String..., mentions: String...) {
            self.words = words
            self.mentions = mentions
        }

        var testDescription: String { words.map { $0.prefix(40) }.joined(separator: " ").debugDescription }
    }

    static let cases = [
        Case("nonsense", mentions: "nonsense"),
        Case("stats", "--nonsense", mentions: "--nonsense"),
        Case("enqueue", mentions: "kind"),
        Case("enqueue", "k", "--delay", "-5s", mentions: "--delay", "negative"),
        Case("enqueue", "k", "--delay", "5", mentions: "--delay", "unit"),
        Case("enqueue", "k", "--delay", "5 parsecs", mentions: "--delay", "unit"),
        Case("enqueue", "k", "--delay", "1s2h", mentions: "--delay", "large to small"),
        Case("enqueue", "k", "--delay", "999999999d", mentions: "--delay", "100 years"),
        Case("enqueue", "k", "--at", "tomorrow", mentions: "--at", "8601"),
        Case("enqueue", "k", "--at", "2030-02-30T00:00Z", mentions: "--at", "no such date"),
        Case("enqueue", "k", "--delay", "1s", "--at", "2030-01-01T00:00Z", mentions: "--delay", "--at"),
        Case("enqueue", "k", "--timeout", "0s", mentions: "--timeout", "longer than zero"),
        Case("enqueue", "k", "--retain", "x", mentions: "--retain"),
        Case("enqueue", "k", "--deadline", "-1s", mentions: "--deadline", "negative"),
        Case("enqueue", "k", "--max-attempts", "0", mentions: "--max-attempts", "1 to 1000000"),
        Case("enqueue", "k", "--priority", "11", mentions: "--priority", "-10 to 10"),
        Case("enqueue", "k", "--queue", "a\u{1}b", mentions: "--queue", "letters"),
        Case("enqueue", "k", "--queue", "", mentions: "--queue", "empty"),
        Case("enqueue", "k", "--queue", String(repeating: "q", count: 201), mentions: "--queue", "200"),
        Case("enqueue", "k", "--tenant", "a\nb", mentions: "--tenant", "control character"),
        Case("enqueue", "k", "--key", String(repeating: "k", count: 513), mentions: "--key", "512"),
        Case("enqueue", "a b", mentions: "kind", "letters"),
        Case("enqueue", "k", "--payload", "{\"a\":}", mentions: "--payload", "byte 6"),
        Case("enqueue", "k", "--payload", "", mentions: "--payload", "no value"),
        Case("enqueue", "k", "--payload", "1", "--payload-file", "x", mentions: "--payload", "--payload-file"),
        Case("enqueue", "k", "--payload-file", "/nowhere/at/all", mentions: "--payload-file", "/nowhere/at/all"),
        Case("enqueue", "k", "--payload-file", "/dev/zero", mentions: "/dev/zero", "16.0 MiB"),
        Case("enqueue", "k", "--jsonl", "/", mentions: "--jsonl", "directory"),
        Case("enqueue", "k", "--jsonl", "-", "--key", "x", mentions: "--key-prefix"),
        Case("enqueue", "k", "--limit", "nonsense", mentions: "--limit", "SCOPE:NAME"),
        Case("enqueue", "k", "--limit", "queue:mail", mentions: "--limit", "by themselves"),
        Case("enqueue", "k", "--limit", "account:*", mentions: "--limit", "one name"),
        Case("enqueue", "k", "--limit", "a:" + String(repeating: "k", count: 511), mentions: "--limit", "512"),
        Case("enqueue", "k", "--limit", "a:1", "--limit", "a:1", mentions: "--limit", "twice"),
        Case(["enqueue", "k"] + (0..<9).flatMap { ["--limit", "a:\($0)"] }, mentions: "--limit", "8 times", "9"),
        Case("enqueue", "k", "--expires", "0s", mentions: "--expires", "longer than zero"),
        Case("enqueue", "k", "--expires", "1s", "--delay", "1s", mentions: "--expires", "--delay"),
        Case("enqueue", "k", "--unique", "", mentions: "--unique", "empty"),
        Case("enqueue", "k", "--unique", String(repeating: "k", count: 513), mentions: "--unique", "512"),
        Case("enqueue", "k", "--unique-until", "start", mentions: "--unique-until", "--unique"),
        Case("enqueue", "k", "--unique", "a", "--unique-until", "never", mentions: "--unique-until", "finish"),
        Case("enqueue", "k", "--unique", "a", "--throttle", "b", mentions: "--unique", "--throttle", "exclude"),
        Case("enqueue", "k", "--throttle", "a", mentions: "--throttle-period"),
        Case("enqueue", "k", "--throttle-period", "1s", mentions: "--throttle"),
        Case("enqueue", "k", "--throttle", "a", "--throttle-period", "0s", mentions: "--throttle-period", "zero"),
        Case("enqueue", "k", "--debounce", "a", mentions: "--debounce-wait"),
        Case("enqueue", "k", "--debounce-wait", "1s", mentions: "--debounce-wait", "--debounce"),
        Case("enqueue", "k", "--debounce-at-most", "1s", mentions: "--debounce-at-most", "--debounce"),
        Case(
            "enqueue", "k", "--debounce", "a", "--debounce-wait", "5s", "--debounce-at-most", "1s",
            mentions: "--debounce-at-most", "at least"),
        Case(
            "enqueue", "k", "--debounce", "a", "--debounce-wait", "5s", "--delay", "1s", mentions: "--debounce",
            "--delay"),
        Case(
            "enqueue", "k", "--debounce", "a", "--debounce-wait", "5s", "--at", "2030-01-01T00:00Z",
            mentions: "--debounce", "--at"),
        Case("enqueue", "k", "--debounce", "a", "--debounce-wait", "5s", "--key", "x", mentions: "--debounce", "--key"),
        Case(
            "enqueue", "k", "--debounce", "a", "--debounce-wait", "5s", "--expires", "5s",
            mentions: "--expires", "--debounce-wait"),
        Case("enqueue", "k", "--jsonl", "-", "--unique", "a", mentions: "--unique", "many jobs"),
        Case("enqueue", "k", "--throttle", String(repeating: "k", count: 513), mentions: "--throttle", "512"),
        Case("enqueue", "k", "--debounce", String(repeating: "k", count: 513), mentions: "--debounce", "512"),
        Case("enqueue", "k", "--batch", "no id!", mentions: "--batch", "penstock batch open"),
        Case("batch", "open", "--on-success", "a b", mentions: "--on-success", "letters"),
        Case("batch", "open", "--on-failure", "", mentions: "--on-failure", "empty"),
        Case("batch", "open", "--on-done", "a b", mentions: "--on-done", "letters"),
        Case("batch", "open", "--queue", "a b", mentions: "--queue", "letters"),
        Case("batch", "open", "--parent", "no id!", mentions: "--parent", "penstock batch open"),
        Case("batch", "open", "--retain", "0s", mentions: "--retain", "longer than zero"),
        Case("batch", "open", "--retain", "1ms", mentions: "1 s to 366 days"),
        Case("batch", "open", String(repeating: "n", count: 513), mentions: "name", "512"),
        Case("batch", "seal", mentions: "batch"),
        Case("batch", "seal", "no id!", mentions: "penstock batch open"),
        Case("batch", "show", String(repeating: "x", count: 65), mentions: "up to 64"),
        Case("job", "wait", "no id!", mentions: "penstock enqueue"),
        Case("job", "wait", "x", "--timeout", "0s", mentions: "--timeout", "longer than zero"),
        Case("job", "log", "no id!", mentions: "penstock enqueue"),
        Case("job", "log", "x", "--last", "0", mentions: "--last", "1 to 1000"),
        Case("job", "log", "x", "--last", "1001", mentions: "--last", "1 to 1000"),
        Case("inbox", "nonsense", mentions: "nonsense"),
        Case("limit", "set", "account:*", mentions: "--rate", "--concurrency", "limit remove"),
        Case("limit", "set", "account:*", "--rate", "0/s", mentions: "--rate", "pause it"),
        Case("limit", "set", "account:*", "--rate", "10", mentions: "--rate", "10/s"),
        Case("limit", "set", "account:*", "--rate", "10/x", mentions: "--rate", "period", "unit"),
        Case("limit", "set", "account:*", "--rate", "10/s", "--burst", "0", mentions: "--burst", "1 to 1000000"),
        Case("limit", "set", "account:*", "--burst", "5", "--concurrency", "1", mentions: "--burst", "--rate"),
        Case("limit", "set", "account:*", "--concurrency", "0", mentions: "--concurrency", "queue pause"),
        Case("limit", "set", "nonsense", "--concurrency", "1", mentions: "nonsense", "SCOPE:NAME"),
        Case("limit", "set", "a:" + String(repeating: "k", count: 511), "--concurrency", "1", mentions: "512"),
        Case("limit", "remove", "a:", mentions: "SCOPE:NAME"),
        Case("cap", "set", "q", mentions: "--most"),
        Case("cap", "set", "q", "--most", "0", mentions: "--most", "1 to 1000000000"),
        Case("cap", "set", "a b", "--most", "1", mentions: "letters"),
        Case("cap", "set", "q", "--most", "1", "--tenant", "a\nb", mentions: "--tenant", "control character"),
        Case("job", "why", "no id!", mentions: "id"),
        Case("run", "start", mentions: "workflow"),
        Case("run", "start", "a b", mentions: "name of a workflow", "letters"),
        Case("run", "start", "w", "--input", "{\"a\":}", mentions: "--input", "byte 6"),
        Case("run", "start", "w", "--input", "@", mentions: "--input", "@FILE"),
        Case("run", "start", "w", "--input", "@/nowhere/at/all", mentions: "--input", "/nowhere/at/all"),
        Case("run", "start", "w", "--input", "@/etc/passwd", mentions: "--input", "/etc/passwd", "not JSON"),
        Case("run", "start", "w", "--input", "-", mentions: "standard input", "no value"),
        Case("run", "start", "w", "--version", "0", mentions: "--version", "number from 1"),
        Case("run", "start", "w", "--queue", "a b", mentions: "--queue", "letters"),
        Case("run", "start", "w", "--tenant", "a\nb", mentions: "--tenant", "control character"),
        Case("run", "start", "w", "--priority", "11", mentions: "--priority", "-10 to 10"),
        Case("run", "start", "w", "--callback", "example.org", mentions: "--callback", "https://"),
        Case("run", "start", "w", "--attribute", "a=1", mentions: "--attribute", "--callback"),
        Case("run", "start", "w", "--callback", "https://x", "--attribute", "a", mentions: "--attribute", "NAME=VALUE"),
        Case(
            "run", "start", "w", "--callback", "https://x", "--attribute", "a=1", "--attribute", "a=2",
            mentions: "--attribute", "twice"),
        Case("run", "start", "w", "--foreign-id", "", mentions: "--foreign-id", "a foreign id is empty"),
        Case("run", "start", "w", "--tag", "a\nb", mentions: "--tag", "control character"),
        Case(["run", "start", "w"] + (0..<17).flatMap { ["--tag", "t\($0)"] }, mentions: "--tag", "at most 16", "17"),
        Case("run", "list", "--tag", "", mentions: "--tag", "a tag is empty"),
        Case("run", "start", "w", "--timeout", "1s", mentions: "--timeout", "--wait"),
        Case("run", "start", "w", "--wait", "--timeout", "0s", mentions: "--timeout", "longer than zero"),
        Case("run", "show", "no id!", mentions: "id of a run", "penstock run start"),
        Case("run", "show", String(repeating: "x", count: 41), mentions: "up to 40"),
        Case("run", "list", "--state", "happy", mentions: "--state", "happy", "rolled-back"),
        Case("run", "list", "--limit", "501", mentions: "--limit", "1 to 500"),
        Case("run", "list", "--after", "nowhere", mentions: "nowhere", "list of runs"),
        Case("run", "list", "--since", "yesterday", mentions: "--since", "8601"),
        Case("run", "list", "--since", "2030-01-02", "--until", "2030-01-01", mentions: "--since", "--until"),
        Case("run", "graph", "x", "--direction", "up", mentions: "--direction", "TB", "RL"),
        Case("run", "result", "x", "--timeout", "1s", mentions: "--timeout", "--wait"),
        Case("run", "rerun", "x", mentions: "step"),
        Case("run", "skip", "x", mentions: "step"),
        Case("run", "signal", "x", mentions: "name"),
        Case("run", "signal", "x", "y", "--payload", "{", mentions: "--payload", "not JSON"),
        Case("run", "callback", "x", "y", "--payload", "nope", mentions: "--payload", "not JSON"),
        Case("run", "complete", "no-token", mentions: "token", "RUN.SECRET.STEP"),
        Case("run", "complete", "r.s.t", "--output", "]", mentions: "--output", "not JSON"),
        Case("run", "complete", "r.s.t", "--output", "1", "--fail", "x", mentions: "--output", "--fail"),
        Case("run", "complete", "r.s.t", "--fail", "", mentions: "--fail", "empty"),
        Case("workflow", "show", mentions: "name"),
        Case("workflow", "graph", "w", "--direction", "sideways", mentions: "--direction", "BT"),
        Case("workflow", "show", "w", "--version", "x", mentions: "--version", "number from 1"),
        Case("schedule", "create", "s", mentions: "expression"),
        Case("schedule", "create", "a b", "@daily", "--kind", "k", mentions: "name of a schedule", "letters"),
        Case("schedule", "create", "s", "@daily", mentions: "--kind", "--workflow"),
        Case("schedule", "create", "s", "@daily", "--kind", "k", "--workflow", "w", mentions: "--kind", "--workflow"),
        Case("schedule", "create", "s", "@daily", "--kind", "k", "--tag", "x", mentions: "--tag", "run", "--kind"),
        Case("schedule", "create", "s", "@daily", "--workflow", "w", "--timeout", "1s", mentions: "--timeout", "job"),
        Case("schedule", "create", "s", "0 24 * * *", "--kind", "k", mentions: "hour: 24 is more than 23"),
        Case("schedule", "create", "s", "@every 5", "--kind", "k", mentions: "interval: 5 has no unit"),
        Case(
            "schedule", "create", "s", "@daily", "--kind", "k", "--zone", "Europe/Berlim", mentions: "--zone",
            "did you mean Europe/Berlin"),
        Case("schedule", "create", "s", "@daily", "--kind", "k", "--start", "soon", mentions: "--start", "8601"),
        Case(
            "schedule", "create", "s", "@daily", "--kind", "k", "--start", "2030-01-02", "--end", "2030-01-01",
            mentions: "--end", "--start", "exchange"),
        Case("schedule", "create", "s", "@daily", "--kind", "k", "--maximum-count", "0", mentions: "--maximum-count"),
        Case("schedule", "create", "s", "@daily", "--kind", "k", "--jitter", "-1s", mentions: "--jitter", "negative"),
        Case("schedule", "create", "s", "@daily", "--kind", "k", "--jitter", "400d", mentions: "jitter", "366 days"),
        Case("schedule", "create", "s", "@daily", "--kind", "k", "--overlap", "never", mentions: "queue-one", "wait:N"),
        Case(
            "schedule", "create", "s", "@daily", "--kind", "k", "--overlap", "wait:0", mentions: "--overlap", "wait:N"),
        Case("schedule", "create", "s", "@daily", "--kind", "k", "--misfire", "some", mentions: "--misfire", "all:N"),
        Case("schedule", "create", "s", "@daily", "--kind", "k", "--misfire", "all:1001", mentions: "1 to 1000"),
        Case("schedule", "create", "s", "@daily", "--kind", "k", "--payload", "{", mentions: "--payload", "not JSON"),
        Case("schedule", "create", "s", "@daily", "--workflow", "w", "--input", "@/nowhere", mentions: "--input"),
        Case("schedule", "create", "s", "@daily", "--kind", "k", "--header", "plain", mentions: "--header"),
        Case("schedule", "create", "s", "@daily", "--kind", "k", "--limit", "a:*", mentions: "--limit", "one name"),
        Case(
            ["schedule", "create", "s", "@daily", "--workflow", "w"] + (0..<16).flatMap { ["--tag", "t\($0)"] },
            mentions: "at most 15 tags"),
        Case("schedule", "update", "s", mentions: "what is to change"),
        Case("schedule", "update", "s", "@dayly", mentions: "@dayly"),
        Case("schedule", "list", "--limit", "0", mentions: "--limit", "1 to 1000000"),
        Case("schedule", "show", "s", "--next", "1001", mentions: "--next", "0 to 1000"),
        Case("schedule", "show", "s", "--history", "101", mentions: "--history", "0 to 100"),
        Case("schedule", "pause", mentions: "name"),
        Case("schedule", "backfill", "s", "--from", "2025-01-01", mentions: "--through"),
        Case(
            "schedule", "backfill", "s", "--from", "2025-01-02", "--through", "2025-01-01", mentions: "--through",
            "exchange"),
        Case(
            "schedule", "backfill", "s", "--from", "2025-01-01", "--through", "2025-01-02", "--at-most", "0",
            mentions: "--at-most"),
        Case("enqueue", "k", "--namespace", "a b", mentions: "--namespace", "letters"),
        Case("enqueue", "k", "--header", "plain", mentions: "--header", "NAME=VALUE"),
        Case("enqueue", "k", "--header", "=x", mentions: "--header", "name"),
        Case("enqueue", "k", "--header", "a b=x", mentions: "--header", "a b"),
        Case("enqueue", "k", "--header", "a=1", "--header", "a=2", mentions: "--header", "twice"),
        Case("enqueue", "k", "--header", "a=" + String(repeating: "x", count: 4096), mentions: "--header", "4096"),
        Case("enqueue", "k", "--replicas", "0", mentions: "--replicas", "1 to 100"),
        Case("enqueue", "k", "--replicas", "101", mentions: "--replicas", "1 to 100"),
        Case("enqueue", "k", "--replicas", "1", "--replicas-timeout", "2m", mentions: "--replicas-timeout", "60s"),
        Case("enqueue", "k", "--replicas", "1", "--replicas-timeout", "0s", mentions: "--replicas-timeout", "zero"),
        Case("enqueue", "k", "--replicas-timeout", "1s", mentions: "--replicas-timeout", "--replicas"),
        Case("enqueue", "k", "--memory-mark", "0", mentions: "--memory-mark", "above 0"),
        Case("enqueue", "k", "--memory-mark", "90", mentions: "--memory-mark", "0.9"),
        Case("enqueue", "k", "--memory-mark", "nan", mentions: "--memory-mark", "0.9"),
        Case("worker", mentions: "--exec"),
        Case("worker", "--exec", mentions: "--exec"),
        Case("worker", "--exec", "no-such-program-anywhere", mentions: "--exec", "no-such-program-anywhere"),
        Case("worker", "--exec", "/etc/passwd", mentions: "--exec", "/etc/passwd"),
        Case("worker", "--queue", "a,,b", "--exec", "cat", mentions: "--queue", "empty"),
        Case("worker", "--kinds", "a b", "--exec", "cat", mentions: "--kinds", "letters"),
        Case("worker", "--concurrency", "0", "--exec", "cat", mentions: "--concurrency", "10000"),
        Case("worker", "--lease", "1ms", "--exec", "cat", mentions: "--lease", "300ms"),
        Case("worker", "--max-result", "9GiB", "--exec", "cat", mentions: "--max-result"),
        Case("job", "show", "no id!", mentions: "id"),
        Case("dead", "retry", mentions: "--all"),
        Case("dead", "discard", "--all", mentions: "--queue"),
        Case("dead", "list", "--limit", "0", mentions: "--limit"),
        Case("queue", "pause", mentions: "--kind"),
        Case("queue", "weight", "q", "t", "0", mentions: "weight"),
        Case("queue", "weight", "q", "t", "1e9", mentions: "weight", "1000"),
        Case("stats", "--redis", "http://localhost", mentions: "--redis", "http"),
        Case("stats", "--redis", "localhost", mentions: "--redis", "scheme"),
        Case("stats", "--redis", "redis://localhost:99999", mentions: "--redis", "port"),
        Case("stats", "--redis", "redis://localhost", "--embedded", mentions: "--redis", "--embedded"),
        Case("stats", "--embedded=/dev/null", mentions: "--embedded", "/dev/null"),
    ]

    @Test func `each is refused with exit code 64 and names what is wrong`() async throws {
        try await Workshop.open { shop in
            for bad in Self.cases {
                var environment = shop.environment
                if bad.words.contains("--redis") { environment["PENSTOCK_REDIS_URL"] = .some(nil) }
                let ended = try await Workshop.penstock(bad.words, environment: environment, directory: shop.folder)
                ended.expect(64)
                #expect(ended.output.isEmpty, "\(bad.words)")
                for word in bad.mentions { #expect(ended.errorText.contains(word), "\(bad.words): \(ended.errorText)") }
                #expect(!ended.errorText.contains("\u{1}"))
            }
            #expect(try await shop.client.queues().allSatisfy { $0.ready + $0.delayed == 0 })
        }
    }

    @Test func `with --json an error is an object on standard error`() async throws {
        try await Workshop.open { shop in
            for words in [["enqueue", "k", "--delay", "5", "--json"], ["enqueue", "k", "--payload", "{", "--json"]] {
                let ended = try await Workshop.penstock(words, environment: shop.environment)
                ended.expect(64)
                let error = try JSONValue(ended.errorText)["error"]
                #expect(error.keys == ["code", "message"])
                #expect(error["code"].string == "usage")
            }
        }
    }

    @Test(arguments: [["stats"], ["enqueue", "k"], ["worker", "--exec", "cat"], ["enqueue", "k", "--jsonl", "-"]])
    func `an unreachable Redis is told at once, with exit code 69`(words: [String]) async throws {
        // Port 1 is nobody's.
        let began = ContinuousClock.now
        let ended = try await Workshop.penstock(
            words + ["--json"].filter { _ in !words.contains("--exec") },
            environment: Workshop.environment(url: "redis://127.0.0.1:1"))
        ended.expect(69)
        // Well before the time that a command may take (10 s), also where four of these run beside other tests.
        #expect(ContinuousClock.now - began < .seconds(8))
        #expect(ended.errorText.contains("127.0.0.1:1"))
    }

    @Test func `a wrong password, a missing one and a socket that is not there are told clearly, with exit code 69`()
        async throws
    {
        try await EmbeddedRedis.withRedis(.init(password: "right")) { redis in
            let path = "unix://\(redis.socketPath)"
            for (url, word) in [
                ("\(path)?password=wrong", "password"), (path, "password"), ("unix:///nowhere/redis.sock", "/nowhere"),
            ] {
                let ended = try await Workshop.penstock(["stats"], environment: Workshop.environment(url: url))
                ended.expect(69)
                #expect(ended.errorText.contains(word), "\(ended.errorText)")
                #expect(!ended.errorText.contains("wrong@"))
            }
            try await Workshop.penstock(["stats"], environment: Workshop.environment(url: "\(path)?password=right"))
                .expect()
        }
    }

    @Test func `a program that is missing for --embedded is told with what to install`() async throws {
        var environment = Workshop.environment(url: nil)
        environment["PENSTOCK_REDIS_SERVER"] = "/nowhere/redis-server"
        let ended = try await Workshop.penstock(["stats", "--embedded"], environment: environment)
        ended.expect(69)
        #expect(ended.errorText.contains("/nowhere/redis-server"))
    }

    @Test(arguments: [
        ["--help"], ["help", "worker"], ["queue", "--help"], ["dead", "retry", "--help"], ["limit", "--help"],
        ["cap", "--help"], ["help", "job", "why"], ["batch", "--help"], ["batch", "open", "--help"],
        ["help", "job", "wait"],
        ["job", "log", "--help"], ["inbox", "--help"], ["run", "--help"], ["help", "run", "start"],
        ["workflow", "--help"], ["run", "complete", "--help"], ["schedule", "--help"],
        ["schedule", "create", "--help"],
        ["help", "schedule", "backfill"],
        ["--version"], [],
    ])
    func `help is no error`(words: [String]) async throws {
        let ended = try await Workshop.penstock(words, environment: Workshop.environment(url: "redis://127.0.0.1:1"))
        ended.expect(0)
        #expect(!ended.output.isEmpty && ended.errors.isEmpty)
    }
}
