import NIOCore
import Testing

@testable import RedisClient

@Suite("Encoding") struct EncodingTests {
    private func wire(_ command: RedisCommand) -> String {
        var buffer = ByteBuffer()
        command.encode(into: &buffer)
        #expect(buffer.readableBytes == command.byteCount)
        return String(buffer: buffer)
    }

    @Test func commands() {
        #expect(wire(RedisCommand("PING")) == "*1\r\n$4\r\nPING\r\n")
        #expect(wire(RedisCommand("GET", "k")) == "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n")
        #expect(wire(RedisCommand("SET", "é", "")) == "*3\r\n$3\r\nSET\r\n$2\r\né\r\n$0\r\n\r\n")
        let many = RedisCommand("DEL", RedisArguments((0..<1000).map(String.init)))
        #expect(wire(many).hasPrefix("*1001\r\n$3\r\nDEL\r\n$1\r\n0\r\n"))
    }

    @Test(arguments: [
        (0, "$1\r\n0\r\n"), (9, "$1\r\n9\r\n"), (10, "$2\r\n10\r\n"), (-1, "$2\r\n-1\r\n"),
        (Int.max, "$19\r\n9223372036854775807\r\n"), (Int.min, "$20\r\n-9223372036854775808\r\n"),
    ]) func integers(_ value: Int, _ expected: String) {
        var arguments = RedisArguments()
        arguments.append(value)
        #expect(String(decoding: arguments.encoded, as: UTF8.self) == expected)
    }

    @Test func everyWayToAppendIsTheSame() {
        let bytes: [UInt8] = [0, 255, 13, 10, 65]
        let expected: [UInt8] = Array("$5\r\n".utf8) + bytes + [13, 10]
        var arguments: [RedisArguments] = [[], [], [], []]
        arguments[0].append(bytes)
        arguments[1].append(([1] + bytes).dropFirst())
        arguments[2].append(bytes.lazy.map { $0 })
        arguments[3].append(contentsOf: arguments[0])
        for argument in arguments {
            #expect(argument.encoded == expected)
            #expect(argument.count == 1)
            #expect(argument.byteCount == expected.count)
        }
        #expect(RedisArguments().count == 0)
        #expect((["a", "b"] as RedisArguments).count == 2)
    }

    @Test func scripts() {
        let script = RedisScript(name: "s", digest: "abc", source: "return 1")
        let call = wire(script.callByDigest(keys: ["k", "l"], arguments: ["x"]))
        #expect(call == "*6\r\n$7\r\nEVALSHA\r\n$3\r\nabc\r\n$1\r\n2\r\n$1\r\nk\r\n$1\r\nl\r\n$1\r\nx\r\n")
        #expect(
            wire(script.callBySource(keys: [], arguments: [])) == "*3\r\n$4\r\nEVAL\r\n$8\r\nreturn 1\r\n$1\r\n0\r\n")
    }
}
