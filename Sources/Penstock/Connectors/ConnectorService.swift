import Logging
import PenstockModel
import PenstockStore
import ServiceLifecycle
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Lets the events of a source outside take effect: as jobs, runs and signals. A service for `ServiceGroup`.
///
///     let orders = ConnectorService(penstock, "orders", from: source, options: .init(parallel: 4)) { event in
///         [.start(checkout, try JSONDecoder().decode(Order.self, from: Data(event.payload)))]
///     }
///
/// Each event takes effect once, however often it is delivered, and those of one key in their order. Each shard of the
/// connector is served by one process at a time, whose role its effects carry: any number of processes can run the service.
public final class ConnectorService<Source: Connector>: Service {
    /// What an event does. None of it: the event is passed over.
    public typealias Mapping = @Sendable (ConnectorEvent) async throws -> [ConnectorEffect]

    private let penstock: Penstock
    private let name: String
    private let source: Source
    private let options: ConnectorOptions
    private let map: Mapping
    private let logger: Logger
    private let lags: LagWatch

    /// - Parameters:
    ///   - name: of the connector in the namespace: letters, digits and `. _ - : / @`. Events are known as done under it.
    ///   - map: says what an event does. If it throws, the event is tried again, and set aside in the end; events of its key
    ///     wait meanwhile. A permanent failure (`JobFailure.permanent`) sets it aside at once. It may be called more than once
    ///     for an event, and should come to the same.
    public init(
        _ penstock: Penstock, _ name: String, from source: Source, options: ConnectorOptions = .init(),
        logger: Logger? = nil, map: @escaping Mapping
    ) {
        self.penstock = penstock
        self.name = name
        self.source = source
        self.options = options
        self.map = map
        var logger = logger ?? penstock.logger
        logger[metadataKey: "connector"] = "\(name)"
        self.logger = logger
        lags = LagWatch(shards: max(options.parallel, 1))
    }

    /// The age of the oldest event that this process has read and not done with; zero when there is none.
    public var lag: Duration { lags.lag(at: now) }

    /// Serves until shutdown or cancellation.
    ///
    /// - Throws: `invalidArgument` for a wrong name or wrong options; what keeps it from reaching Redis at the start.
    public func run() async throws {
        try options.check()
        let shards = (0..<options.parallel).map { ConnectorShard(index: $0, count: options.parallel) }
        do {
            try Name.connector.check(name)
            for shard in shards { try Name.role.check(ConnectorRole.name(name, shard)) }
        } catch {
            throw PenstockError(.invalidArgument, "\(error)", cause: error)
        }
        try await publicly { () throws(StoreError) in
            try await penstock.store.declareConnector(name, shards: shards.count, summary: source.summary)
        }
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                for shard in shards { group.addTask { await self.serve(shard) } }
                group.addTask { await self.watchLag() }
            }
        }
    }

    /// One turn after the other at the shard's role.
    private func serve(_ shard: ConnectorShard) async {
        var failures = 0
        while !Task.isCancelled {
            let began = ContinuousClock.now
            do {
                try await penstock.withRole(
                    ConnectorRole.name(name, shard), lease: options.lease, note: { self.note(shard) },
                    { try await self.work(shard, $0) })
            } catch {
                if Task.isCancelled { break }
                failures = ContinuousClock.now - began > .seconds(60) ? 1 : failures + 1
                logger.warning(
                    "shard not served, trying again", metadata: ["shard": "\(shard)", "error": "\(error)"])
                let backoff = Backoff.exponential(from: .milliseconds(100), cap: .seconds(10), jitter: 0.5)
                try? await Task.sleep(for: backoff.wait(afterAttempt: failures, random: .random(in: 0..<1)))
            }
            lags.left(shard.index)
        }
    }

    private func work(_ shard: ConnectorShard, _ role: Role) async throws {
        let session = try await source.open(shard)
        do {
            let worker = ShardWorker(
                session: session, shard: shard, role: role, connector: name, penstock: penstock, options: options,
                map: map, logger: logger, lags: lags)
            try await worker.run()
            await session.close()
        } catch {
            await session.close()
            throw error
        }
    }

    private var now: Date { Date(timeIntervalSince1970: Double(penstock.store.serverNow) / 1000) }

    private func note(_ shard: ConnectorShard) -> String {
        let known = lags.shard(shard.index)
        return ConnectorRole.note(
            lag: lags.lag(of: shard.index, at: now), pending: known.pending, backlog: known.backlog)
    }

    /// Tells once that the lag is too long, and once that it is no more.
    private func watchLag() async {
        guard let limit = options.lagAlert else { return }
        var isAlerted = false
        while !Task.isCancelled {
            let lag = self.lag
            if (lag >= limit) != isAlerted {
                isAlerted.toggle()
                let alert = ConnectorLagAlert(connector: name, isLate: isAlerted, lag: lag)
                logger.log(
                    level: isAlerted ? .warning : .info,
                    isAlerted ? "connector lags behind" : "connector has caught up", metadata: ["lag": "\(lag)"])
                options.onLagAlert?(alert)
            }
            // What is read next may be old already: looked at now and then, not by the moment of one event.
            try? await Task.sleep(for: min(max(limit / 4, .milliseconds(20)), .seconds(5)))
        }
    }
}

