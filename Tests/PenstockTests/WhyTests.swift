import Glibc
import Penstock
import PenstockTesting
import Testing

/// What holds a job, told by a real Redis with real workers.
@Suite("Why a job is not running", .timeLimit(.minutes(10))) struct WhyTests {
    @Test("it waits for its turn, at its place, behind other tenants")
    func turn() async throws {
        try await Rig.with { rig in
            try await rig.penstock.setLimit("kind:other", LimitTerms(concurrency: 1))
            let door = Door()
            let started = TestSignal("the start")
            try await RunningWorker.with(rig.penstock, concurrency: 1) { worker in
                worker.handle(Work.self) { _, _ in
                    started.raise()
                    await door.pass()
                }
            } _: { _ in
                let running = try await rig.penstock.enqueue(Work(), .init(tenant: "a")).id
                try await started.wait()
                guard case .running(let worker) = try await rig.penstock.why(running).causes.first else {
                    Issue.record("it does not run")
                    return
                }
                #expect(try await rig.penstock.workers().map(\.name) == [worker])
                var ids: [TaskID] = []
                for tenant in ["b", "c", "c"] {
                    ids.append(try await rig.penstock.enqueue(Work(), .init(tenant: tenant)).id)
                }
                let why = try await rig.penstock.why(ids[2])
                #expect(why.causes == [.turn(tenantsAhead: 1)])
                #expect(why.position == 1 && why.laneLength == 2 && why.tenant == "c" && why.kind == "work")
                #expect(why.description == "ready, at position 2 of 2 of tenant c; 1 tenant ahead in turn")
                door.open()
            }
        }
    }

    @Test("it is delayed: for its first start, or after a failure")
    func delayed() async throws {
        try await Rig.with { rig in
            let first = try await rig.penstock.enqueue(Work(), .init(delay: .seconds(3600))).id
            let retried = try await rig.penstock.enqueue(Work()).id
            try await RunningWorker.with(rig.penstock) {
                $0.handle(Work.self) { _, _ in throw JobFailure.retry(after: .seconds(600), "come back later") }
            } _: { running in
                try await eventually("the retry to wait") { running.worker.statistics.retried == 1 }
                let status = try await rig.penstock.status(first)
                #expect(
                    try await rig.penstock.why(first).causes == [.delayed(until: try #require(status.at), after: nil)])
                let why = try await rig.penstock.why(retried)
                guard case .delayed(_, let trouble?) = why.causes.first else {
                    Issue.record("\(why)")
                    return
                }
                #expect(trouble.attempt == 1 && trouble.message.contains("come back later"))
                #expect(why.description.contains("its next attempt: attempt 1 ended with"))
                try await rig.penstock.pause(queue: "default", by: "ops")
                let paused = try await rig.penstock.why(first)
                #expect(paused.causes.count == 2 && paused.description.contains("besides, queue default is paused"))
            }
        }
    }

    @Test("a limit has parked it: until a moment, or behind those that hold the slots")
    func limited() async throws {
        try await Rig.with { rig in
            let door = Door()
            let started = Notes<TaskID>("started")
            let rate = try LimitTerms(jobs: 1, per: .seconds(600))
            let slots = try LimitTerms(concurrency: 2)
            try await rig.penstock.setLimit("account:slow", rate)
            try await rig.penstock.setLimit("account:*", slots)
            try await RunningWorker.with(rig.penstock, concurrency: 8) {
                $0.handle(Work.self) { _, context in
                    started.post(context.id)
                    await door.pass()
                }
            } _: { _ in
                var slow: [TaskID] = []
                var busy: [TaskID] = []
                for _ in 0..<2 {
                    slow.append(try await rig.penstock.enqueue(Work(), .init(limits: ["account:slow"])).id)
                }
                for _ in 0..<4 {
                    busy.append(try await rig.penstock.enqueue(Work(), .init(limits: ["account:busy"])).id)
                }
                _ = try await started.next(3)
                try await eventually("the others to be parked") { try await rig.queue().limited == 3 }

                let why = try await rig.penstock.why(slow[1])
                guard case .rate(let name, rate, let until) = why.causes.first else {
                    Issue.record("\(why)")
                    return
                }
                #expect(name.rawValue == "account:slow" && why.causes.count == 1 && why.position == 0)
                let made = try #require(slow[0].milliseconds)
                #expect((590_000...660_000).contains(until - made), "\(until - made)")

                let last = try await rig.penstock.why(busy[3])
                #expect(
                    last.causes == [
                        .concurrency(try LimitName("account:busy"), slots, running: 2, holders: busy[..<2].sorted())
                    ])
                #expect(last.position == 1 && last.description.contains("under which 2 jobs run: "))
                door.open()
            }
        }
    }

    @Test("its queue or kind is paused, by somebody")
    func paused() async throws {
        try await Rig.with { rig in
            try await RunningWorker.with(rig.penstock) {
                $0.handle(Work.self) { _, _ in }
            } _: {
                try await $0.started()
                try await rig.penstock.pause(queue: "default", by: "ops@host")
                try await rig.penstock.pause(kind: Work.name)
                let id = try await rig.penstock.enqueue(Work()).id
                let since = try #require(try await rig.queue().pausedAt)
                let causes = try await rig.penstock.why(id).causes
                #expect(causes.count == 2 && causes.first == .queuePaused(by: "ops@host", at: since))
                guard case .kindPaused(by: "", at: _) = causes.last else {
                    Issue.record("\(causes)")
                    return
                }
            }
        }
    }

    @Test("no worker is alive, none serves its queue, or none takes its kind")
    func noWorker() async throws {
        try await Rig.with { rig in
            let elsewhere = try await rig.penstock.enqueue(Work(), .init(queue: "elsewhere")).id
            let other = try await rig.penstock.enqueue(Other()).id
            #expect(try await rig.penstock.why(other).causes == [.noWorker(.anyWorker)])
            try await RunningWorker.with(rig.penstock) {
                $0.handle(Work.self) { _, _ in }
            } _: {
                try await $0.started()
                #expect(try await rig.penstock.why(elsewhere).causes == [.noWorker(.queue)])
                #expect(try await rig.penstock.why(other).causes == [.noWorker(.kind)])
                try await eventually("it to be set aside") { try await rig.queue().kindsSetAside == [Other.name] }
                let why = try await rig.penstock.why(other)
                #expect(why.causes == [.noWorker(.kind)] && why.position == 0)
                #expect(why.description == "no live worker of queue default takes kind other")
            }
        }
    }

    @Test("its worker was killed, and nobody is there to take it over")
    func lost() async throws {
        try await withTemporaryDirectory { directory in
            try await Rig.with { rig in
                let ledger = Ledger(in: directory)
                try await WorkerProgram.run(rig, ledger: ledger) { process in
                    let job = LedgerJob(number: 1, until: directory + "/never")
                    let id = try await rig.penstock.enqueue(job).id
                    try await eventually("the start") { ledger.begun.count == 1 }
                    let worker = try #require(try await rig.penstock.workers().first?.name)
                    #expect(try await rig.penstock.why(id).causes == [.running(worker: worker)])
                    process.signal(SIGKILL)
                    _ = try await process.exit()
                    try await eventually("the end of its lease") {
                        try await rig.penstock.why(id).causes == [.lost(worker: worker), .noWorker(.anyWorker)]
                    }
                    let waiting = try await rig.penstock.enqueue(LedgerJob(number: 2)).id
                    #expect(try await rig.penstock.why(waiting).causes == [.noWorker(.anyWorker)])
                }
            }
        }
    }

    @Test("it is the callback of a batch that has not ended")
    func callback() async throws {
        try await Rig.with { rig in
            let batch = try await rig.penstock.openBatch("import", .init(onDone: .job(Other())))
            try await batch.add(many: [Work(), Work()])
            try await batch.seal()
            let awaited = try #require(try await rig.command("HKEYS", "{t:0}:awaits").array?.first?.text)
            let id = try #require(TaskID(awaited))
            #expect(try await rig.penstock.why(id).causes == [.batch(batch.id, membersLeft: 2)])
        }
    }

    @Test("a length cap is no unique key, whatever its queue is called")
    func uniqueKeysOnly() async throws {
        try await Rig.with { rig in
            // Their bonds begin like that of a unique key, were the first letter not looked at: c for a cap, u for a key.
            for queue in ["users", "uses", "cue", "queued"] {
                try await rig.penstock.setCap(queue: queue, most: 10)
                try await rig.penstock.setCap(queue: queue, tenant: "*", most: 10)
                let plain = try await rig.penstock.enqueue(Work(), .init(queue: queue, tenant: "used")).id
                let key = "sync-\(queue)"
                let unique = try await rig.penstock.enqueue(
                    Work(), .init(queue: queue, tenant: "used", unique: .init(key))
                ).id
                #expect(try await rig.penstock.why(plain).uniqueKeys == [], "\(queue)")
                #expect(try await rig.penstock.why(unique).uniqueKeys == [key], "\(queue)")
                let bonds = try await rig.command("HGET", "{t:0}:bonds", plain.rawValue).text ?? ""
                #expect(bonds.contains("c\(queue)"), "the caps count it: \(bonds)")
            }
        }
    }

    @Test("it is dead, has ended, or is not known")
    func ended() async throws {
        try await Rig.with { rig in
            let dead = try await rig.penstock.enqueue(Work()).id
            let done = try await rig.penstock.enqueue(Other(), .init(retention: .seconds(60))).id
            try await RunningWorker.with(rig.penstock) { worker in
                worker.handle(Work.self) { _, _ in throw JobFailure.permanent("no user") }
                worker.handle(Other.self) { _, _ in }
            } _: { running in
                try await eventually("both") {
                    running.worker.statistics.dead == 1 && running.worker.statistics.completed == 1
                }
            }
            guard case .dead(let since, let trouble?) = try await rig.penstock.why(dead).causes.first else {
                Issue.record("it is not dead")
                return
            }
            #expect(since == (try await rig.penstock.status(dead).at) && trouble.message.contains("no user"))
            #expect(try await rig.penstock.why(done).causes == [.ended(.completed)])
            let nobody = try #require(TaskID("nobody"))
            #expect(try await rig.penstock.why(nobody).causes == [.unknown])
        }
    }
}

/// The sentences, without a Redis.
@Suite("Sentences of why") struct ExplanationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let causes: [Explanation.Cause]
        let text: String
        var position: Int?
        var length: Int?
        var tenant = ""
        var keys: [String] = []
        var expires: Int64?

        var testDescription: String { text }
    }

    static func cases() throws -> [Case] {
        let name = try LimitName("account:42")
        let rate = try LimitTerms(jobs: 10)
        let slots = try LimitTerms(concurrency: 5)
        let ids = ["a", "b", "c"].compactMap { TaskID($0) }
        let batch = try #require(BatchID("b1"))
        let trouble = Trouble(at: 1, attempt: 3, message: "exit 65\nand more")
        return [
            Case(
                causes: [.turn(tenantsAhead: 2)],
                text: "ready, at position 3 of 10 of tenant acme; 2 tenants ahead in turn",
                position: 2, length: 10, tenant: "acme"),
            Case(
                causes: [.turn(tenantsAhead: 0)], text: "ready, at position 1 of 1; its tenant is next in turn",
                position: 0, length: 1),
            Case(
                causes: [.turn(tenantsAhead: 1)], text: "ready, deep in a lane of 500000; 1 tenant ahead in turn",
                length: 500_000),
            Case(causes: [.turn(tenantsAhead: 0)], text: "ready; its tenant is next in turn"),
            Case(
                causes: [.rate(name, rate, until: 7)],
                text: "parked by limit account:42 (10/s, burst 1) until @7, at position 2 of 3", position: 1, length: 3),
            Case(
                causes: [.concurrency(name, slots, running: 5, holders: ids)],
                text: "parked by limit account:42 (5 at once), under which 5 jobs run: a, b, c and 2 more"),
            Case(
                causes: [.concurrency(name, slots, running: 1, holders: [])],
                text: "parked by limit account:42 (5 at once), under which 1 job runs"),
            Case(causes: [.delayed(until: 7, after: nil)], text: "delayed until @7, its first attempt"),
            Case(
                causes: [.delayed(until: 7, after: trouble)],
                text: "delayed until @7, its next attempt: attempt 3 ended with \"exit 65\""),
            Case(
                causes: [.queuePaused(by: "ops", at: 5), .noWorker(.anyWorker)],
                text: "queue mail is paused since @5 by ops; besides, no worker is alive"),
            Case(causes: [.kindPaused(by: "", at: 5)], text: "kind send is paused since @5"),
            Case(causes: [.noWorker(.queue)], text: "no live worker serves queue mail"),
            Case(causes: [.noWorker(.kind)], text: "no live worker of queue mail takes kind send"),
            Case(causes: [.running(worker: "w-1")], text: "running on w-1"),
            Case(
                causes: [.lost(worker: "w-1"), .noWorker(.anyWorker)],
                text:
                    "held by w-1, whose lease has run out: a live worker will take it over; besides, no worker is alive"
            ),
            Case(causes: [.dead(since: 5, after: trouble)], text: "dead since @5: attempt 3 ended with \"exit 65\""),
            Case(causes: [.dead(since: 5, after: nil)], text: "dead since @5"),
            Case(
                causes: [.batch(batch, membersLeft: 1)], text: "callback of batch b1, of which 1 member has not ended"),
            Case(
                causes: [.batch(batch, membersLeft: 9)], text: "callback of batch b1, of which 9 members have not ended"
            ),
            Case(causes: [.ended(.cancelled)], text: "ended: cancelled"),
            Case(causes: [.unknown], text: "unknown: never enqueued, or ended and not retained"),
            Case(
                causes: [.noWorker(.anyWorker)],
                text: "no worker is alive; it holds unique key \"k\", \"l\"; it expires @9 unless it has started",
                keys: ["k", "l"], expires: 9),
        ]
    }

    @Test("one for each state")
    func sentences() throws {
        let id = try #require(TaskID("x"))
        for wanted in try Self.cases() {
            var explanation = Explanation(id: id, causes: wanted.causes)
            explanation.kind = "send"
            explanation.queue = "mail"
            explanation.tenant = wanted.tenant
            explanation.position = wanted.position
            explanation.laneLength = wanted.length
            explanation.uniqueKeys = wanted.keys
            explanation.expiresAt = wanted.expires
            #expect(explanation.sentence { "@\($0)" } == wanted.text)
        }
        #expect(
            Explanation(id: id, causes: [.dead(since: 1_896_112_800_250, after: nil)]).description
                == "dead since 2030-01-31T18:00:00.250Z")
    }
}
