import NIOCore
import NIOPosix

@testable import PenstockTesting

/// The plainest client there is: sends commands, hands out replies as the text that came over the wire.
final class RawConnection: Sendable {
    /// The other side has closed; `partial` is what had arrived of a reply.
    struct Lost: Error, Equatable {
        let partial: String
    }

    struct Inbox: Sendable {
        var bytes = ByteBuffer()
        var isClosed = false
    }

    private let channel: any Channel
    private let inbox: Watched<Inbox>

    private init(channel: any Channel, inbox: Watched<Inbox>) {
        self.channel = channel
        self.inbox = inbox
    }

    @discardableResult
    static func withConnection<Result>(
        _ socketPath: String, port: Int? = nil, isolation: isolated (any Actor)? = #isolation,
        _ body: (RawConnection) async throws -> Result
    ) async throws -> Result {
        let inbox = Watched(Inbox())
        let bootstrap = ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(InboxHandler(inbox))
            }
        }
        let channel =
            if let port {
                try await bootstrap.connect(host: "127.0.0.1", port: port).get()
            } else {
                try await bootstrap.connect(unixDomainSocketPath: socketPath).get()
            }
        do {
            let result = try await body(RawConnection(channel: channel, inbox: inbox))
            try? await channel.close()
            return result
        } catch {
            try? await channel.close()
            throw error
        }
    }

    /// Sends the commands in one write. That the connection is lost is for `reply` to say.
    func send(_ commands: [String]...) async {
        var text = ""
        for command in commands {
            text += "*\(command.count)\r\n" + command.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
        }
        try? await channel.writeAndFlush(ByteBuffer(string: text))
    }

    /// The next reply, as it stands on the wire without the last CR LF.
    func reply(within limit: Duration = .seconds(10)) async throws -> String {
        let result = try await inbox.wait(for: "a reply", within: limit) { inbox -> Swift.Result<String, Lost>? in
            if let frame = try? RESPFrame.next(from: &inbox.bytes) {
                return .success(String(String(buffer: frame).dropLast(1)))
            }
            return inbox.isClosed ? .failure(Lost(partial: String(buffer: inbox.bytes))) : nil
        }
        return try result.get()
    }

    func call(_ command: String...) async throws -> String {
        await send(command)
        return try await reply()
    }

    /// Whether anything at all has come that nobody has read, or the connection has been closed.
    var hasNews: Bool { inbox.value.isClosed || inbox.value.bytes.readableBytes > 0 }

    private final class InboxHandler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let inbox: Watched<Inbox>

        init(_ inbox: Watched<Inbox>) { self.inbox = inbox }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            inbox.change { _ = $0.bytes.writeImmutableBuffer(bytes) }
        }

        func channelInactive(context: ChannelHandlerContext) { inbox.change { $0.isClosed = true } }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}

/// One command on a connection of its own.
func redisCall(_ socketPath: String, _ command: String...) async throws -> String {
    try await RawConnection.withConnection(socketPath) { connection in
        await connection.send(command)
        return try await connection.reply()
    }
}
