/// Everything that can go wrong between a caller and Redis.
public enum RedisError: Error, Sendable, Equatable {
    /// Redis answered with an error.
    case server(RedisServerError)
    /// Nothing was sent, so nothing happened: safe to try again.
    case unavailable(reason: String)
    /// The command was sent, and the connection was lost or its deadline passed before the reply: it may have happened
    /// or not. Safe to send again only if the command is idempotent.
    case outcomeUnknown(reason: String)
    /// The peer answered something that Redis would not.
    case invalidReply(String)
    /// The URL, an option, or the server behind them cannot be used; trying again will not help.
    case invalidConfiguration(String)
    /// The client was shut down before the command was sent.
    case closed
    /// The caller's task was cancelled. If the command was already sent, it may have happened or not.
    case cancelled
}

extension RedisError: CustomStringConvertible {
    /// What happened and what to do.
    public var description: String {
        switch self {
        case .server(let error): "Redis answered: \(error)"
        case .unavailable(let reason): "Redis is unavailable: \(reason). Nothing was sent; it is safe to try again."
        case .outcomeUnknown(let reason):
            "The outcome is unknown: \(reason). The command may have happened or not; repeat it only if it is idempotent."
        case .invalidReply(let what): "Invalid reply: \(what)"
        case .invalidConfiguration(let what): "Invalid configuration: \(what)"
        case .closed: "The Redis client was shut down; create a new one to send commands."
        case .cancelled:
            "The task was cancelled while it waited for Redis; if the command was sent, it may have happened."
        }
    }
}
