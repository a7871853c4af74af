import Penstock
import PenstockTesting
import Testing

/// `penstock doctor`: what it prints, and how it ends.
@Suite(.timeLimit(.minutes(2))) struct DoctorCommandTests {
    @Test func `what is found is explained and repaired, and the job runs`() async throws {
        try await Workshop.open { shop in
            let clean = try await shop.penstock("doctor", "--ignore", "server.durability").expect()
            #expect(clean.text.hasPrefix("clean: 0 jobs"))
            let id = try await shop.penstock("enqueue", "k").expect().text
            try await shop.redisCommand("DEL", "{test:0}:lane:default\t")

            let found = try await shop.penstock("doctor", "--ignore", "server.durability").expect(2)
            #expect(found.text.contains("job \(id) is in no place, so nothing would ever run it: --repair puts it"))
            #expect(found.text.contains("[task.lost]") && found.errors.isEmpty)
            let report = try await shop.penstock("doctor", "--json").expect(2).json()
            #expect(report["clean"].bool == false && report["jobs"].int == 1)
            let lost = try #require(report["findings"].array.first { $0["code"].string == "task.lost" })
            #expect(lost["severity"].string == "fault" && lost["subject"].string == "job \(id)")
            #expect(lost["repairable"].bool == true && lost["repair"].string == "none")
            // A temporary Redis keeps nothing: that is told too.
            #expect(report["findings"].array.contains { $0["code"].string == "server.durability" })

            let repaired = try await shop.penstock("doctor", "--repair", "--json", "--ignore", "server.durability")
                .expect().json()
            #expect(repaired["clean"].bool == true)
            #expect(repaired["findings"].array.allSatisfy { $0["repair"].string == "repaired" })
            try await shop.penstock("doctor", "--ignore", "server.durability").expect()
            try await shop.penstock("worker", "--drain", "--exec", "cat").expect()
            let completed = try await shop.queue().completed
            #expect(completed == 1)
        }
    }

    @Test func `a server that is badly set up is told`() async throws {
        try await Workshop.open { shop in
            try await shop.redisCommand("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
            try await shop.redisCommand("CONFIG", "SET", "maxmemory", "100mb")
            try await shop.penstock("enqueue", "k").expect()
            // A moment far ahead, as after a clock that was put back.
            try await shop.redisCommand("HSET", "{test:0}:clock", "last", "9000000000000")
            let report = try await shop.penstock("doctor", "--json").expect(2).json()
            let codes = Set(report["findings"].array.compactMap { $0["code"].string })
            #expect(codes == ["server.durability", "server.eviction", "server.clock"])
            #expect(report["findings"].array.allSatisfy { $0["severity"].string == "warning" })
        }
    }

    @Test func `a Redis that is not there is no finding`() async throws {
        try await Workshop.open { shop in
            try await shop.penstock("doctor", "--redis", "unix:///nowhere/redis.sock").expect(69)
            try await shop.penstock("doctor", "--repair", "now").expect(64)
        }
    }
}

extension Workshop {
    /// A plain command of Redis.
    fileprivate func redisCommand(_ words: String...) async throws {
        let all = ["redis-cli", "-s", redis.socketPath] + words
        _ = try await TestProcess.withProcess("/usr/bin/env", all) { try await $0.exit() }
    }
}
