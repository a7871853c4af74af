import Glibc
import Penstock
import PenstockModel
import PenstockStore
import PenstockTesting
import RedisClient
import Synchronization
import Testing

/// Jobs that come from other clients: the page Wire.md is all that they need to know.
@Suite("Jobs from elsewhere", .timeLimit(.minutes(10))) struct ElsewhereTests {
    private struct Seen: Sendable, Hashable {
        var kind = "", queue = "", tenant = "", payload = ""
        var priority = 0
    }

    private func worker(_ rig: Rig, _ body: (EventBox<Seen>) async throws -> Void) async throws {
        let seen = EventBox<Seen>("jobs")
        try await RunningWorker.with(rig.penstock, queues: ["default", "mail"]) { worker in
            worker.handleAnyKind { payload, job in
                seen.post(
                    Seen(
                        kind: job.kind, queue: job.queue, tenant: job.tenant,
                        payload: String(decoding: payload, as: UTF8.self), priority: job.priority.rawValue))
                return nil
            }
        } _: { running in
            try await running.started()
            try await body(seen)
        }
        #expect(try await KeyspaceAudit.check(rig.penstock.store) == [])
    }

    @Test("redis-cli adds an entry, an idle worker runs it at once")
    func redisCLI() async throws {
        try await Rig.with { rig in
            try await worker(rig) { seen in
                let began = ContinuousClock.now
                try await TestProcess.withProcess(
                    "/usr/bin/env",
                    [
                        "redis-cli", "-s", rig.redis.socketPath, "XADD", "{t:0}:inbox", "*", "kind", "send-welcome",
                        "queue", "mail", "payload", #"{"userID":"42"}"#,
                    ]
                ) { process in
                    let exit = try await process.exit()
                    #expect(exit == .code(0))
                }
                let job = try await seen.next("the job") { _ in true }
                #expect(job == Seen(kind: "send-welcome", queue: "mail", payload: #"{"userID":"42"}"#))
                // Before any poll, which comes every five seconds.
                #expect(ContinuousClock.now - began < .seconds(4))
                #expect(try await rig.command("EXISTS", "{t:0}:inbox").int == 0)
            }
        }
    }

    @Test("Python's client adds entries, also in a transaction and from a script")
    func python() async throws {
        let program = """
            import redis, sys
            r = redis.Redis(unix_socket_path=sys.argv[1])
            inbox = '{t:0}:inbox'
            r.xadd(inbox, {'kind': 'plain', 'tenant': 'acme', 'priority': '3', 'payload': b'\\x00\\xff'})
            with r.pipeline(transaction=True) as p:
                p.set('mine', 1)
                p.xadd(inbox, {'kind': 'in-multi', 'key': 'once', 'version': '1'})
                p.xadd(inbox, {'kind': 'in-multi', 'key': 'once'})
                p.execute()
            r.eval("redis.call('SET', KEYS[1], 2) redis.call('XADD', KEYS[2], '*', 'kind', 'in-script')", 2, 'mine', inbox)
            """
        try await Rig.with { rig in
            try await worker(rig) { seen in
                try await TestProcess.withProcess("/usr/bin/python3", ["-c", program, rig.redis.socketPath]) {
                    process in
                    let exit = try await process.exit()
                    #expect(exit == .code(0), "\(process.errorOutput.lines)")
                }
                let first = try await seen.next("the plain one") { $0.kind == "plain" }
                #expect(first.tenant == "acme" && first.priority == 3 && first.queue == "default")
                _ = try await seen.next("that of the transaction") { $0.kind == "in-multi" }
                _ = try await seen.next("that of the script") { $0.kind == "in-script" }
                try await eventually("three jobs, no fourth") { try await rig.queue().completed == 3 }
                try await rig.command("DEL", "mine")
            }
        }
    }

    @Test("an entry that is wrong is set aside with the reason, and others go on")
    func rejected() async throws {
        let wrong: [([String], String)] = [
            (["payload", "x"], "kind must be"), (["kind", ""], "kind must be"), (["kind", "a b"], "kind must be"),
            (["kind", "k", "queue", "no|pe"], "queue must be"), (["kind", "k", "tenant", "a\tb"], "tenant must be"),
            (["kind", "k", "priority", "11"], "priority must be"),
            (["kind", "k", "priority", "1.5"], "priority must be"),
            (["kind", "k", "delay_ms", "soon"], "delay_ms must be"),
            (["kind", "k", "delay_ms", "-1"], "delay_ms must be"),
            (["kind", "k", "delay_ms", "1", "at_ms", "1"], "exclude each other"),
            (["kind", "k", "max_attempts", "0"], "max_attempts must be"),
            (["kind", "k", "colour", "red"], "colour is not known"),
            (["kind", "k", "kind", "k"], "given twice"), (["kind", "k", "version", "2"], "version must be 1"),
            (["kind", "k", "limit", "nameless"], "scope:name"),
            (["kind", "k", "unique", "u", "unique_until", "x"], "unique_until must be"),
            (["kind", "k", "key", String(repeating: "k", count: 513)], "at most 512 bytes"),
        ]
        try await Rig.with { rig in
            for (fields, _) in wrong {
                var arguments = RedisArguments(["{t:0}:inbox", "*"])
                for field in fields { arguments.append(field) }
                _ = try await rig.penstock.store.redis.send(RedisCommand("XADD", arguments))
            }
            try await rig.command("XADD", "{t:0}:inbox", "*", "kind", "good")
            try await worker(rig) { seen in
                _ = try await seen.next("the good one") { $0.kind == "good" }
                let rejected = try await rig.penstock.store.rejectedEntries(limit: 100)
                #expect(rejected.count == wrong.count)
                for ((fields, reason), entry) in zip(wrong, rejected.reversed()) {
                    #expect(entry.reason.contains(reason), "\(fields): \(entry.reason)")
                }
            }
        }
    }

    @Test("every field means what the page says")
    func fields() async throws {
        try await Rig.with { rig in
            let entry = try rig.penstock.inboxEntry(
                for: Work(number: 7),
                .init(
                    queue: "q", tenant: "t", priority: -2, delay: .seconds(3600), idempotencyKey: "k", maxAttempts: 3,
                    timeout: .seconds(4), deadline: .seconds(7200), retention: .seconds(9)))
            var arguments = RedisArguments()
            for value in entry.dropFirst() { arguments.append(value) }
            _ = try await rig.penstock.store.redis.send(RedisCommand("XADD", arguments))
            try await worker(rig) { _ in
                try await eventually("it to be taken in") { try await rig.queue("q").delayed == 1 }
                let id = try #require(
                    try await rig.command("ZRANGE", "{t:0}:delayed:q", "0", "0").array?.first?.text.flatMap {
                        TaskID($0)
                    })
                let status = try await rig.penstock.status(id)
                #expect(status.kind == "work" && status.tenant == "t" && status.priority == -2)
                #expect(status.options.maxAttempts == 3 && status.options.timeout == .seconds(4))
                #expect(status.options.retention == .seconds(9) && status.options.deadline != nil)
                #expect(id.rawValue.utf8.count == 14 && id.shard == 0)
                let again = try await rig.penstock.enqueue(Work(), .init(idempotencyKey: "k"))
                #expect(again.isDuplicate && again.id == id)
                #expect(try await rig.penstock.cancel(id) == .cancelled)
            }
            let batch = try await rig.penstock.openBatch()
            var member = EnqueueOptions()
            member.batch = batch.id
            let cases: [(String, EnqueueOptions)] = [
                ("back-off", .init(backoff: .constant(.seconds(1)))), ("batch", member),
                ("headers", .init(headers: ["request-id": "7"])), ("replicas", .init(replicas: .replicas(1))),
                ("throttle", .init(unique: .throttle("k", per: .seconds(1)))),
                ("debounce", .init(unique: .debounce("k", wait: .seconds(1)))),
            ]
            for (what, options) in cases {
                let refused = #expect(throws: PenstockError.self, "\(what)") {
                    _ = try rig.penstock.inboxEntry(for: Work(), options)
                }
                #expect(refused?.code == .invalidArgument && refused?.message.contains(what) == true)
            }
            try await batch.seal()
        }
    }

    @Test("a prepared enqueue happens with the caller's own commands, or not at all")
    func prepared() async throws {
        try await Rig.with { rig in
            let redis = rig.penstock.store.redis
            func command(_ prepared: PreparedEnqueue) -> RedisCommand {
                var arguments = RedisArguments()
                for value in prepared.command.dropFirst() { arguments.append(value) }
                return RedisCommand(String(decoding: prepared.command[0], as: UTF8.self), arguments)
            }
            let taken = try rig.penstock.prepare(Work(number: 1), .init(tenant: "a"))
            let dropped = try rig.penstock.prepare(Work(number: 2))
            let failed = try rig.penstock.prepare(Work(number: 3))
            let replies = try await redis.pipeline([
                RedisCommand("MULTI"), RedisCommand("SET", "mine", "1"), command(taken), RedisCommand("EXEC"),
                RedisCommand("MULTI"), RedisCommand("SET", "mine", "2"), command(dropped), RedisCommand("DISCARD"),
                RedisCommand("MULTI"), RedisCommand("SET"), command(failed), RedisCommand("EXEC"),
            ])
            #expect(replies[3].array?.count == 2)
            #expect(try await rig.states([taken.id, dropped.id, failed.id]) == [.queued, .unknown, .unknown])
            #expect(try await rig.command("GET", "mine").text == "1")
            #expect(try await rig.penstock.status(taken.id).tenant == "a")
            let alone = #expect(throws: PenstockError.self) {
                _ = try rig.penstock.prepare(Work(), .init(replicas: .replicas(1)))
            }
            #expect(alone?.code == .invalidArgument && alone?.message.contains("WAIT") == true)
            try await rig.command("DEL", "mine")
            #expect(try await KeyspaceAudit.check(rig.penstock.store) == [])
        }
    }
}
