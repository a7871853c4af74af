import Logging
import NIOCore
import NIOPosix
import RedisClient

/// Reads a Redis stream, of any Redis, by consumer groups: one for each shard, named `group` where there is one shard, and
/// `group/1-of-4` and so on where there are several.
///
/// Each group reads the whole stream and passes over what belongs to other shards. Entries are never trimmed or deleted here.
/// Whoever opens a shard takes over what others have read and not acknowledged.
public struct RedisStreamConnector: Connector {
    /// Where a group begins that is not there yet, unless one of another number of shards is.
    public enum Start: Sendable, Hashable {
        /// With the oldest entry that is there.
        case beginning
        /// With the next entry that is added.
        case now
    }

    public struct Options: Sendable, Hashable {
        /// The field of an entry that has its key, "key" by default; entries without it have none.
        public var keyField = "key"
        /// The field that has its payload, "payload" by default. All other fields are headers.
        public var payloadField = "payload"
        public var start = Start.beginning
        /// The most entries that are read at once; 250 by default.
        public var batch = 250

        public init() {}
    }

    let stream: String
    let group: String
    let options: Options
    let client: RedisClient

    /// - Parameter url: of the Redis that has the stream; `redis://` or `unix://`, as for `Penstock.Configuration`.
    /// - Throws: `invalidArgument`.
    public init(
        url: String, stream: String, group: String, options: Options = .init(),
        eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        logger: Logger = Logger(label: "penstock.connector")
    ) throws(PenstockError) {
        let client: RedisClient
        do throws(RedisError) {
            client = RedisClient(
                configuration: try RedisConfiguration(url: url), eventLoopGroup: eventLoopGroup, logger: logger)
        } catch {
            throw PenstockError(.invalidArgument, "\(error)", cause: error)
        }
        try self.init(client, stream, group, options)
    }

    /// Reads a stream in the Redis of a client.
    public init(
        _ penstock: Penstock, stream: String, group: String, options: Options = .init()
    ) throws(PenstockError) {
        try self.init(penstock.redis.makeSibling(), stream, group, options)
    }

    private init(_ client: RedisClient, _ stream: String, _ group: String, _ options: Options) throws(PenstockError) {
        guard !stream.isEmpty, !group.isEmpty else {
            throw PenstockError(.invalidArgument, "a stream and a consumer group must have names")
        }
        guard (1...10_000).contains(options.batch) else {
            throw PenstockError(.invalidArgument, "batch must be 1 to 10000; it is \(options.batch)")
        }
        self.client = client
        self.stream = stream
        self.group = group
        self.options = options
    }

    public var summary: String { "stream \(stream), group \(group)" }

    public func open(_ shard: ConnectorShard) async throws -> RedisStreamSession {
        do throws(RedisError) {
            let groups = RedisStreamGroups(stream: stream, group: group, client: client)
            let name = try await groups.enter(shard, start: options.start)
            return RedisStreamSession(connector: self, shard: shard, group: name)
        } catch {
            throw PenstockError(error)
        }
    }
}

/// The consumer groups of a connector, also those of other numbers of shards.
struct RedisStreamGroups {
    private struct Known {
        let name: String
        let shard: ConnectorShard
        /// Everything up to here is done with.
        let position: StreamEntryID
    }

    let stream: String
    let group: String
    let client: RedisClient

    func name(_ shard: ConnectorShard) -> String { shard.count == 1 ? group : "\(group)/\(shard)" }

    /// Makes sure that the shard has its group, and that it is not behind what other numbers of shards have done.
    ///
    /// Where the shards of another number have all come further than the own group, all before is done with: they dealt the
    /// same entries among them. So it may begin there. What lies between their slowest and their fastest is done again, and
    /// known by its idempotency keys.
    func enter(_ shard: ConnectorShard, start: RedisStreamConnector.Start) async throws(RedisError) -> String {
        let own = name(shard)
        let known = try await groups()
        let best = Dictionary(grouping: known) { $0.shard.count }
            .filter { $0.key != shard.count && Set($0.value.map(\.shard.index)).count == $0.key }
            .compactMap { $0.value.map(\.position).min() }.max()
        guard let mine = known.first(where: { $0.name == own }) else {
            let from = best.map { "\($0)" } ?? (start == .beginning ? "0" : "$")
            do {
                _ = try await client.send(RedisCommand("XGROUP", "CREATE", stream, own, from, "MKSTREAM"))
            } catch {
                // Somebody else was faster.
                guard case .server(let answer) = error, answer.message.hasPrefix("BUSYGROUP") else { throw error }
            }
            return own
        }
        if let best, best > mine.position {
            _ = try await client.send(RedisCommand("XGROUP", "SETID", stream, own, "\(best)"))
            while true {
                let command = RedisCommand("XPENDING", stream, own, "-", "\(best)", "1000")
                let ids = (try await client.send(command).array ?? []).compactMap { $0.array?.first?.text }
                if ids.isEmpty { break }
                _ = try await client.send(RedisCommand("XACK", RedisArguments([stream, own] + ids)))
            }
        }
        return own
    }

    private func groups() async throws(RedisError) -> [Known] {
        let reply: RedisReply
        do { reply = try await client.send(RedisCommand("XINFO", "GROUPS", stream)) } catch {
            if case .server(let answer) = error, answer.message.contains("no such key") { return [] }
            throw error
        }
        var known: [Known] = []
        for item in reply.array ?? [] {
            let fields = Self.fields(item)
            guard let name = fields["name"]?.text, let shard = shard(name),
                let delivered = fields["last-delivered-id"]?.text.flatMap({ StreamEntryID($0) })
            else { continue }
            var position = delivered
            if fields["pending"]?.int ?? 0 > 0 {
                let summary = try await client.send(RedisCommand("XPENDING", stream, name)).array ?? []
                if summary.count > 1, let first = summary[1].text.flatMap({ StreamEntryID($0) }) {
                    position = min(position, first.previous)
                }
            }
            known.append(Known(name: name, shard: shard, position: position))
        }
        return known
    }

    private func shard(_ name: String) -> ConnectorShard? {
        if name == group { return .whole }
        guard name.hasPrefix(group + "/") else { return nil }
        let words = name.dropFirst(group.count + 1).split(separator: "-")
        guard words.count == 3, words[1] == "of", let number = Int(words[0]), let count = Int(words[2]), count > 1,
            (1...count).contains(number)
        else { return nil }
        return ConnectorShard(index: number - 1, count: count)
    }

    /// Entries that the group has not read; nil where Redis cannot tell.
    func unread(_ name: String) async throws(RedisError) -> Int? {
        let groups = try await client.send(RedisCommand("XINFO", "GROUPS", stream)).array ?? []
        return groups.lazy.map(Self.fields).first { $0["name"]?.text == name }?["lag"]?.int
    }

    private static func fields(_ item: RedisReply) -> [String: RedisReply] {
        let parts = item.array ?? []
        return stride(from: 0, to: parts.count - 1, by: 2).reduce(into: [:]) { fields, i in
            if let name = parts[i].text { fields[name] = parts[i + 1] }
        }
    }
}
