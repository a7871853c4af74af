import Glibc
import Penstock
import PenstockTesting
import Testing

/// Dead letters, pauses, weights, purges, and who works.
@Suite(.timeLimit(.minutes(10))) struct SteeringTests {
    @Test func `dead letters are listed, shown, retried and discarded`() async throws {
        try await Workshop.open { shop in
            var ids: [String] = []
            for number in 0..<5 { ids.append(try await shop.penstock("enqueue", "k\(number)").expect().text) }
            let script = try shop.script("die", "echo broken >&2; exit 65")
            let summary = try await shop.penstock("worker", "--drain", "--json", "--exec", script).expect().json()
            #expect(summary["dead"].int == 5)

            let list = try await shop.penstock("dead", "list", "--json").expect().json()
            #expect(Set(list.array.compactMap { $0["id"].string }) == Set(ids))
            #expect(list[0]["state"].string == "dead" && list[0]["failed_attempts"].int == 1)
            #expect(list[0]["history"][0]["message"].string?.contains("exit 65: broken") == true)
            #expect(try await shop.penstock("dead", "list", "--limit", "2", "--json").json().array.count == 2)
            #expect(try await shop.penstock("dead", "list").expect().output.count == 6)
            #expect(try await shop.penstock("dead", "show", ids[0]).expect().text.contains("exit 65: broken"))

            let some = try await shop.penstock("dead", "retry", ids[0], "nobody", "--json").expect(1).json()
            #expect(some.array.map { $0["answer"].string } == ["ready", "unknown"])
            #expect(try await shop.client.status(try shop.id(ids[0])).state == .queued)
            try await shop.penstock("dead", "show", ids[0]).expect(1)
            try await shop.penstock("dead", "discard", ids[1]).expect()
            try await shop.penstock("job", "retry", ids[2]).expect()
            try await shop.penstock("dead", "discard", ids[2]).expect(1)

            let all = try await shop.penstock("dead", "retry", "--all", "--queue", "default", "--json").expect().json()
            #expect(all["count"].int == 2 && all["skipped"].int == 0)
            #expect(try await shop.queue().dead == 0)
            let worker = try await shop.penstock("worker", "--drain", "--json", "--exec", "true").expect().json()
            #expect(worker["completed"].int == 4)
        }
    }

    @Test func `a paused queue and a paused kind wait, and go on when resumed`() async throws {
        try await Workshop.open { shop in
            #expect(try await shop.penstock("queue", "pause", "mail", "--json").expect().json()["changed"].bool == true)
            #expect(
                try await shop.penstock("queue", "pause", "mail", "--json").expect().json()["changed"].bool == false)
            try await shop.penstock("queue", "pause", "--kind", "slow").expect()
            let held = try await shop.client.enqueue(kind: "k", payload: [], .init(queue: "mail")).id
            let slow = try await shop.client.enqueue(kind: "slow", payload: []).id
            let show = try await shop.penstock("queue", "show", "mail", "--json").expect().json()
            #expect(show["paused"].bool == true && show["paused_by"].string != nil && show["ready"].int == 1)
            #expect(try await shop.penstock("stats").expect().text.contains("paused"))
            try await shop.withPenstock(["worker", "--queue", "mail,default", "--exec", "cat"]) { worker in
                let free = try await shop.client.enqueue(kind: "k", payload: [], .init(retention: .seconds(60))).id
                try await shop.reach(.completed, free)
                #expect(try await shop.client.status(held).state == .queued)
                #expect(try await shop.client.status(slow).state == .queued)
                let workers = try await shop.penstock("workers", "--json").expect().json()
                #expect(workers.array.count == 1)
                #expect(workers[0]["queues"].array == [.string("mail"), .string("default")])
                #expect(workers[0]["pid"].int == Int(worker.pid))
                try await shop.penstock("queue", "resume", "mail").expect()
                try await shop.reach(.unknown, held)
                try await shop.penstock("queue", "resume", "--kind", "slow").expect()
                try await shop.reach(.unknown, slow)
            }
        }
    }

    @Test func `a worker with --kinds leaves other kinds alone`() async throws {
        try await Workshop.open { shop in
            let other = try await shop.client.enqueue(kind: "other", payload: []).id
            let mine = try await shop.client.enqueue(kind: "mine", payload: [], .init(retention: .seconds(60))).id
            try await shop.withPenstock(["worker", "--kinds", "mine,too", "--exec", "cat"]) { _ in
                try await shop.reach(.completed, mine)
                #expect(try await shop.client.status(other).state == .queued)
            }
        }
    }

    @Test func `tenants are weighed, queues listed and purged`() async throws {
        try await Workshop.open { shop in
            try await shop.penstock("queue", "weight", "q", "acme", "2.5").expect()
            for _ in 0..<3 { try await shop.client.enqueue(kind: "k", payload: [], .init(queue: "q", tenant: "acme")) }
            try await shop.client.enqueue(kind: "k", payload: [], .init(queue: "q", delay: .seconds(600)))
            let show = try await shop.penstock("queue", "show", "q", "--json").expect().json()
            #expect(show["tenants"][0]["name"].string == "acme" && show["tenants"][0]["ready"].int == 3)
            #expect(show["tenants"][0]["weight"] == .number(2.5))
            #expect(
                try await shop.penstock("queue", "list", "--json").expect().json()["queues"]["q"]["delayed"].int == 1)
            #expect(try await shop.penstock("queue", "purge", "q", "--json").expect().json()["removed"].int == 4)
            let queue = try await shop.queue("q")
            #expect(queue.ready == 0 && queue.delayed == 0)
        }
    }

    @Test func `stats --watch --json prints an object again and again`() async throws {
        try await Workshop.open { shop in
            try await shop.client.enqueue(kind: "k", payload: [])
            try await shop.withPenstock(["stats", "--watch", "--json"]) { stats in
                let first = try JSONValue(try await stats.output.line("the first object"))
                #expect(first["queues"]["default"]["ready"].int == 1)
                try await shop.client.enqueue(kind: "k", payload: [])
                let second = try await stats.output.line("an object with two jobs") { $0.contains("\"ready\":2") }
                #expect(try JSONValue(second)["queues"]["default"]["ready"].int == 2)
            }
        }
    }
}
