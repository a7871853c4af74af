import PenstockModel
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

@Suite(.timeLimit(.minutes(10))) struct CycleTests {
    @Test func `a claimed task is held, a completed one leaves nothing behind`() async throws {
        try await withStore { store in
            let ids = try await store.fill(5)
            var worker = try await Player(store)
            let turn = try await worker.turn(3)
            #expect(turn.claimed.map(\.id) == Array(ids[0..<3]))
            #expect(turn.claimed.allSatisfy { $0.attempt == 1 && $0.claim == 1 })
            #expect(try await store.inspect(ids[1]).detail == .running(worker: "w", cancelRequested: nil))
            let last = try await worker.turn(9, ended: turn.claimed.map { $0.ended(.completed) })
            #expect(last.claimed.map(\.id) == Array(ids[3...]) && last.stale == [] && last.nextDue == nil)
            try await worker.turn(ended: last.claimed.map { $0.ended(.completed) })
            let audit = try await KeyspaceAudit.read(store)
            #expect(audit.heads.isEmpty && audit.held.isEmpty && audit.turns.isEmpty)
            #expect(audit.totals["q"] == ["completed": 5])
        }
    }

    @Test func `each outcome`() async throws {
        try await withStore { store in
            let ids = try await store.fill(6)
            var worker = try await Player(store)
            let claimed = try await worker.turn(6).claimed
            let turn = try await worker.turn(ended: [
                claimed[0].ended(.completed),
                claimed[1].ended(.result([1, 0, 255], retention: .seconds(60))),
                claimed[2].ended(.retry(after: .seconds(5), counted: true, attempt: 1, message: "a\nb\\\t\0c")),
                claimed[3].ended(.dead(attempt: 1, message: "gave up")),
                claimed[4].ended(.cancelled(reason: "asked")),
                claimed[5].ended(.released),
            ])
            #expect(turn.stale == [])
            #expect(try await store.state(ids[0]) == .unknown)
            let result = try await store.inspect(ids[1]).detail
            guard case .ended(.completed, _, let bytes) = result else { throw Surprise("\(result)") }
            #expect(bytes == [1, 0, 255])
            let retried = try await store.inspect(ids[2])
            #expect(retried.state == .delayed && retried.history.attempts == 1)
            #expect(retried.history.troubles.map(\.message) == ["a\nb\\\t\0c"])
            let dead = try await store.inspect(ids[3])
            #expect(dead.state == .dead && dead.history.attempts == 1 && dead.history.troubles[0].attempt == 1)
            #expect(try await store.state(ids[4]) == .unknown)
            #expect(try await store.inspect(ids[5]).detail == .queued(position: 0, of: 1))
            let view = try #require(try await store.queues().first)
            #expect(view.totals == ["completed": 2, "retried": 1, "dead": 1, "cancelled": 1])
            #expect(view.ready == 1 && view.delayed == 1 && view.dead == 1 && view.running == 0)
            #expect(try await store.deadLetters(queue: "q", offset: 0, limit: 9).map(\.id) == [ids[3]])
        }
    }

    @Test func `a stale outcome changes nothing and is told: wrong claim, other incarnation, twice`() async throws {
        try await withStore { store in
            let ids = try await store.fill(4)
            var (worker, other) = (try await Player(store), try await Player(store, "other"))
            let claimed = try await worker.turn(4).claimed
            let outcomes: [Outcome] = [
                .completed, .result([], retention: .seconds(9)),
                .retry(after: .zero, counted: true, attempt: 1, message: "m"), .dead(attempt: 1, message: "m"),
                .cancelled(reason: ""), .released,
            ]
            let before = try await KeyspaceAudit.read(store)
            for outcome in outcomes {
                let wrong = [
                    EndedTask(id: ids[0], claim: 77, outcome: outcome),
                    EndedTask(id: ids[1], claim: 11, outcome: outcome),
                ]
                #expect(Set(try await worker.turn(ended: wrong).stale) == [ids[0], ids[1]])
                #expect(Set(try await other.turn(ended: claimed.map { $0.ended(outcome) }).stale) == Set(ids))
                let unknown = EndedTask(id: store.makeID(), claim: 1, outcome: outcome)
                #expect(try await worker.turn(ended: [unknown]).stale == [unknown.id])
            }
            let after = try await KeyspaceAudit.read(store)
            #expect(after.held == before.held && after.heads == before.heads && after.tries == before.tries)
            #expect(after.totals == before.totals && after.results.isEmpty)
            // Good ones among stale ones count, once.
            let mixed = claimed.map { $0.ended(.completed) } + [EndedTask(id: ids[0], claim: 9, outcome: .completed)]
            #expect(try await worker.turn(ended: mixed).stale == [ids[0]])
            #expect(try await worker.turn(ended: mixed).stale.count == 5)
            #expect(try await KeyspaceAudit.read(store).totals["q"] == ["completed": 4])
        }
    }

    @Test func `one task, claimed again by the same worker: the earlier claim is stale`() async throws {
        try await withStore { store in
            try await store.fill(1)
            var worker = try await Player(store)
            let first = try await worker.claim()
            let second = try #require(try await worker.end(first, .released, room: 1).claimed.first)
            #expect(first.id == second.id && second.claim == 2 && second.attempt == 1)
            #expect(try await worker.end(first, .completed).stale == [first.id])
            #expect(try await worker.end(second, .completed).stale == [])
        }
    }

    @Test func `the history keeps its last ten lines and counts on`() async throws {
        try await withStore { store in
            let id = try await store.fill(1)[0]
            var worker = try await Player(store)
            for attempt in 1...14 {
                let task = try await worker.claim()
                #expect(task.attempt == attempt && task.history.troubles.count == min(attempt - 1, 10))
                let counted = Outcome.retry(after: .zero, counted: true, attempt: attempt, message: "no \(attempt)")
                try await worker.end(task, counted)
            }
            let task = try await worker.claim()
            try await worker.end(task, .retry(after: .zero, counted: false, attempt: 15, message: "not counted"))
            let history = try await store.inspect(id).history
            #expect(history.attempts == 14 && history.recoveries == 0)
            #expect(history.troubles.map(\.message) == (6...14).map { "no \($0)" } + ["not counted"])
            try await worker.end(try await worker.claim(), .dead(attempt: 15, message: "end"))
            #expect(try await store.inspect(id).history.attempts == 15)
        }
    }

    @Test func `released tasks go back to the head, in the order in which they were claimed`() async throws {
        try await withStore { store in
            let ids = try await store.fill(5)
            var worker = try await Player(store)
            let claimed = try await worker.turn(3).claimed
            // A worker hands back what it took last first.
            try await worker.turn(ended: claimed.map { $0.ended(.released) })
            let lane = try #require(try await KeyspaceAudit.read(store).lanes["q\t"])
            #expect(Set(lane.prefix(3)) == Set(ids.prefix(3).map(\.rawValue)))
            #expect(lane.suffix(2) == ids.suffix(2).map(\.rawValue)[...])
            #expect(lane.prefix(3) == ids.prefix(3).map(\.rawValue)[...])
        }
    }

    @Test func `reconcile hands back exactly what is not running, in order`() async throws {
        try await withStore { store in
            let ids = try await store.fill(8)
            var worker = try await Player(store)
            let claimed = try await worker.turn(6).claimed
            _ = try await store.cancel(ids[2], reason: "no")
            // 0 and 3 run, 5 ends in this very call, 1 and 4 were never heard of (4 runs under an earlier claim, so it
            // seems), 2 is not wanted any more.
            let turn = try await worker.turn(
                reconcile: [(ids[0], 1), (ids[3], 1), (ids[5], 1), (ids[4], 11)], ended: [claimed[5].ended(.completed)])
            #expect(turn.stale == [])
            let audit = try await KeyspaceAudit.read(store)
            #expect(audit.lanes["q\t"] == [ids[1], ids[4], ids[6], ids[7]].map(\.rawValue))
            #expect(Set((audit.held["w"] ?? [:]).keys) == [ids[0].rawValue, ids[3].rawValue])
            #expect(
                audit.tries.isEmpty && audit.cancels.isEmpty && audit.totals["q"] == ["completed": 1, "cancelled": 1])
            // Without it nothing is handed back.
            try await worker.turn()
            #expect(try await KeyspaceAudit.read(store).held == audit.held)
        }
    }

    @Test func `of several outcomes of one attempt in one call a single one counts`() async throws {
        let outcomes: [Outcome] = [
            .completed, .result([], retention: .seconds(9)), .dead(attempt: 1, message: "m"), .released,
            .retry(after: .seconds(9), counted: true, attempt: 1, message: "m"), .cancelled(reason: ""),
        ]
        for first in outcomes {
            for second in outcomes where first != second {
                try await withStore { store in
                    try await store.fill(1)
                    var worker = try await Player(store)
                    let task = try await worker.claim()
                    #expect(try await worker.turn(ended: [task.ended(first), task.ended(second)]).stale == [task.id])
                    #expect(try await KeyspaceAudit.check(store) == [], "\(first), \(second)")
                    #expect(try await KeyspaceAudit.read(store).totals["q", default: [:]].values.reduce(0, +) <= 1)
                }
            }
        }
    }

    @Test func `what ends and is not known to be held is either committed or handed back, not both`() async throws {
        try await withStore { store in
            let id = try await store.fill(1)[0]
            var worker = try await Player(store)
            let task = try await worker.claim()
            let stale = try await worker.turn(reconcile: [], ended: [task.ended(.completed)]).stale
            let audit = try await KeyspaceAudit.read(store)
            #expect(audit.held.isEmpty)
            #expect(stale.isEmpty ? audit.lanes.isEmpty : audit.lanes["q\t"] == [id.rawValue] && audit.heads.count == 1)
        }
    }

    @Test func `an incarnation that is not known is told that it is dead, and commits nothing`() async throws {
        try await withStore { store in
            try await store.fill(1)
            var worker = try await Player(store)
            let task = try await worker.claim()
            let reply = try await store.cycle(
                CycleRequest(
                    worker: "nobody", lease: .seconds(9), claim: 1, room: 5, queues: ["q"],
                    ended: [task.ended(.completed)]))
            guard case .dead = reply else { throw Surprise("\(reply)") }
            #expect(try await !store.heartbeat(worker: "nobody", lease: .seconds(9)).isAlive)
            let audit = try await KeyspaceAudit.read(store)
            #expect(audit.held["w"]?.count == 1 && audit.workers.count == 1 && audit.idle.isEmpty)
        }
    }

    @Test func `a wrong call is refused before anything is written`() async throws {
        try await withStore { store in
            try await store.fill(2)
            var worker = try await Player(store)
            let id = try await worker.claim().id.rawValue
            let tails: [[String]] = [
                [], ["x"], ["1", "q", "0", "0", "0"], ["1", "q", "0", "0", "0", "1", "1", "1", id],
                ["1", "q", "0", "0", "0", "1", "1", "1", id, "1", "retry", id, "1", "soon", "1", ""],
                ["1", "q", "0", "0", "0", "0", "1", "release", id],
                ["1", "q", "0", "0", "0", "0", "1", "vanish", id, "1", "0", "0", ""],
            ]
            for tail in tails {
                let error = await #expect(throws: StoreError.self) {
                    _ = try await store.call(Scripts.cycle, RedisArguments(["w", "9000", "5", "1", "0", "0"] + tail))
                }
                if case .invalid = error {} else { Issue.record("\(tail): \(String(describing: error))") }
                #expect(try await store.state(try #require(TaskID(id))) == .running)
            }
        }
    }

    @Test func `one worker looks at the schedules when the next is due, the others a little later`() async throws {
        try await withStore { store in
            var (one, other) = (try await Player(store, "one"), try await Player(store, "other"))
            let due = try await one.turn(1).now + 5000
            _ = try await store.save(ScheduleChange(name: "s", spec: [], payload: [], tick: due, due: due))
            for _ in 0..<2 {
                #expect(try await one.turn(1, fires: true).nextDue == due)
                #expect(try await other.turn(1, fires: true).nextDue == due + 200)
            }
        }
    }

    @Test func `a turn renews the lease when a third of it has passed`() async throws {
        try await withStore { store in
            var worker = try await Player(store)
            let first = try await KeyspaceAudit.read(store).workers["w"] ?? 0
            try await store.stepClock(by: .seconds(1))
            try await worker.turn()
            #expect(try await KeyspaceAudit.read(store).workers["w"] == first)
            try await store.stepClock(by: .seconds(3))
            try await worker.turn()
            let renewed = try await KeyspaceAudit.read(store).workers["w"] ?? 0
            #expect(renewed >= first + 4000)
        }
    }

    @Test func `of silences the longest of the last time is noted`() async throws {
        try await withStore { store in
            let worker = try await Player(store, lease: .seconds(9000))
            // To 50 s, since the machine adds silences of its own.
            func silence(_ seconds: Int) async throws -> Int {
                try await store.stepClock(by: .seconds(seconds))
                try await worker.beat()
                let gap = try await store.raw("HGET", store.keys.prefix + "clock", "gap").text.flatMap { Int($0) }
                return (gap ?? 0) / 50_000 * 50
            }
            #expect(try await silence(500) == 500)
            #expect(try await silence(200) == 500)
            #expect(try await silence(600) == 600)
            // A shorter one is noted when the longer one is over for as long as it was.
            for _ in 0..<2 { #expect(try await silence(250) == 600) }
            #expect(try await silence(250) == 250)
        }
    }

    @Test func `the clock never goes back`() async throws {
        try await withStore { store in
            try await store.stepClock(by: .seconds(100))
            var worker = try await Player(store)
            let later = try await worker.turn().now
            try await store.stepClock(by: .seconds(-100))
            #expect(try await worker.turn().now >= later - 16)
        }
    }
}
