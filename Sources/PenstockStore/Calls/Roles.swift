import PenstockModel
import RedisClient

/// A role as a holder has it: a greater fence means a later holder.
package struct RoleClaim: Sendable, Hashable {
    package let name: String
    package let fence: Int64

    package init(name: String, fence: Int64) {
        self.name = name
        self.fence = fence
    }

    /// In the words of `lua/includes/extras.lua`.
    var extra: String { "f=\(name) \(fence)" }
}

/// What lets a call count once, and only for who may make it.
package struct Once: Sendable, Hashable {
    /// A repeated call with the same key changes nothing.
    package var key: String?
    /// For how long the key is remembered.
    package var keyLifetime: Duration
    /// The role that the call acts for: without it nothing is done.
    package var role: RoleClaim?

    package init(key: String? = nil, keyLifetime: Duration = .seconds(86_400), role: RoleClaim? = nil) {
        self.key = key
        self.keyLifetime = keyLifetime
        self.role = role
    }

    /// See `lua/includes/extras.lua`.
    var words: String {
        get throws(StoreError) {
            var parts: [String] = []
            if let key {
                do { try Name.key.check(key) } catch { throw .invalid("\(error)") }
                guard keyLifetime >= .milliseconds(1), keyLifetime <= .seconds(100 * 365 * 86_400) else {
                    throw .invalid(
                        "lifetime of the idempotency key must be 1 ms to 100 years; it is \(keyLifetime)")
                }
                parts += ["k=\(key)", "p=\(keyLifetime.milliseconds)"]
            }
            if let role { parts.append(role.extra) }
            return parts.joined(separator: "\t")
        }
    }
}

package enum RoleAnswer: Sendable, Hashable {
    case held(fence: Int64)
    /// Somebody else holds it, for so long unless the lease is renewed.
    case taken(for: Duration)
    /// It was to be renewed, and is not held any more.
    case lost
}

/// A role as others see it.
package struct RoleView: Sendable, Hashable {
    package let fence: Int64
    /// Nil: nobody holds it.
    package let holder: String?
    /// When its lease ends unless renewed, ms.
    package let until: Int64?
    package let since: Int64?
    /// What the holder tells of itself.
    package let note: String
}

extension Store {
    /// Takes a role for `holder`, or says who is in the way. A lost reply is made good by sending it again.
    package func takeRole(
        _ name: String, holder: String, lease: Duration, waiter: String, by: String, note: String = ""
    ) async throws(StoreError) -> RoleAnswer {
        do { try Name.role.check(name) } catch { throw .invalid("\(error)") }
        guard lease >= .milliseconds(300), lease <= .seconds(86_400) else {
            throw .invalid("the lease of role \"\(name)\" must be 300 ms to one day; it is \(lease)")
        }
        let words: RedisArguments = [name, holder, "", String(lease.milliseconds), waiter, by, note]
        return try roleAnswer(try await answered(Scripts.takeRole, words))
    }

    /// Renews a role, once.
    package func renewRole(
        _ role: RoleClaim, holder: String, lease: Duration, note: String = "", timeout: Duration
    ) async throws(StoreError) -> RoleAnswer {
        let words: RedisArguments = [
            role.name, holder, String(role.fence), String(lease.milliseconds), "", "", note,
        ]
        let reply = try await call(Scripts.takeRole, words, timeout: timeout)
        guard let items = reply.array, items.count == 3, let now = items[0].text.flatMap({ Int64($0) }),
            let answer = items[1].text, let text = items[2].text
        else { throw .unexpectedReply("take_role") }
        learn(now: now)
        return try roleAnswer((answer, text))
    }

    private func roleAnswer(_ reply: (answer: String, text: String)) throws(StoreError) -> RoleAnswer {
        switch (reply.answer, Int64(reply.text)) {
        case ("held", let fence?): return .held(fence: fence)
        case ("taken", let until?): return .taken(for: .milliseconds(max(0, until - serverNow)))
        case ("lost", _): return .lost
        default: throw .unexpectedReply("take_role")
        }
    }

    /// Gives a role back, if it is held.
    package func leaveRole(_ name: String, holder: String, timeout: Duration) async throws(StoreError) {
        _ = try await call(Scripts.leaveRole, [name, holder], timeout: timeout)
    }

    /// Waits for hints that roles were left, on a connection of its own, up to `timeout`.
    package func leftRoles(
        for waiter: String, on connection: RedisBlockingConnection, timeout: Duration
    ) async throws(StoreError) -> [String] {
        try await wakeUps(for: waiter, on: connection, atMost: 100, timeout: timeout).compactMap { text in
            text.hasPrefix("role ") ? String(text.dropFirst(5)) : nil
        }
    }

    /// Roles, in the order of the names; nil for those that nobody ever held.
    package func roles(_ names: [String]) async throws(StoreError) -> [RoleView?] {
        try await pipeline(names.map { RedisCommand("HGETALL", keys.role($0)) }).map { reply in
            let fields = Dictionary(flat: reply.array ?? [])
            guard let fence = fields["fence"].flatMap({ Int64($0) }) else { return nil }
            let until = fields["until"].flatMap { Int64($0) }
            let isHeld = until.map { $0 > serverNow } ?? false
            return RoleView(
                fence: fence, holder: isHeld ? fields["by"] : nil, until: until,
                since: fields["since"].flatMap { Int64($0) }, note: fields["note"] ?? "")
        }
    }
}
