import NIOCore
import Testing

@testable import PenstockTesting

/// What needs no socket: frames and the decisions about them.
@Suite("The proxy's decisions")
struct ProxyDecisionTests {
    private let rule = FaultRule(id: 1)

    @Test(
        "a frame ends where the protocol says, and nowhere before",
        arguments: [
            "+OK\r\n", "-ERR no\r\n", ":12\r\n", "$-1\r\n", "$0\r\n\r\n", "$4\r\na\r\nb\r\n", "*0\r\n", "*-1\r\n",
            "*2\r\n*1\r\n:1\r\n$1\r\nx\r\n", "%1\r\n+k\r\n*1\r\n_\r\n", "~1\r\n#t\r\n", "=5\r\ntxt:x\r\n",
            "|1\r\n+k\r\n+v\r\n:1\r\n", ">2\r\n+a\r\n+b\r\n", "PING\r\n",
        ])
    func frames(text: String) throws {
        for length in 0..<text.utf8.count {
            var partial = ByteBuffer(bytes: Array(text.utf8.prefix(length)))
            #expect(try RESPFrame.next(from: &partial) == nil)
        }
        var whole = ByteBuffer(string: text + "+rest\r\n")
        #expect(try RESPFrame.next(from: &whole) == ByteBuffer(string: text))
        #expect(whole == ByteBuffer(string: "+rest\r\n"))
    }

    @Test("nonsense is recognised")
    func malformed() {
        #expect(throws: RESPFrame.Malformed.self) {
            var nonsense = ByteBuffer(string: "*x\r\n")
            _ = try RESPFrame.next(from: &nonsense)
        }
    }

    @Test("a fault hits the reply to its own request")
    func order() {
        var exchange = Exchange()
        #expect(exchange.request(strike: nil) == .forward)
        #expect(exchange.request(strike: .init(fault: .dropReply(), rule: rule)) == .forward)
        #expect(exchange.request(strike: nil) == .forward)
        #expect(exchange.reply() == (.deliver, nil))
        #expect(exchange.reply() == (.close, rule))
        #expect(exchange.reply() == (.swallow, nil))
        #expect(exchange.request(strike: nil) == .swallow)
    }

    @Test("a half-open connection swallows everything from then on")
    func hanging() {
        var exchange = Exchange()
        #expect(exchange.request(strike: .init(fault: .dropRequest(then: .hang), rule: rule)) == .swallow)
        #expect(exchange.isHanging)
        #expect(exchange.request(strike: nil) == .swallow)
        #expect(exchange.reply() == (.swallow, nil))
    }

    @Test("after a subscription replies come unasked")
    func streaming() {
        var exchange = Exchange()
        #expect(exchange.request(strike: nil, endsRequestReply: true) == .forward)
        #expect(exchange.reply() == (.deliver, nil))
        #expect(exchange.reply() == (.deliver, nil))
        exchange.hang()
        #expect(exchange.reply() == (.swallow, nil))
    }
}
