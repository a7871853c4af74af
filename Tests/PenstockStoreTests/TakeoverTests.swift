import PenstockModel
import PenstockTesting
import Testing

@testable import PenstockStore

@Suite(.timeLimit(.minutes(10))) struct TakeoverTests {
    @Test func `what a lost worker held comes back at the head, uncounted, and its late commits are refused`()
        async throws
    {
        try await withStore { store in
            let ids = try await store.fill(7)
            var (lost, other) = (try await Player(store, "lost"), try await Player(store, "other"))
            let held = try await lost.turn(5).claimed
            try await other.outlive()
            let turn = try await other.turn(2)
            #expect(turn.claimed.map(\.id) == Array(ids[0..<2]))
            #expect(turn.claimed[0].history.recoveries == 1 && turn.claimed[0].attempt == 1)
            let trouble = try #require(turn.claimed[0].history.troubles.first)
            #expect(trouble.attempt == 1 && trouble.message.contains("lost"))
            guard case .dead = try await lost.cycle(5, ended: held.map { $0.ended(.completed) }) else {
                throw Surprise("the lost one lives")
            }
            #expect(try await !lost.beat().isAlive)
            let audit = try await KeyspaceAudit.read(store)
            #expect(audit.lanes["q\t"] == ids[2...].map(\.rawValue))
            #expect(audit.workers.keys.sorted() == ["other"] && audit.totals["q"] == ["recovered": 5])
        }
    }

    @Test func `in chunks of a hundred, dead from the first one on`() async throws {
        try await withStore { store in
            try await store.fill(250)
            var (lost, other) = (try await Player(store, "lost"), try await Player(store, "other", queues: ["r"]))
            let held = try await lost.turn(250).claimed
            #expect(held.count == 250)
            try await other.outlive()
            for left in [150, 50] {
                let turn = try await other.turn(1)
                #expect(try #require(turn.nextDue) <= turn.now, "there is more to take over at once")
                let audit = try await KeyspaceAudit.read(store)
                #expect(audit.held["lost"]?.count == left && audit.workers["lost"] == -1)
                #expect(audit.findings == [])
                guard case .dead = try await lost.cycle(1, ended: held.map { $0.ended(.completed) }) else {
                    throw Surprise("the lost one lives")
                }
            }
            try await other.turn(1)
            let audit = try await KeyspaceAudit.read(store)
            #expect(
                audit.workers["lost"] == nil && audit.lanes["q\t"]?.count == 250
                    && audit.totals["q"]?["recovered"] == 250)
        }
    }

    @Test func `retiring in the middle of a takeover loses nothing`() async throws {
        try await withStore { store in
            try await store.fill(150)
            var (lost, other) = (try await Player(store, "lost"), try await Player(store, "other"))
            _ = try await lost.turn(150)
            try await other.outlive()
            try await other.turn()
            _ = try await store.retire(worker: "lost")
            #expect(try await KeyspaceAudit.check(store) == [])
            try await other.turn()
            let audit = try await KeyspaceAudit.read(store)
            #expect(audit.lanes["q\t"]?.count == 150 && audit.workers.keys.sorted() == ["other"])
        }
    }

    @Test func `the third loss buries a task, attempts are counted apart`() async throws {
        try await withStore { store in
            let id = try await store.fill(1)[0]
            var other = try await Player(store, "other")
            var lost = try await Player(store, "lost0")
            try await lost.end(
                try await lost.claim(), .retry(after: .zero, counted: true, attempt: 1, message: "once"))
            for round in 1...3 {
                var lost = try await Player(store, "lost\(round)")
                let task = try await lost.claim()
                #expect(task.attempt == 2 && task.history.recoveries == round - 1)
                try await other.outlive()
                try await other.turn()
            }
            let view = try await store.inspect(id)
            #expect(view.state == .dead && view.history.attempts == 1 && view.history.recoveries == 3)
            #expect(view.history.troubles.count == 4)
            #expect(try await KeyspaceAudit.read(store).totals["q"] == ["retried": 1, "recovered": 3, "dead": 1])
        }
    }

    @Test func `a task that was asked to end ends with its worker`() async throws {
        try await withStore { store in
            var options = TaskOptions()
            options.retention = .seconds(60)
            let id = try await store.enqueue(store.task(options: options)).id
            var (lost, other) = (try await Player(store, "lost"), try await Player(store, "other"))
            _ = try await lost.claim()
            #expect(try await store.cancel(id, reason: "no more") == .requested)
            try await other.outlive()
            #expect(try await other.turn(1).claimed.isEmpty)
            guard case .ended(.cancelled, _, let bytes) = try await store.inspect(id).detail else {
                throw Surprise("not cancelled")
            }
            #expect(bytes == Array("no more".utf8))
        }
    }

    @Test func `nobody takes over the living, however late they are looked at`() async throws {
        try await withStore { store in
            try await store.fill(1)
            var (busy, other) = (try await Player(store, "busy"), try await Player(store, "other"))
            _ = try await busy.claim()
            for _ in 0..<10 {
                try await store.stepClock(by: .seconds(3))
                try await busy.beat()
                #expect(try await other.turn(1).claimed.isEmpty)
            }
            #expect(try await KeyspaceAudit.read(store).held["busy"]?.count == 1)
        }
    }

    @Test(arguments: ["cycle", "heartbeat", "enqueue", "cancel", "pause"])
    func `after a silence of the server the living have half a lease to report`(first: String) async throws {
        try await withStore { store in
            try await store.fill(2)
            var (late, other) = (try await Player(store, "late"), try await Player(store, "other"))
            let task = try await late.claim()
            // The server stood still for a minute: whoever is heard first must not count as the only survivor.
            try await store.stepClock(by: .seconds(60))
            switch first {
            case "cycle": try await other.turn()
            case "heartbeat": try await other.beat()
            case "enqueue": try await store.fill(1)
            case "cancel": _ = try await store.cancel(store.makeID(), reason: "")
            default: _ = try await store.pause(.queue("other"), by: "me")
            }
            let turn = try await other.turn(1)
            #expect(turn.claimed.first?.id != task.id)
            #expect(try await KeyspaceAudit.read(store).held["late"]?.count == 1)
            #expect(try await late.end(task, .completed).stale == [])

            // Those who stay silent for half a lease after it are lost.
            try await store.stepClock(by: .seconds(60))
            try await store.fill(1)
            try await other.turn()
            for _ in 0..<4 {
                try await store.stepClock(by: .seconds(2))
                try await other.turn()
            }
            #expect(try await KeyspaceAudit.read(store).workers.keys.sorted() == ["other"])
        }
    }

    @Test func `what was taken over wakes a worker of its own queue`() async throws {
        try await withStore { store in
            try await store.fill(1)
            var lost = try await Player(store, "lost")
            var (idle, other) = (try await Player(store, "idle"), try await Player(store, "other", queues: ["r"]))
            _ = try await lost.claim()
            try await idle.turn(1)
            for _ in 0..<4 {
                try await store.stepClock(by: .seconds(3))
                try await other.beat()
                try await idle.beat()
            }
            try await other.turn(1)
            #expect(try await KeyspaceAudit.read(store).hints == ["idle": ["work"]])
        }
    }
}
