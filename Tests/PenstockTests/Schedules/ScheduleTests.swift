import Foundation
import Penstock
import PenstockModel
import PenstockStore
import PenstockTesting
import RedisClient
import Testing

/// Rows T1 and T2: schedules for jobs and workflows, declared and made at run time.
@Suite("T2: schedules", .timeLimit(.minutes(10))) struct ScheduleTests {
    /// A worker that notes the ticks of the jobs that it runs.
    private func withTicks(
        _ rig: Rig, options: Worker.Options = .quick, _ prepare: (Worker) throws -> Void = { _ in },
        isolation: isolated (any Actor)? = #isolation,
        _ body: (EventBox<Seen>, RunningWorker) async throws -> Void
    ) async throws {
        let seen = EventBox<Seen>("jobs")
        var wrong: (any Error)?
        let handle = { (worker: Worker) in
            worker.handle(Work.self) { job, context in seen.post(Seen(job.number, context.tick)) }
            do { try prepare(worker) } catch { wrong = error }
        }
        try await RunningWorker.with(rig.penstock, options: options, prepare: handle) { running in
            if let wrong { throw wrong }
            try await running.started()
            try await body(seen, running)
        }
        let findings = try await KeyspaceAudit.check(rig.penstock.store)
        #expect(findings == [])
    }

    struct Seen: Sendable, Hashable {
        let number: Int
        let schedule: String?
        let tick: Int64?

        init(_ number: Int, _ tick: Tick?) {
            self.number = number
            schedule = tick?.schedule
            self.tick = tick?.moment.milliseconds
        }
    }

    @Test("a job's schedule ticks on time, with its options, and the job knows its tick")
    func job() async throws {
        try await Rig.with { rig in
            let enqueue = EnqueueOptions(
                tenant: "acme", priority: 3, limits: ["account:1"], expiry: .seconds(60), maxAttempts: 2,
                backoff: .constant(.seconds(1)), timeout: .seconds(5), deadline: .seconds(90), retention: .seconds(600),
                headers: ["a": "b"])
            let schedule = try await rig.penstock.createSchedule(
                "nightly", "0 3 * * *", Work(number: 7), .init(zone: "Europe/Berlin"), enqueue: enqueue)
            try await withTicks(rig) { seen, _ in
                let before = try await schedule.status(next: 3)
                #expect(before.words == "at 03:00, every day" && before.state == .active && before.next.count == 3)
                guard case .job("work", let payload, enqueue) = before.target else {
                    Issue.record("\(before.target)")
                    return
                }
                #expect(try JSONDecoder().decode(Work.self, from: Data(payload)).number == 7)
                let next = try #require(before.next.first)
                let now = try await rig.now()
                // A second before, and it is not early.
                try await rig.advanceClock(by: .milliseconds(next.milliseconds - now - 1000))
                try await rig.schedulesSettled()
                let job = try await seen.next("the job") { _ in true }
                #expect(job.number == 7 && job.schedule == "nightly" && job.tick == next.milliseconds)
                let after = try await schedule.status()
                #expect(after.fired == 1 && after.next.first == before.next[1])
                let history = try await schedule.history()
                #expect(history.map(\.tick) == [next])
            }
        }
    }

    @Test("a workflow's schedule starts runs, which are found by its tag and know their tick")
    func workflow() async throws {
        let ticks = EventBox<Int64>("ticks")
        let flow = try Workflow("ticked", input: Order.self) { flow in
            flow.step("only") { order, context in
                #expect(order.number == 5)
                ticks.post(context.tick?.moment.milliseconds ?? 0)
            }
        }
        try await Rig.with { rig in
            try await withTicks(
                rig,
                { worker in
                    worker.handle(flow)
                    try worker.schedule("flows", "@every 1h", flow, Order(number: 5), start: .init(tags: ["mine"]))
                }
            ) { _, worker in
                _ = try await worker.events.next("its schedules") { $0 == .declared }
                let schedule = rig.penstock.schedule("flows")
                let next = try #require(try await schedule.status().next.first?.milliseconds)
                try await rig.advanceClock(by: .seconds(3600))
                try await rig.schedulesSettled()
                let tick = try await ticks.next("a run") { _ in true }
                #expect(tick == next)
                let runs = try await rig.penstock.runs(.init(tags: ["schedule/flows", "mine"])).entries
                #expect(runs.count == 1)
                guard case .fired(let id)? = try await schedule.history().first?.fate else {
                    Issue.record("no run in the history")
                    return
                }
                #expect(runs.first?.id.rawValue == id)
            }
        }
    }

    @Test("code makes the jobs of a schedule, or nothing, once for each tick")
    func made() async throws {
        try await Rig.with { rig in
            let asked = Journal()
            try await withTicks(
                rig,
                { worker in
                    try worker.schedule("made", "@every 1m", .init(overlap: .wait(atMost: 1))) { tick in
                        let minute = Int(tick.moment.milliseconds / 60_000)
                        asked.note("\(minute)")
                        return minute % 2 == 0 ? Work(number: minute) : nil
                    }
                }
            ) { seen, worker in
                _ = try await worker.events.next("its schedules") { $0 == .declared }
                let schedule = rig.penstock.schedule("made")
                let first = try #require(try await schedule.status().next.first?.milliseconds) / 60_000
                try await rig.advanceClock(by: .seconds(240))
                for minute in first...(first + 3) where minute % 2 == 0 {
                    let job = try await seen.next("a job") { $0.number == Int(minute) }
                    #expect(job.tick == minute * 60_000 && job.schedule == "made")
                }
                try await eventually("all ticks to be noted") {
                    try await schedule.history().count { [.filtered].contains($0.fate) || $0.fate.word == "made" } >= 4
                }
                #expect(Set(asked.all).isSuperset(of: (first...(first + 3)).map { "\($0)" }))
                let words = Set(try await schedule.history().map(\.fate.word))
                #expect(words == ["fired", "made", "filtered"])
            }
        }
    }

    @Test("pause, resume, trigger, update, delete")
    func steering() async throws {
        try await Rig.with { rig in
            let schedule = try await rig.penstock.createSchedule("steered", "@every 1m", Work(number: 1))
            try await withTicks(rig) { seen, _ in
                try await schedule.pause(by: "ann")
                try await schedule.pause(by: "bob")
                guard case .paused(let by, _) = try await schedule.status().state else {
                    Issue.record("not paused")
                    return
                }
                #expect(by == "ann")
                // What passes meanwhile is not made up for; by hand it goes all the same.
                try await rig.advanceClock(by: .seconds(600))
                try await rig.schedulesSettled()
                let started = try await schedule.trigger()
                _ = try await seen.next("the one by hand") { _ in true }
                try await schedule.resume()
                try await rig.schedulesSettled()
                let history = try await schedule.history()
                #expect(history.map(\.fate) == [.triggered(started.description)])

                // A change counts from the next tick.
                try await schedule.update { draft in
                    draft.recurrence = "@every 1h"
                    draft.options.note = "slower"
                    draft.target = try .job(kind: "work", payload: Array(#"{"number":2}"#.utf8))
                }
                let status = try await schedule.status(next: 2)
                #expect(status.options.note == "slower" && status.recurrence == "@every 1h")
                #expect(status.next.map { $0.milliseconds % 3_600_000 } == [0, 0])
                try await rig.advanceClock(by: .seconds(3600))
                try await rig.schedulesSettled()
                let job = try await seen.next("the changed one") { _ in true }
                #expect(job.number == 2)

                try await schedule.delete()
                await #expect(throws: PenstockError.self) { try await schedule.status() }
                await #expect(throws: PenstockError.self) { try await schedule.delete() }
                await #expect(throws: PenstockError.self) { try await schedule.trigger() }
            }
            let left = try await rig.penstock.schedules()
            #expect(left.isEmpty)
        }
    }

    @Test("what is due when a schedule is changed is fired as it was")
    func changedLate() async throws {
        try await Rig.with { rig in
            let schedule = try await rig.penstock.createSchedule("late", "@every 1m", Work(number: 1))
            // Nobody is there to fire it.
            try await rig.advanceClock(by: .seconds(60))
            try await schedule.update { draft in
                draft.target = try .job(kind: "work", payload: Array(#"{"number":2}"#.utf8))
            }
            let history = try await schedule.history()
            #expect(history.map(\.fate.word) == ["fired"])
            try await withTicks(rig) { seen, _ in
                let job = try await seen.next("the job") { _ in true }
                #expect(job.number == 1)
            }
        }
    }

    @Test("a backfill fires the ticks of a time that has passed, so many at once, and is gone then")
    func backfill() async throws {
        try await Rig.with { rig in
            let held = HeldJobs()
            let schedule = try await rig.penstock.createSchedule("hourly", "0 * * * *", Work())
            let now = try await rig.now()
            let from = Date(milliseconds: (now / 3_600_000 - 10) * 3_600_000)
            let backfill = try await schedule.backfill(
                from: from, through: from.addingTimeInterval(9 * 3600), atMost: 3)
            try await RunningWorker.with(
                rig.penstock, concurrency: 8,
                prepare: { worker in
                    worker.handle(Work.self) { _, context in
                        try await held.hold(context.tick?.moment.milliseconds ?? 0)
                    }
                }
            ) { _ in
                for hour in 0..<10 {
                    let expected = (hour..<min(hour + 3, 10)).map { from.milliseconds + Int64($0) * 3_600_000 }
                    try await eventually("three at once") { held.live == Set(expected) }
                    held.end(expected[0])
                }
                try await eventually("it to be gone") { try await rig.penstock.schedules().map(\.name) == ["hourly"] }
            }
            await #expect(throws: PenstockError.self) { try await backfill.status() }
            let status = try await schedule.status()
            #expect(status.fired == 0, "the schedule's own ticks go on as before")
            #expect(try await KeyspaceAudit.check(rig.penstock.store) == [])
        }
    }

    @Test("a year of hourly ticks is backfilled through a limit of five, and cancelled half-way")
    func longBackfill() async throws {
        try await Rig.with { rig in
            let schedule = try await rig.penstock.createSchedule("hourly", "0 * * * *", Work())
            let through = try await Date(milliseconds: rig.now())
            let from = through.addingTimeInterval(-365 * 86_400)
            let backfill = try await schedule.backfill(from: from, through: through, atMost: 5)
            let seen = EventBox<Int64>("ticks")
            let most = Journal()
            try await RunningWorker.with(
                rig.penstock, concurrency: 64,
                prepare: { worker in
                    worker.handle(Work.self) { _, context in
                        let live = try await rig.command("SCARD", "{t:0}:fires:\(backfill.name)").int ?? 0
                        if live > 5 { most.note("\(live)") }
                        seen.post(context.tick?.moment.milliseconds ?? 0)
                    }
                }
            ) { _ in
                for _ in 0..<300 { _ = try await seen.next("a tick") { _ in true } }
                try await backfill.delete()
                try await eventually("what was started to end") {
                    let queue = try await rig.queue()
                    return queue.running + queue.ready == 0
                }
            }
            let done = try await rig.queue().completed
            #expect(done < 8700 && done >= 300)
            #expect(most.all == [])
            #expect(try await rig.penstock.schedules().map(\.name) == ["hourly"])
            #expect(try await KeyspaceAudit.check(rig.penstock.store) == [])
        }
    }

    @Test("all of a year's 8,760 hourly ticks are backfilled")
    func wholeBackfill() async throws {
        try await Rig.with { rig in
            let schedule = try await rig.penstock.createSchedule("hourly", "0 * * * *", Work())
            let through = try await Date(milliseconds: rig.now() / 3_600_000 * 3_600_000)
            try await schedule.backfill(from: through.addingTimeInterval(-8759 * 3600), through: through, atMost: 64)
            let ticks = Lockbox<[Int64]>([])
            try await RunningWorker.with(
                rig.penstock, concurrency: 64,
                prepare: { worker in
                    worker.handle(Work.self) { _, context in
                        ticks.change { $0.append(context.tick?.moment.milliseconds ?? 0) }
                    }
                }
            ) { _ in
                try await eventually("the end of the backfill", within: .seconds(60)) { ticks.value.count >= 8760 }
            }
            #expect(ticks.value.count == 8760 && Set(ticks.value).count == 8760)
        }
    }

    @Test(
        "declarations: stored at the start, kept by repetition, a new version wins, an old one comes back when it is alone"
    )
    func declarations() async throws {
        try await Rig.with { rig in
            func spec(_ every: String) throws -> ScheduleSpec {
                ScheduleSpec(recurrence: try Recurrence(every), target: .job(.init(head: "work\tdefault\t\t")))
            }
            func declare(_ every: String) async throws -> ScheduleSaving {
                let spec = try spec(every)
                return try await rig.penstock.firer.save("both", digest: true) { _ in (spec, []) }
            }
            let schedule = rig.penstock.schedule("both")
            #expect(try await declare("@every 1h") == .saved)
            #expect(try await declare("@every 1h") == .kept)
            #expect(try await declare("@every 2h") == .saved, "a version that nobody had")
            #expect(try await declare("@every 1h") == .left, "while workers of the later one live")
            #expect(try await schedule.status().recurrence == "@every 2h")
            // By hand, until another version comes.
            try await schedule.update { $0.recurrence = "@every 3h" }
            #expect(try await declare("@every 2h") == .kept)
            #expect(try await schedule.status().recurrence == "@every 3h")
            await #expect(throws: PenstockError.self) { try await schedule.delete() }
            // The later version's workers go; those of the earlier one repeat what they have.
            try await rig.advanceClock(by: .seconds(100))
            #expect(try await declare("@every 1h") == .left)
            try await rig.advanceClock(by: .seconds(100))
            #expect(try await declare("@every 1h") == .saved)
            #expect(try await schedule.status().recurrence == "@every 1h")
            try await rig.advanceClock(by: .seconds(200))
            try await schedule.delete()
            _ = try await rig.penstock.createSchedule("both", "@every 1h", Work())
            #expect(try await declare("@every 1h") == .foreign)
            #expect(try await KeyspaceAudit.check(rig.penstock.store) == [])
        }
    }

    @Test(
        "the end of what goes on is no less a reason to look when it comes while the ticks are planned",
        arguments: [OverlapPolicy.wait(atMost: 1), .queueOne])
    func endWhilePlanned(overlap: OverlapPolicy) async throws {
        try await Rig.with { rig in
            let schedule = try await rig.penstock.createSchedule(
                "raced", "@every 1m", Work(), .init(overlap: overlap, misfireGrace: .seconds(600)))
            func look() async throws -> (StoredSchedule, now: Int64) {
                let (now, found) = try await rig.penstock.store.schedules(["raced"])
                return (try #require(found[0]), now)
            }
            try await rig.advanceClock(by: .seconds(60))
            let first = try await look()
            try await rig.penstock.firer.fire(first.0, now: first.now)
            guard case .fired(let text)? = try await schedule.history().first?.fate, let id = TaskID(text) else {
                Issue.record("the first tick was not fired")
                return
            }
            try await rig.advanceClock(by: .seconds(60))
            // It goes on when the second tick is planned, and no longer when the plan arrives.
            let second = try await look()
            #expect(second.0.facts.live == 1)
            _ = try await rig.penstock.cancel(id)
            try await rig.penstock.firer.fire(second.0, now: second.now)
            let third = try await look()
            #expect(try #require(third.0.due) <= third.now, "it is looked at again at once")
            try await rig.penstock.firer.fire(third.0, now: third.now)
            #expect(try await schedule.status().fired == 2)
            #expect(try await KeyspaceAudit.check(rig.penstock.store) == [])
        }
    }

    @Test("a start, an end, and jitter that is the same for whoever asks")
    func bounds() async throws {
        try await Rig.with { rig in
            let now = try await rig.now()
            let start = now / 60_000 * 60_000 + 7_000 + 600_000
            let options = ScheduleOptions(
                start: Date(milliseconds: start), end: Date(milliseconds: start + 150_000), jitter: .seconds(30),
                misfireGrace: .seconds(3600))
            let schedule = try await rig.penstock.createSchedule("bounded", "@every 1m", Work(), options)
            let next = try await schedule.status(next: 10).next.map(\.milliseconds)
            #expect(next == [start, start + 60_000, start + 120_000])
            let rules = TickRules(jitter: 30_000, seed: TickRules.seed(of: "bounded"))
            let due = try #require(try await KeyspaceAudit.read(rig.penstock.store).ticks["bounded"])
            #expect(due == rules.due(start) && (start...start + 30_000).contains(due))
            #expect(Set((0..<100).map { rules.due(start + $0 * 60_000) - start - $0 * 60_000 }).count > 80)
            try await withTicks(rig) { seen, _ in
                try await rig.advanceClock(by: .seconds(1000))
                for _ in 0..<3 { _ = try await seen.next("a job", within: .seconds(10)) { _ in true } }
                try await eventually("it to be over") { try await schedule.status().state == .over }
            }
        }
    }

    @Test("what cannot be is refused, with the field and the way out")
    func badInput() async throws {
        try await Rig.with { rig in
            let now = Date(milliseconds: try await rig.now())
            func refused(
                _ part: String, _ name: String = "bad", _ recurrence: String = "@daily",
                _ options: ScheduleOptions = .init(), _ enqueue: EnqueueOptions = .init(),
                location: SourceLocation = #_sourceLocation
            ) async {
                do {
                    _ = try await rig.penstock.createSchedule(name, recurrence, Work(), options, enqueue: enqueue)
                    Issue.record("accepted", sourceLocation: location)
                } catch {
                    #expect(error.code == .invalidArgument, sourceLocation: location)
                    #expect(error.message.contains(part), "\(error.message)", sourceLocation: location)
                }
            }
            await refused("is empty", "")
            await refused("may have only letters", "two words")
            await refused("hour", "bad", "0 24 * * *")
            await refused("30 February never comes", "bad", "0 0 30 2 *")
            await refused("Europe/Berlin", "bad", "@daily", .init(zone: "Europe/Berlim"))
            await refused(
                "the end comes before the start", "bad", "@daily", .init(start: now, end: now.addingTimeInterval(-1)))
            await refused("maximum count", "bad", "@daily", .init(maximumCount: 0))
            await refused("jitter", "bad", "@daily", .init(jitter: .seconds(-1)))
            await refused("misfire grace", "bad", "@daily", .init(misfireGrace: .seconds(400 * 86_400)))
            await refused("overlap wait", "bad", "@daily", .init(overlap: .wait(atMost: 0)))
            await refused("misfire all", "bad", "@daily", .init(misfire: .all(atMost: 5000)))
            await refused("idempotencyKey", "bad", "@daily", .init(), .init(idempotencyKey: "x"))
            await refused("delay", "bad", "@daily", .init(), .init(delay: .seconds(1)))
            await refused("queue", "bad", "@daily", .init(), .init(queue: "a b"))
            #expect(try await rig.penstock.schedules().isEmpty)
            let schedule = try await rig.penstock.createSchedule("good", "@daily", Work())
            await refused("there is a schedule good", "good")
            for (from, through, atMost) in [
                (now, now.addingTimeInterval(-1), 1), (now.addingTimeInterval(-2), now.addingTimeInterval(-1), 1),
                (now, now.addingTimeInterval(2 * 86_400), 1), (now.addingTimeInterval(-2 * 86_400), now, 0),
            ] {
                await #expect(throws: PenstockError.self) {
                    try await schedule.backfill(from: from, through: through, atMost: atMost)
                }
            }
            await #expect(throws: PenstockError.self) { try await schedule.update { $0.recurrence = "nonsense" } }
            #expect(try await schedule.status().recurrence == "@daily")
            let worker = Worker(rig.penstock)
            #expect(throws: PenstockError.self) { try worker.schedule("bad", "nonsense", Work()) }
            #expect(try await KeyspaceAudit.check(rig.penstock.store) == [])
        }
    }

    @Test(
        "a lost reply starts nothing twice and loses nothing",
        arguments: [Fault.dropReply(), .dropRequest()], [Scripts.fireTicks, Scripts.cycle, Scripts.readSchedules])
    func lostReply(fault: Fault, script: RedisScript) async throws {
        try await Rig.with { rig in
            for script in [Scripts.fireTicks, Scripts.cycle, Scripts.readSchedules] { try await rig.load(script) }
            try await FaultProxy.withProxy(to: rig.redis) { proxy in
                // Half a minute before a tick, so that the test's own time does not matter.
                try await rig.advanceClock(by: .milliseconds(90_000 - (try await rig.now()) % 60_000))
                let schedule = try await rig.penstock.createSchedule("lossy", "@every 1m", Work())
                let client = try Rig.client(proxy.url)
                let seen = EventBox<Int64>("ticks")
                try await RunningWorker.with(
                    client,
                    prepare: { worker in
                        worker.handle(Work.self) { _, context in seen.post(context.tick?.moment.milliseconds ?? 0) }
                    }
                ) { worker in
                    try await worker.started()
                    _ = try await schedule.trigger()
                    _ = try await seen.next("a job, so that all goes") { _ in true }
                    let tick = try #require(try await schedule.status().next.first?.milliseconds)
                    let rule = proxy.apply(fault, to: .script(script.digest))
                    try await rig.advanceClock(by: .milliseconds(tick - (try await rig.now()) + 10))
                    for worker in try await rig.penstock.store.workers() {
                        try await rig.penstock.store.nudge(worker: worker.worker)
                    }
                    try await proxy.applied(rule)
                    let job = try await seen.next("the job of the tick", within: .seconds(20)) { _ in true }
                    #expect(job == tick)
                    try await rig.schedulesSettled()
                }
                await client.shutdown()
                let history = try await schedule.history()
                #expect(history.map(\.fate.word) == ["fired", "triggered"])
                #expect(seen.pending.isEmpty)
                #expect(try await rig.queue().completed == 2)
            }
        }
    }

    @Test("a tick whose workflow nobody knows, or whose queue is full, is refused, and the schedule goes on")
    func refusals() async throws {
        try await Rig.with { rig in
            let unknown = try await rig.penstock.createSchedule(
                "unknown", "@every 1m", starting: .workflow("nobody-knows", input: []), .init(maximumCount: 2))
            let full = try await rig.penstock.createSchedule(
                "full", "@every 1m", Work(), enqueue: .init(queue: "small"))
            try await rig.penstock.setCap(queue: "small", most: 1)
            try await withTicks(rig) { _, _ in
                for _ in 0..<2 {
                    try await rig.advanceClock(by: .seconds(60))
                    try await rig.schedulesSettled()
                }
                #expect(try await unknown.history().map(\.fate.word) == ["refused", "refused"])
                let status = try await unknown.status()
                #expect(status.state == .over && status.fired == 2)
                #expect(try await full.history().map(\.fate.word) == ["refused", "fired"])
                guard case .refused(let why)? = try await full.history().first?.fate else { return }
                #expect(why.contains("small"))
            }
        }
    }
}
