import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

/// save, pause, resume, delete: what they leave in Redis, and who may do it when several want to.
@Suite(.timeLimit(.minutes(5))) struct ScheduleCallTests {
    /// What is kept of schedule `s`, but for moments.
    private func facts(_ store: Store) async throws -> [String: String] {
        let words = try await store.raw("HGETALL", store.keys.prefix + "schedule:s").array?.compactMap(\.text) ?? []
        var facts: [String: String] = [:]
        for place in stride(from: 0, to: words.count - 1, by: 2) where words[place] != "made" {
            if !words[place].hasPrefix("d:") { facts[words[place]] = words[place + 1] }
        }
        if let paused = facts["paused"] { facts["paused"] = String(paused.prefix { $0 != "\t" }) }
        facts["due"] = try await store.raw("ZSCORE", store.keys.prefix + "ticks", "s").text
        return facts
    }

    private func save(
        _ store: Store, _ place: String = "", before: String = "", tick: String = "5", due: String = "9000000000000",
        digest: String = ""
    ) async throws -> String? {
        let words = ["s", place, before, "spec", "payload", tick, due, digest]
        return try await store.call(Scripts.saveSchedule, RedisArguments(words)).text
    }

    private func turn(_ store: Store, _ words: String...) async throws -> String? {
        try await store.call(Scripts.turnSchedule, RedisArguments(["s"] + words)).text
    }

    @Test func `each call leaves what it says, and nothing of before`() async throws {
        try await withStore(audits: false) { store in
            let plain = ["spec": "spec", "payload": "payload"]
            func expect(_ more: [String: String]) async throws {
                #expect(try await facts(store) == plain.merging(more) { _, new in new })
            }
            let (hash, due) = (store.keys.prefix + "schedule:s", "9000000000000")
            #expect(try await save(store) == "saved")
            try await expect(["revision": "1", "tick": "5", "due": due])
            #expect(try await save(store) == "exists")
            // As if its last tick waited for the end of what goes on.
            try await store.raw("HSET", hash, "waiting", "4", "blocked", "1")
            #expect(try await save(store, "1 5 -", tick: "", due: "") == "stale")
            #expect(try await save(store, "1 5 4", before: "1", tick: "", due: "") == "stale")
            #expect(try await save(store, "1 5 4", before: due, tick: "", due: "") == "saved")
            try await expect(["revision": "2"])
            #expect(try await save(store, "2 - -") == "saved")
            #expect(try await turn(store, "me", "", "", "") == "done")
            try await expect(["revision": "4", "tick": "5", "paused": "me"])
            #expect(try await turn(store, "you", "", "", "") == "same")
            // A schedule that is paused is changed whenever its tick was due, and stays paused.
            #expect(try await save(store, "4 5 -", before: "1", tick: "6") == "saved")
            try await expect(["revision": "5", "tick": "6", "paused": "me"])
            try await store.raw("HSET", hash, "waiting", "4", "blocked", "1")
            #expect(try await turn(store, "", "4", "7", due) == "stale")
            #expect(try await turn(store, "", "5", "7", due) == "done")
            try await expect(["revision": "6", "tick": "7", "due": due])
            #expect(try await turn(store, "", "6", "7", due) == "same")
            #expect(try await turn(store, "me", "", "", "") == "done")
            #expect(try await turn(store, "", "7", "", "") == "done")
            try await expect(["revision": "8"])
            for key in ["ticked:s", "fires:s"] { try await store.raw("SADD", store.keys.prefix + key, "x") }
            #expect(try await store.deleteSchedule("s") == .deleted)
            #expect(try await store.dump() == [])
            #expect(try await turn(store, "me", "", "", "") == "unknown")
        }
    }

    @Test func `a schedule that has had its last tick is forgotten`() async throws {
        try await withStore(audits: false) { store in
            #expect(try await save(store) == "saved")
            let fire = ["token", "s", "1 5 -", "- -", "", "r", "0", "60", "0", "0", "none"]
            #expect(try await store.call(Scripts.fireTicks, RedisArguments(fire)).text == "fired")
            let left = try await store.dump()
            #expect(left.allSatisfy { $0.hasPrefix(store.keys.prefix + "sent:") }, "\(left)")
        }
    }

    @Test func `of several declarations the latest is in force, and by hand nobody takes another's`() async throws {
        try await withStore(audits: false) { store in
            #expect(try await save(store, digest: "one") == "saved")
            #expect(try await save(store, digest: "one") == "kept")
            #expect(try await save(store) == "exists")
            #expect(try await store.deleteSchedule("s") == .declared)
            // A newer program, while the older one is there still.
            #expect(try await save(store, digest: "two") == "stale")
            #expect(try await save(store, "1 5 -", digest: "two") == "saved")
            #expect(try await save(store, digest: "one") == "left")
            #expect(try await save(store, digest: "two") == "kept")
            // The older one comes back when nobody has heard of either for three minutes.
            try await store.stepClock(by: .seconds(181))
            #expect(try await save(store, "2 5 -", digest: "one") == "saved")
            try await store.stepClock(by: .seconds(181))
            #expect(try await store.deleteSchedule("s") == .deleted)
            #expect(try await save(store) == "saved")
            #expect(try await save(store, digest: "one") == "foreign")
        }
    }
}
