import NIOCore
import NIOPosix

/// One client's connection and the connection to Redis behind it. Lives on their common event loop; `Exchange` decides,
/// this acts.
final class ProxyLink {
    private let id: Int
    private let state: ProxyState
    private let client: any Channel
    private let outlet: Outlet
    private var upstream: (any Channel)?
    private var exchange = Exchange()
    private var requests = ByteBuffer()
    private var replies = ByteBuffer()
    /// What arrived before the connection to Redis stood.
    private var early = ByteBuffer()
    /// The bytes are not of the protocol, so they pass unread.
    private var isRaw = false
    private var clientIsGone = false

    init(client: any Channel, state: ProxyState) {
        self.client = client
        self.state = state
        outlet = Outlet(channel: client) { state.traffic }
        id = state.opened(client)
    }

    /// Connects to Redis and starts to read from both.
    func connect(to socketPath: String) {
        let this = NIOLoopBound(self, eventLoop: client.eventLoop)
        ClientBootstrap(group: client.eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(UpstreamHandler(this.value))
                }
            }
            .connect(unixDomainSocketPath: socketPath)
            .whenComplete { result in
                switch result {
                case .success(let channel): this.value.connected(channel)
                case .failure: this.value.outlet.close()
                }
            }
    }

    private func connected(_ channel: any Channel) {
        guard !clientIsGone else { return channel.close(promise: nil) }
        upstream = channel
        if early.readableBytes > 0 { channel.writeAndFlush(early, promise: nil) }
        early.clear()
    }

    func received(fromClient bytes: ByteBuffer) {
        if state.traffic == .blackHole { exchange.hang() }
        guard !isRaw else { return forward(bytes) }
        requests.writeImmutableBuffer(bytes)
        do {
            while let frame = try RESPFrame.next(from: &requests) { handle(request: frame) }
            requests.discardReadBytes()
        } catch {
            isRaw = true
            forward(requests)
            outlet.send(replies)
        }
    }

    private func handle(request frame: ByteBuffer) {
        let request = ProxiedRequest(frame: frame)
        // An empty line is no request, and nothing answers it.
        guard let request else { return }
        let strike = state.seen(request, mayStrike: !exchange.isHanging)
        switch exchange.request(strike: strike, endsRequestReply: request.endsRequestReply) {
        case .forward: forward(frame)
        case .swallow: break
        case .close: outlet.close()
        }
        if let strike, case .dropRequest = strike.fault { state.applied(strike.rule) }
    }

    private func forward(_ bytes: ByteBuffer) {
        if let upstream {
            upstream.writeAndFlush(bytes, promise: nil)
        } else {
            early.writeImmutableBuffer(bytes)
        }
    }

    func received(fromUpstream bytes: ByteBuffer) {
        if state.traffic == .blackHole { exchange.hang() }
        guard !isRaw, !exchange.isStreaming else {
            // A subscriber that falls into a black hole misses messages, and hangs.
            outlet.send(takeReplies(then: bytes))
            return
        }
        replies.writeImmutableBuffer(bytes)
        do {
            while let frame = try RESPFrame.next(from: &replies) { handle(reply: frame) }
            replies.discardReadBytes()
        } catch {
            isRaw = true
            outlet.send(takeReplies(then: ByteBuffer()))
        }
    }

    private func takeReplies(then bytes: ByteBuffer) -> ByteBuffer {
        defer { replies.clear() }
        var all = replies
        all.writeImmutableBuffer(bytes)
        return all
    }

    private func handle(reply frame: ByteBuffer) {
        let (action, rule) = exchange.reply()
        switch action {
        case .deliver: outlet.send(frame)
        case .deliverLater(let delay): outlet.send(frame, after: delay)
        case .deliverPrefixAndReset(let bytes):
            outlet.send(frame.getSlice(at: frame.readerIndex, length: min(bytes, frame.readableBytes)) ?? frame)
            outlet.close(reset: true)
        case .swallow: break
        case .close: outlet.close()
        }
        if let rule { state.applied(rule) }
    }

    func clientClosed() {
        clientIsGone = true
        state.closed(id)
        upstream?.close(promise: nil)
    }

    func upstreamClosed() {
        // A half-open connection does not learn that the other side is gone: that is what is being played.
        if !exchange.isHanging && state.traffic != .blackHole { outlet.close() }
    }
}

/// Reads what a client sends.
final class ClientHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let link: ProxyLink

    init(_ link: ProxyLink) { self.link = link }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { link.received(fromClient: unwrapInboundIn(data)) }
    func channelInactive(context: ChannelHandlerContext) { link.clientClosed() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// Reads what Redis answers.
final class UpstreamHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let link: ProxyLink

    init(_ link: ProxyLink) { self.link = link }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        link.received(fromUpstream: unwrapInboundIn(data))
    }
    func channelInactive(context: ChannelHandlerContext) { link.upstreamClosed() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
