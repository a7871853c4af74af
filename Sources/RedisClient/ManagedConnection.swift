import Logging
import NIOCore
import NIOPosix
import Synchronization

/// One connection that is made when it is needed and made again when it was lost. `ConnectionStateMachine` decides; this
/// class holds it under a lock, and does what it says after the lock is released.
///
/// Callers encode their commands on their own threads into one buffer. The first of them schedules a task on the event
/// loop, which writes whatever has been gathered by the time it runs.
final class ManagedConnection: Sendable {
    private typealias Machine = ConnectionStateMachine<Waiter>

    private struct State: Sendable {
        var machine: Machine
        /// The channel of the current attempt or connection.
        var channel: (any Channel)?
        var info: RedisServerInfo?
        var isOutage = false
    }

    let configuration: RedisConfiguration
    private let eventLoop: any EventLoop
    private let logger: Logger
    private let state: Mutex<State>

    init(configuration: RedisConfiguration, eventLoop: any EventLoop, logger: Logger) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.logger = logger
        let backoff = ReconnectBackoff(
            minimum: TimeAmount(bounded: configuration.reconnectMinimum),
            maximum: TimeAmount(bounded: configuration.reconnectMaximum),
            random: { Double.random(in: 0..<1) })
        state = Mutex(State(machine: Machine(backoff: backoff)))
    }

    /// What the last handshake learned.
    var info: RedisServerInfo? { state.withLock { $0.info } }

    // MARK: Callers, on any thread

    func send(_ command: RedisCommand, timeout: Duration) async -> Result<RedisReply, RedisError> {
        await withCheckedContinuation { submit(command, timeout: timeout, $0) }
    }

    func pipeline(_ commands: [RedisCommand], timeout: Duration) async -> Result<[RedisReply], RedisError> {
        await withCheckedContinuation { continuation in
            let now = NIODeadline.now()
            let deadline = now + TimeAmount(bounded: timeout)
            let action = state.withLock {
                $0.machine.enqueue(.batch(continuation), commands: commands, deadline: deadline, now: now)
            }
            perform(action, for: .batch(continuation))
        }
    }

    func submit(
        _ command: RedisCommand, timeout: Duration,
        _ continuation: CheckedContinuation<Result<RedisReply, RedisError>, Never>
    ) {
        let now = NIODeadline.now()
        let deadline = now + TimeAmount(bounded: timeout)
        let action = state.withLock {
            $0.machine.enqueue(.single(continuation), command: command, deadline: deadline, now: now)
        }
        perform(action, for: .single(continuation))
    }

    /// Throws the connection away; whoever waits is told `error`.
    func abandon(_ error: RedisError) {
        perform { $0.abandon(error) }
    }

    /// Ends the connection without waiting for its socket to be closed.
    func shutDownNow() {
        perform { $0.shutDown() }
    }

    /// Ends the connection and returns once its socket is closed. Idempotent.
    func shutDown() async {
        let channel = state.withLock { $0.channel }
        shutDownNow()
        try? await channel?.closeFuture.get()
    }

    private func perform(_ action: Machine.SendAction, for waiter: Waiter) {
        switch action {
        case .nothing: break
        case .flush: eventLoop.execute { self.flush() }
        case .connect(let attempt): schedule(attempt)
        case .checkDeadlines: eventLoop.execute { self.planCheck() }
        case .refuse(let error): waiter.resume(error)
        }
    }

    // MARK: Events of the channel, on the event loop

    /// False when nobody wants this connection any more.
    func connected(_ attempt: Int, channel: any Channel, info: RedisServerInfo) -> Bool {
        let (effects, wasOutage) = state.withLock { state -> (Machine.Effects?, Bool) in
            let effects = state.machine.connected(attempt)
            if effects != nil { state.info = info }
            defer { state.isOutage = effects == nil && state.isOutage }
            return (effects, state.isOutage)
        }
        guard let effects else { return false }
        logger.log(
            level: wasOutage ? .notice : .debug, "Connected to Redis",
            metadata: ["address": "\(configuration)", "version": "\(info.version)"])
        perform(effects, closing: nil)
        return true
    }

    func connectFailed(_ attempt: Int, _ failure: ConnectFailure) {
        guard state.withLock({ $0.machine.isConnecting(attempt) }) else { return }
        reportOutage("\(failure)")
        perform { $0.connectFailed(attempt, failure, now: .now()) }
    }

    func connectionLost(_ attempt: Int, reason: String) {
        guard state.withLock({ $0.machine.isCurrent(attempt) }) else { return }
        reportOutage(reason)
        perform { $0.connectionLost(attempt, reason: reason, now: .now()) }
    }

    func received(_ attempt: Int, _ replies: ArraySlice<RedisReply>) {
        var deliveries: [(Waiter, Machine.Delivery)] = []
        deliveries.reserveCapacity(replies.count)
        let isExpected = state.withLock { state in
            guard state.machine.isCurrent(attempt) else { return true }
            for reply in replies {
                switch state.machine.receive(reply) {
                case .deliver(let waiter, let delivery): deliveries.append((waiter, delivery))
                case .wait: break
                case .unexpected: return false
                }
            }
            return true
        }
        for (waiter, delivery) in deliveries { waiter.resume(delivery) }
        if !isExpected { connectionLost(attempt, reason: "the peer sent a reply that nobody asked for") }
    }

    // MARK: Doing

    private func flush() {
        let (bytes, channel, check) = state.withLock { state in
            (state.machine.takeGathered(), state.channel, state.machine.planCheck())
        }
        if let bytes, let channel { channel.writeAndFlush(bytes, promise: nil) }
        if let check { scheduleCheck(at: check) }
    }

    private func planCheck() {
        if let check = state.withLock({ $0.machine.planCheck() }) { scheduleCheck(at: check) }
    }

    private func scheduleCheck(at deadline: NIODeadline) {
        eventLoop.scheduleTask(deadline: deadline) {
            self.perform { $0.checkDeadlines(now: .now()) }
            self.planCheck()
        }
    }

    private func perform(_ event: (inout Machine) -> Machine.Effects) {
        let (effects, channel) = state.withLock { state in
            let effects = event(&state.machine)
            defer { if effects.closesChannel { state.channel = nil } }
            return (effects, effects.closesChannel ? state.channel : nil)
        }
        perform(effects, closing: channel)
    }

    private func perform(_ effects: Machine.Effects, closing channel: (any Channel)?) {
        channel?.close(promise: nil)
        for (waiter, error) in effects.failures { waiter.resume(error) }
        if let attempt = effects.connect { schedule(attempt) }
        if effects.flushes { flush() }
    }

    private func schedule(_ attempt: Machine.Attempt) {
        if attempt.delay <= .zero {
            eventLoop.execute { self.connect(attempt.id) }
        } else {
            eventLoop.execute { self.planCheck() }
            eventLoop.scheduleTask(in: attempt.delay) { self.connect(attempt.id) }
        }
    }

    private func connect(_ attempt: Int) {
        planCheck()
        guard state.withLock({ $0.machine.isCurrent(attempt) }) else { return }
        do throws(RedisError) {
            try configuration.validate()
        } catch {
            return connectFailed(attempt, .refused(error))
        }
        let limit = TimeAmount(bounded: configuration.connectTimeout)
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(limit)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = RedisChannelHandler(connection: self, attempt: attempt)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
        let channel =
            switch configuration.address {
            case .tcp(let host, let port):
                bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1).connect(host: host, port: port)
            case .unixSocket(let path): bootstrap.connect(unixDomainSocketPath: path)
            }
        let timeout = eventLoop.scheduleTask(in: limit) {
            let reason = "\(self.configuration): no answer within \(limit.nanoseconds / 1_000_000) ms"
            self.connectFailed(attempt, .unreachable(reason))
        }
        channel.whenComplete { result in
            switch result {
            case .success(let channel): self.start(attempt, on: channel, timeout: timeout)
            case .failure(let error):
                timeout.cancel()
                let reason = "\(self.configuration): \(NetworkProblem.describe(error))"
                self.connectFailed(attempt, .unreachable(reason))
            }
        }
    }

    private func start(_ attempt: Int, on channel: any Channel, timeout: Scheduled<Void>) {
        let isWanted = state.withLock { state in
            guard state.machine.isCurrent(attempt) else { return false }
            state.channel = channel
            return true
        }
        channel.closeFuture.whenComplete { _ in timeout.cancel() }
        guard isWanted else { return channel.close(promise: nil) }
        do {
            let handler = try channel.pipeline.syncOperations.handler(type: RedisChannelHandler.self)
            handler.start(Handshake(configuration: configuration), on: channel)
        } catch {
            connectFailed(attempt, .unreachable("\(configuration): the peer hung up at once"))
        }
    }

    /// One warning for each outage, however often it is noticed.
    private func reportOutage(_ reason: String) {
        let isNew = state.withLock { state in
            defer { state.isOutage = true }
            return !state.isOutage
        }
        logger.log(
            level: isNew ? .warning : .debug, "No connection to Redis",
            metadata: ["address": "\(configuration)", "reason": "\(reason)"])
    }
}
