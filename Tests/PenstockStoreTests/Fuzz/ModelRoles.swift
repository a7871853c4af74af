import PenstockModel
import PenstockTesting

@testable import PenstockStore

/// Roles, what acts for them, the inbox and retained results, naively.
extension StoreModel {
    struct Role {
        var fence: Int64 = 0
        var holder: String?
        var until: Int64 = 0
        var note = ""
        var waiters: Set<String> = []
    }

    struct InboxEntry {
        /// Nil for one that nobody can read.
        var task: NewTask?
    }

    // MARK: Roles

    /// Whether a call may act for a role.
    func holds(_ claim: RoleClaim, now: Int64) -> Bool {
        guard let role = roles[claim.name], role.holder != nil else { return false }
        return role.fence == claim.fence && now < role.until
    }

    mutating func take(
        _ name: String, by holder: String, fence: Int64?, lease: Int64, waiter: String, note: String,
        answer: RoleAnswer, now: Int64, audit: KeyspaceAudit
    ) throws {
        var role = roles[name] ?? Role()
        let its = audit.roles[name]
        let until = its?["until"].flatMap { Int64($0) }
        if role.holder == holder, fence == nil || fence == role.fence {
            guard answer == .held(fence: role.fence) else {
                throw Wrong(description: "\(answer), but it holds \(name)")
            }
            role.until = try fresh(until, "lease of \(name)", now: now + lease)
            role.note = note
        } else if fence != nil {
            guard answer == .lost else { throw Wrong(description: "\(answer), but \(name) is lost") }
        } else if role.holder != nil, now < role.until {
            guard case .taken = answer else { throw Wrong(description: "\(answer), but \(name) is taken") }
            role.waiters.insert(waiter)
        } else {
            guard case .held(let new) = answer, new > role.fence else {
                throw Wrong(description: "\(answer), but \(name) is free, and was held with \(role.fence)")
            }
            if new != role.fence + 1 { _ = try fresh(new, "fence of \(name)", now: now) }
            role.until = try fresh(until, "lease of \(name)", now: now + lease)
            (role.fence, role.holder, role.note) = (new, holder, note)
            role.waiters.remove(waiter)
        }
        if roles[name] != nil || role.holder != nil { roles[name] = role }
    }

    mutating func leave(_ name: String, by holder: String) {
        guard var role = roles[name], role.holder == holder else { return }
        for waiter in role.waiters { hints[waiter, default: []].append("role \(name)") }
        (role.holder, role.waiters, role.note, role.until) = (nil, [], "", 0)
        roles[name] = role
    }

    // MARK: Inbox

    /// Up to 50 entries become tasks.
    mutating func intake(now audit: KeyspaceAudit) throws {
        let entries = inbox.prefix(50)
        inbox.removeFirst(entries.count)
        for entry in entries {
            guard let task = entry.task else {
                rejected += 1
                continue
            }
            if known([task])[0] != nil { continue }
            var isRefused = false
            for cap in capsOf(task.record) where count(under: cap.target) >= cap.most {
                if cap.policy == .drop { makeWay(under: cap.target, count: 1) } else { isRefused = true }
            }
            if isRefused { rejected += 1 } else { try store(task, now: audit) }
        }
    }

    // MARK: Comparing

    func differencesOfRoles(from audit: KeyspaceAudit) -> [String] {
        var found: [String] = []
        func compare<Value: Equatable>(_ what: String, _ mine: Value, _ its: Value) {
            if mine != its { found.append("\(what): expected \(mine), found \(its)") }
        }
        compare("roles", Set(roles.keys), Set(audit.roles.keys))
        for (name, mine) in roles {
            guard let its = audit.roles[name] else { continue }
            let waiters = its.keys.filter { $0.hasPrefix("w:") }.map { String($0.dropFirst(2)) }
            compare(
                "role \(name)", [String(mine.fence), mine.holder, mine.holder.map { _ in mine.note }],
                [its["fence"], its["holder"], its["note"]])
            compare("end of \(name)", mine.holder == nil ? nil : String(mine.until), its["until"])
            compare("who waits for \(name)", mine.waiters, Set(waiters))
        }
        compare("set aside", aside.filter { !$0.value.isEmpty }, audit.aside)
        compare("inbox", inbox.count, audit.streams["inbox"] ?? 0)
        compare("rejected", rejected, audit.streams["rejected"] ?? 0)
        compare("idempotency keys", keys, audit.dedupes)
        compare("results", Set(results.keys), Set(audit.results.keys))
        for (id, mine) in results {
            guard let value = audit.results[id] else { continue }
            let its = String(decoding: value, as: UTF8.self)
            compare(
                "result of \(id)", "\(mine.state) \(mine.bytes)",
                "\(its.prefix { $0 != "\t" }) \(Array(its.drop { $0 != "\n" }.dropFirst().utf8))")
        }
        return found
    }
}
