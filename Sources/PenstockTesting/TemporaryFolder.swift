import EmbeddedRedis

/// Runs `body` with a fresh directory, short enough for unix sockets, and removes it afterwards.
@discardableResult
public func withTemporaryDirectory<Result>(
    isolation: isolated (any Actor)? = #isolation,
    _ body: (String) async throws -> Result
) async throws -> Result {
    let path = try makeTemporaryDirectory()
    defer { removeTree(path) }
    return try await body(path)
}
