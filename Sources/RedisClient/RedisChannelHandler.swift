import NIOCore

/// The end of the wire inside a channel: bytes in, replies out, to the handshake first and to the callers afterwards.
final class RedisChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private enum Phase {
        /// Not chosen yet: with several addresses for one name, several channels race. Exits: `start`, `ended`.
        case idle
        /// Exits: `live`, `ended`.
        case handshake(Handshake)
        /// Exits: `ended`.
        case live
        /// Everything that still comes in is dropped.
        case ended
    }

    private let connection: ManagedConnection
    private let attempt: Int
    private var parser = ReplyParser()
    private var phase = Phase.idle
    private var replies: [RedisReply] = []

    init(connection: ManagedConnection, attempt: Int) {
        self.connection = connection
        self.attempt = attempt
    }

    /// This channel won: say hello.
    func start(_ handshake: Handshake, on channel: any Channel) {
        guard channel.isActive else {
            phase = .ended
            return connection.connectFailed(attempt, .dropped("the peer hung up at once"))
        }
        phase = .handshake(handshake)
        var buffer = ByteBuffer()
        for command in handshake.commands { command.encode(into: &buffer) }
        channel.writeAndFlush(buffer, promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        if case .ended = phase { return }
        var fault: ReplyParserError?
        buffer.withUnsafeReadableBytes { bytes in
            do throws(ReplyParserError) {
                try parser.feed(bytes, into: &replies)
            } catch {
                fault = error
            }
        }
        handleReplies(context: context)
        if fault != nil { end(context: context, .garbage) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(context: context, .lost("the connection was closed by the peer"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(context: context, .lost("the connection failed: \(NetworkProblem.describe(error))"))
    }

    private func handleReplies(context: ChannelHandlerContext) {
        var handled = 0
        while case .handshake(var handshake) = phase, handled < replies.count {
            let action = handshake.receive(replies[handled])
            handled += 1
            phase = .handshake(handshake)
            switch action {
            case .wait: break
            case .ready(let info):
                phase = .live
                if !connection.connected(attempt, channel: context.channel, info: info) {
                    phase = .ended
                    context.close(promise: nil)
                }
            case .fail(let failure):
                phase = .ended
                connection.connectFailed(attempt, failure)
                context.close(promise: nil)
            }
        }
        if case .live = phase, handled < replies.count {
            connection.received(attempt, handled == 0 ? replies[...] : replies[handled...])
        }
        replies.removeAll(keepingCapacity: true)
    }

    private enum Ending {
        case garbage
        case lost(String)
    }

    private func end(context: ChannelHandlerContext, _ ending: Ending) {
        let former = phase
        phase = .ended
        switch (former, ending) {
        case (.idle, _), (.ended, _): break
        case (.handshake, .garbage): connection.connectFailed(attempt, .refused(Handshake.notRedis))
        case (.handshake, .lost(let reason)): connection.connectFailed(attempt, .dropped(reason))
        case (.live, .garbage):
            connection.connectionLost(attempt, reason: "the peer sent something that is not the Redis protocol")
        case (.live, .lost(let reason)): connection.connectionLost(attempt, reason: reason)
        }
        context.close(promise: nil)
    }
}
