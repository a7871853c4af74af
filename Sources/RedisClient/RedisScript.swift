/// A Lua script: called by its digest, and sent in full only to a server that does not know it yet.
public struct RedisScript: Sendable, Hashable {
    /// What people call it, in logs and errors.
    public let name: String
    /// The SHA-1 of `source` as 40 lower-case hexadecimal digits, the name under which Redis caches the script.
    public let digest: String
    /// The Lua source.
    public let source: String

    /// The digest is taken as given: a wrong one makes every call travel twice (NOSCRIPT, then EVAL), never go astray.
    public init(name: String, digest: String, source: String) {
        self.name = name
        self.digest = digest
        self.source = source
    }
}

extension RedisScript {
    /// `EVALSHA digest numkeys key... argument...`
    func callByDigest(keys: [String], arguments: RedisArguments) -> RedisCommand {
        call("EVALSHA", digest, keys: keys, arguments: arguments)
    }

    /// `EVAL source numkeys key... argument...`, which also makes the server remember the script.
    func callBySource(keys: [String], arguments: RedisArguments) -> RedisCommand {
        call("EVAL", source, keys: keys, arguments: arguments)
    }

    private func call(
        _ name: String, _ script: String, keys: [String], arguments: RedisArguments
    ) -> RedisCommand {
        var all = RedisArguments()
        let fixed = RESPEncoding.bulkByteCount(script.utf8.count) + 16
        all.reserve(
            byteCount: keys.reduce(fixed) { $0 + RESPEncoding.bulkByteCount($1.utf8.count) } + arguments.byteCount)
        all.append(script)
        all.append(keys.count)
        for key in keys { all.append(key) }
        all.append(contentsOf: arguments)
        return RedisCommand(name, all)
    }
}
