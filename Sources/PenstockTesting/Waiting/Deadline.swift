/// Something that a test waited for did not happen in time.
public struct WaitTimedOut: Error, Sendable, CustomStringConvertible {
    /// What was waited for, in words.
    public let what: String
    public let limit: Duration

    public var description: String { "Waited \(limit) in vain for: \(what)" }
}

/// Runs `body`, and cancels it and throws `WaitTimedOut` when it takes longer than `limit`.
public func withDeadline<Result: Sendable>(
    _ limit: Duration, for what: String, _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit)
            throw WaitTimedOut(what: what, limit: limit)
        }
        defer { group.cancelAll() }
        guard let first = try await group.next() else { throw WaitTimedOut(what: what, limit: limit) }
        return first
    }
}
