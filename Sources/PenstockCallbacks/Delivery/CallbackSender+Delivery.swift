import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// No connection was made, so the next address may be tried.
private struct NotConnected: Error { let reason: String }

extension CallbackSender {
    /// The most addresses of one name that are looked at.
    private static let maximumAddresses = 8

    func deliver(_ head: HTTPRequestHead, _ body: ByteBuffer, to url: CallbackURL) async throws -> Int {
        let deadline = NIODeadline.now() + TimeAmount(timeout)
        let eventLoop = group.next()
        let addresses = try permitted(await resolve(url, on: eventLoop, by: deadline), for: url)
        var refusal: any Error = CallbackExchange.Failure.timedOut
        for (place, address) in addresses.enumerated() {
            let left = deadline - .now()
            guard left > .zero else { break }
            do {
                // Each address gets its share of the time, so that one that does not answer leaves some for the others.
                let share = TimeAmount.nanoseconds(left.nanoseconds / Int64(addresses.count - place))
                let attempt = Attempt(head: head, body: body, url: url, connectTimeout: share, deadline: deadline)
                return try status(of: await perform(attempt, at: address, on: eventLoop), url)
            } catch let error as NotConnected {
                refusal = error
            }
        }
        throw refusal
    }

    /// The addresses of the host, whatever they are.
    private func resolve(
        _ url: CallbackURL, on eventLoop: any EventLoop, by deadline: NIODeadline
    ) async throws -> [SocketAddress] {
        if let address = url.address { return [try SocketAddress(ipAddress: address.description, port: url.port)] }
        let promise = eventLoop.makePromise(of: [SocketAddress].self)
        let alarm = eventLoop.scheduleTask(deadline: deadline) { promise.fail(CallbackExchange.Failure.timedOut) }
        promise.futureResult.whenComplete { _ in alarm.cancel() }
        resolver.resolve(url.host, url.port, promise)
        return try await promise.valueUnlessCancelled()
    }

    /// Those of the addresses that the connection may be made to.
    private func permitted(_ addresses: [SocketAddress], for url: CallbackURL) throws -> [SocketAddress] {
        let found = addresses.prefix(Self.maximumAddresses).compactMap { socket in
            IPAddress(socket).map { (socket, address: $0) }
        }
        guard !found.isEmpty else { throw NameResolver.Failure(reason: "the name exists without one") }
        let allowed = found.filter { rules.isAllowed($0.address) }
        guard !allowed.isEmpty else {
            throw CallbackError(.refusedAddress(host: url.host, found.map(\.address)), url: url.shown)
        }
        if url.isTLS || allowsPlainHTTP { return allowed.map(\.0) }
        let own = allowed.filter { rules.isNamed($0.address) }
        guard !own.isEmpty else { throw CallbackError(.refusedPlainHTTP, url: url.shown) }
        return own.map(\.0)
    }

    private struct Attempt: Sendable {
        let head: HTTPRequestHead
        let body: ByteBuffer
        let url: CallbackURL
        let connectTimeout: TimeAmount
        let deadline: NIODeadline
    }

    /// Connects to the address, and to nothing else, and makes the attempt.
    private func perform(
        _ attempt: Attempt, at address: SocketAddress, on eventLoop: any EventLoop
    ) async throws -> CallbackExchange.Reply {
        let outcome = eventLoop.makePromise(of: CallbackExchange.Reply.self)
        ClientBootstrap(group: eventLoop)
            .connectTimeout(attempt.connectTimeout)
            .channelInitializer { [tls, largestReply] channel in
                // However it is decided, by the answer, the deadline or a cancellation: that is the end of the
                // connection.
                outcome.futureResult.whenComplete { _ in channel.close(promise: nil) }
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if attempt.url.isTLS {
                        // Without a name the certificate has to be for the address.
                        let name = attempt.url.address == nil ? attempt.url.host : nil
                        try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: name))
                    }
                    try pipeline.addHandler(ReplyBound(bytes: largestReply))
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(
                        CallbackExchange(
                            head: attempt.head, body: attempt.body, deadline: attempt.deadline, outcome: outcome))
                }
            }
            .connect(to: address)
            .whenFailure { outcome.fail(NotConnected(reason: Self.words(for: $0))) }
        return try await outcome.valueUnlessCancelled()
    }

    private func status(of reply: CallbackExchange.Reply, _ url: CallbackURL) throws(CallbackError) -> Int {
        if (200..<300).contains(reply.status) { return reply.status }
        let excerpt = String(decoding: reply.excerpt, as: UTF8.self).unicodeScalars
            .map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? " " : String($0) }.joined()
        throw CallbackError(
            .status(reply.status, excerpt: excerpt), url: url.shown,
            retryAfter: reply.retryAfter.flatMap { RetryAfter.duration($0, now: now().unixSeconds) })
    }

    func cause(of error: any Error, _ url: CallbackURL) -> CallbackError.Cause {
        switch error {
        case is CancellationError: .cancelled
        case let error as NameResolver.Failure: .unresolvedName(host: url.host, reason: error.reason)
        case let error as NotConnected: .notConnected(reason: error.reason)
        case CallbackExchange.Failure.timedOut: .timedOut(timeout)
        case CallbackExchange.Failure.tooLong: .brokenReply(reason: "its head has more than \(largestReply) bytes")
        case NIOSSLError.uncleanShutdown: .brokenReply(reason: Self.words(for: CallbackExchange.Failure.closed))
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError: .refusedTLS(reason: Self.words(for: error))
        default: .brokenReply(reason: Self.words(for: error))
        }
    }

    private static func words(for error: any Error) -> String {
        switch error {
        case CallbackExchange.Failure.closed: "the connection was closed"
        case ChannelError.connectTimeout(let limit): "no answer within \(limit.nanoseconds / 1_000_000) ms"
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            "its certificate is for another host"
        case NIOSSLError.handshakeFailed(let error): handshakeWords(for: "\(error)")
        default: "\(error)"
        }
    }

    /// BoringSSL names its reasons in capitals, between its place and that in its source.
    private static func handshakeWords(for text: String) -> String {
        switch text.firstMatch(of: /:([A-Z0-9_]+) at\s/)?.1 {
        case "CERTIFICATE_VERIFY_FAILED": "its certificate is not trusted here, or not valid now"
        case let reason?: reason.lowercased().replacing("_", with: " ")
        case nil: "the connection was closed"
        }
    }
}

extension EventLoopPromise where Value: Sendable {
    /// The value, or a `CancellationError` as soon as the task is cancelled.
    fileprivate func valueUnlessCancelled() async throws -> Value {
        try await withTaskCancellationHandler {
            try await futureResult.get()
        } onCancel: {
            fail(CancellationError())
        }
    }
}
