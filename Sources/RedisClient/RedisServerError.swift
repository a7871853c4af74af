/// An error that Redis answered with, sorted by its leading word (`WRONGTYPE Operation against ...`).
public struct RedisServerError: Error, Sendable, Equatable {
    /// What an error is about. Words that this enumeration does not know arrive as `other`.
    public enum Kind: Sendable, Hashable {
        /// READONLY: this server is a replica.
        case readOnly
        /// LOADING: the server is reading its data set.
        case loading
        /// MASTERDOWN: a replica that lost its primary.
        case masterDown
        /// TRYAGAIN: keys of one call are being moved.
        case tryAgain
        /// BUSY: a script has been running for too long.
        case busy
        /// OOM: `maxmemory` is reached.
        case outOfMemory
        /// NOREPLICAS: fewer replicas than `min-replicas-to-write`.
        case noReplicas
        /// MISCONF: persistence fails, so writes are refused.
        case misconf
        /// CLUSTERDOWN: the cluster does not serve this slot.
        case clusterDown
        /// UNBLOCKED: a blocking call was ended because the server changed its role.
        case unblocked
        /// "max number of clients reached".
        case tooManyClients
        /// NOSCRIPT: the script is not cached; nothing ran.
        case noScript
        /// WRONGTYPE: the key holds another kind of value.
        case wrongType
        /// NOAUTH: a password is needed.
        case noAuth
        /// WRONGPASS: user or password is wrong.
        case wrongPassword
        /// NOPERM: the user may not run this command or touch this key.
        case noPermission
        /// MOVED or ASK: the key lives on another node of a cluster.
        case clusterMoved
        /// CROSSSLOT: keys of one call live in different slots.
        case crossSlot
        /// Any other leading word, `ERR` above all.
        case other(String)
    }

    /// What the error is about.
    public let kind: Kind
    /// The whole line as Redis sent it, leading word included.
    public let message: String

    /// An error with a kind that is known already.
    public init(kind: Kind, message: String) {
        self.kind = kind
        self.message = message
    }

    /// Reads the kind off the leading word of `message`.
    public init(message: String) {
        let word = message.prefix { $0 != " " }
        self.init(kind: Kind(word: String(word), message: message), message: message)
    }

    /// True when the server could not do the work now, whatever the call was: never the caller's or a job's failure,
    /// and worth another try later.
    public var isServerTrouble: Bool {
        switch kind {
        case .readOnly, .loading, .masterDown, .tryAgain, .busy, .outOfMemory, .noReplicas, .misconf, .clusterDown,
            .unblocked, .tooManyClients:
            true
        case .noScript, .wrongType, .noAuth, .wrongPassword, .noPermission, .clusterMoved, .crossSlot, .other:
            false
        }
    }
}

extension RedisServerError.Kind {
    private static let words: [String: Self] = [
        "READONLY": .readOnly, "LOADING": .loading, "MASTERDOWN": .masterDown, "TRYAGAIN": .tryAgain, "BUSY": .busy,
        "OOM": .outOfMemory, "NOREPLICAS": .noReplicas, "MISCONF": .misconf, "CLUSTERDOWN": .clusterDown,
        "UNBLOCKED": .unblocked, "NOSCRIPT": .noScript, "WRONGTYPE": .wrongType, "NOAUTH": .noAuth,
        "WRONGPASS": .wrongPassword, "NOPERM": .noPermission, "MOVED": .clusterMoved, "ASK": .clusterMoved,
        "CROSSSLOT": .crossSlot,
    ]

    fileprivate init(word: String, message: String) {
        if word == "ERR", message.hasPrefix("ERR max number of clients") {
            self = .tooManyClients
        } else {
            self = Self.words[word] ?? .other(word)
        }
    }

    fileprivate var advice: String {
        switch self {
        case .readOnly: "Connect to the primary, not to a replica."
        case .loading: "Redis is reading its data; try again in a moment."
        case .masterDown: "The replica lost its primary; try again later or connect to the primary."
        case .tryAgain: "Try again in a moment."
        case .busy: "A script is running for too long; try again, or end it with SCRIPT KILL."
        case .outOfMemory: "Free memory or raise maxmemory, then try again."
        case .noReplicas: "Too few replicas are attached; try again when they are back."
        case .misconf: "Redis cannot write to its disk; look into its log."
        case .clusterDown, .unblocked: "The server is changing roles; try again."
        case .tooManyClients: "Close other clients or raise maxclients."
        case .noScript: "Send the script in full with EVAL."
        case .wrongType: "The key holds another kind of value: does something else use this namespace?"
        case .noAuth: "Put the password in the URL: redis://:password@host or redis://user:password@host."
        case .wrongPassword: "Check the user and the password in the URL."
        case .noPermission: "Give this Redis user the permission that the message names."
        case .clusterMoved: "Redis Cluster is not supported yet; connect to a single server."
        case .crossSlot: "Use keys with one common hash tag."
        case .other: ""
        }
    }
}

extension RedisServerError: CustomStringConvertible {
    /// The message of Redis and what to do about it.
    public var description: String {
        let advice = kind.advice
        return advice.isEmpty ? message : "\(message) (\(advice))"
    }
}
