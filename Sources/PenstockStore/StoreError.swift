import PenstockModel
import RedisClient

/// Why a call of the store did not do what was asked.
package enum StoreError: Error, Sendable, CustomStringConvertible {
    /// The call is wrong; nothing was written.
    case invalid(String)
    /// Redis has no memory left for new work; nothing was written.
    case outOfMemory
    /// A length cap is reached; nothing was written. What is capped, and at how many tasks.
    case full(target: String, most: Int)
    /// Redis is fuller than the memory mark allows, in bytes; nothing was sent.
    case backPressure(used: Int, limit: Int, mark: Double, retryAfter: Duration)
    /// So few replicas are attached that what was asked for cannot be; nothing was written.
    case noReplicas(attached: Int, asked: Int)
    /// The tasks are stored, and fewer replicas than asked for said that they have them; nil: nobody knows how many.
    case notReplicated([TaskID], confirmed: Int?, asked: Int, reason: String?)
    /// The role that the call acts for is not held any more; nothing was written.
    case roleLost(String)
    /// Redis could not be asked, or answered with trouble of its own.
    case redis(RedisError)
    /// The reply was lost, more than once: these tasks may or may not be stored.
    case outcomeUnknown([TaskID], String)
    /// The reply is not what the script's contract says.
    case unexpectedReply(String)

    package var description: String {
        switch self {
        case .invalid(let problem): problem
        case .outOfMemory:
            "Redis has reached its maxmemory: nothing was enqueued. Let workers drain the queues, raise maxmemory, or purge a queue."
        case .full(let target, let most):
            "the length cap of \(target), \(most) jobs, is reached: nothing was enqueued. Enqueue again later, raise the cap, or let it drop the oldest"
        case .backPressure(let used, let limit, let mark, let retryAfter):
            "Redis uses \(used) of its maxmemory of \(limit) bytes, which is above the memory mark of \(mark): nothing was enqueued. Try again in \(retryAfter) or later, let workers drain the queues, or raise maxmemory."
        case .noReplicas(let attached, let asked):
            "Redis has \(attached == 0 ? "no replica" : "\(attached) of the \(asked) replicas") attached that should confirm: nothing was enqueued. Attach replicas, or ask for fewer."
        case .notReplicated(let ids, let confirmed, let asked, let reason):
            "\(Self.name(ids)) \(ids.count == 1 ? "is" : "are") stored on the primary, but \(confirmed.map { "\($0) of \(asked)" } ?? "an unknown number of \(asked)") replicas confirmed in time\(reason.map { " (\($0))" } ?? ""): after a failover the promoted replica may have \(ids.count == 1 ? "it" : "them") or not. Workers run what is there. Enqueue again only with the same idempotency key, so that nothing is stored twice."
        case .roleLost(let role):
            "role \"\(role)\" was lost: its lease is over, or another holder has it. Nothing was done; leave the role's work to its holder."
        case .redis(let error): "\(error)"
        case .outcomeUnknown(let ids, let reason):
            "the reply of Redis was lost (\(reason)): \(Self.name(ids)) may or may not be enqueued; ask for the state by id, or enqueue again with an idempotency key"
        case .unexpectedReply(let script): "script \(script) answered in a form that this version does not know"
        }
    }

    private static func name(_ ids: [TaskID]) -> String {
        ids.count == 1 ? "job \(ids[0])" : "\(ids.count) jobs from \(ids.first?.rawValue ?? "")"
    }

    /// The same for one of the callers who shared a call: it speaks of their own task only.
    func narrowed(to place: Int) -> StoreError {
        switch self {
        case .notReplicated(let ids, let confirmed, let asked, let reason) where ids.indices.contains(place):
            .notReplicated([ids[place]], confirmed: confirmed, asked: asked, reason: reason)
        case .outcomeUnknown(let ids, let reason) where ids.indices.contains(place):
            .outcomeUnknown([ids[place]], reason)
        default: self
        }
    }

    /// Reads an error of a script: what it refused, and what Redis itself refused.
    init(_ error: RedisError) {
        if case .server(let server) = error {
            if server.kind == .outOfMemory {
                self = .outOfMemory
                return
            }
            if server.message.hasPrefix("ROLELOST ") {
                self = .roleLost(String(server.message.dropFirst(9).prefix { $0 != " " }))
                return
            }
            if server.message.hasPrefix("NOBATCH ") {
                self = .invalid("batch " + server.message.dropFirst(8))
                return
            }
            if server.message.hasPrefix("FULL ") {
                let parts = server.message.split(separator: " ", maxSplits: 2).dropFirst().map(String.init)
                let target = (parts.last ?? "").split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
                let tenant = target.count > 1 ? ", tenant \"\(target[1])\"" : ""
                self = .full(target: "queue \(target.first ?? "")\(tenant)", most: parts.first.flatMap { Int($0) } ?? 0)
                return
            }
            if server.message.hasPrefix("BADCALL") {
                self = .invalid(server.message)
                return
            }
        }
        self = .redis(error)
    }
}

extension RedisError {
    /// Redis answered that it did not run the command and will run it soon: the call can be sent again.
    var isPassing: Bool {
        if case .server(let error) = self {
            switch error.kind {
            case .loading, .busy, .tryAgain, .masterDown, .readOnly: return true
            default: return false
            }
        }
        return false
    }
}
