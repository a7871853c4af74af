import EmbeddedRedis
import NIOCore
import NIOPosix

/// Stands between clients and a Redis, and breaks things on request.
///
///     try await FaultProxy.withProxy(to: redis) { proxy in
///         let loss = proxy.apply(.dropReply(), to: .script(claimDigest))
///         ... a worker connects to proxy.url ...
///         try await proxy.applied(loss)                       // Redis has executed it, nobody knows
///     }
///
/// Requests are parsed and matched to their replies by order, so that it is the reply to *that* request of a pipeline
/// that is lost. From a SUBSCRIBE or MONITOR on, a connection is passed through (traffic still applies, rules for
/// requests do not harm replies). CLIENT REPLY OFF and RESP3 pushes outside of subscriptions are not understood.
public final class FaultProxy: Sendable {
    /// Where clients find it.
    public enum Listener: Sendable {
        case unixSocket
        /// A free port on 127.0.0.1.
        case loopback
    }

    private let state: ProxyState
    private let listener: any Channel
    private let directory: String?
    private let password: String?

    private init(listener: any Channel, directory: String?, password: String?, state: ProxyState) {
        self.listener = listener
        self.directory = directory
        self.password = password
        self.state = state
    }

    // MARK: Starting and stopping

    /// - Parameters:
    ///   - socketPath: the unix socket of the Redis behind it. It need not be there yet, and may go and come back.
    ///   - password: appears in `url`, and does nothing else.
    public static func start(
        upstream socketPath: String, password: String? = nil, listeningOn kind: Listener = .unixSocket,
        group: any EventLoopGroup = .singletonMultiThreadedEventLoopGroup
    ) async throws -> FaultProxy {
        let state = ProxyState()
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard state.traffic != .refused else { return channel.close(promise: nil) }
                    let link = ProxyLink(client: channel, state: state)
                    try channel.pipeline.syncOperations.addHandler(ClientHandler(link))
                    link.connect(to: socketPath)
                }
            }
        switch kind {
        case .loopback:
            let listener = try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
            return FaultProxy(listener: listener, directory: nil, password: password, state: state)
        case .unixSocket:
            let directory = try makeTemporaryDirectory()
            do {
                let listener = try await bootstrap.bind(unixDomainSocketPath: directory + "/proxy.sock").get()
                return FaultProxy(listener: listener, directory: directory, password: password, state: state)
            } catch {
                removeTree(directory)
                throw error
            }
        }
    }

    /// Runs `body` with a proxy in front of `redis`.
    @discardableResult
    public static func withProxy<Result>(
        to redis: EmbeddedRedis, listeningOn kind: Listener = .unixSocket,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (FaultProxy) async throws -> Result
    ) async throws -> Result {
        let proxy = try await start(
            upstream: redis.socketPath, password: redis.options.password, listeningOn: kind)
        do {
            let result = try await body(proxy)
            await proxy.stop()
            return result
        } catch {
            await proxy.stop()
            throw error
        }
    }

    /// Closes the listener and all connections. May be called again.
    public func stop() async {
        try? await listener.close()
        await closeAllConnections()
        if let directory { removeTree(directory) }
    }

    /// What clients connect to, instead of the URL of the Redis.
    public var url: String {
        if let socketPath { return unixURL(path: socketPath, password: password) }
        return "redis://" + (password.map { ":" + percentEncoded($0) + "@" } ?? "") + "127.0.0.1:\(port ?? 0)"
    }

    public var socketPath: String? { directory.map { $0 + "/proxy.sock" } }
    public var port: Int? { listener.localAddress?.port }

    // MARK: Faults

    /// Does `fault` to the next `times` requests that match, after sparing the first `spared`.
    @discardableResult
    public func apply(
        _ fault: Fault, to matcher: RequestMatcher = .any, times: Int = 1, sparing spared: Int = 0
    ) -> FaultRule {
        precondition(times > 0 && spared >= 0, "a rule that never applies is a mistake of the test")
        return state.book.change { book in
            book.lastID += 1
            let id = FaultRule(id: book.lastID)
            book.rules.append(.init(id: id, fault: fault, matcher: matcher, spared: spared, times: times))
            book.watch(matcher)
            return id
        }
    }

    /// Takes all rules back; what they have done stays done.
    public func clearFaults() {
        state.book.change { $0.rules.removeAll() }
    }

    /// What happens to all that passes from now on. New connections are affected, and those that stand.
    public func setTraffic(_ traffic: Traffic) {
        state.book.change { $0.traffic = traffic }
    }

    /// Closes every connection there is, and returns when they are closed. New ones are welcome.
    public func closeAllConnections() async {
        for channel in state.book.value.connections.values { try? await channel.close() }
    }

    // MARK: What happened

    /// How many requests of each kind arrived, by command, and by digest for scripts: `EVALSHA <digest>`.
    public var requests: [String: Int] { state.book.value.requests }
    public var openConnections: Int { state.book.value.connections.count }
    /// How many connections there have ever been.
    public var acceptedConnections: Int { state.book.value.opened }

    /// How many requests arrived that match. `.containing` is counted from the moment that it is first mentioned to this
    /// proxy, be it here or in a rule.
    public func hits(of matcher: RequestMatcher) -> Int {
        state.book.change { book in
            book.watch(matcher)
            return book.hits[matcher] ?? 0
        }
    }

    /// Waits until `count` matching requests have arrived in all.
    public func waitForHits(of matcher: RequestMatcher, count: Int, within limit: Duration = .seconds(10)) async throws
    {
        _ = hits(of: matcher)
        try await state.book.wait(for: "\(count) times \(matcher) at the proxy", within: limit) { book in
            book.hits[matcher, default: 0] >= count ? () : nil
        }
    }

    /// Waits for one more matching request than there were when this was called.
    public func nextHit(of matcher: RequestMatcher, within limit: Duration = .seconds(10)) async throws {
        try await waitForHits(of: matcher, count: hits(of: matcher) + 1, within: limit)
    }

    /// Waits until the rule has done its harm `times` times: for a lost reply, until Redis has executed the request.
    public func applied(_ rule: FaultRule, times: Int = 1, within limit: Duration = .seconds(10)) async throws {
        try await state.book.wait(for: "fault \(rule.id) to apply, \(times) times", within: limit) { book in
            book.applied[rule, default: 0] >= times ? () : nil
        }
    }

    /// Whether the rule has done its harm so often.
    public func hasApplied(_ rule: FaultRule, times: Int = 1) -> Bool {
        state.book.value.applied[rule, default: 0] >= times
    }

    /// Waits until so many connections have been accepted in all: a client has come, or come back.
    public func waitForAcceptedConnections(_ count: Int, within limit: Duration = .seconds(10)) async throws {
        try await state.book.wait(for: "\(count) connections accepted by the proxy", within: limit) { book in
            book.opened >= count ? () : nil
        }
    }

    /// Waits until so many connections stand.
    public func waitForOpenConnections(_ count: Int, within limit: Duration = .seconds(10)) async throws {
        try await state.book.wait(for: "\(count) open connections at the proxy", within: limit) { book in
            book.connections.count == count ? () : nil
        }
    }
}
