import PenstockStore
import RedisClient

/// What is in one key, taken apart.
struct KeyContent {
    let form: KeyForm
    /// What Redis says that it is.
    let type: String
    let expires: Bool
    /// Of a stream: its length, and nothing else is read.
    var count = 0
    /// Of a string.
    var bytes: [UInt8] = []
    var items: [String] = []
    /// Of a hash, or a sorted set.
    var fields: [String: String] = [:]
    var scores: [String: Double] = [:]
    var moments: [String: Int64] = [:]

    var text: String { String(decoding: bytes, as: UTF8.self) }

    init(_ form: KeyForm, type: String, expires: Bool, _ reply: RedisReply) {
        self.form = form
        self.type = type
        self.expires = expires
        switch type {
        case "stream": count = reply.int ?? 0
        case "string": bytes = reply.bytes ?? []
        default:
            // Records may have any bytes in their payload.
            items = (reply.array ?? []).map { $0.bytes.map { String(decoding: $0, as: UTF8.self) } ?? "" }
        }
        guard type == "hash" || type == "zset" else { return }
        for place in stride(from: 0, to: items.count - 1, by: 2) {
            let (name, value) = (items[place], items[place + 1])
            fields[name] = value
            guard let score = Double(value) else { continue }
            scores[name] = score
            moments[name] = Int64(exactly: score.rounded(.towardZero))
        }
    }
}

/// Reads a namespace again and again, and asks only for what has changed since.
package struct KeyspaceReader {
    private let store: Store
    /// Key to what it held, and a digest of that.
    private var known: [String: (digest: String, content: KeyContent?)] = [:]

    package init(_ store: Store) { self.store = store }

    /// Everything in one script, so that it is of one moment. Keys whose digest is passed and still right come without
    /// content.
    private static let script = """
        local known, reply = {}, {}
        for i = 1, #ARGV, 2 do
          known[ARGV[i]] = ARGV[i + 1]
        end
        for _, name in ipairs(redis.call('KEYS', KEYS[1] .. '*')) do
          local dump = redis.call('DUMP', name)
          local lives = redis.call('PTTL', name) >= 0 and '+' or '-'
          local digest = dump and redis.sha1hex(dump) .. lives
          if digest and digest == known[name] then
            reply[#reply + 1] = name
          elseif digest then
            local kind, content = redis.call('TYPE', name).ok, nil
            if kind == 'string' then
              content = redis.call('GET', name)
            elseif kind == 'list' then
              content = redis.call('LRANGE', name, 0, -1)
            elseif kind == 'set' then
              content = redis.call('SMEMBERS', name)
            elseif kind == 'hash' then
              content = redis.call('HGETALL', name)
            elseif kind == 'zset' then
              content = redis.call('ZRANGE', name, 0, -1, 'WITHSCORES')
            else
              content = redis.call('XLEN', name)
            end
            reply[#reply + 1] = { name, digest, kind, content }
          end
        end
        return reply
        """

    package mutating func read() async throws -> KeyspaceAudit {
        let prefix = store.keys.prefix
        var arguments = RedisArguments(["1", prefix])
        for (name, (digest, _)) in known {
            arguments.append(name)
            arguments.append(digest)
        }
        var all = RedisArguments([Self.script])
        all.append(contentsOf: arguments)
        let reply = try await store.redis.send(RedisCommand("EVAL", all))
        var now: [String: (digest: String, content: KeyContent?)] = [:]
        var audit = KeyspaceAudit()
        for item in reply.array ?? [] {
            let parts = item.array ?? [item]
            guard let name = parts[0].text else { continue }
            if parts.count == 4, let digest = parts[1].text, let type = parts[2].text {
                let form = KeyForm(key: name.dropFirst(prefix.count))
                let expires = digest.hasSuffix("+")
                now[name] = (digest, form.map { KeyContent($0, type: type, expires: expires, parts[3]) })
            } else {
                now[name] = known[name]
            }
            if let content = now[name]?.content {
                audit.take(content)
            } else {
                audit.oddities.append("unknown key \(name)")
            }
        }
        known = now
        return audit
    }
}
