import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

/// Lanes are read while others push and pop, and task ledgers say what is to be looked at again.
@Suite struct LaneReaderTests {
    @Test(arguments: 1...200) func `what stays in a lane is read once, whatever comes and goes meanwhile`(seed: Int)
        throws
    {
        var random = SeededRandom(seed: UInt64(seed))
        var list = (0..<Int.random(in: 0...300, using: &random)).map { "j\($0)" }
        var made = list.count
        var stays = Set(list)
        let chunk = Int.random(in: 33...60, using: &random)
        var reader = LaneReader(key: "lane", chunk: chunk)
        var seen: [String: Int] = [:]
        while !reader.isAtEnd {
            let arguments = reader.command.arguments.values.map { String(decoding: $0, as: UTF8.self) }
            let part = Self.range(of: list, try #require(Int(arguments[1])), try #require(Int(arguments[2])))
            for id in reader.take(.array(part.map { .string(Array($0.utf8)) })) { seen[id, default: 0] += 1 }
            for _ in 0..<Int.random(in: 0...20, using: &random) {
                made += 1
                if Bool.random(using: &random) { list.append("j\(made)") } else { list.insert("j\(made)", at: 0) }
            }
            for _ in 0..<min(list.count, Int.random(in: 0...20, using: &random)) { stays.remove(list.removeFirst()) }
        }
        for id in stays where seen[id] != 1 { Issue.record("seed \(seed): \(id) was read \(seen[id] ?? 0) times") }
    }

    /// What LRANGE answers.
    private static func range(of list: [String], _ first: Int, _ last: Int) -> [String] {
        let from = max(0, list.count + first)
        let to = list.count + last
        return from <= to ? Array(list[from...to]) : []
    }

    @Test func `a ledger doubts what is in two places, in a wrong one or in none`() {
        var ledger = PlaceLedger()
        for id in ["fine", "twice", "wrong", "none", "late"] { _ = ledger.add(id, head: "k\tq\tt\t5\tl=a:1") }
        let isRead = ledger.add("odd", head: "k\tq")
        #expect(!isRead)
        let lane = PlaceLedger.place("lane:q\tt\t5\ta:1")
        let doubts = ["fine", "twice"].map { ledger.see($0, in: lane) }
        #expect(doubts == [nil, nil])
        let again = ledger.see("twice", in: PlaceLedger.place("held:w"))
        #expect(again == .doubled)
        let late = ledger.see("late", in: PlaceLedger.place("delayed:q"))
        let unknown = ledger.see("unknown", in: lane)
        #expect(late == nil && unknown == nil)
        for key in [
            "lane:q\tt", "lane:q\tt\t5", "lane:r\tt\t5\ta:1", "lane:q|other\tt\t5\ta:1", "delayed:r", "dead:r",
            "lane:x",
        ] {
            var own = PlaceLedger()
            _ = own.add("wrong", head: "k\tq\tt\t5\tl=a:1")
            let doubt = own.see("wrong", in: PlaceLedger.place(key))
            #expect(doubt == .misplaced, "\(key)")
        }
        for key in [
            "lane:q|k\tt\t5\ta:1", "lane:q\tt\t5\ta:1\tkind:k", "lane:q|k\tt\t5\ta:1\tkind:k", "dead:q", "shelf:run",
        ] {
            var own = PlaceLedger()
            _ = own.add("right", head: "k\tq\tt\t5\tl=a:1")
            let doubt = own.see("right", in: PlaceLedger.place(key))
            #expect(doubt == nil, "\(key)")
        }
        #expect(Set(ledger.missing) == ["wrong", "none"])
    }
}
