import PenstockModel
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

/// What others add to the inbox with plain commands: taken to the last byte that is allowed, refused beyond it with the reason.
@Suite(.timeLimit(.minutes(10))) struct InboxTests {
    private static func text(_ count: Int) -> String { String(repeating: "a", count: count) }

    static let taken: [[String: String]] = [
        ["kind": text(200)], ["kind": "k", "queue": "a.b_c-d:e/f@g9"], ["kind": "k", "tenant": text(512)],
        ["kind": "k", "key": text(512)], ["kind": "k", "unique": text(512)], ["kind": "k", "limit": "a:" + text(510)],
        ["kind": "k", "priority": "10"], ["kind": "k", "priority": "-10"], ["kind": "k", "delay_ms": "1"],
        ["kind": "k", "at_ms": "999999999999"], ["kind": "k", "max_attempts": "9"], ["kind": "k", "version": "1"],
        ["kind": "k", "unique": "u", "unique_until": "start"], ["kind": "k", "unique": "u", "unique_until": "death"],
        ["kind": "k", "expires_ms": "5000"], ["kind": "k", "deadline_ms": "5000"], ["kind": "k", "key_ttl_ms": "5"],
        ["kind": "k", "payload": text(5000)], ["kind": "k", "retain_ms": "5", "timeout_ms": "5"],
    ]

    static let refused: [([String: String], String)] = [
        ([:], "kind must be"), (["kind": ""], "kind must be"), (["kind": text(201)], "kind must be"),
        (["kind": "a b"], "kind must be"), (["kind": "k", "queue": text(201)], "queue must be"),
        (["kind": "k", "queue": "a|b"], "queue must be"), (["kind": "k", "tenant": text(513)], "tenant must be"),
        (["kind": "k", "tenant": "a\tb"], "tenant must be"), (["kind": "k", "key": text(513)], "key must be"),
        (["kind": "k", "unique": "a\nb"], "unique must be"),
        (["kind": "k", "limit": "a:" + text(511)], "limit must be"),
        (["kind": "k", "limit": "a"], "limit must be"), (["kind": "k", "limit": "a:"], "limit must be"),
        (["kind": "k", "limit": "a:b\tc"], "limit must be"), (["kind": "k", "priority": "11"], "priority must be"),
        (["kind": "k", "priority": "-11"], "priority must be"), (["kind": "k", "priority": "0.5"], "priority must be"),
        (["kind": "k", "priority": "x"], "priority must be"), (["kind": "k", "delay_ms": "0"], "delay_ms must be"),
        (["kind": "k", "delay_ms": "1.5"], "delay_ms must be"), (["kind": "k", "at_ms": "-1"], "at_ms must be"),
        (["kind": "k", "max_attempts": "x"], "max_attempts must be"),
        (["kind": "k", "delay_ms": "1", "at_ms": "1"], "exclude each other"),
        (["kind": "k", "version": "2"], "version must be 1"),
        (["kind": "k", "unique": "u", "unique_until": "never"], "unique_until must be"),
        (["kind": "k", "colour": "red"], "field colour is not known"),
    ]

    private func add(_ fields: [String: String], _ store: Store) async throws -> [RejectedEntry] {
        let words = fields.isEmpty ? ["queue", "q"] : fields.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
        _ = try await store.redis.send(RedisCommand("XADD", RedisArguments([store.keys.inbox, "*"] + words)))
        var worker = try await Player(store, queues: ["nobody"])
        try await worker.turn(1)
        #expect(try await store.inboxLength() == 0)
        return try await store.rejectedEntries(limit: 10)
    }

    @Test(arguments: taken) func `as much as is allowed is taken`(fields: [String: String]) async throws {
        try await withStore { store in
            let rejected = try await add(fields, store)
            let tasks = try await store.raw("HLEN", store.keys.tasks).int
            #expect(rejected == [] && tasks == 1)
        }
    }

    @Test(arguments: refused)
    func `what is not allowed is set aside with its reason`(fields: [String: String], reason: String) async throws {
        try await withStore { store in
            let rejected = try await add(fields, store)
            #expect(rejected.count == 1 && rejected[0].reason.contains(reason), "\(rejected)")
            #expect(try await store.raw("HLEN", store.keys.tasks).int == 0)
        }
    }

    @Test(arguments: [CapPolicy.reject, .drop])
    func `entries are held to length caps`(policy: CapPolicy) async throws {
        try await withStore { store in
            try await store.setCap(queue: "q", tenant: nil, most: 2, policy: policy)
            for number in 0..<4 {
                try await store.raw("XADD", store.keys.inbox, "*", "kind", "k\(number)", "queue", "q")
            }
            var worker = try await Player(store, queues: ["nobody"])
            try await worker.turn(1)
            let rejected = try await store.rejectedEntries(limit: 10).map(\.reason)
            var reader = try await Player(store, "reader")
            let kinds = try await reader.turn(9).claimed.map(\.record.kind)
            #expect(kinds == (policy == .drop ? ["k2", "k3"] : ["k0", "k1"]))
            #expect(rejected == (policy == .drop ? [] : Array(repeating: "length cap of 2 is reached", count: 2)))
        }
    }

    @Test func `a field that is given twice is refused`() async throws {
        try await withStore { store in
            try await store.raw("XADD", store.keys.inbox, "*", "kind", "k", "kind", "l")
            var worker = try await Player(store)
            try await worker.turn(1)
            #expect(try await store.rejectedEntries(limit: 10).map(\.reason) == ["kind is given twice"])
        }
    }
}
