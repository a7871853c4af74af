import NIOCore

/// One call of `FaultProxy.apply`, to wait for what it did.
public struct FaultRule: Sendable, Hashable {
    let id: Int
}

/// What all connections of one proxy share: the rules, and the book of what happened.
final class ProxyState: Sendable {
    struct Rule: Sendable {
        var id: FaultRule
        var fault: Fault
        var matcher: RequestMatcher
        /// How many matching requests pass unharmed first.
        var spared: Int
        var times: Int
    }

    struct Book: Sendable {
        var traffic = Traffic.passThrough
        var rules: [Rule] = []
        var lastID = 0
        /// By rule: how often it has done its harm.
        var applied: [FaultRule: Int] = [:]
        /// By label, such as `EVALSHA <digest>`.
        var requests: [String: Int] = [:]
        /// By matcher, from the moment that somebody first asked for it.
        var hits: [RequestMatcher: Int] = [:]
        var connections: [Int: any Channel] = [:]
        var opened = 0

        mutating func watch(_ matcher: RequestMatcher) {
            guard hits[matcher] == nil else { return }
            hits[matcher] =
                switch matcher {
                case .any: requests.values.reduce(0, +)
                case .command(let name):
                    requests.reduce(0) { sum, entry in
                        entry.key.split(separator: " ").first.map(String.init) == name.uppercased()
                            ? sum + entry.value : sum
                    }
                case .script(let digest):
                    ["EVALSHA", "EVALSHA_RO"].reduce(0) { $0 + (requests["\($1) \(digest.lowercased())"] ?? 0) }
                case .containing, .sequence: 0
                }
        }
    }

    let book = Watched(Book())

    var traffic: Traffic { book.value.traffic }

    /// Counts a request, and decides whether harm comes to it: the oldest rule that matches has it.
    func seen(_ request: ProxiedRequest, mayStrike: Bool) -> Exchange.Strike? {
        let label = request.label
        let book = book.value
        // Matching reads the request's bytes, so it is done outside of the lock.
        let hit = Set(book.hits.keys.filter { $0.matches(request) })
        let candidates = mayStrike ? Set(book.rules.filter { $0.matcher.matches(request) }.map(\.id)) : []
        return self.book.change { book in
            book.requests[label, default: 0] += 1
            for matcher in hit { book.hits[matcher, default: 0] += 1 }
            for index in book.rules.indices where candidates.contains(book.rules[index].id) {
                guard book.rules[index].spared == 0 else {
                    book.rules[index].spared -= 1
                    continue
                }
                let rule = book.rules[index]
                book.rules[index].times -= 1
                if book.rules[index].times == 0 { book.rules.remove(at: index) }
                return Exchange.Strike(fault: rule.fault, rule: rule.id)
            }
            return nil
        }
    }

    func applied(_ rule: FaultRule) {
        book.change { $0.applied[rule, default: 0] += 1 }
    }

    func opened(_ channel: any Channel) -> Int {
        book.change { book in
            book.opened += 1
            book.connections[book.opened] = channel
            return book.opened
        }
    }

    func closed(_ id: Int) {
        book.change { $0.connections[id] = nil }
    }
}
