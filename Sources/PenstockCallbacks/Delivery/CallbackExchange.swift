import NIOCore
import NIOHTTP1

/// One request and its answer on a connection of their own. The answer is decided by its head; of its body some is
/// read, so that receivers see their answer taken, and what is wrong with the body changes nothing any more.
final class CallbackExchange: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    struct Reply: Sendable {
        let status: Int
        let retryAfter: String?
        /// The beginning of its body.
        var excerpt: [UInt8] = []
    }

    enum Failure: Error {
        case timedOut
        /// The connection was closed.
        case closed
        case tooLong
    }

    private static let excerptLength = 200

    private let head: HTTPRequestHead
    private let body: ByteBuffer
    private let deadline: NIODeadline
    private let outcome: EventLoopPromise<Reply>
    private var reply: Reply?
    private var alarm: Scheduled<Void>?

    /// - Parameters:
    ///   - deadline: When the outcome is decided by what has been read.
    ///   - outcome: Completed once. Whoever completes it before, ends the exchange.
    init(head: HTTPRequestHead, body: ByteBuffer, deadline: NIODeadline, outcome: EventLoopPromise<Reply>) {
        self.head = head
        self.body = body
        self.deadline = deadline
        self.outcome = outcome
    }

    func handlerAdded(context: ChannelHandlerContext) {
        alarm = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.end(Failure.timedOut) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { alarm?.cancel() }

    func channelActive(context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            reply = Reply(status: Int(head.status.code), retryAfter: head.headers.first(name: "retry-after"))
        case .body(let bytes):
            let room = Self.excerptLength - (reply?.excerpt.count ?? 0)
            reply?.excerpt += bytes.readableBytesView.prefix(room)
        case .end: end(Failure.closed)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { end(error) }

    func channelInactive(context: ChannelHandlerContext) {
        end(Failure.closed)
        context.fireChannelInactive()
    }

    /// Decides: an answer that has a head is one.
    private func end(_ error: any Error) {
        if let reply { outcome.succeed(reply) } else { outcome.fail(error) }
    }
}

/// Bounds what is read of a connection, heads and framing included.
final class ReplyBound: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private var room: Int

    init(bytes: Int) { room = bytes }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard room > 0 else { return }
        var bytes = unwrapInboundIn(data)
        let isTooLong = bytes.readableBytes > room
        if let part = bytes.readSlice(length: min(bytes.readableBytes, room)) {
            room -= part.readableBytes
            context.fireChannelRead(wrapInboundOut(part))
        }
        guard isTooLong else { return }
        room = 0
        context.fireErrorCaught(CallbackExchange.Failure.tooLong)
    }
}
