import PenstockTesting
import Testing

@testable import RedisClient

/// Bytes from outside by a seed: whatever comes, nothing crashes, and what is right is read right.
@Suite("Random bytes", .timeLimit(.minutes(5))) struct ByteFuzzTests {
    static let seeds = (0..<20).map { _ in UInt64.random(in: 0..<1_000_000_000) }

    private func reply(_ random: inout SeededRandom, depth: Int = 0) -> RedisReply {
        func bytes(_ most: Int) -> [UInt8] {
            (0..<Int.random(in: 0...most, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        switch Int.random(in: 0..<(depth < 5 ? 7 : 5), using: &random) {
        case 0: return .null
        case 1: return .integer(.random(in: .min ... .max, using: &random) >> Int.random(in: 0...60, using: &random))
        case 2, 3: return .string(random.chance(0.02) ? bytes(70_000) : bytes(20))
        case 4: return .status(String(repeating: "a", count: Int.random(in: 1...20, using: &random)))
        default:
            return .array((0..<Int.random(in: 0...6, using: &random)).map { _ in reply(&random, depth: depth + 1) })
        }
    }

    private func encoded(_ reply: RedisReply) -> [UInt8] {
        switch reply {
        case .null: Array("$-1\r\n".utf8)
        case .integer(let value): Array(":\(value)\r\n".utf8)
        case .string(let bytes): Array("$\(bytes.count)\r\n".utf8) + bytes + Array("\r\n".utf8)
        case .status(let word): Array("+\(word)\r\n".utf8)
        case .array(let items): Array("*\(items.count)\r\n".utf8) + items.flatMap(encoded)
        case .error(let error): Array("-\(error.message)\r\n".utf8)
        }
    }

    /// In pieces of any length, the empty one included.
    private func parse(_ bytes: [UInt8], _ random: inout SeededRandom) throws -> [RedisReply] {
        var parser = ReplyParser()
        var replies: [RedisReply] = []
        var rest = bytes[...]
        let most = random.chance(0.2) ? bytes.count : 30
        while !rest.isEmpty {
            let piece = Array(rest.prefix(Int.random(in: 0...max(most, 1), using: &random)))
            rest = rest.dropFirst(piece.count)
            try piece.withUnsafeBytes { try parser.feed($0, into: &replies) }
        }
        return replies
    }

    @Test(arguments: seeds) func repliesInAnyPieces(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<50 {
            let replies = (0..<Int.random(in: 1...5, using: &random)).map { _ in reply(&random) }
            let found = try parse(replies.flatMap(encoded), &random)
            #expect(found == replies, "seed \(seed)")
        }
    }

    @Test(arguments: seeds) func spoiledReplies(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<200 {
            var bytes = encoded(reply(&random))
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                // No digits: a length of gigabytes is not refused but waited for.
                case 0: bytes[place] = [0, 10, 13, 36, 42, 45, 58, 255].randomElement(using: &random) ?? 0
                case 1: bytes.remove(at: place)
                default: bytes.insert(UInt8.random(in: 128...255, using: &random), at: place)
                }
                if bytes.isEmpty { break }
            }
            // Refused, or read as something else, or waited for: all the same, as long as it ends.
            _ = try? parse(bytes, &random)
        }
    }

    @Test(arguments: seeds) func urls(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let parts = [
            "redis://", "rediss://", "unix://", "unix:///", "://", "@", ":", "/", "?", "&", "=", "%", "%40", "%zz", "[",
            "]", "::1", "host", "6379", "99999", "-1", "db=2", "user=", "password=x", "ä", "\u{0}", " ", "#", "..",
        ]
        for _ in 0..<500 {
            let text = (0..<Int.random(in: 0...8, using: &random)).map { _ in
                parts.randomElement(using: &random) ?? ""
            }.joined()
            guard let configuration = try? RedisConfiguration(url: text) else { continue }
            // What is taken is taken again the same, and says where to connect.
            #expect(try RedisConfiguration(url: text).address == configuration.address)
            if case .tcp(let host, let port) = configuration.address {
                #expect(!host.isEmpty && (1...65_535).contains(port), "seed \(seed): \(text.debugDescription)")
            }
        }
    }
}
