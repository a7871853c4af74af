import Logging
import NIOCore
import NIOPosix

/// A client of one Redis server. All callers share one connection, on which their commands leave in batches and are
/// answered in order; it is made by the first command, and made again when it was lost.
///
/// **Deadlines.** A command that gets no reply in time takes the connection with it, because replies are told apart by
/// their order only: everybody who waits on it gets `outcomeUnknown`. So do all when the connection is lost. Commands that
/// were not sent yet wait for the next connection, up to their deadlines, and then get `unavailable`; before the first
/// connection was ever made, a failed attempt is told at once.
///
/// **Cancellation.** A command that is sent cannot be unsent, so `send` does not react to the cancellation of its task; it
/// ends with the reply or the deadline. (A `RedisBlockingConnection` does react.)
///
/// Blocking commands (BLPOP, XREAD BLOCK) and commands that change the connection (SELECT, SUBSCRIBE, MULTI sent apart
/// from EXEC) do not belong here: everybody would wait or be misled.
public final class RedisClient: Sendable {
    /// What the client was made with.
    public let configuration: RedisConfiguration
    private let eventLoop: any EventLoop
    private let logger: Logger
    private let connection: ManagedConnection
    /// Runs tasks on the event loop of the client's connections: for loops that live on replies and never block.
    public let executor: any TaskExecutor

    /// Makes a client without connecting: the first command does.
    ///
    /// - Parameters:
    ///   - eventLoopGroup: Carries the connections; never shut down by the client. The process-wide one by default.
    ///   - logger: Told about lost and regained connections.
    public init(
        configuration: RedisConfiguration,
        eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        logger: Logger
    ) {
        self.configuration = configuration
        self.logger = logger
        let eventLoop = eventLoopGroup.next()
        self.eventLoop = eventLoop
        executor = EventLoopExecutor(eventLoop)
        connection = ManagedConnection(configuration: configuration, eventLoop: eventLoop, logger: logger)
    }

    deinit { connection.shutDownNow() }

    /// Sends one command and returns its reply.
    ///
    /// - Parameter timeout: How long it may take, waiting for a connection included; `commandTimeout` by default.
    /// - Throws: `server` when Redis answers with an error; `unavailable`, `outcomeUnknown`, `closed` and
    ///   `invalidConfiguration` as described there.
    public func send(_ command: RedisCommand, timeout: Duration? = nil) async throws(RedisError) -> RedisReply {
        let reply = try await connection.send(command, timeout: timeout ?? configuration.commandTimeout).get()
        if case .error(let error) = reply { throw .server(error) }
        return reply
    }

    /// Sends commands in one batch and returns as many replies, in order. An error of a command is a value among them
    /// (`RedisReply.error`) and stops none of the others. An empty batch is answered without Redis.
    ///
    /// - Parameter timeout: How long the batch may take, waiting for a connection included; `commandTimeout` by default.
    /// - Throws: What concerns the batch as a whole: `unavailable`, `outcomeUnknown`, `closed`, `invalidConfiguration`.
    public func pipeline(
        _ commands: [RedisCommand], timeout: Duration? = nil
    ) async throws(RedisError) -> [RedisReply] {
        guard !commands.isEmpty else { return [] }
        return try await connection.pipeline(commands, timeout: timeout ?? configuration.commandTimeout).get()
    }

    /// Runs a script: by its digest, and in full when the server does not know it (NOSCRIPT means that nothing ran).
    ///
    /// - Parameter timeout: For both tries together; `commandTimeout` by default.
    /// - Throws: Like `send`.
    public func evaluate(
        _ script: RedisScript, keys: [String], arguments: RedisArguments, timeout: Duration? = nil
    ) async throws(RedisError) -> RedisReply {
        let limit = timeout ?? configuration.commandTimeout
        let start = ContinuousClock.now
        do {
            return try await send(script.callByDigest(keys: keys, arguments: arguments), timeout: limit)
        } catch {
            guard case .server(let answer) = error, answer.kind == .noScript else { throw error }
            return try await send(
                script.callBySource(keys: keys, arguments: arguments), timeout: limit - (ContinuousClock.now - start))
        }
    }

    /// A connection of its own for commands that block, with the client's configuration. It is made lazily, and has to be
    /// closed by whoever asked for it.
    public func makeBlockingConnection() -> RedisBlockingConnection {
        RedisBlockingConnection(
            ManagedConnection(configuration: configuration, eventLoop: eventLoop, logger: logger))
    }

    /// Another client of the same server with a connection of its own, made when it is first needed, on the same event
    /// loop: for commands that hold up whoever comes behind them (WAIT). It has to be shut down by whoever asked for it.
    public func makeSibling() -> RedisClient {
        RedisClient(configuration: configuration, eventLoopGroup: eventLoop, logger: logger)
    }

    /// What the server said of itself when the current connection, or the last one, was made. Connects when there was
    /// none yet.
    ///
    /// - Throws: Like `send`.
    public var serverInfo: RedisServerInfo {
        get async throws(RedisError) {
            if let info = connection.info { return info }
            _ = try await send(RedisCommand("PING"))
            guard let info = connection.info else { throw .invalidReply("the server said nothing of itself") }
            return info
        }
    }

    /// Ends the client. Callers whose command was sent get `outcomeUnknown`, all others `closed`, now and later.
    /// Idempotent. Blocking connections are closed by their own `close`.
    public func shutdown() async {
        await connection.shutDown()
    }
}
