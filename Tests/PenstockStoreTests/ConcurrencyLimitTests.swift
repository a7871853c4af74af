import PenstockModel
import PenstockTesting
import Testing

@testable import PenstockStore

/// Slots are the leases themselves, and a lane in line gets each that is freed.
@Suite(.timeLimit(.minutes(10))) struct ConcurrencyLimitTests {
    enum Way: CaseIterable {
        case complete, result, retry, release, cancel, dead, reconcile, retire, takeover
    }

    @Test(arguments: Way.allCases)
    func `however a lease ends, its slot goes to the next lane in line`(way: Way) async throws {
        try await withStore { store in
            try await store.setLimit(LimitName("a:1"), LimitTerms(concurrency: 1))
            for tenant in ["x", "y", "z"] {
                _ = try await store.enqueue((0..<2).map { _ in keyed(store, tenant: tenant) })
            }
            var first = try await Player(store, "first")
            var second = try await Player(store, "second")
            let task = try #require(try await first.turn(10).claimed.first)
            #expect(try await second.turn(10).claimed.isEmpty)
            switch way {
            case .complete: try await first.end(task, .completed)
            case .result: try await first.end(task, .result([1], retention: .seconds(60)))
            case .retry:
                try await first.end(task, .retry(after: .seconds(60), counted: true, attempt: 1, message: ""))
            case .release: try await first.end(task, .released)
            case .cancel: try await first.end(task, .cancelled(reason: ""))
            case .dead: try await first.end(task, .dead(attempt: 1, message: ""))
            case .reconcile: try await first.turn(reconcile: [])
            case .retire: try await store.retire(worker: first.name)
            case .takeover: try await second.outlive()
            }
            var order = [task.record.tenant]
            for _ in 0..<3 {
                let turn = try await second.turn(10)
                #expect(turn.claimed.count == 1)
                let next = try #require(turn.claimed.first)
                order.append(next.record.tenant)
                try await second.end(next, .completed)
            }
            #expect(Set(order[0...2]).count == 3 && order[3] == order[0], "not in turn: \(order)")
            #expect(try await KeyspaceAudit.read(store).holders == [:])
        }
    }

    @Test func `several that end in one call free a slot each`() async throws {
        try await withStore { store in
            try await store.setLimit(.queue("q"), LimitTerms(concurrency: 3))
            let ids = try await store.fill(9)
            var worker = try await Player(store)
            var claimed = try await worker.turn(9).claimed
            for round in 0..<3 {
                #expect(claimed.map(\.id) == Array(ids[(3 * round)..<(3 * round + 3)]))
                claimed = try await worker.turn(9, ended: claimed.map { $0.ended(.completed) }).claimed
            }
            #expect(claimed.isEmpty)
        }
    }

    @Test func `one lane is woken for each slot that is freed`() async throws {
        try await withStore { store in
            try await store.setLimit(LimitName("a:1"), LimitTerms(concurrency: 3))
            for tenant in 0..<10 {
                _ = try await store.enqueue((0..<2).map { _ in keyed(store, tenant: "t\(tenant)") })
            }
            var worker = try await Player(store)
            let claimed = try await worker.turn(20).claimed
            #expect(claimed.count == 3)
            func parked() async throws -> Int { try await KeyspaceAudit.read(store).parked["q"]?.count ?? 0 }
            let before = try await parked()
            #expect(before == 10)
            try await worker.turn(ended: claimed.prefix(2).map { $0.ended(.completed) })
            #expect(try await parked() == before - 2)
        }
    }

    @Test func `lowering kills nothing, raising and removing wake`() async throws {
        try await withStore { store in
            let name = try LimitName.queue("q")
            try await store.setLimit(name, LimitTerms(concurrency: 3))
            try await store.fill(20)
            var worker = try await Player(store)
            var held = try await worker.turn(10).claimed
            #expect(held.count == 3)
            try await store.setLimit(name, LimitTerms(concurrency: 1))
            for _ in 0..<2 { #expect(try await worker.end(held.removeFirst(), .completed, room: 5).claimed.isEmpty) }
            #expect(try await store.limits().first?.holders?.count == 1)
            let next = try await worker.end(held.removeFirst(), .completed, room: 5)
            #expect(next.stale.isEmpty && next.claimed.count == 1)
            var idle = try await Player(store, "idle")
            try await idle.turn(1)
            func hints() async throws -> Int {
                try await KeyspaceAudit.read(store).hints.values.reduce(0) { $0 + $1.count }
            }
            let before = try await hints()
            try await store.setLimit(name, LimitTerms(concurrency: 4))
            #expect(try await hints() == before + 1)
            #expect(try await worker.turn(10).claimed.count == 3)
            try await store.setLimit(name, nil)
            #expect(try await worker.turn(20).claimed.count == 13)
        }
    }

    @Test(arguments: ["a:1", "a:*", "queue:q", "queue:*", "kind:k", "kind:*", "tenant:t", "tenant:*"])
    func `what runs already counts under a new limit`(name: String) async throws {
        try await withStore { store in
            _ = try await store.enqueue((0..<6).map { _ in keyed(store, tenant: "t") })
            var worker = try await Player(store)
            let held = try await worker.turn(2).claimed
            try await store.setLimit(LimitName(name), LimitTerms(concurrency: 2))
            #expect(try await worker.turn(5).claimed.isEmpty)
            #expect(try await worker.end(held[0], .completed, room: 5).claimed.count == 1)
        }
    }

    @Test func `what ran under a limit of its own counts under that of the scope when the former goes`() async throws {
        try await withStore { store in
            try await store.setLimit(LimitName("a:1"), LimitTerms(jobs: 1000, per: .seconds(1), burst: 100))
            try await store.setLimit(LimitName("a:*"), LimitTerms(concurrency: 2))
            _ = try await store.enqueue((0..<6).map { _ in keyed(store, tenant: "t") })
            var worker = try await Player(store)
            #expect(try await worker.turn(2).claimed.count == 2)
            try await store.setLimit(LimitName("a:1"), nil)
            #expect(try await worker.turn(5).claimed.isEmpty)
        }
    }

    @Test func `a limit on one kind does not delay others in the same lane`() async throws {
        try await withStore { store in
            _ = try await store.enqueue((0..<100).map { store.task($0 % 2 == 0 ? "limited" : "free") })
            try await store.setLimit(.kind("limited"), LimitTerms(concurrency: 1))
            try await store.setLimit(.queue("q"), LimitTerms(concurrency: 60))
            var worker = try await Player(store)
            let kinds = try await worker.turn(70).claimed.map(\.record.kind)
            #expect(kinds.filter { $0 == "free" }.count == 50 && kinds.filter { $0 == "limited" }.count == 1)
        }
    }

    @Test func `a tenant whose name looks like a limit is held to the limit of its kind`() async throws {
        try await withStore { store in
            try await store.fill(5, "k", tenant: "kind:k")
            try await store.setLimit(.kind("k"), LimitTerms(concurrency: 2))
            var worker = try await Player(store)
            #expect(try await worker.turn(5).claimed.count == 2)
        }
    }

    @Test func `a lane that was woken in a paused queue does not keep the slot from others`() async throws {
        try await withStore { store in
            try await store.setLimit(LimitName("a:1"), LimitTerms(concurrency: 1))
            var worker = try await Player(store, queues: ["q", "p"], lease: .seconds(600))
            _ = try await store.enqueue([keyed(store, tenant: "runs")])
            let running = try await worker.claim()
            _ = try await store.enqueue([keyed(store, tenant: "x", queue: "p")])
            try await worker.turn(1)
            _ = try await store.enqueue([keyed(store, tenant: "y")])
            try await worker.turn(1)
            _ = try await store.pause(.queue("p"), by: "me")
            #expect(try await worker.end(running, .completed, room: 1).claimed.isEmpty)
            try await store.stepClock(by: .milliseconds(1_100))
            #expect(try await worker.claim().record.tenant == "y")
        }
    }

    @Test(arguments: [true, false])
    func `purge and cancel of parked lanes leave nothing behind`(purges: Bool) async throws {
        try await withStore { store in
            try await store.setLimit(.queue("q"), LimitTerms(concurrency: 1))
            try await store.setLimit(.tenant("t1"), LimitTerms(jobs: 1, per: .seconds(3600), burst: 1))
            var ids: [TaskID] = []
            for tenant in ["", "t1", "t2"] { ids += try await store.fill(4, tenant: tenant) }
            var worker = try await Player(store, kinds: ["k"])
            let task = try await worker.claim()
            try await worker.turn(5)
            if purges {
                try await store.purgeAll("q", chunk: 3)
            } else {
                for id in ids where id != task.id { #expect(try await store.cancel(id, reason: "") == .cancelled) }
            }
            let audit = try await KeyspaceAudit.read(store)
            #expect(audit.parked == [:] && audit.waiting == [:] && audit.refills == [:] && audit.contended == [])
            #expect(audit.lanes == [:] && audit.turns == [:])
        }
    }

    private func keyed(_ store: Store, tenant: String, queue: String = "q") -> NewTask {
        var options = TaskOptions()
        options.limits = ["a:1"].compactMap { try? LimitName($0) }
        return store.task(queue: queue, tenant: tenant, options: options)
    }
}
