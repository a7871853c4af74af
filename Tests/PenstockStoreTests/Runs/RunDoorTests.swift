import PenstockModel
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

/// A task of a run ends by a commit of its run and in no other way, or the run would wait for it for ever: what else ends
/// tasks leaves those of runs alone.
@Suite(.timeLimit(.minutes(10))) struct RunDoorTests {
    private func ended(_ task: ClaimedTask, _ commit: RunCommit) throws -> EndedRunTask {
        let payload = try #require(RunTaskPayload(task.record.payload))
        return EndedRunTask(id: task.id, claim: task.claim, task: payload.task, commit: commit)
    }

    @Test func `a task of a run that is lost again and again is never buried, and counts how often`() async throws {
        try await withStore { store in
            let run = try await RunBench(store, effects: [.launch(.step("a"))])
            let plain = try await store.fill(1)[0]
            var other = try await Player(store, "other")
            for round in 1...4 {
                var lost = try await Player(store, "lost\(round)")
                let claimed = try await lost.turn(2).claimed
                #expect(claimed.count == (round < 4 ? 2 : 1))
                #expect(claimed.allSatisfy { $0.history.recoveries == round - 1 })
                try await other.outlive()
                try await other.turn()
            }
            #expect(try await store.state(plain) == .dead)
            let audit = try await KeyspaceAudit.read(store)
            #expect(audit.dead["q"]?.count == 1 && audit.lanes["q\t"]?.count == 1)
            let task = try await other.claim()
            #expect(task.record.options.run == run.id && task.history.recoveries == 4 && task.attempt == 1)
            try await other.turn(committed: [
                try ended(task, try await run.commit([.moveStep("a", from: .active, to: .failed), .close]))
            ])
        }
    }

    @Test func `the end of a task of a run as a dead letter puts it off instead`() async throws {
        try await withStore { store in
            let run = try await RunBench(store, effects: [.launch(.step("a"))])
            var worker = try await Player(store)
            let task = try await worker.claim()
            // As for a record that this version cannot read.
            try await worker.end(task, .dead(attempt: 1, message: "unreadable"))
            guard case .delayed(let moment) = try await store.inspect(task.id).detail else {
                throw Surprise("not put off")
            }
            #expect((9_000...10_000).contains(moment - store.serverNow))
            #expect(try await store.queues().first?.dead == 0)
            try await store.stepClock(by: .seconds(11))
            let again = try await worker.claim()
            #expect(again.id == task.id && again.history.troubles.map(\.message) == ["unreadable"])
            try await worker.turn(committed: [
                try ended(again, try await run.commit([.moveStep("a", from: .active, to: .failed), .close]))
            ])
        }
    }

    @Test func `cancelling a task of a run is refused wherever it is, until the run is gone`() async throws {
        try await withStore { store in
            let run = try await RunBench(
                store, effects: [.launch(.step("a")), .launch(.step("b")), .arm(.health("c"), after: .seconds(60))])
            var worker = try await Player(store)
            _ = try await worker.claim()
            let old = try await run.snapshot()
            let ids = try await KeyspaceAudit.read(store).runTasks.keys.compactMap { TaskID($0) }
            #expect(ids.count == 3)
            for id in ids { #expect(try await store.cancel(id, reason: "no") == .belongsToRun(run.id)) }
            #expect(try await run.snapshot() == old)
            #expect(try await KeyspaceAudit.read(store).cancels.isEmpty)
            try await run.apply([.moveRun(from: .running, to: .failed)])
            #expect(try await store.remove(run.id) == .removed)
            var answers: [CancelAnswer] = []
            for id in ids.sorted() { answers.append(try await store.cancel(id, reason: "no")) }
            // The first runs, the timer went with the run.
            #expect(answers == [.requested, .cancelled, .unknown])
        }
    }

    @Test func `a purge removes the others; tasks of runs come back by themselves, and timers keep their moment`()
        async throws
    {
        try await withStore { store in
            try await store.setLimit(
                try LimitName("tenant:slow"), try LimitTerms(jobs: 1, per: .seconds(3600), burst: 1))
            try await store.fill(20)
            let steps = (0..<30).map { "s\($0)" }
            let run = try await RunBench(
                store,
                effects: steps.map { .launch(.step($0)) }
                    + (0..<30).map { .arm(.health("h\($0)"), after: .seconds($0 < 15 ? 60 : 70)) })
            try await store.fill(20)
            try await store.fill(20, start: .after(.seconds(65)))
            try await store.fill(20, start: .after(.seconds(90)))
            try await store.fill(5, tenant: "slow")
            var worker = try await Player(store)
            let held = try await worker.turn(3).claimed
            let timers = try await KeyspaceAudit.read(store).delayed["q"] ?? [:]
            // Nobody serves it any more: what is put off wakes this one.
            let turn = try await worker.turn(ended: held.map { $0.ended(.released) })
            #expect(turn.claimed.isEmpty)
            var calls = 0
            let removed = try await store.purgeAll("q", chunk: 7) { some in
                calls += 1
                #expect(some <= 7)
                let findings = try await KeyspaceAudit.check(store)
                #expect(findings == [])
            }
            #expect(removed == 85)
            // Each is met once in its lane, and those that are delayed once there.
            #expect(calls <= (85 + 30 + 30 + 30) / 7 + 2, "\(calls)")
            let audit = try await KeyspaceAudit.read(store)
            #expect(audit.lanes.isEmpty && audit.heads.count == 60 && audit.totals["q"]?["purged"] == 85)
            let delayed = audit.delayed["q"] ?? [:]
            #expect(delayed.count == 60)
            for (id, moment) in timers where audit.runTasks[id] != nil { #expect(delayed[id] == moment) }
            // Again: nothing is left to be removed, and it ends.
            #expect(try await store.purgeAll("q", chunk: 7) == 0)
            try await store.stepClock(by: .seconds(1))
            var back: Set<String> = []
            for task in try await worker.turn(50).claimed {
                let payload = try #require(RunTaskPayload(task.record.payload))
                back.insert(try #require(payload.task.step))
                #expect(task.attempt == 1)
                let step = try #require(payload.task.step)
                try await worker.turn(committed: [
                    try ended(task, try await run.commit([.moveStep(step, from: .active, to: .succeeded), .close]))
                ])
            }
            #expect(back == Set(steps))
            // Of a run that is gone they go.
            try await run.apply([.launch(.step("late")), .moveRun(from: .running, to: .failed)])
            #expect(try await store.remove(run.id) == .removed)
            #expect(try await store.purgeAll("q", chunk: 7) == 1)
            #expect(try await KeyspaceAudit.read(store).heads.isEmpty)
        }
    }

    @Test func `a purge that puts tasks off wakes somebody for their return`() async throws {
        try await withStore { store in
            _ = try await RunBench(store, effects: [.launch(.step("a"))])
            // Idle: it takes no such kind.
            var idle = try await Player(store, "idle", kinds: ["other"])
            try await idle.turn(1)
            let old = try await KeyspaceAudit.read(store).hints
            try await store.purgeAll("q", chunk: 5)
            #expect(try await KeyspaceAudit.read(store).hints["idle"]?.count == (old["idle"]?.count ?? 0) + 1)
        }
    }

    @Test func `under a length cap tasks of runs do not count, and never make way`() async throws {
        try await withStore { store in
            try await store.setCap(queue: "q", tenant: nil, most: 2, policy: .drop)
            let run = try await RunBench(store, effects: (0..<5).map { .launch(.step("s\($0)")) })
            let ids = try await store.fill(1) + store.fill(1) + store.fill(1)
            #expect(try await store.state(ids[0]) == .unknown)
            for id in ids[1...] { #expect(try await store.state(id) == .queued) }
            let audit = try await KeyspaceAudit.read(store)
            #expect(audit.runTasks.count == 5 && audit.live["q"]?.count == 2)
            // With nothing else to drop the queue is longer than its cap, and nobody is refused for the run's tasks.
            try await store.setCap(queue: "q", tenant: nil, most: 1, policy: .reject)
            await #expect(throws: StoreError.self) { try await store.fill(1) }
            try await store.purgeAll("q", chunk: 100)
            #expect(try await store.fill(1).count == 1)
            #expect(try await run.snapshot()["open"] == "5")
        }
    }

    @Test func `an attempt that is put aside with its error has its lost workers forgiven`() async throws {
        try await withStore { store in
            let run = try await RunBench(store, effects: [.launch(.step("a"))])
            var other = try await Player(store, "other")
            for round in 1...3 {
                var lost = try await Player(store, "lost\(round)")
                _ = try await lost.claim()
                try await other.outlive()
                try await other.turn()
            }
            var task = try await other.claim()
            #expect(task.history.recoveries == 3)
            let park = try await run.commit([.moveRun(from: .running, to: .paused)], ending: .parked, error: "lost")
            try await other.turn(committed: [try ended(task, park)])
            try await run.apply([.moveRun(from: .paused, to: .running), .releaseParked])
            task = try await other.claim()
            #expect(task.history.recoveries == 0 && task.history.attempts == 1 && task.history.troubles.count == 4)
            try await other.turn(committed: [
                try ended(task, try await run.commit([.moveStep("a", from: .active, to: .failed), .close]))
            ])
        }
    }

    static let tenants = ["w=run", "r=5000", "l=key:x", "w=run\u{20}l=key:x"]

    @Test(arguments: tenants)
    func `a tenant whose name looks like an option is a name`(tenant: String) async throws {
        try await withStore { store in
            var options = TaskOptions()
            options.maxAttempts = 3
            let id = try await store.enqueue(store.task(tenant: tenant, options: options)).id
            var worker = try await Player(store)
            // Where Lua looks at the record: to be tried again, when it has died, and when it ends.
            try await worker.end(
                try await worker.claim(), .retry(after: .zero, counted: true, attempt: 1, message: "m"))
            let again = try await worker.turn(1).claimed
            #expect(again.map(\.record.tenant) == [tenant])
            #expect(try await KeyspaceAudit.read(store).held["w"]?[id.rawValue]?.lane == "q\t\(tenant)")
            try await worker.end(again[0], .dead(attempt: 2, message: "m"))
            #expect(try await store.state(id) == .dead)
            #expect(try await store.discard([id]) == [.discarded])
            #expect(try await store.state(id) == .unknown, "nothing is retained")
        }
    }
}
