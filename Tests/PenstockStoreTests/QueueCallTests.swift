import PenstockModel
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

/// pause, resume, purge, counts: what people do to a queue.
@Suite(.timeLimit(.minutes(10))) struct QueueCallTests {
    @Test func `a paused queue gives nothing, what runs goes on`() async throws {
        try await withStore { store in
            let ids = try await store.fill(3)
            var worker = try await Player(store)
            let task = try await worker.claim()
            #expect(try await store.pause(.queue("q"), by: "ann\n"))
            #expect(try await !store.pause(.queue("q"), by: "bob"))
            try await store.fill(1, start: .after(.seconds(1)))
            try await store.stepClock(by: .seconds(1))
            let turn = try await worker.turn(5, ended: [task.ended(.released)])
            #expect(turn.claimed.isEmpty && turn.stale.isEmpty)
            let view = try #require(try await store.queues().first)
            #expect(view.pausedBy == "ann" && view.pausedAt != nil && view.ready == 4)
            #expect(try await store.resume(.queue("q")))
            #expect(try await !store.resume(.queue("q")))
            #expect(try await worker.turn(5).claimed.prefix(3).map(\.id) == ids)
        }
    }

    @Test func `a paused kind is set aside and comes back in order`() async throws {
        try await withStore { store in
            let other = try await store.fill(2, "other")
            let ids = try await store.fill(2)
            _ = try await store.pause(.kind("other"), by: "me")
            var worker = try await Player(store)
            #expect(try await worker.turn(9).claimed.map(\.id) == ids)
            #expect(try await KeyspaceAudit.read(store).kinds == ["q": ["other"]])
            #expect(try await worker.turn(9).claimed.isEmpty)
            #expect(try await store.resume(.kind("other")))
            #expect(try await KeyspaceAudit.read(store).hints == ["w": ["work"]])
            #expect(try await worker.turn(9).claimed.map(\.id) == other)
            #expect(try await KeyspaceAudit.read(store).kinds == [:])
        }
    }

    @Test func `pauses are listed with who and when`() async throws {
        try await withStore { store in
            _ = try await store.pause(.queue("nobody-uses-it"), by: "ann")
            _ = try await store.pause(.kind("a:b"), by: "")
            let pauses = try await store.pauses()
            #expect(Set(pauses.map(\.target)) == [.queue("nobody-uses-it"), .kind("a:b")])
            #expect(pauses.allSatisfy { $0.at > 1_000_000_000_000 })
            #expect(try await store.queueNames() == ["nobody-uses-it"])
        }
    }

    @Test func `purge removes what waits, in chunks, and leaves what runs and what is dead`() async throws {
        try await withStore { store in
            for tenant in ["a", "b", "c"] { try await store.fill(300, tenant: tenant) }
            try await store.fill(100, tenant: "a", priority: 4)
            try await store.fill(200, start: .after(.seconds(60)))
            try await store.fill(50, "other")
            try await store.fill(7, queue: "r")
            // 35 run, 20 are dead, 5 wait for their next try, some of the 50 are set aside.
            var worker = try await Player(store, kinds: ["k"])
            let claimed = try await worker.turn(60).claimed
            #expect(claimed.count == 60)
            let dead = claimed[..<20].map { $0.ended(.dead(attempt: 1, message: "m")) }
            let again = claimed[20..<25].map {
                $0.ended(.retry(after: .seconds(60), counted: true, attempt: 1, message: "m"))
            }
            try await worker.turn(ended: dead + again)
            var chunks: [Int] = []
            try await store.purgeAll("q", chunk: 500) { removed in
                chunks.append(removed)
                let findings = try await KeyspaceAudit.check(store)
                #expect(findings == [])
            }
            #expect(chunks == [500, 500, 195])
            let views = try await store.queues()
            #expect(views.map(\.ready) == [0, 7] && views.map(\.delayed) == [0, 0])
            #expect(views[0].running == 35 && views[0].dead == 20 && views[0].totals["purged"] == 1195)
            #expect(try await KeyspaceAudit.read(store).tries.count == 20)
        }
    }

    @Test func `what is purged leaves no timer of its expiry`() async throws {
        try await withStore { store in
            for start in [NewTask.Start.now, .after(.seconds(60))] {
                var task = store.task(start: start)
                task.expiry = .seconds(300)
                try await store.enqueue([task])
            }
            #expect(try await store.purgeAll("q", chunk: 10) == 2)
            #expect(try await KeyspaceAudit.read(store).expiring.isEmpty)
        }
    }

    @Test func `purge misses nothing when timers of runs that it has passed over go meanwhile`() async throws {
        try await withStore { store in
            let timers = (0..<10).map { Effect.arm(.health("h\($0)"), after: .seconds($0 + 1)) }
            let run = try await RunBench(store, effects: timers)
            for moment in 11...20 { try await store.fill(1, start: .after(.seconds(moment))) }
            let first = try await store.purge(queue: "q", chunk: 10)
            #expect(first.removed == 0 && first.next != nil)
            try await run.apply([.disarm(.health("h0")), .disarm(.health("h5"))])
            var (removed, cursor) = (0, first.next)
            while let place = cursor {
                let part = try await store.purge(queue: "q", chunk: 10, from: place)
                (removed, cursor) = (removed + part.removed, part.next)
            }
            let left = try await KeyspaceAudit.read(store).delayed["q"]?.count
            #expect(removed == 10 && left == 8)
        }
    }

    @Test func `purge passes over what was cancelled before`() async throws {
        try await withStore { store in
            // Lanes of many tenants that a cancel has emptied must not hide the others.
            var ids: [TaskID] = []
            for i in 0..<60 { ids += try await store.fill(1, tenant: "a\(i)") }
            for id in ids { _ = try await store.cancel(id, reason: "") }
            try await store.fill(30, tenant: "z")
            let deep = try await store.fill(2300, tenant: "y")
            for id in deep[1000..<1200] { _ = try await store.cancel(id, reason: "") }
            #expect(try await store.purgeAll("q", chunk: 50) == 2130)
            let audit = try await KeyspaceAudit.read(store)
            #expect(
                audit.heads.isEmpty && audit.lanes.isEmpty && audit.totals["q"] == ["cancelled": 260, "purged": 2130])
        }
    }

    @Test func `counts by queue and tenant, beyond one chunk of tenants`() async throws {
        try await withStore { store in
            var tasks: [NewTask] = []
            for i in 0..<1200 {
                tasks.append(store.task(tenant: "t\(i)"))
                if i % 2 == 0 { tasks.append(store.task(tenant: "t\(i)", priority: 1)) }
            }
            let first = try await store.enqueue(tasks)[0].id
            try await store.setWeight(2.5, tenant: "t7", queue: "q")
            let view = try #require(try await store.queues(withTenants: true).first)
            #expect(view.ready == 1800 && view.tenants.count == 1200)
            #expect(view.tenants.first { $0.name == "t4" }?.ready == 2)
            #expect(view.tenants.first { $0.name == "t7" }?.weight == 2.5)
            #expect(view.oldest == first.milliseconds)
            try await store.setWeight(1, tenant: "t7", queue: "q")
            #expect(try await KeyspaceAudit.read(store).weights == [:])
            for weight in [0, -1, 1001, .nan] {
                await #expect(throws: StoreError.self) { try await store.setWeight(weight, tenant: "a", queue: "q") }
            }
        }
    }

    @Test func `retiring hands everything back in order and forgets the worker`() async throws {
        try await withStore { store in
            let ids = try await store.fill(5)
            var worker = try await Player(store)
            _ = try await worker.turn(3)
            _ = try await store.cancel(ids[1], reason: "")
            var idle = try await Player(store, "idle", queues: ["q", "r"])
            let late = try await idle.turn(9).claimed
            #expect(late.count == 2)
            try await idle.turn(9)
            #expect(try await store.retire(worker: "w") == 3)
            var audit = try await KeyspaceAudit.read(store)
            #expect(audit.lanes["q\t"] == [ids[0], ids[2]].map(\.rawValue))
            #expect(audit.hints == ["idle": ["work"]] && audit.workers.keys.sorted() == ["idle"])
            #expect(try await store.retire(worker: "w") == 0)
            #expect(try await store.retire(worker: "nobody") == 0)
            guard case .dead = try await worker.cycle(1) else { throw Surprise("it came back") }
            try await store.retire(worker: "idle")
            audit = try await KeyspaceAudit.read(store)
            #expect(audit.idle.isEmpty && audit.hints.isEmpty && audit.workers.isEmpty && audit.facts.isEmpty)
        }
    }
}