/// How a connector is served. Everything has a default.
public struct ConnectorOptions: Sendable {
    /// Into how many shards the source is dealt by the events' keys, each served by one process at a time; 1 by default.
    /// Processes should agree; see Connectors on changing it.
    public var parallel: Int
    /// How long a shard stays with a process that gives no sign of life; 10 s by default.
    public var lease: Duration
    /// How often an event is tried before it is set aside; 5 by default.
    public var tries: Int
    /// The wait before the next try, in which events of other keys go on; 1 s by default, doubling up to 30 s.
    public var backoff: Backoff
    /// Events take effect when they are this old; at once by default.
    public var consumeLag: Duration
    /// How old the oldest event may get before `onLagAlert` is called; nil, the default, for never.
    public var lagAlert: Duration?
    /// Called once when the lag has become too long, and once when it is no more. It is logged as well.
    public var onLagAlert: (@Sendable (ConnectorLagAlert) -> Void)?
    /// For how long an effect is known to have happened, so that another delivery of its event changes nothing; a day by
    /// default. It costs about 150 bytes an effect.
    public var keyLifetime: Duration

    public init(
        parallel: Int = 1, lease: Duration = .seconds(10), tries: Int = 5,
        backoff: Backoff = .exponential(from: .seconds(1), cap: .seconds(30), jitter: 0.2),
        consumeLag: Duration = .zero,
        lagAlert: Duration? = nil, onLagAlert: (@Sendable (ConnectorLagAlert) -> Void)? = nil,
        keyLifetime: Duration = .seconds(86_400)
    ) {
        self.parallel = parallel
        self.lease = lease
        self.tries = tries
        self.backoff = backoff
        self.consumeLag = consumeLag
        self.lagAlert = lagAlert
        self.onLagAlert = onLagAlert
        self.keyLifetime = keyLifetime
    }

    func check() throws(PenstockError) {
        func refuse(_ message: String) -> PenstockError { PenstockError(.invalidArgument, message) }
        guard (1...1000).contains(parallel) else { throw refuse("parallel must be 1 to 1000; it is \(parallel)") }
        guard tries >= 1 else { throw refuse("tries must be at least 1; it is \(tries)") }
        guard consumeLag >= .zero else { throw refuse("consumeLag must not be negative; it is \(consumeLag)") }
        guard lease >= .milliseconds(300), lease <= .seconds(86_400) else {
            throw refuse("lease must be 300 ms to one day; it is \(lease)")
        }
        guard keyLifetime >= .seconds(1) else {
            throw refuse("keyLifetime must be 1 s or longer; it is \(keyLifetime)")
        }
        if let lagAlert, lagAlert <= consumeLag {
            throw refuse(
                "lagAlert, \(lagAlert), must be longer than consumeLag, \(consumeLag): every event gets that old")
        }
    }
}

/// A connector's lag has become too long, or is no more.
public struct ConnectorLagAlert: Sendable, Hashable {
    public let connector: String
    public let isLate: Bool
    public let lag: Duration
}
