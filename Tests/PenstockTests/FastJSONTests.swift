import Foundation
import Penstock
import Testing

/// What `FastJSON` decodes is what Foundation decodes, and what it does not decode it leaves alone.
@Suite struct FastJSONTests {
    struct Pair<First: Codable & Sendable, Second: Codable & Sendable>: Codable, Sendable {
        var first: First
        var second: Second
    }

    enum Colour: String, Codable { case red, green }
    enum Level: Int, Codable { case low, high }

    enum Shape: Codable {
        case point
        case circle(radius: Double)
        case box(Int, Int)
    }

    final class Node: Codable {
        var value: Int
        var next: Node?
    }

    /// Keys by hand, nested containers, and an element read by turns.
    struct Manual: Codable {
        var sum: Int
        var names: [String]

        enum Key: String, CodingKey { case inner, list, sum, names }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            sum = 0
            names = container.allKeys.map(\.rawValue).sorted()
            if container.contains(.inner) {
                let inner = try container.nestedContainer(keyedBy: Key.self, forKey: .inner)
                sum += try inner.decodeIfPresent(Int.self, forKey: .sum) ?? 1
                if try inner.contains(.names) && inner.decodeNil(forKey: .names) { sum += 100 }
            }
            guard container.contains(.list) else { return }
            var list = try container.nestedUnkeyedContainer(forKey: .list)
            sum += list.count ?? 0
            while !list.isAtEnd {
                if try list.decodeNil() { continue }
                if list.currentIndex == 1 {
                    var inner = try list.nestedUnkeyedContainer()
                    while !inner.isAtEnd { sum += try inner.decode(Int.self) }
                } else if list.currentIndex == 2 {
                    names += try list.nestedContainer(keyedBy: Key.self).allKeys.map(\.rawValue)
                } else {
                    sum += try list.decode(Int.self)
                }
            }
        }
    }

    /// Tries one thing and then another.
    struct Either: Codable {
        var text: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Int.self) {
                text = "number \(number)"
            } else {
                text = try container.decode(String.self)
            }
        }
    }

    /// Its init asks where it is.
    struct Curious: Codable {
        var path: String

        init(from decoder: any Decoder) throws { path = decoder.codingPath.map(\.stringValue).joined(separator: ".") }
    }

    struct Everything: Codable {
        var int: Int
        var text: String
        var flag: Bool
        var number: Double
        var small: Int8?
        var byte: UInt8?
        var big: UInt64?
        var float: Float?
        var colour: Colour?
        var level: Level?
        var shape: Shape?
        var list: [Int]?
        var texts: [String?]?
        var table: [String: Int]?
        var numbered: [Int: Bool]?
        var pair: Pair<[Bool], Pair<String, Int?>>?
        var date: Date?
        var url: URL?
        var id: UUID?
        var manual: Manual?
    }

    private static var foundation: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return decoder
    }

    /// Something that is equal only for equal values, the sign of zero and the scalars of strings included.
    private static func fingerprint(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return [UInt8](try encoder.encode(value))
    }

    /// Compares both decoders. True if the fast one had an answer.
    @discardableResult
    private static func agree<Value: Codable>(_ type: Value.Type, _ bytes: [UInt8]) throws -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        let expected = Result { try foundation.decode(type, from: Data(bytes)) }
        let answer = FastJSON.decode(type, from: bytes, special: JSONCodec.special)
        if let answer {
            let value = try? expected.get()
            #expect(value != nil, "Foundation refuses \(text) as \(type)")
            if let value { #expect(try fingerprint(answer) == fingerprint(value), "\(text) as \(type)") }
        }
        switch (expected, Result { try JSONCodec().decode(type, from: bytes) }) {
        case (.success(let value), .success(let decoded)):
            #expect(try fingerprint(decoded) == fingerprint(value), "\(text) as \(type)")
        case (.failure(let error), .failure(let thrown)):
            // Foundation goes through a dictionary in an order of its own, another each time.
            if !"\(Value.self)".contains("Dictionary<") { #expect("\(thrown)" == "\(error)") }
        default: Issue.record("one decodes \(text) as \(type), the other does not")
        }
        return answer != nil
    }

    private static func agree<Value: Codable>(_ type: Value.Type, _ text: String) throws -> Bool {
        try agree(type, Array(text.utf8))
    }

    // MARK: Tables

    @Test func `common payloads take the fast way`() throws {
        #expect(try Self.agree(Int.self, "42"))
        #expect(try Self.agree(Int?.self, "null"))
        #expect(try Self.agree([Int].self, " [ 1 , -2,\t3\r\n] "))
        #expect(try Self.agree([Double].self, "[0, 0.0, -0.0, 1.5, 1e3, 1E-3, -2.5e+10, 123456789012345678, 0.0e7]"))
        #expect(try Self.agree([Float].self, "[0.1, 3.4028234e38, 16777217, 0.0]"))
        #expect(try Self.agree([UInt64].self, "[0, 999999999999999999]"))
        #expect(try Self.agree([Int8].self, "[-128, 127]"))
        #expect(try Self.agree([Bool].self, "[true,false]"))
        #expect(try Self.agree(String.self, #""""#))
        #expect(
            try Self.agree([String].self, #"["\"\\\/\b\f\n\r\t", "\u0041\u00e9\u20AC\u0000", "\ud83d\ude00x", "é😀"]"#))
        #expect(try Self.agree([Int?].self, "[1,null,2]"))
        #expect(try Self.agree([[[Int]]].self, "[[],[[1],[]]]"))
        #expect(try Self.agree([String: [Int]].self, #"{"a":[],"b":[1,2]}"#))
        #expect(try Self.agree([Int: String].self, #"{"1":"a","2":"b"}"#))
        #expect(try Self.agree([Colour].self, #"["red","green"]"#))
        #expect(try Self.agree([Level].self, "[0,1]"))
        #expect(try Self.agree([Shape].self, #"[{"point":{}},{"circle":{"radius":2}},{"box":{"_0":1,"_1":2}}]"#))
        #expect(
            try Self.agree(
                Pair<[Bool], Pair<String, Int?>>.self, #"{"second":{"first":"x","second":null},"first":[true]}"#))
        #expect(try Self.agree(Node.self, #"{"value":1,"next":{"value":2,"next":{"value":3,"next":null}}}"#))
        #expect(try Self.agree(UUID.self, #""2F3A1B8E-6C1D-4B7E-9F00-0123456789AB""#))
        #expect(
            try Self.agree(
                Everything.self, #"{"int":1,"unknown":{"a":[1,"é\n",null]},"text":"é","flag":true,"number":1}"#))
        #expect(
            try Self.agree(
                Manual.self, #"{"inner":{"names":null,"other":0},"list":[5,[1,2],{"sum":0},null,7],"foreign":0}"#))
    }

    @Test(
        "what is wrong or rare is left to Foundation",
        arguments: [
            "", " ", "[", "]", "{", "nul", "nulll", "1 2", "01", "-", "1.", ".5", "1e", "+1", "0x10", "NaN", "Infinity",
            "1.0", "-0", "1e3", "1.5", "1234567890123456789", "9223372036854775807", "9223372036854775808", "1e400",
            "1e-400", "4.9e-324", "\"", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\udc00\"",
            "\"\\ud800\\u0041\"", "\"\\ud83d\\ude00\"", "\"\n\"", "\"a\u{7f}\"", "\u{feff}1", "[1,]", "[,1]", "{\"a\"}",
            "{\"a\":}", "{\"a\":1,}", "{a:1}", "{'a':1}", "// c\n1", "{\"a\":1,\"a\":2}", "{\"\\u0061\":1}",
            "{\"é\":1}", "{\"e\u{301}\":1,\"é\":2}", "true", "null", "\"1\"", "[]", "{}", "[null]", "[1.0]", "[\"1\"]",
            "{\"a\":null}", "{\"a\":1.0}", "{\"a\":\"1\"}", "{\"a\":true}", "{\"\":1}", "{\"point\":{},\"box\":{}}",
            "{\"circle\":{}}", "{\"int\":1}", "{\"int\":null,\"text\":\"\",\"flag\":true,\"number\":1}",
            "{\"int\":1,\"text\":\"\",\"flag\":1,\"number\":1}",
            "{\"int\":1,\"text\":\"\",\"flag\":true,\"number\":1,\"small\":128}",
            "{\"int\":1,\"text\":\"\",\"flag\":true,\"number\":1,\"byte\":-1}",
            "{\"int\":1,\"text\":\"\",\"flag\":true,\"number\":1,\"date\":\"2026-01-02T03:04:05Z\"}",
            "{\"int\":1,\"text\":\"\",\"flag\":true,\"number\":1,\"url\":\"https://example.org/a b\"}",
            "{\"int\":1,\"text\":\"\",\"flag\":true,\"number\":1,\"colour\":\"blue\"}",
        ])
    func edge(text: String) throws {
        try Self.agreeAsAll(Array(text.utf8))
    }

    private static func agreeAsAll(_ bytes: [UInt8]) throws {
        try agree(Int.self, bytes)
        try agree(Int?.self, bytes)
        try agree(UInt8.self, bytes)
        try agree(Bool.self, bytes)
        try agree(Double.self, bytes)
        try agree(Float.self, bytes)
        try agree(String.self, bytes)
        try agree(Date.self, bytes)
        try agree(Data.self, bytes)
        try agree(Decimal.self, bytes)
        try agree(Either.self, bytes)
        try agree(Curious.self, bytes)
        try agree([Int].self, bytes)
        try agree([Int?].self, bytes)
        try agree([Either].self, bytes)
        try agree([String: Int].self, bytes)
        try agree([String: Int?].self, bytes)
        try agree([String: Curious].self, bytes)
        try agree([Int: Int].self, bytes)
        try agree(Colour.self, bytes)
        try agree(Level.self, bytes)
        try agree(Shape.self, bytes)
        try agree(Manual.self, bytes)
        try agree(Everything.self, bytes)
    }

    @Test func `bytes that are no UTF-8, deep nesting and many members`() throws {
        #expect(try !Self.agree(String.self, [0x22, 0xff, 0x22]))
        #expect(try !Self.agree(String.self, [0x22, 0xed, 0xa0, 0x80, 0x22]))
        #expect(try !Self.agree([String: Int].self, Array(#"{"a":1,""#.utf8) + [0xc3] + Array(#"":2}"#.utf8)))
        #expect(try !Self.agree(Manual.self, Array(#"{"x":""#.utf8) + [0x80] + Array(#""}"#.utf8)))
        for encoding in [String.Encoding.utf16LittleEndian, .utf16BigEndian, .utf32LittleEndian, .utf16] {
            #expect(try !Self.agree([Int].self, [UInt8]("[1,2]".data(using: encoding) ?? Data())))
        }
        for depth in [10, 64, 65, 500, 600] {
            let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            #expect(try Self.agree(Manual.self, #"{"x":\#(text)}"#) == (depth < 64))
        }
        for count in [32, 33] {
            let members = (0..<count).map { "\"m\($0)\":\($0)" }.joined(separator: ",")
            #expect(try Self.agree([String: Int].self, "{\(members)}") == (count == 32))
        }
    }

    /// Swift finds U+212A equal to the letter K, so its coding key finds that member.
    @Test func `names that are equal though their bytes are not`() throws {
        struct Kelvin: Codable {
            var kelvin: Int?
            enum CodingKeys: String, CodingKey { case kelvin = "\u{212a}" }
        }
        #expect(try !Self.agree(Kelvin.self, #"{"K":1}"#))
    }

    @Test func `decoders may outlive the call`() throws {
        struct Late: Decodable {
            let decoder: any Decoder
            init(from decoder: any Decoder) throws { self.decoder = decoder }
        }
        let late = try JSONCodec().decode([Late].self, from: Array("[7,8]".utf8))
        #expect(try late.map { try Int(from: $0.decoder) } == [7, 8])
    }

    // MARK: Random texts

    @Test func `whatever looks like a number`() throws {
        var texts = RandomJSON(seed: 7)
        for _ in 0..<4000 {
            let text = texts.nearlyNumber()
            try Self.agree(Double.self, Array(text.utf8))
            try Self.agree([Float].self, Array("[\(text)]".utf8))
            try Self.agree(Manual.self, Array("{\"x\":\(text)}".utf8))
            try Self.agree(Int16.self, Array(text.utf8))
        }
    }

    @Test(arguments: 0..<4) func `random texts, whole and damaged`(seed: Int) throws {
        var texts = RandomJSON(seed: UInt64(seed) &+ 20_261_121)
        var fast = 0
        for _ in 0..<400 {
            let bytes = Array(texts.everything().utf8)
            if try Self.agree(Everything.self, bytes) { fast += 1 }
            try Self.agree([Everything].self, Array("[".utf8) + bytes + Array("]".utf8))
            for _ in 0..<4 { try Self.agree(Everything.self, texts.damaged(bytes)) }
            let value = Array(texts.value(depth: 3).utf8)
            try Self.agree([String: Double].self, value)
            try Self.agree([[Int?]].self, value)
            try Self.agree(Manual.self, value)
            try Self.agree([Either].self, texts.damaged(value))
        }
        #expect(fast > 40, "the fast way is hardly taken: \(fast) of 400")
    }
}

/// Texts of JSON, mostly right.
struct RandomJSON {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// SplitMix64.
    private mutating func next(_ bound: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = (state ^ state >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return Int((mixed ^ mixed >> 31) % UInt64(bound))
    }

    private mutating func pick(_ texts: [String]) -> String { texts[next(texts.count)] }

    private mutating func space() -> String { next(8) == 0 ? pick([" ", "\n", "\t\r", "  "]) : "" }

    private mutating func integer() -> String {
        switch next(6) {
        case 0: "\(next(300) - 150)"
        case 1: "\(Int(truncatingIfNeeded: UInt64(next(Int.max)) &* 3))"
        case 2: pick(["0", "-0", "1", "127", "128", "255", "256", "-1", "-128", "-129", "9223372036854775807"])
        default: "\(next(1_000_000))"
        }
    }

    private mutating func number() -> String {
        switch next(5) {
        case 0: integer()
        case 1: "\(Double(bitPattern: UInt64(next(Int.max))))"
        case 2: "\(next(2000) - 1000).\(next(100_000))"
        case 3: "\(next(100))\(pick(["e", "E"]))\(pick(["", "+", "-"]))\(next(40))"
        default:
            pick(["0.0", "-0.0", "0e0", "1.0", "1e308", "1e309", "2.5e-323", "0.1", "3.4028236e38", "1.17549435e-38"])
        }
    }

    mutating func nearlyNumber() -> String {
        (0...next(7)).map { _ in pick(["0", "0", "1", "2", "5", "9", "12", ".", "-", "e", "E", "+"]) }.joined()
    }

    private mutating func string() -> String {
        var text = "\""
        for _ in 0..<next(12) {
            text += pick([
                "a", "b", "Z", " ", "é", "e\u{301}", "😀", "\\n", "\\\"", "\\\\", "\\/", "\\u00e9", "\\ud83d\\ude00",
                "\\u0000",
                "\\t", "x", "y", "0", "-", "{", "]", ",", ":",
            ])
            if next(150) == 0 { text += pick(["\\ud83d", "\\x", "\\u12", "\u{1}", "\\udc00\\ud800"]) }
        }
        return text + "\""
    }

    mutating func value(depth: Int) -> String {
        switch next(depth > 0 ? 9 : 6) {
        case 0: integer()
        case 1: number()
        case 2: string()
        case 3: pick(["true", "false"])
        case 4: "null"
        case 5: "\(next(10))"
        case 6: array { $0.value(depth: depth - 1) }
        default:
            object { texts in
                (0..<texts.next(4)).map { _ in
                    (texts.pick(["sum", "list", "inner", "names", "a", "b", "1", "2"]), texts.value(depth: depth - 1))
                }
            }
        }
    }

    private mutating func array(_ element: (inout Self) -> String) -> String {
        let elements = (0..<next(4)).map { _ in space() + element(&self) + space() }
        return "[" + elements.joined(separator: ",") + "]"
    }

    private mutating func object(_ members: (inout Self) -> [(String, String)]) -> String {
        var texts: [String] = []
        for (name, value) in members(&self) {
            texts.append("\(space())\"\(name)\"\(space()):\(space())\(value)\(space())")
        }
        return "{" + texts.joined(separator: ",") + "}"
    }

    /// A member, mostly of the right type.
    private mutating func member(_ name: String, _ right: String) -> (String, String) {
        (name, next(150) == 0 ? value(depth: 1) : right)
    }

    mutating func everything() -> String {
        object { texts in
            var members = [
                texts.member("int", "\(texts.next(100_000) - 5000)"), texts.member("text", texts.string()),
                texts.member("flag", texts.pick(["true", "false"])), texts.member("number", texts.number()),
            ]
            func maybe(_ name: String, _ right: String) {
                if texts.next(4) == 0 { members.append(texts.member(name, texts.next(5) == 0 ? "null" : right)) }
            }
            maybe("small", "\(texts.next(256) - 128)")
            maybe("byte", "\(texts.next(256))")
            maybe("big", "\(texts.next(Int.max))")
            maybe("float", texts.number())
            maybe("colour", texts.pick(["\"red\"", "\"green\""]))
            maybe("level", texts.pick(["0", "1"]))
            maybe(
                "shape",
                texts.pick(["{\"point\":{}}", "{\"circle\":{\"radius\":1.5}}", "{\"box\":{\"_0\":1,\"_1\":2}}"]))
            maybe("list", texts.array { $0.integer() })
            maybe("texts", texts.array { $0.next(3) == 0 ? "null" : $0.string() })
            maybe("table", "{\"a\":\(texts.integer()),\"b\":1}")
            maybe("numbered", "{\"1\":true,\"-7\":false}")
            maybe("pair", "{\"first\":[true],\"second\":{\"first\":\(texts.string()),\"second\":3}}")
            maybe("manual", "{\"inner\":{\"sum\":4},\"list\":[1,[2],{\"a\":1},null]}")
            if texts.next(12) == 0 { maybe("date", "\"2026-01-02T03:04:05Z\"") }
            if texts.next(12) == 0 { maybe("url", "\"https://example.org/x?y\"") }
            maybe("id", "\"2F3A1B8E-6C1D-4B7E-9F00-0123456789AB\"")
            maybe("unknown", texts.value(depth: 3))
            if texts.next(40) == 0 { members.append(texts.member("int", "5")) }
            for place in members.indices.reversed() { members.swapAt(place, texts.next(place + 1)) }
            return members
        }
    }

    /// A byte or a few of it changed, left out, or doubled.
    mutating func damaged(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0...next(2) where !bytes.isEmpty {
            let place = next(bytes.count)
            switch next(4) {
            case 0: bytes[place] = UInt8(next(256))
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(Array("\"\\{}[],:0-.e\n".utf8)[next(13)], at: place)
            default: bytes.removeSubrange(place..<min(bytes.count, place + next(6)))
            }
        }
        return bytes
    }
}
