import Foundation
import PenstockModel
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

/// Damage of every sort, made by hand: the doctor finds it, calls it by its name, and mends it where there is a rule.
@Suite(.timeLimit(.minutes(5))) struct CorruptionTests {
    struct Corruption: Sendable, CustomTestStringConvertible {
        /// Commands with words in capitals for what the stage has; keys are without the prefix.
        let commands: [[String]]
        let faults: Set<FaultName>
        /// What is left after a repair.
        var left: Set<FaultName> = []

        init(_ commands: [String]..., finds: Set<FaultName>, leaves: Set<FaultName> = []) {
            self.commands = commands
            faults = finds
            left = leaves
        }

        var testDescription: String { commands.map { $0.joined(separator: " ") }.joined(separator: "; ") }
    }

    static let ofTasks: [Corruption] = [
        .init(["LREM", "lane:q\t", "1", "WAITS"], finds: [.taskLost]),
        .init(["ZREM", "delayed:q", "LATER"], finds: [.taskLost]),
        .init(["RPUSH", "lane:q\t", "WAITS"], finds: [.taskDoubled]),
        .init(["RPUSH", "lane:q\t", "LATER"], finds: [.taskDoubled]),
        .init(["RPUSH", "lane:q\t", "RUNS"], finds: [.taskDoubled]),
        .init(["ZADD", "dead:q", "1", "RUNS"], finds: [.taskDoubled]),
        .init(["ZADD", "delayed:q", "1", "WAITS"], finds: [.taskDoubled]),
        .init(
            ["ZREM", "delayed:q", "LATER"], ["ZADD", "delayed:r", "99999999999999", "LATER"],
            finds: [.taskMisplaced, .queueUnlisted]),
        .init(
            ["LREM", "lane:q\t", "1", "WAITS"], ["RPUSH", "lane:q\tother", "WAITS"],
            finds: [.taskMisplaced, .laneUnserved]),
        .init(["HSET", "tasks", "odd", "x"], finds: [.taskUnreadable], leaves: [.taskUnreadable]),
        .init(["ZADD", "delayed:q", "1", "ghost"], finds: [.delayedOrphan]),
        .init(["ZADD", "dead:q", "1", "ghost"], finds: [.deadOrphan]),
        .init(["HSET", "tries", "ghost", "1\t0"], finds: [.triesOrphan]),
        .init(["HSET", "cancels", "WAITS", "x"], finds: [.cancelsStale]),
        .init(["HSET", "progress", "ghost", "x"], finds: [.progressOrphan]),
        .init(["RPUSH", "log:ghost", "x"], finds: [.logOrphan]),
        .init(["HSET", "bonds", "ghost", "n"], finds: [.bondsOrphan]),
        .init(["HSET", "bonds", "ghost", ""], finds: [.bondsOrphan]),
        .init(["HSET", "bonds", "WAITS", "?"], finds: [.bondsUnknown], leaves: [.bondsUnknown]),
        .init(["HSET", "bonds", "WAITS", "uekey"], finds: [.bondsLockless]),
        .init(["HSET", "bonds", "WAITS", "cq"], finds: [.bondsUncounted]),
        .init(["HSET", "bonds", "WAITS", "bnone"], finds: [.bondsOutside]),
        .init(["SET", "unique:key", "ghost"], finds: [.uniqueOrphan]),
        .init(["DEL", "unique:lock"], finds: [.bondsLockless]),
        .init(["ZADD", "live:q", "1", "ghost"], finds: [.liveOrphan]),
        .init(["SADD", "members:BATCH", "ghost"], finds: [.membersOrphan]),
        .init(["SADD", "members:none", "ghost"], finds: [.membersOrphan]),
        .init(
            ["HDEL", "batch:BATCH", "open"], ["DEL", "members:BATCH"], ["HDEL", "bonds", "MEMBER"],
            finds: [.batchUnended]),
        .init(["DEL", "members:BATCH"], finds: [.bondsOutside]),
        .init(["PEXPIRE", "batch:BATCH", "100000"], finds: [.batchFleeting]),
        .init(["HSET", "awaits", "ghost", "BATCH"], finds: [.awaitsOrphan]),
        .init(["HDEL", "batch:BATCH", "keep"], finds: [.batchUnreadable], leaves: [.batchUnreadable]),
        .init(
            ["HDEL", "batch:BATCH", "open"], ["DEL", "members:BATCH"], ["HDEL", "bonds", "MEMBER"],
            ["HSET", "batch:BATCH", "ended", "1"], finds: [.batchUnending]),
    ]

    static let ofLanes: [Corruption] = [
        .init(["DEL", "turn:q"], finds: [.laneUnserved]),
        .init(["ZADD", "turn:q", "1", "nobody"], finds: [.turnEmpty]),
        .init(["SADD", "wide:q", "nobody"], finds: [.wideEmpty]),
        .init(["ZADD", "lanes:q\tnobody", "1", "q\tnobody"], finds: [.lanesWrong]),
        .init(
            ["ZADD", "lanes:q\tnobody", "1", "q\tnobody"], ["SADD", "wide:q", "nobody"],
            ["ZADD", "turn:q", "1", "nobody"],
            finds: [.lanesWrong]),
        .init(
            ["SADD", "wide:q", ""], ["ZADD", "lanes:q\t", "1", "q\t\t\ttag:1"], finds: [.lanesWrong, .laneUnserved]),
        .init(["SADD", "kinds:q", "k"], finds: [.kindsEmpty]),
        .init(["SREM", "queues", "q"], finds: [.laneUnserved, .queueUnlisted]),
        .init(["RPUSH", "lane:x", "WAITS"], finds: [.laneUnreadable, .taskDoubled]),
        .init(["DEL", "lane:q\t\t\ttag:1"], finds: [.parkedEmpty, .taskLost]),
        .init(["HDEL", "lines", "tag:1"], finds: [.parkedUnlined]),
        .init(["DEL", "contended"], finds: [.parkedUnwoken]),
        .init(["HDEL", "parked:q", "q\t\t\ttag:1"], finds: [.laneUnserved, .linesOrphan]),
        .init(["HSET", "lines", "tag:2", ""], finds: [.linesEmpty]),
        .init(["ZADD", "waiting:tag:2", "1", "q\t"], ["HSET", "lines", "tag:2", ""], finds: [.waitingOrphan]),
        .init(["ZADD", "waiting:tag:1", "1", "q\t\t\ttag:1"], finds: [.waitingUnnoted]),
        .init(["SADD", "holders:tag:1", "WAITS"], finds: [.holdersLeaked]),
        .init(["SADD", "holders:tag:1", "ghost"], finds: [.holdersLeaked]),
        .init(["DEL", "holders:tag:1"], finds: [.heldUncounted]),
    ]

    static let ofWorkers: [Corruption] = [
        .init(["HSET", "held:w", "ghost", "1\tq\t"], finds: [.heldOrphan]),
        .init(
            ["HSET", "held:gone", "WAITS", "1\tq\t"], ["LREM", "lane:q\t", "1", "WAITS"], finds: [.heldGone]),
        // After a silence of the server, as a machine that is busy may have had one, nobody is dead for 15 s.
        .init(["ZADD", "workers", "5", "w"], ["HDEL", "clock", "awake"], finds: [.workersDead]),
        .init(["ZADD", "workers", "-1", "w"], finds: [.workersDead]),
        .init(
            ["ZADD", "delayed:q", "5", "LATER"], ["HSET", "worker:w", "queues", "other"], finds: [.queueUnattended],
            leaves: [.queueUnattended]),
        .init(
            ["ZADD", "workers", "5", "w"], ["HDEL", "clock", "awake"], ["XADD", "inbox", "1-1", "kind", "k"],
            finds: [.workersDead, .inboxUnattended], leaves: [.inboxUnattended]),
        .init(["HSET", "role:r", "by", "me"], finds: [.roleUnreadable], leaves: [.roleUnreadable]),
        .init(
            ["HSET", "role:r", "fence", "1", "holder", "me"], finds: [.roleUnreadable], leaves: [.roleUnreadable]),
        .init(
            ["HSET", "connections", "flow\tc", "x"], finds: [.connectionsUnreadable], leaves: [.connectionsUnreadable]),
        .init(["DEL", "worker:w"], finds: [.workersNameless], leaves: [.workersNameless]),
        .init(["ZREM", "workers", "w"], finds: [.workerLeftover, .heldGone, .holdersLeaked, .wakeLeftover]),
        .init(["HSET", "worker:gone", "a", "b"], finds: [.workerLeftover]),
        .init(["SADD", "idle:q", "gone"], finds: [.idleGone]),
        .init(["RPUSH", "wake:gone", "work"], finds: [.wakeLeftover]),
        .init(["SET", "surprise", "1"], finds: [.keyUnknown], leaves: [.keyUnknown]),
        .init(["SET", "lane:q\tt", "1"], finds: [.keyWrongType], leaves: [.keyWrongType]),
        .init(["SET", "dedupe:x", "never expires"], finds: [.lifeUnending]),
        .init(["PEXPIRE", "unique:lock", "100000"], finds: [.lifeFleeting]),
        .init(["ZADD", "schedules", "0", "gone"], finds: [.schedulesOrphan]),
        .init(["ZREM", "schedules", "s"], finds: [.scheduleUnlisted]),
        .init(["HDEL", "schedule:s", "spec"], finds: [.scheduleUnreadable], leaves: [.scheduleUnreadable]),
        .init(["ZREM", "ticks", "s"], finds: [.scheduleAsleep]),
        .init(["HSET", "schedule:s", "blocked", "1"], ["ZREM", "ticks", "s"], finds: [.scheduleStuck]),
        .init(["HSET", "schedule:s", "paused", "me\t1"], finds: [.ticksOrphan]),
        .init(["ZADD", "ticks", "1", "gone"], finds: [.ticksOrphan]),
        .init(["RPUSH", "ticked:gone", "1\tfired\tx"], finds: [.tickedOrphan]),
        .init(["SADD", "fires:s", "ghost"], finds: [.firesStale]),
        .init(["SADD", "again:c", "ghost"], finds: [.againOrphan]),
    ]

    @Test(arguments: ofTasks + ofLanes + ofWorkers)
    func `damage is found, named and mended`(corruption: Corruption) async throws {
        try await withStore(audits: false) { store in
            let words = try await Self.stage(store)
            try await Self.check(corruption, store, words)
        }
    }

    /// Of a run that was live and is said to be over.
    private static let over: Set<FaultName> = [.runUnindexed, .runsStale, .foreignStale]

    static let ofRuns: [Corruption] = [
        .init(["HSET", "run:RUN", "f", "x"], finds: [.runUnreadable, .runsStale], leaves: [.runUnreadable]),
        .init(["DEL", "history:RUN"], finds: [.runHistoryless], leaves: [.runHistoryless]),
        .init(
            ["DEL", "shapes"], finds: [.runShapeless, .workflowsShapeless],
            leaves: [.runShapeless, .workflowsShapeless]),
        .init(["HDEL", "foreign", "flow\tf"], finds: [.runNameless]),
        .init(["HSET", "foreign", "flow\tg", "RUN"], finds: [.foreignStale]),
        .init(["HSET", "foreign", "flow\tg", "gone"], finds: [.foreignStale]),
        .init(["DEL", "runs:flow:r"], finds: [.runUnindexed]),
        .init(["ZADD", "runs:flow:S", "1", "RUN"], finds: [.runsStale]),
        .init(["ZADD", "tagged:eu", "1", "gone"], finds: [.taggedStale]),
        .init(["ZREM", "tagged:eu", "RUN"], finds: [.runUnindexed]),
        .init(["DEL", "named:flow\tf"], finds: [.runUnindexed]),
        .init(["ZADD", "named:flow\tg", "1", "RUN"], finds: [.namedStale]),
        .init(["ZADD", "retained", "1", "RUN"], finds: [.retainedStale]),
        .init(["SADD", "fires:s", "RUN"], finds: [.firesStale]),
        .init(["SADD", "fans:RUN", "b"], finds: [.runFans]),
        .init(["SREM", "fans:RUN", "fan"], finds: [.runFans]),
        .init(["HDEL", "run:RUN", "v:fan"], finds: [.runListless], leaves: [.runListless]),
        .init(["HDEL", "run:RUN", "s:a"], finds: [.runOpen], leaves: [.runOpen]),
        .init(["HSET", "run:RUN", "s:b", "a"], finds: [.runOpen, .runIdleStep], leaves: [.runOpen, .runIdleStep]),
        .init(["HSET", "timers:RUN", "sync\tb", "gone"], finds: [.timersOrphan]),
        .init(["HSET", "items:RUN:b", "0", "+1 "], finds: [.partFanless]),
        .init(["HSET", "vars:gone", "a", "1"], finds: [.partOrphan]),
        .init(["HSET", "errors:gone", "1-1", "no"], finds: [.partOrphan]),
        .init(["HSET", "signals:gone", "go", "1 1"], finds: [.partOrphan]),
        .init(
            ["RPUSH", "shelf:gone", "STEP\tq\t"], ["LREM", "lane:q\t", "1", "STEP"], finds: [.partOrphan]),
        .init(["RPUSH", "shelf:gone", "TIMER\tq\t"], finds: [.partOrphan]),
        .init(["HSET", "items:RUN:fan", "0", "-1 no"], finds: [.itemsUnlisted]),
        .init(
            ["HSET", "items:RUN:fan", "0", "+1 done"], ["ZADD", "broken:RUN:fan", "0", "0"],
            finds: [.itemsUnlisted, .brokenOrphan]),
        .init(["ZADD", "broken:RUN:fan", "0", "0"], finds: [.brokenOrphan]),
        .init(["HSET", "workflows", "flow\t2", "gone"], finds: [.workflowsShapeless], leaves: [.workflowsShapeless]),
        .init(["SET", "sweeping", "w"], finds: [.lifeUnending]),
        .init(
            ["DEL", "shapes"], ["SET", "shapes", "x"], finds: [.keyWrongType, .auditHindered],
            leaves: [.keyWrongType, .auditHindered]),
        .init(["HSET", "run:RUN", "f", "D FACTS"], finds: over.union([.runUndeleted]), leaves: [.runUndeleted]),
        .init(["HSET", "run:RUN", "f", "X FACTS"], finds: over.union([.runRemains])),
        .init(["HSET", "run:RUN", "f", "S FACTS", "r", "1000"], finds: over.union([.runUnretained])),
        .init(
            ["DEL", "run:RUN"], ["HSET", "tries", "TIMER", "1\t0"],
            finds: [.delayedRunless, .partOrphan, .runsStale, .taggedStale, .namedStale, .foreignStale]),
    ]

    @Test(arguments: ofRuns)
    func `damage to runs is found, named and mended`(corruption: Corruption) async throws {
        try await withStore(audits: false) { store in
            let run = try await RunBench(store, foreignID: "f", tags: ["eu"])
            try await run.apply([
                .launch(.step("a")), .arm(.sync("a"), after: .seconds(60)), .launch(.step("fan")),
                .moveStep("fan", from: .active, to: .waiting), .openFan("fan", .all(tasks: 2, window: 1)),
            ])
            let held = try await KeyspaceAudit.read(store)
            let timer = try #require(held.timers[run.id.rawValue]?.values.first)
            let step = try #require(held.runTasks.first { $0.value.hasSuffix("\ta") && $0.key != timer }?.key)
            let facts = try #require(held.runs[run.id.rawValue]?["f"])
            let words = ["RUN": run.id.rawValue, "STEP": step, "TIMER": timer, "FACTS": String(facts.dropFirst(2))]
            try await Self.check(corruption, store, words)
        }
    }

    @Test func `a job loses the bond that leads nowhere, and no other`() async throws {
        try await withStore(audits: false) { store in
            let ids = try await store.fill(2).map(\.rawValue)
            for (id, bonds) in zip(ids, ["bnone", "n\nbnone"]) {
                try await store.raw("HSET", store.keys.prefix + "bonds", id, bonds)
            }
            let mended = try await store.audited { $0.mends = true }
            #expect(Set(mended.map(\.name)) == [.bondsOutside])
            #expect(try await store.raw("HGETALL", store.keys.prefix + "bonds").array?.map(\.text) == [ids[1], "n"])
        }
    }

    @Test func `a finding is the same with the same detail only, but for what a dead worker holds`() async throws {
        try await withStore(audits: false) { store in
            let id = try await store.fill(1)[0].rawValue
            try await store.raw("HSET", store.keys.prefix + "bonds", id, "bnone")
            _ = try await Player(store)
            try await store.raw("ZADD", store.keys.prefix + "workers", "-1", "w")
            let found = try await store.audited()
            #expect(Set(found.map(\.name)) == [.bondsOutside, .workersDead])
            var others = found
            for index in others.indices { others[index].detail += "0" }
            #expect(try await store.confirm(found[...]) == found)
            #expect(try await store.confirm(others[...]).map(\.name) == [.workersDead])
            let bond = try #require(others.first { $0.name == .bondsOutside })
            #expect(try await store.mend(bond) == .gone)
            #expect(try await store.raw("HGET", store.keys.prefix + "bonds", id).text == "bnone")
        }
    }

    @Test func `a slot whose job has got a lease meanwhile is not freed, nor is what was asked of that job`()
        async throws
    {
        try await withStore(audits: false) { store in
            let words = try await Self.stage(store)
            let id = try #require(words["RUNS"])
            let before = try await store.dump()
            for fault in [
                AuditFault(name: .holdersLeaked, aspect: "holders", part: "tag:1", item: id),
                AuditFault(name: .cancelsStale, aspect: "cancels", part: "", item: id),
            ] {
                if fault.name == .cancelsStale {
                    let owner = try #require(TaskID(id))
                    #expect(try await store.cancel(owner, reason: "late") == .requested)
                }
                #expect(try await store.confirm([fault]) == [])
                #expect(try await store.mend(fault) == .gone)
            }
            #expect(try await store.raw("HGET", store.keys.prefix + "cancels", id).text == "late")
            let holders = store.keys.prefix + "holders:tag:1"
            #expect(
                before.filter { $0.hasPrefix(holders) } == (try await store.dump()).filter { $0.hasPrefix(holders) })
        }
    }

    @Test func `a line of several lanes that is noted as having one is put right at once`() async throws {
        try await withStore(audits: false) { store in
            try await store.setLimit(LimitName("tag:1"), LimitTerms(concurrency: 1))
            var options = TaskOptions()
            options.limits = [try LimitName("tag:1")]
            for tenant in ["a", "a", "b"] { try await store.enqueue([store.task(tenant: tenant, options: options)]) }
            var worker = try await Player(store)
            _ = try await worker.turn(3)
            try await Self.check(
                .init(
                    ["ZREM", "waiting:tag:1", "q\ta\t\ttag:1"], ["HSET", "lines", "tag:1", "1\tq\ta\t\ttag:1"],
                    finds: [.waitingUnnoted, .parkedUnlined]), store, [:])
        }
    }

    @Test func `who waits for a job that is gone is told`() async throws {
        try await withStore(audits: false) { store in
            try await store.raw("HSET", store.keys.prefix + "bonds", "ghost", "wme")
            let mended = try await store.audited { $0.mends = true }
            #expect(mended.map(\.name) == [.bondsOrphan])
            let told = try await store.raw("LRANGE", store.keys.wake("me"), "0", "-1").array?.map(\.text)
            #expect(told == ["ended ghost discarded"])
        }
    }

    @Test func `a batch that a repair ends is told to the one that it belongs to`() async throws {
        try await withStore(audits: false) { store in
            let (outer, inner) = (BatchID(store.makeID()), BatchID(store.makeID()))
            try await store.openBatch(outer, keep: .seconds(60), parent: nil, name: "", callbacks: [:])
            try await store.openBatch(inner, keep: .seconds(60), parent: outer, name: "", callbacks: [:])
            #expect(try await store.sealBatch(outer) == .sealed)
            // As if the call that sealed it had been cut short.
            try await store.raw("HDEL", store.keys.prefix + "batch:\(inner)", "open")
            let mended = try await store.audited { $0.mends = true }
            #expect(mended.map(\.name) == [.batchUnended])
            let batches = try await KeyspaceAudit.read(store).batches
            #expect([inner, outer].allSatisfy { batches[$0.rawValue]?["ended"] != nil })
        }
    }

    @Test func `a tenant with several lanes keeps those that are listed rightly`() async throws {
        try await withStore(audits: false) { store in
            for priority in [Priority.normal, 1, -3] { try await store.fill(1, tenant: "t", priority: priority) }
            try await Self.check(.init(["ZADD", "lanes:q\tt", "1", "q\tt\t9"], finds: [.lanesWrong]), store, [:])
            let audit = try await KeyspaceAudit.read(store)
            #expect(audit.wide["q"] == ["t"] && audit.turns["q"]?.keys.sorted() == ["t"])
        }
    }

    @Test func `very many parked tasks of a run that is gone come back`() async throws {
        try await withStore(audits: false) { store in
            let ids = try await store.fill(120).map(\.rawValue)
            try await store.raw("DEL", store.keys.prefix + "lane:q\t", store.keys.prefix + "turn:q")
            let entries = ids.map { "\($0)\tq\t" }
            _ = try await store.redis.send(
                RedisCommand("RPUSH", RedisArguments([store.keys.prefix + "shelf:gone"] + entries)))
            let mended = try await store.audited { $0.mends = true }
            #expect(mended.map(\.name) == [.partOrphan])
            #expect(try await store.audited() == [])
            #expect(try await KeyspaceAudit.read(store).lanes["q\t"] == ids)
        }
    }

    @Test func `a job that was lost and is brought back wakes a worker`() async throws {
        try await withStore { store in
            let lost = try await store.fill(1)[0]
            var idle = try await Player(store, "idle")
            try await idle.turn(1)
            try await store.raw("DEL", store.keys.prefix + "held:idle")
            try await store.raw("DEL", store.keys.wake("idle"))
            try await idle.turn(1)
            let mended = try await store.audited { $0.mends = true }
            #expect(mended.map(\.name) == [.taskLost])
            #expect(try await KeyspaceAudit.read(store).hints["idle"] == ["work"])
            #expect(try await idle.turn(1).claimed.map(\.id) == [lost])
        }
    }

    @Test func `a lane that gets its turn back wakes a worker`() async throws {
        try await withStore { store in
            let ids = try await store.fill(2)
            var idle = try await Player(store, "idle")
            try await idle.turn(0)
            try await store.raw("SADD", store.keys.prefix + "idle:q", "idle")
            try await store.raw("DEL", store.keys.prefix + "turn:q")
            let mended = try await store.audited { $0.mends = true }
            #expect(mended.map(\.name) == [.laneUnserved])
            #expect(try await KeyspaceAudit.read(store).hints["idle"] == ["work"])
            #expect(try await idle.turn(2).claimed.map(\.id) == ids)
        }
    }

    @Test func `no fault is left without a test`() {
        let tested = (Self.ofTasks + Self.ofLanes + Self.ofWorkers + Self.ofRuns).reduce(into: Set<FaultName>()) {
            $0.formUnion($1.faults)
        }
        #expect(Set(FaultName.allCases).subtracting(tested) == [])
    }

    @Test func `every fault has a line on the page`() throws {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Sources/Penstock/Penstock.docc/Doctor.md")
        let lines = try String(contentsOf: page, encoding: .utf8).split(separator: "\n").filter { $0.hasPrefix("| `") }
        var told: [String: Bool] = [:]
        for line in lines {
            let cells = line.split(separator: "|")
            for code in cells[0].matches(of: /`([a-z_.]+)`/) { told[String(code.1)] = !cells[2].hasPrefix(" none") }
        }
        for fault in FaultName.allCases { #expect(told[fault.rawValue] == fault.isMendable, "\(fault.rawValue)") }
        let others = Set(told.keys).subtracting(FaultName.allCases.map(\.rawValue))
        #expect(others.allSatisfy { $0.hasPrefix("server.") })
    }

    // MARK: The stage

    /// A namespace with something of everything: a task that waits, one that runs with a slot of a limit, one parked by that
    /// limit, one with a timer, one with a lock, one in a batch, and a schedule.
    @Test("what a lease that goes counted under is free, but for what the one that stays counts under")
    func doubledLeases() async throws {
        for (mine, others, expected) in [
            ("\ntag:1", "\ntag:1", 1), ("\ntag:1", "", 0), ("", "\ntag:1", 1),
        ] {
            try await withStore { store in
                try await store.setLimit(LimitName("tag:1"), LimitTerms(concurrency: 1))
                let id = try await store.fill(1)[0].rawValue
                var worker = try await Player(store)
                _ = try await worker.claim()
                // The one that ends later stays.
                _ = try await Player(store, "other", lease: .seconds(60))
                for (worker, names) in [("w", mine), ("other", others)] {
                    try await store.raw("HSET", store.keys.held(worker), id, "1\tq\t\(names)")
                }
                try await store.raw("SADD", store.keys.holders("tag:1"), id)
                let mended = try await store.audited { $0.mends = true }
                #expect(mended.contains { $0.name == .taskDoubled && $0.answer == .mended }, "\(mended)")
                let after = try await store.audited()
                let held = try await KeyspaceAudit.read(store).held
                #expect(after == [] && held["w"] == nil && held["other"]?.count == 1)
                #expect(try await store.raw("SCARD", store.keys.holders("tag:1")).int == expected)
            }
        }
    }

    @Test("a lease of nothing frees what it counts under")
    func orphanedLease() async throws {
        try await withStore(audits: false) { store in
            try await store.setLimit(LimitName("tag:1"), LimitTerms(concurrency: 1))
            var options = TaskOptions()
            options.limits = [try LimitName("tag:1")]
            _ = try await store.enqueue([store.task(options: options)])
            var worker = try await Player(store)
            let id = try await worker.claim().id.rawValue
            try await store.raw("HDEL", store.keys.tasks, id)
            let fault = try #require(try await store.audited().first { $0.name == .heldOrphan })
            #expect(try await store.mend(fault) == .mended)
            #expect(try await store.audited() == [])
        }
    }

    private static func stage(_ store: Store) async throws -> [String: String] {
        try await store.setLimit(LimitName("tag:1"), LimitTerms(concurrency: 1))
        var limited = TaskOptions()
        limited.limits = [try LimitName("tag:1")]
        var worker = try await Player(store)
        let runs = try await store.enqueue([store.task(options: limited)])[0].id
        _ = try await worker.claim()
        try await store.enqueue([store.task(options: limited)])
        _ = try await worker.turn(1)
        let later = try await store.fill(1, start: .after(.seconds(3600)))[0]
        var locked = store.task()
        locked.uniqueness = Uniqueness("lock", until: .finished)
        try await store.enqueue([locked])
        let batch = BatchID(store.makeID())
        try await store.openBatch(batch, keep: .seconds(60), parent: nil, name: "", callbacks: [:])
        var member = TaskOptions()
        member.batch = batch
        let inBatch = try await store.enqueue([store.task(options: member)])[0].id
        let waits = try await store.fill(1)[0]
        let now = store.serverNow
        _ = try await store.save(
            ScheduleChange(name: "s", spec: Array("{}".utf8), payload: [], tick: now + 60_000, due: now + 60_000))
        return [
            "WAITS": waits.rawValue, "RUNS": runs.rawValue, "LATER": later.rawValue, "BATCH": batch.rawValue,
            "MEMBER": inBatch.rawValue,
        ]
    }

    private static func check(_ corruption: Corruption, _ store: Store, _ words: [String: String]) async throws {
        let before = try await store.audited()
        #expect(before == [])
        for command in corruption.commands {
            var arguments = command.dropFirst().map { text in
                words.reduce(text) { $0.replacing($1.key, with: $1.value) }
            }
            arguments[0] = store.keys.prefix + arguments[0]
            _ = try await store.redis.send(RedisCommand(command[0], RedisArguments(arguments)))
        }
        let found = try await store.audited()
        #expect(Set(found.map(\.name)) == corruption.faults)
        let mended = try await store.audited { $0.mends = true }
        #expect(Set(mended.map(\.name)) == corruption.faults)
        for fault in mended {
            let expected: Set<MendAnswer> = fault.name.isMendable ? [.mended, .gone] : [.untried]
            #expect(expected.contains(fault.answer), "\(fault)")
        }
        let after = try await store.audited()
        #expect(Set(after.map(\.name)) == corruption.left, "\(after)")
    }
}
