import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import PenstockTesting

/// A receiver of callbacks on loopback, with a habit. What it gets is posted to `requests`, and `connections` tells the
/// connections that were opened and closed.
final class Receiver: Sendable {
    enum Habit: Sendable {
        /// These bytes, then the end of the connection.
        case answer(String)
        /// Nothing, for ever.
        case silence
        /// The head, then a byte every few milliseconds, for ever.
        case trickle(head: String)
        /// The head, then as many bytes as the connection takes, for ever.
        case flood(head: String)
    }

    struct Request: Sendable {
        let method: HTTPMethod
        let target: String
        let headers: HTTPHeaders
        let body: [UInt8]
    }

    enum Connection: Sendable { case opened, closed }

    let requests = EventBox<Request>("requests")
    let connections = EventBox<Connection>("connections")
    let port: Int
    private let channel: any Channel

    /// - Parameter port: where another one was, to take its place; any by default.
    init(_ habit: Habit, tls: NIOSSLContext? = nil, port: Int = 0) async throws {
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { [requests, connections] channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
                    try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
                    try pipeline.addHandler(ReceiverHandler(habit, requests, connections))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        self.port = channel.localAddress?.port ?? 0
    }

    func stop() async { try? await channel.close() }

    static func answer(_ status: Int, headers: [String] = [], body: String = "") -> Habit {
        let lines = ["HTTP/1.1 \(status) Answer", "content-length: \(body.utf8.count)"] + headers
        return .answer(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }
}

private final class ReceiverHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private let habit: Receiver.Habit
    private let requests: EventBox<Receiver.Request>
    private let connections: EventBox<Receiver.Connection>
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var trickle: RepeatedTask?

    init(_ habit: Receiver.Habit, _ requests: EventBox<Receiver.Request>, _ connections: EventBox<Receiver.Connection>)
    {
        self.habit = habit
        self.requests = requests
        self.connections = connections
    }

    func channelActive(context: ChannelHandlerContext) { connections.post(.opened) }

    func channelInactive(context: ChannelHandlerContext) {
        trickle?.cancel()
        connections.post(.closed)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body(let bytes): body += bytes.readableBytesView
        case .end:
            guard let head else { return }
            requests.post(Receiver.Request(method: head.method, target: head.uri, headers: head.headers, body: body))
            answer(context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answer(_ context: ChannelHandlerContext) {
        switch habit {
        case .silence: break
        case .answer(let text):
            write(text, context)
            context.close(promise: nil)
        case .trickle(let head):
            write(head, context)
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            trickle = context.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(5)) { _ in
                let (handler, context) = bound.value
                handler.write("x", context)
            }
        case .flood(let head):
            write(head, context)
            flood(context)
        }
    }

    private func flood(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let bytes = ByteBuffer(repeating: UInt8(ascii: "x"), count: 1 << 20)
        context.writeAndFlush(wrapOutboundOut(bytes)).whenSuccess {
            let (handler, context) = bound.value
            handler.flood(context)
        }
    }

    private func write(_ text: String, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
    }
}

/// Runs `body` with a receiver, and ends it whatever happens.
func withReceiver(
    _ habit: Receiver.Habit, tls: NIOSSLContext? = nil, _ body: (Receiver) async throws -> Void
) async throws {
    let receiver = try await Receiver(habit, tls: tls)
    var failure: (any Error)?
    do { try await body(receiver) } catch { failure = error }
    await receiver.stop()
    if let failure { throw failure }
}
