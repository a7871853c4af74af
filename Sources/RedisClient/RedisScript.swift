/// A Lua script with the digest under which Redis caches it.
public struct RedisScript: Sendable, Hashable {
    public let name: String
    public let digest: String
    public let source: String

    public init(name: String, digest: String, source: String) {
        self.name = name
        self.digest = digest
        self.source = source
    }
}
