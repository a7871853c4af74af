import Testing

@testable import RedisClient

@Suite("Parsing replies") struct ReplyParserTests {
    static let examples: [(String, RedisReply)] = [
        ("+OK\r\n", .status("OK")), (":-42\r\n", .integer(-42)), (":9223372036854775807\r\n", .integer(.max)),
        ("$-1\r\n", .null), ("*-1\r\n", .null), ("$0\r\n\r\n", .string([])), ("*0\r\n", .array([])),
        ("$4\r\na\r\nb\r\n", .string(Array("a\r\nb".utf8))),
        ("-WRONGTYPE no\r\n", .error(RedisServerError(kind: .wrongType, message: "WRONGTYPE no"))),
        (
            "*3\r\n:1\r\n*2\r\n$-1\r\n-ERR x\r\n$1\r\ny\r\n",
            .array([.integer(1), .array([.null, .error(RedisServerError(message: "ERR x"))]), .string([121])])
        ),
        (
            String(repeating: "*1\r\n", count: 7) + ":1\r\n",
            (0..<7).reduce(RedisReply.integer(1)) { reply, _ in .array([reply]) }
        ),
    ]

    private func parse(_ bytes: [UInt8], pieces: Int) throws -> [RedisReply] {
        var parser = ReplyParser()
        var replies: [RedisReply] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(pieces))
            rest = rest.dropFirst(pieces)
            try piece.withUnsafeBytes { try parser.feed($0, into: &replies) }
        }
        return replies
    }

    @Test(arguments: examples) func wholeAndByteByByte(_ text: String, _ expected: RedisReply) throws {
        #expect(try parse(Array(text.utf8), pieces: .max) == [expected])
        #expect(try parse(Array(text.utf8), pieces: 1) == [expected])
        #expect(try parse(Array(text.utf8.dropLast()), pieces: 1).isEmpty, "a truncated reply is no reply")
    }

    @Test func manyInOneFeed() throws {
        let bytes = Array(Self.examples.map(\.0).joined().utf8)
        for pieces in [1, 2, 7, 1000] { #expect(try parse(bytes, pieces: pieces) == Self.examples.map(\.1)) }
        let many = Array(String(repeating: ":7\r\n", count: 100_000).utf8)
        #expect(try parse(many, pieces: .max).count == 100_000)
    }

    @Test(arguments: [
        "HTTP/1.1 400 Bad Request\r\n\r\n", "\u{16}\u{3}\u{1}\r\n", "hello\r\n", "\r\n", "*1\r\n?\r\n",
        "$x1\r\nabc\r\n",
    ]) func garbage(_ text: String) throws {
        for pieces in [1, Int.max] {
            #expect(throws: ReplyParserError.self) {
                // hiredis 0.14 reads "$x1" as zero bytes; then what follows is garbage.
                _ = try parse(Array((text + "garbage\r\n").utf8), pieces: pieces)
            }
        }
    }

    @Test func repliesBeforeTheFaultAreKeptAndNothingComesAfterIt() {
        var parser = ReplyParser()
        var replies: [RedisReply] = []
        var refusals = 0
        for text in [":1\r\n?\r\n", ":2\r\n"] {
            do {
                try Array(text.utf8).withUnsafeBytes { try parser.feed($0, into: &replies) }
            } catch {
                refusals += 1
            }
        }
        #expect(replies == [.integer(1)])
        #expect(refusals == 2)
    }

    @Test func randomBytesNeverTrap() {
        var random = SplitMix(state: 20_260_731)
        let alphabet = Array("+-:$*\r\n0123456789aE,#%~>(=_ ".utf8)
        for _ in 0..<2000 {
            let bytes = (0..<40).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))] }
            // Counts that would make hiredis reserve gigabytes are left out: a real Redis sends none.
            let isHuge = bytes.split(whereSeparator: { !(48...57).contains($0) }).contains { $0.count > 5 }
            if !isHuge { _ = try? parse(bytes, pieces: 3) }
        }
    }

    @Test func conveniences() {
        #expect(RedisReply.integer(3).int == 3)
        #expect(RedisReply.string(Array("-12".utf8)).int == -12)
        #expect(RedisReply.string(Array("x".utf8)).int == nil)
        #expect(RedisReply.string([0xFF]).text == nil)
        #expect(RedisReply.string([0xFF]).bytes == [0xFF])
        #expect(RedisReply.status("OK").text == "OK")
        #expect(RedisReply.null.isNull && RedisReply.null.text == nil && RedisReply.null.array == nil)
        #expect(RedisReply.array([.null]).array == [.null])
    }

    @Test(arguments: [
        ("READONLY You can't", RedisServerError.Kind.readOnly, true), ("LOADING Redis", .loading, true),
        ("MASTERDOWN Link", .masterDown, true), ("TRYAGAIN x", .tryAgain, true), ("BUSY Redis", .busy, true),
        ("OOM command", .outOfMemory, true), ("NOREPLICAS Not", .noReplicas, true), ("MISCONF Redis", .misconf, true),
        ("ERR max number of clients reached", .tooManyClients, true), ("NOSCRIPT No", .noScript, false),
        ("WRONGTYPE Op", .wrongType, false), ("NOAUTH Auth", .noAuth, false), ("WRONGPASS i", .wrongPassword, false),
        ("NOPERM User", .noPermission, false), ("MOVED 1 h:1", .clusterMoved, false), ("ERR x", .other("ERR"), false),
        ("BUSYKEY x", .other("BUSYKEY"), false), ("", .other(""), false),
    ]) func errorKinds(_ message: String, _ kind: RedisServerError.Kind, _ isServerTrouble: Bool) {
        let error = RedisServerError(message: message)
        #expect(error.kind == kind)
        #expect(error.isServerTrouble == isServerTrouble)
        #expect(error.message == message)
    }
}

struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
