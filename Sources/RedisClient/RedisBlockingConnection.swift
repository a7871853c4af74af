import Synchronization

/// A connection for commands that make Redis wait (BLPOP, XREAD BLOCK): one at a time, made when needed and made again
/// after it was lost or thrown away.
public final class RedisBlockingConnection: Sendable {
    private let connection: ManagedConnection
    private let isBusy = Atomic(false)

    init(_ connection: ManagedConnection) {
        self.connection = connection
    }

    deinit { connection.shutDownNow() }

    /// Sends one command and waits for its reply. `.null` is what Redis answers when its own blocking time is over.
    ///
    /// - Parameter deadline: How long to wait in all, connecting included: the blocking time asked of Redis and a margin
    ///   (`RedisConfiguration.blockingMargin`). When it passes, the connection is taken for dead and thrown away.
    /// - Throws: `outcomeUnknown` when the deadline passes or the connection is lost; `cancelled`, at once, when the task
    ///   is cancelled, which throws the connection away too (an element that BLPOP took at that moment is lost: use
    ///   commands that leave it in place); `unavailable` when nothing was sent, and also when another command is still
    ///   waiting on this connection; `closed` after `close`; `server` when Redis answers with an error.
    public func send(_ command: RedisCommand, deadline: Duration) async throws(RedisError) -> RedisReply {
        guard isBusy.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged else {
            throw .unavailable(
                reason: "another command waits on this blocking connection; make one for each waiting task")
        }
        defer { isBusy.store(false, ordering: .releasing) }
        guard !Task.isCancelled else { throw .cancelled }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                connection.submit(command, timeout: deadline, continuation)
                // A cancellation that came before the command was in the queue found nothing to throw away.
                if Task.isCancelled { connection.abandon(.cancelled) }
            }
        } onCancel: {
            connection.abandon(.cancelled)
        }
        let reply = try result.get()
        if case .error(let error) = reply { throw .server(error) }
        return reply
    }

    /// Closes the connection for good: a waiting command gets `outcomeUnknown`, later ones `closed`. Idempotent.
    public func close() async {
        await connection.shutDown()
    }
}
