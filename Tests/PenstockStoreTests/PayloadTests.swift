import EmbeddedRedis
import PenstockModel
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

@Suite(.timeLimit(.minutes(10))) struct PayloadTests {
    static let payloads: [[UInt8]] = [
        [], [0], [10], [9, 10, 13], [0xFF, 0xFE, 0xC0, 0x80, 0xED, 0xA0, 0x80], Array(0...255), Array("\tr=5\n\n".utf8),
    ]

    @Test(arguments: payloads)
    func `a payload comes back byte for byte, also as a result`(payload: [UInt8]) async throws {
        try await withStore { store in
            let id = try await store.enqueue(store.task(tenant: "a", deadline: .seconds(99), payload: payload)).id
            #expect(try await store.inspect(id).record?.payload == payload)
            var worker = try await Player(store)
            let task = try await worker.claim()
            #expect(task.record.payload == payload)
            try await worker.end(task, .result(payload, retention: .seconds(60)))
            guard case .ended(.completed, _, let bytes) = try await store.inspect(id).detail else {
                throw Surprise("not retained")
            }
            #expect(bytes == payload)
        }
    }

    @Test func `ten mebibytes, and one byte too many`() async throws {
        try await withStore(audits: false) { store in
            var payload = [UInt8](repeating: 0xA5, count: 10 << 20)
            payload[5] = 0
            payload[77] = 10
            // Two of them do not fit one call.
            _ = try await store.enqueue([store.task(payload: payload), store.task(payload: payload)])
            var worker = try await Player(store)
            #expect(try await worker.claim().record.payload == payload)
            let tooMuch = store.task(payload: [UInt8](repeating: 0, count: (16 << 20) + 1))
            let error = await #expect(throws: StoreError.self) { _ = try await store.enqueue(tooMuch) }
            #expect(error?.description.contains("16777216") == true)
        }
    }

    @Test func `names with odd characters stay apart`() async throws {
        try await withStore { store in
            let tenants = ["", "a", "a b", "ä|ö", "{x}", "a:b", "%00", "|k", "\u{1F600}", "q|k"]
            for tenant in tenants { try await store.fill(2, "k:/@.", queue: "q-._:/@", tenant: tenant) }
            var worker = try await Player(store, queues: ["q-._:/@"], kinds: ["other"])
            #expect(try await worker.turn(50).claimed.isEmpty)
            var second = try await Player(store, "w:2", queues: ["q-._:/@"])
            let claimed = try await second.turn(50).claimed
            #expect(claimed.count == 2 * tenants.count && Set(claimed.map(\.record.tenant)) == Set(tenants))
            try await second.turn(ended: claimed.map { $0.ended(.completed) })
            #expect(try await store.queues().first?.totals == ["completed": 2 * tenants.count])
        }
    }

    @Test func `a record that cannot be read is told and stranded with nobody`() async throws {
        try await withStore { store in
            let raw = RedisArguments(["", "1", "q\t", "", "", "1", "a", "k\tq\t\tnot-a-priority\nx"])
            _ = try await store.call(Scripts.enqueue, raw)
            var worker = try await Player(store)
            let turn = try await worker.turn(1)
            #expect(turn.unreadable.map(\.rawValue) == ["a"] && turn.claimed.isEmpty)
            let ended = EndedTask(
                id: try #require(TaskID("a")), claim: 1, outcome: .dead(attempt: 1, message: "cannot be read"))
            #expect(try await worker.turn(ended: [ended]).stale == [])
            _ = try await store.discard([try #require(TaskID("a"))])
        }
    }

    @Test func `a full Redis refuses new work whole, and the rest goes on until there is room`() async throws {
        try await withStore(.init(maxMemory: 12 << 20)) { store in
            var worker = try await Player(store)
            var stored = 0
            let payload = [UInt8](repeating: 1, count: 10_000)
            var refusal: StoreError?
            while refusal == nil && stored < 5000 {
                do throws(StoreError) {
                    stored += try await store.enqueue((0..<20).map { _ in store.task(payload: payload) }).count
                } catch {
                    refusal = error
                }
            }
            guard case .outOfMemory = refusal else { throw Surprise("\(String(describing: refusal)) after \(stored)") }
            #expect(try await store.raw("HLEN", store.keys.tasks).int == stored)
            #expect(try await store.raw("LLEN", "{t:0}:lane:q\t").int == stored)

            // Everything that makes room, or keeps what runs alive, still works, from the first call on.
            #expect(try await worker.beat().isAlive)
            let first = try await worker.turn(10).claimed
            #expect(first.count == 10)
            let outcomes: [Outcome] = [
                .completed, .released, .result([1], retention: .seconds(60)),
                .retry(after: .zero, counted: true, attempt: 1, message: "m"), .dead(attempt: 1, message: "m"),
            ]
            #expect(try await worker.turn(ended: zip(first, outcomes).map { $0.ended($1) }).stale == [])
            _ = try await store.pause(.kind("other"), by: "me")
            _ = try await store.resume(.kind("other"))
            #expect(try await store.cancel(first[5].id, reason: "full") == .requested)
            #expect(try await store.revive([first[4].id]) == [.ready])
            let second = try await Player(store, "second")
            #expect(try await store.retire(worker: second.name) == 0)
            #expect(try await store.retire(worker: "w") == 5)

            var last = try await Player(store, "last")
            var done = 2
            while true {
                let claimed = try await last.turn(100).claimed
                if claimed.isEmpty { break }
                done += claimed.count
                try await last.turn(ended: claimed.map { $0.ended(.completed) })
            }
            #expect(done == stored - 1, "all but the one that was cancelled")
            #expect(try await !store.enqueue(store.task(payload: payload)).isDuplicate)
        }
    }
}
