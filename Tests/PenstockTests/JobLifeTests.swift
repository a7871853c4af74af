import EmbeddedRedis
import Logging
import Penstock
import PenstockTesting
import Synchronization
import Testing

struct Greet: Job {
    static let name = "greet"
    var who: String
}

@Suite struct JobLifeTests {
    @Test func `a job runs once and leaves nothing behind`() async throws {
        try await EmbeddedRedis.withRedis { redis in
            let penstock = try Penstock(.init(url: redis.url, namespace: "t"))
            let seen = Mutex<[String]>([])
            for i in 0..<100 { try await penstock.enqueue(Greet(who: "w\(i)")) }
            var options = Worker.Options()
            options.drains = true
            let worker = Worker(penstock, options: options)
            worker.handle(Greet.self) { job, _ in seen.withLock { $0.append(job.who) } }
            try await worker.run()
            #expect(seen.withLock { $0 }.count == 100)
            let queues = try await penstock.queues()
            #expect(queues.first?.completed == 100)
            print(queues, worker.statistics)
            await penstock.shutdown()
        }
    }
}
