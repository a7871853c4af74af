import PenstockTesting
import Testing

@testable import PenstockStore

/// A repair looks no further than `depth` into a lane from both its ends, and never takes away what it cannot see.
@Suite(.timeLimit(.minutes(5))) struct MendTaskTests {
    /// A lane of ten tasks of which the first two and the last two are looked at, and its ids.
    private func withLane(_ body: (Store, String, [String]) async throws -> Void) async throws {
        try await withStore(audits: false) { store in
            let ids = try await store.fill(10).map(\.rawValue)
            try await body(store, store.keys.prefix + "lane:q\t", ids)
        }
    }

    private func mend(_ id: String, _ store: Store, wasSearched: Bool = false) async throws -> MendAnswer {
        try await store.mendTask(id, hint: "", depth: 2, wasSearched: wasSearched)
    }

    private func lane(_ store: Store) async throws -> [String] {
        try await KeyspaceAudit.read(store).lanes["q\t"] ?? []
    }

    @Test func `one that is in a lane twice keeps the place that is nearer to the head`() async throws {
        try await withLane { store, list, ids in
            try await store.raw("RPUSH", list, ids[1])
            #expect(try await mend(ids[1], store) == .mended)
            #expect(try await lane(store) == ids)
        }
    }

    @Test func `one that is in a lane and among the timers stays in the lane`() async throws {
        try await withLane { store, _, ids in
            for id in [ids[1], ids[8]] {
                try await store.raw("ZADD", store.keys.prefix + "delayed:q", "1", id)
                #expect(try await mend(id, store) == .mended)
            }
            #expect(try await lane(store) == ids)
            #expect(try await KeyspaceAudit.read(store).delayed.isEmpty)
        }
    }

    @Test func `one that a worker holds leaves its lane, at either end, and no further in`() async throws {
        try await withLane { store, list, ids in
            var worker = try await Player(store)
            let held = try await worker.turn(3).claimed.map(\.id.rawValue)
            let rest = try await store.fill(3).map(\.rawValue)
            let queued = Array(ids[3...]) + rest
            try await store.raw("LPUSH", list, held[0])
            try await store.raw("RPUSH", list, held[1])
            try await store.raw("LINSERT", list, "AFTER", queued[4], held[2])
            #expect(try await mend(held[0], store) == .mended)
            #expect(try await mend(held[1], store) == .mended)
            // Nobody knows of the one in the middle but who has searched the whole lane.
            #expect(try await mend(held[2], store) == .left)
            #expect(try await mend(held[2], store, wasSearched: true) == .left)
            #expect(try await lane(store) == Array(queued[...4]) + [held[2]] + queued[5...])
            #expect(try await KeyspaceAudit.read(store).held["w"]?.count == 3)
        }
    }

    @Test func `one that a worker held which is gone leaves its lane: it is given back with all that one held`()
        async throws
    {
        try await withLane { store, _, ids in
            try await store.raw("HSET", store.keys.prefix + "held:gone", ids[0], "1\tq\t")
            let answer = try await store.mendTask(ids[0], hint: "held:gone", depth: 2, wasSearched: false)
            #expect(answer == .mended)
            #expect(try await lane(store) == Array(ids[1...]))
            #expect(try await KeyspaceAudit.read(store).held["gone"]?.count == 1)
        }
    }

    @Test func `one that is nowhere goes to the end of its lane, if that was searched`() async throws {
        try await withLane { store, list, ids in
            try await store.raw("LREM", list, "1", ids[5])
            #expect(try await mend(ids[5], store) == .left)
            #expect(try await mend(ids[5], store, wasSearched: true) == .mended)
            #expect(try await lane(store) == ids.filter { $0 != ids[5] } + [ids[5]])
            // What is in its right place only is not touched.
            #expect(try await mend(ids[0], store) == .left)
            #expect(try await mend("none", store) == .gone)
        }
    }

    @Test func `one that is in a lane and on the shelf of its run leaves the shelf`() async throws {
        try await withStore(audits: false) { store in
            let run = try await RunBench(store, effects: [.launch(.step("a")), .launch(.step("b"))])
            let ids = try await lane(store)
            let shelf = store.keys.prefix + "shelf:\(run.id)"
            for id in ids { try await store.raw("RPUSH", shelf, "\(id)\tq\t") }
            try await store.raw("LREM", store.keys.prefix + "lane:q\t", "1", ids[0])
            #expect(try await mend(ids[1], store) == .mended)
            #expect(try await lane(store) == [ids[1]])
            #expect(try await KeyspaceAudit.read(store).shelves[run.id.rawValue] == ["\(ids[0])\tq\t"])
            #expect(try await mend(ids[0], store) == .gone)
        }
    }
}
