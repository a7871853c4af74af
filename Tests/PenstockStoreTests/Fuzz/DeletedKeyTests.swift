import PenstockModel
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

/// Somebody has deleted a key. Whichever it was: every call ends, and workers come to rest.
@Suite(.timeLimit(.minutes(10))) struct DeletedKeyTests {
    /// How long a life goes on before keys are deleted from what it has come to.
    private static let steps = 160

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func `whatever key is gone, nothing spins`(seed: UInt64) async throws {
        try await withStore(audits: false) { store in
            var fuzz = try await Fuzz(store, seed: seed)
            for step in 0..<Self.steps { #expect(try await fuzz.step(step) == []) }
            try await store.raw("EVAL", Self.copy, "0", "0", "1")
            let keys = try await store.raw("KEYS", "*").array?.compactMap(\.text).sorted() ?? []
            #expect(keys.count > 20)
            for key in keys {
                try await store.raw("EVAL", Self.copy, "0", "1", "0")
                try await store.raw("DEL", key)
                let spinning = try await rest(fuzz.players, store)
                #expect(spinning == [], "seed \(seed) without \(key)")
            }
        }
    }

    /// Copies all keys of one database to another, which is emptied before.
    private static let copy = """
        redis.call('SELECT', ARGV[2])
        redis.call('FLUSHDB')
        redis.call('SELECT', ARGV[1])
        for _, name in ipairs(redis.call('KEYS', '*')) do
            redis.call('COPY', name, name, 'DB', ARGV[2])
        end
        """

    /// Lets workers do all they find for a while, then looks at them at one moment: whoever claims nothing, and is told to look
    /// again at once, again and again, spins.
    private func rest(_ players: [Player], _ store: Store) async throws -> [String] {
        var players = players
        var claimed: [[ClaimedTask]] = players.map { _ in [] }
        var names = 0
        func turn(_ place: Int) async throws -> Bool {
            let ended = claimed[place].map { $0.ended(.completed) }
            claimed[place] = []
            guard case .turn(let turn) = try await players[place].cycle(20, ended: ended) else {
                names += 1
                let old = players[place]
                players[place] = try await Player(store, "new\(names)", queues: old.queues, kinds: old.kinds)
                return false
            }
            claimed[place] = turn.claimed
            return turn.claimed.isEmpty && (turn.nextDue ?? .max) <= turn.now
        }
        for _ in 0..<12 {
            try await store.stepClock(by: .seconds(1))
            for place in players.indices { _ = try await turn(place) }
        }
        var spinning: [String] = []
        for place in players.indices {
            var isAtRest = false
            for _ in 0..<20 where !isAtRest { isAtRest = try await !turn(place) && claimed[place].isEmpty }
            if !isAtRest { spinning.append(players[place].name) }
        }
        return spinning
    }
}
