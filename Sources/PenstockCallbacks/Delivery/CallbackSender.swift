import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Delivers HTTP callbacks: one POST to one URL, once. Whoever calls it tries again as `CallbackError.retry` says.
///
/// URLs come from whoever starts a run and are not trusted. A name is resolved here, its addresses are judged by
/// `AddressRules`, and the connection is made to one of those very addresses, so that a name that resolves to
/// something else a moment later gains nothing; TLS goes by the name nevertheless. Redirects are not followed,
/// proxies of the environment are not used, answers are read up to a bound, and everything together has a deadline.
/// Each callback has a connection of its own.
public final class CallbackSender: Sendable {
    let signing: CallbackSigning?
    let rules: AddressRules
    let timeout: Duration
    let largestReply: Int
    let allowsPlainHTTP: Bool
    let tls: NIOSSLContext
    let group: any EventLoopGroup
    let resolver: NameResolver
    let now: @Sendable () -> Date

    /// - Parameters:
    ///   - signing: Signs each callback. Nil: they bear id and timestamp and no signature.
    ///   - addresses: Where callbacks may go.
    ///   - timeout: For one delivery, from the look-up of the name to the end of the answer.
    ///   - largestReply: So many bytes of an answer are read, its head included.
    ///   - allowsPlainHTTP: Whether URLs with scheme http are taken for every host. Otherwise they are for addresses
    ///     that the operator has allowed by a range, because those are in his own network: what a callback tells can be
    ///     read by all that it passes, which no signature mends.
    ///   - trustedCertificates: Paths of PEM files, of authorities to be trusted besides the system's.
    ///   - eventLoopGroup: Carries the connections.
    /// - Throws: if the certificates cannot be read.
    public convenience init(
        signing: CallbackSigning?, addresses: AddressRules = .publicOnly, timeout: Duration = .seconds(10),
        largestReply: Int = 65_536, allowsPlainHTTP: Bool = false, trustedCertificates: [String] = [],
        eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) throws(InvalidCallbackSetting) {
        try self.init(
            signing: signing, addresses: addresses, timeout: timeout, largestReply: largestReply,
            allowsPlainHTTP: allowsPlainHTTP, trust: trustedCertificates.map { .file($0) },
            eventLoopGroup: eventLoopGroup, resolver: .system, now: { Date() })
    }

    init(
        signing: CallbackSigning?, addresses: AddressRules, timeout: Duration, largestReply: Int, allowsPlainHTTP: Bool,
        trust: [NIOSSLAdditionalTrustRoots], eventLoopGroup: any EventLoopGroup, resolver: NameResolver,
        now: @escaping @Sendable () -> Date
    ) throws(InvalidCallbackSetting) {
        self.signing = signing
        rules = addresses
        self.timeout = timeout
        self.largestReply = largestReply
        self.allowsPlainHTTP = allowsPlainHTTP
        group = eventLoopGroup
        self.resolver = resolver
        self.now = now
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.additionalTrustRoots = trust
        configuration.applicationProtocols = ["http/1.1"]
        do { tls = try NIOSSLContext(configuration: configuration) } catch {
            throw InvalidCallbackSetting(
                setting: "trusted certificates", problem: "cannot be read (\(error)); give paths of PEM files")
        }
    }

    /// Delivers one callback.
    ///
    /// - Parameters:
    ///   - url: Of the receiver: https, or http as `allowsPlainHTTP` says.
    ///   - id: Names the callback, the same in every attempt, so that the receiver tells repetitions; see
    ///     `CallbackSigning.headers(id:now:body:)` for its characters.
    ///   - body: Sent as it is.
    ///   - headers: Further headers. `content-type` is `application/json` and `user-agent` is `Penstock` unless given
    ///     here; those that frame or sign the request cannot be given.
    /// - Returns: The status of the answer, 200 to 299.
    /// - Throws: why it was not delivered, or why that is unknown.
    @discardableResult
    public func send(
        url: String, id: String, body: [UInt8], headers: [String: String] = [:]
    ) async throws(CallbackError) -> Int {
        let target: CallbackURL
        do { target = try CallbackURL(url) } catch {
            throw CallbackError(.invalidURL(error.text), url: CallbackURL.redacted(url))
        }
        do {
            let head = try CallbackRequest.head(for: target, id: id, body: body, headers: headers, signing, now: now())
            return try await deliver(head, ByteBuffer(bytes: body), to: target)
        } catch let error as InvalidCallbackSetting {
            throw CallbackError(.invalidRequest(error), url: target.shown)
        } catch let error as CallbackError {
            throw error
        } catch {
            throw CallbackError(cause(of: error, target), url: target.shown)
        }
    }
}
