import Foundation
import Penstock
import PenstockTesting
import Testing

/// What `FastJSON` encodes means what Foundation's text means, and what it does not encode it leaves alone.
@Suite struct FastJSONEncoderTests {
    private typealias Everything = FastJSONTests.Everything

    private static var foundation: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.withoutEscapingSlashes]
        return encoder
    }

    private static func meaning(_ bytes: some Sequence<UInt8>) throws -> NSObject {
        try #require(try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed) as? NSObject)
    }

    /// Compares both encoders. True if the fast one had an answer.
    @discardableResult
    private static func agree(_ value: some Encodable) throws -> Bool {
        let expected = Result { try foundation.encode(value) }
        let answer = FastJSON.encode(value, special: JSONCodec.special)
        if let answer {
            let text = String(decoding: answer, as: UTF8.self)
            let (mine, theirs) = (try meaning(answer), try meaning(expected.get()))
            #expect(mine == theirs, "\(text) of \(value)")
            #expect(answer.count == (try expected.get()).count, "\(text) of \(value)")
        }
        switch (expected, Result { try JSONCodec().encode(value) }) {
        case (.success(let data), .success(let bytes)): #expect(try meaning(data) == meaning(bytes), "\(value)")
        case (.failure(let error), .failure(let thrown)): #expect("\(thrown)" == "\(error)")
        default: Issue.record("one encodes \(value), the other does not")
        }
        return answer != nil
    }

    @Test func `plain values are the same bytes as Foundation's`() throws {
        func same(_ value: some Encodable) throws {
            let bytes = try #require(FastJSON.encode(value, special: JSONCodec.special), "\(value)")
            #expect(bytes == [UInt8](try Self.foundation.encode(value)), "\(value)")
        }
        for number in [0, 1, -1, 42, Int.max, Int.min, 1_000_000] { try same(number) }
        try same(Int8.min)
        try same(UInt64.max)
        for number in [0.0, -0.0, 1, -1.5, 0.1, 1e20, 1e21, 1e-7, 5e-324, Double.greatestFiniteMagnitude, 123_456_789] {
            try same(number)
        }
        for number in [Float(0.1), -2, 1e10, 3.4e38] { try same(number) }
        try same(true)
        try same(false)
        for text in ["", "a", "\"\\/\u{8}\t\n\u{c}\r\u{0}\u{1f}\u{7f}", "grün 🚰 \u{2028}", "e\u{301}", "ſ"] {
            try same(text)
        }
        try same([1, 2, 3])
        try same([Int]())
        try same(["k": [String: Int]()])
        try same([Int?.none, 1])
        try same(["one": ["two": [true]]])
        try same(Int?.none)
        try same(FastJSONTests.Level.high)
        try same(FastJSONTests.Colour.green)
    }

    @Test(arguments: 0..<4) func `random values of many types`(seed: Int) throws {
        var json = RandomJSON(seed: UInt64(seed))
        var count = 0
        while count < 300 {
            let text = json.everything()
            guard let value = try? JSONDecoder().decode(Everything.self, from: Data(text.utf8)) else { continue }
            count += 1
            try Self.agree(value)
        }
    }

    @Test func `what must be inserted, replaced or is nothing at all is Foundation's`() throws {
        #expect(try !Self.agree(Date(timeIntervalSince1970: 1)))
        #expect(try !Self.agree(["at": Date(timeIntervalSince1970: 1)]))
        #expect(try !Self.agree(Data([1, 2])))
        #expect(try !Self.agree(["u": URL(string: "https://example.org/a")]))
        #expect(try !Self.agree(Decimal(3)))
        #expect(try !Self.agree([Double.nan]))
        #expect(try !Self.agree(["f": Float.infinity]))
        for odd in Odd.Way.allCases { #expect(try !Self.agree(Odd(way: odd)), "\(odd)") }
    }

    /// Encodes itself in ways that synthesized code does not.
    struct Odd: Encodable {
        enum Way: CaseIterable { case nothing, nested, nestedList, parent, twice, path, fails, inside }
        enum Key: String, CodingKey { case one, two }
        struct Failure: Error {}

        let way: Way

        func encode(to encoder: any Encoder) throws {
            switch way {
            case .nothing: break
            case .nested:
                var container = encoder.container(keyedBy: Key.self)
                var first = container.nestedContainer(keyedBy: Key.self, forKey: .one)
                var second = container.nestedContainer(keyedBy: Key.self, forKey: .two)
                try first.encode(1, forKey: .one)
                try second.encode(2, forKey: .one)
                try first.encode(3, forKey: .two)
            case .nestedList:
                var container = encoder.unkeyedContainer()
                var first = container.nestedUnkeyedContainer()
                try container.encode("after")
                try first.encode(1)
            case .parent:
                var container = encoder.container(keyedBy: Key.self)
                try container.encode(1, forKey: .one)
                try 2.encode(to: container.superEncoder())
            case .twice:
                var container = encoder.container(keyedBy: Key.self)
                try container.encode(1, forKey: .one)
                try container.encode(2, forKey: .one)
            case .path:
                var container = encoder.container(keyedBy: Key.self)
                try container.encode(encoder.codingPath.count, forKey: .one)
            case .fails:
                var container = encoder.container(keyedBy: Key.self)
                try container.encode(1, forKey: .one)
                throw Failure()
            case .inside:
                var container = encoder.container(keyedBy: Key.self)
                try container.encode(Odd(way: .twice), forKey: .two)
            }
        }
    }

    @Test func `a container that is asked for again goes on`() throws {
        struct Again: Encodable {
            enum Key: String, CodingKey { case one, two }
            func encode(to encoder: any Encoder) throws {
                var first = encoder.container(keyedBy: Key.self)
                try first.encode(1, forKey: .one)
                var second = encoder.container(keyedBy: Key.self)
                try second.encode(2, forKey: .two)
            }
        }
        #expect(try Self.agree(Again()))
    }

    @Test func `many members, and an inherited class`() throws {
        let table = Dictionary(uniqueKeysWithValues: (0..<200).map { ("key\($0)", $0) })
        #expect(try !Self.agree(table), "names are compared with those before: many are left to Foundation")
        class Animal: Encodable {
            var name = "Ada"
        }
        final class Cat: Animal {
            var lives = 9
        }
        #expect(try Self.agree(Cat()))
    }
}
