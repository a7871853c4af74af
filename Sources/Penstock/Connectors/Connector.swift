/// A source of events outside: a stream, a topic, a table.
///
/// A connector opens sessions; `ConnectorService` reads them, lets the events take effect, and acknowledges. What it has to
/// keep is what `ConnectorConformance` in PenstockTesting checks:
///
/// - Every event is delivered, those of one key in their order, each under an id that is always the same.
/// - What was not acknowledged is delivered again, first, by the next session of the shard, in whatever process. What was
///   acknowledged is not.
/// - A session reads no further than it is asked to: at most a batch ahead.
/// - The iteration ends soon, by throwing `CancellationError` or with nil, when its task is cancelled.
///
/// One session of a shard is open at a time; the service sees to that with a role. A session that was left by a process which
/// was stopped may wake up and read: the one that came after it must deliver what that takes.
public protocol Connector: Sendable {
    associatedtype Session: ConnectorSession

    /// Opens a shard of the source: its events and no others.
    func open(_ shard: ConnectorShard) async throws -> Session

    /// What is connected, in few words, for people.
    var summary: String { get }
}

/// The events of one shard, in batches that are not empty, without end; and the way to say that they are done with.
public protocol ConnectorSession: AsyncSequence, Sendable where Element == [ConnectorEvent] {
    /// These events are done with. Ids that are not known, or were acknowledged before, change nothing.
    func acknowledge(_ ids: [String]) async throws

    /// Events of the source that the session has not read yet, about; nil if that is not known.
    func backlog() async throws -> Int?

    /// Releases what the session has. What is not acknowledged stays so. Idempotent.
    func close() async
}

extension ConnectorSession {
    public func backlog() async throws -> Int? { nil }
    public func close() async {}
}
