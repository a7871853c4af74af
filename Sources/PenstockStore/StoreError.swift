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
        case .redis(let error): "\(error)"
        case .outcomeUnknown(let ids, let reason):
            "the reply of Redis was lost (\(reason)): \(ids.count == 1 ? "job \(ids[0])" : "\(ids.count) jobs from \(ids.first?.rawValue ?? "")") may or may not be enqueued; ask for the state by id, or enqueue again with an idempotency key"
        case .unexpectedReply(let script): "script \(script) answered in a form that this version does not know"
        }
    }

    /// Reads an error of a script: what it refused, and what Redis itself refused.
    init(_ error: RedisError) {
        if case .server(let server) = error {
            if server.kind == .outOfMemory {
                self = .outOfMemory
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
