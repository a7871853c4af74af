import PenstockModel
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

/// What is told of a task, wherever it is.
@Suite("Why, in Redis", .timeLimit(.minutes(10))) struct WhyTests {
    @Test func `workers count that serve its queue and take its kind`() async throws {
        try await withStore { store in
            let id = try await store.fill(1)[0]
            #expect(try await store.why(id).number("workers") == 0)
            for (name, queues, kinds) in [
                ("any", ["p", "q", "r"], nil), ("kind", ["q"], ["k", "l"]), ("other kind", ["q"], ["l"]),
                ("other queue", ["qq", "p"], nil), ("neither", ["p"], ["l"]),
            ] { _ = try await Player(store, name, queues: queues, kinds: kinds) }
            #expect(try await store.why(id).number("workers") == 2)
        }
    }

    @Test func `it waits behind others of its lane, and its tenant behind other tenants`() async throws {
        try await withStore { store in
            for tenant in ["a", "b"] { try await store.fill(2, tenant: tenant) }
            let ids = try await store.fill(3, tenant: "c")
            for (place, id) in ids.enumerated() {
                let facts = try await store.why(id)
                #expect(facts.state == "queued" && facts.number("position") == Int64(place))
                #expect(facts.number("length") == 3 && facts["tenant"] == "c" && facts.number("ahead") == 2)
            }
            // Too deep to be looked for.
            let facts = try await store.why(ids[2], depth: 1)
            #expect(facts.state == "queued" && facts["position"] == nil && facts.number("length") == 3)
        }
    }

    @Test func `delayed, running, dead, ended, and pauses`() async throws {
        try await withStore { store in
            let delayed = try await store.fill(1, start: .after(.seconds(60)))[0]
            let facts = try await store.why(delayed)
            #expect(facts.state == "delayed")
            #expect((59_000...60_000).contains((facts.number("due") ?? 0) - (facts.number("now") ?? 0)))
            let ids = try await store.fill(2)
            var worker = try await Player(store)
            let task = try await worker.claim()
            let running = try await store.why(ids[0])
            #expect(running.state == "running" && running["worker"] == "w")
            try await worker.end(task, .dead(attempt: 1, message: "m"))
            let dead = try await store.why(ids[0])
            #expect(dead.state == "dead" && dead.number("since") != nil)
            _ = try await store.pause(.queue("q"), by: "ann")
            _ = try await store.pause(.kind("k"), by: "bob")
            let paused = try await store.why(ids[1])
            #expect(paused.pause("queue")?.by == "ann" && paused.pause("kind")?.by == "bob")
            #expect(try await store.why(store.makeID()).state == "unknown")
        }
    }

    @Test func `the limit that holds it, and who holds its slots`() async throws {
        try await withStore { store in
            try await store.setLimit(LimitName("a:*"), LimitTerms(concurrency: 1))
            var options = TaskOptions()
            options.limits = [try LimitName("a:1")]
            let ids = try await store.enqueue((0..<2).map { _ in store.task(options: options) }).map(\.id)
            var worker = try await Player(store)
            #expect(try await worker.turn(5).claimed.map(\.id) == [ids[0]])
            try await worker.turn(5)
            let facts = try await store.why(ids[1])
            #expect(facts["limit"] == "a:1" && facts.holders == [ids[0].rawValue] && facts.number("held") == 1)
            #expect(facts.terms?.concurrency == 1)
        }
    }
}
