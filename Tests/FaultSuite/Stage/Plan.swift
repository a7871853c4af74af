import EmbeddedRedis

/// What a fault needs to be played.
struct Plan: Sendable {
    var workers = 3
    /// Of the workers, ms.
    var lease = 3000
    /// Nil: no append-only file.
    var fsync: EmbeddedRedis.AppendFsync?
    /// More arguments for Redis.
    var redisArguments: [String] = []
    /// Writes beyond the limit of a file's size fail, and do not end Redis by a signal.
    var ignoresSizeSignal = false
    /// A replica follows Redis, and some enqueues ask for its confirmation.
    var hasReplica = false
    /// For worker and producer processes, by ordinal.
    var environment: @Sendable (Int) -> [String: String?] = { _ in [:] }
    /// The scripts of a worker, by ordinal: `own`, `other` for those of another build, or the name of a sabotage.
    var edition: @Sendable (Int) -> String = { _ in "own" }
    /// Whether what runs when nothing is to be done is measured.
    var checksIdleness = false
}
