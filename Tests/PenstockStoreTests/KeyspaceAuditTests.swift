import Foundation
import PenstockModel
import RedisClient
import Testing

@testable import PenstockStore
@testable import PenstockTesting

/// The audit finds what is wrong, and the storage is written down.
@Suite(.timeLimit(.minutes(10))) struct KeyspaceAuditTests {
    static let damage: [[String]] = [
        ["HDEL", "tasks", "ID"], ["RPUSH", "lane:q\t", "ID"], ["ZADD", "delayed:q", "1", "other"], ["DEL", "lane:q\t"],
        ["DEL", "turn:q"], ["ZADD", "turn:q", "1", "nobody"], ["SADD", "wide:q", ""],
        ["ZADD", "lanes:q\t", "1", "q\t"],
        ["SADD", "kinds:q", "k"], ["HSET", "tries", "gone", "1\t0"], ["HSET", "cancels", "ID", "x"], ["DEL", "queues"],
        ["HSET", "held:nobody", "ID2", "1\tq\t"], ["ZADD", "workers", "5", "unknown"],
        ["HSET", "worker:gone", "a", "b"],
        ["SADD", "idle:q", "gone"], ["RPUSH", "wake:gone", "work"], ["SET", "surprise", "1"], ["SET", "lane:x", "1"],
        ["SET", "dedupe:x", "never expires"], ["SET", "tasks:0", "1"],
    ]

    @Test(arguments: damage)
    func `damage is found`(command: [String]) async throws {
        try await withStore(audits: false) { store in
            let ids = try await store.fill(3)
            var worker = try await Player(store)
            _ = try await worker.claim()
            #expect(try await KeyspaceAudit.check(store) == [])
            var arguments = command.dropFirst().map { $0 == "ID" ? ids[1].rawValue : $0 }
            arguments[0] = store.keys.prefix + arguments[0]
            _ = try await store.redis.send(RedisCommand(command[0], RedisArguments(Array(arguments))))
            let findings = try await KeyspaceAudit.check(store)
            if command[1] == "tasks" {
                // A cancelled task deep in a lane looks the same; the tasks that are left are in order.
                #expect(findings == [])
            } else {
                #expect(!findings.isEmpty)
            }
        }
    }

    static let runDamage: [[String]] = [
        ["HDEL", "run:RUN", "s:a"], ["HSET", "run:RUN", "f", "x"], ["HSET", "run:RUN", "s:b", "a"], ["DEL", "run:RUN"],
        ["DEL", "history:RUN"], ["DEL", "shapes"], ["HDEL", "foreign", "flow\tf"],
        ["HSET", "foreign", "flow\tg", "RUN"],
        ["HSET", "foreign", "flow\tg", "gone"], ["RPUSH", "shelf:RUN", "gone\tq\t"],
        ["HSET", "timers:RUN", "sync\tb", "gone"], ["HDEL", "tasks", "TIMER"], ["SADD", "fans:RUN", "b"],
        ["HSET", "items:RUN:b", "0", "+1 "], ["ZADD", "broken:RUN:fan", "0", "0"], ["SREM", "fans:RUN", "fan"],
        ["HSET", "signals:gone", "go", "1 1"], ["HSET", "timers:gone", "sync\tb", "x"], ["DEL", "lane:q\t"],
        ["RPUSH", "shelf:RUN", "TIMER\tq\t"], ["DEL", "runs:flow:r"], ["ZADD", "runs:flow:r", "1", "RUN"],
        ["ZADD", "runs:flow:S", "1", "RUN"], ["ZADD", "tagged:eu", "1", "gone"], ["ZREM", "tagged:eu", "RUN"],
        ["DEL", "named:flow\tf"], ["HDEL", "run:RUN", "a"], ["HSET", "workflows", "flow\t2", "gone"],
        ["ZADD", "retained", "1", "RUN"], ["SET", "sweeping", "w"],
        ["HSET", "vars:gone", "a", "1"], ["HDEL", "run:RUN", "v:fan"], ["HSET", "errors:gone", "1-1", "no"],
    ]

    @Test(arguments: runDamage)
    func `damage to runs is found`(command: [String]) async throws {
        try await withStore(audits: false) { store in
            let run = try await RunBench(store, foreignID: "f", tags: ["eu"])
            try await run.apply([
                .launch(.step("a")), .arm(.sync("a"), after: .seconds(60)), .launch(.step("fan")),
                .moveStep("fan", from: .active, to: .waiting), .openFan("fan", .all(tasks: 2, window: 1)),
            ])
            #expect(try await KeyspaceAudit.check(store) == [])
            let timer = try #require(try await KeyspaceAudit.read(store).timers[run.id.rawValue]?.values.first)
            var arguments = command.dropFirst().map {
                $0.replacing("RUN", with: run.id.rawValue).replacing("TIMER", with: timer)
            }
            arguments[0] = store.keys.prefix + arguments[0]
            _ = try await store.redis.send(RedisCommand(command[0], RedisArguments(Array(arguments))))
            #expect(try await !KeyspaceAudit.check(store).isEmpty)
        }
    }

    static let scheduleDamage: [[String]] = [
        ["ZREM", "schedules", "s"], ["ZADD", "schedules", "0", "gone"], ["HDEL", "schedule:s", "spec"],
        ["HDEL", "schedule:s", "revision"], ["ZREM", "ticks", "s"], ["ZADD", "ticks", "1", "gone"],
        ["HSET", "schedule:s", "paused", "me\t1"], ["HSET", "schedule:s", "blocked", "1"], ["SADD", "fires:s", "gone"],
        ["RPUSH", "ticked:gone", "1\tfired\tx"], ["DEL", "schedule:s"],
    ]

    @Test(arguments: scheduleDamage)
    func `damage to schedules is found`(command: [String]) async throws {
        try await withStore(audits: false) { store in
            _ = try await store.save(
                ScheduleChange(
                    name: "s", spec: Array("{}".utf8), payload: [], tick: store.serverNow + 60_000,
                    due: store.serverNow + 60_000))
            #expect(try await KeyspaceAudit.check(store) == [])
            if command[1] == "schedule:s", command[0] == "HSET", command[2] == "blocked" {
                // Waits for an end, and nothing is looked at meanwhile.
                _ = try await store.redis.send(RedisCommand("ZREM", store.keys.prefix + "ticks", "s"))
            }
            var arguments = Array(command.dropFirst())
            arguments[0] = store.keys.prefix + arguments[0]
            _ = try await store.redis.send(RedisCommand(command[0], RedisArguments(arguments)))
            #expect(try await !KeyspaceAudit.check(store).isEmpty)
        }
    }

    private static var root: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
    }

    @Test func `every key of the scripts is described in Storage.md, and known to the audit`() throws {
        let folder = Self.root.appendingPathComponent("lua")
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        var used: [String: Bool] = [:]
        for case let file as URL in files where file.pathExtension == "lua" {
            let text = try String(contentsOf: file, encoding: .utf8)
            for match in text.matches(of: /\bkey\('([a-z_]+)'(,)?/) { used[String(match.1)] = match.2 != nil }
        }
        // Of those who watch runs, who write it themselves.
        used["nudges"] = true
        // Of connectors, which are known by what no script reads.
        used["connectors"] = false
        used["again"] = true
        let page = Self.root.appendingPathComponent("Sources/Penstock/Penstock.docc/Storage.md")
        let document = try String(contentsOf: page, encoding: .utf8)
        var described: [String: Bool] = [:]
        for match in document.matches(of: /(?m)^\| `([a-z]+)(:[^`]*)?` \|/) {
            described[String(match.1)] = match.2 != nil
        }
        #expect(used.count > 15)
        #expect(described == used)
        #expect(KeyForm.names.mapValues(\.isSplit) == used)
    }
}
