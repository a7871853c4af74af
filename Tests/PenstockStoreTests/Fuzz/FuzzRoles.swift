import PenstockModel
import PenstockTesting
import RedisClient

@testable import PenstockStore

/// Roles, what acts for them, entries of the inbox, and questions, which change nothing.
extension Fuzz {
    private mutating func someRole() -> String { "r\(number(0...1))" }

    /// Redis's clock, or nil where a lease ends too soon to know who is first.
    private func moment(_ name: String) async throws -> Int64? {
        let now = try await store.schedules([]).now
        guard let role = model.roles[name], role.holder != nil else { return now }
        return abs(role.until - now) > 1000 ? now : nil
    }

    mutating func takeRole() async throws {
        let (name, holder, waiter) = (someRole(), "h\(number(0...2))", "v\(number(0...1))")
        let (lease, note) = (number(1500...9000), "n\(number(0...9))")
        last = "take role \(name) for \(holder), \(lease) ms"
        guard let now = try await moment(name) else { return }
        let answer = try await store.takeRole(
            name, holder: holder, lease: .milliseconds(lease), waiter: waiter, by: "here", note: note)
        try await look()
        try model.take(
            name, by: holder, fence: nil, lease: Int64(lease), waiter: waiter, note: note, answer: answer, now: now,
            audit: audit)
    }

    mutating func renewRole() async throws {
        let (name, holder) = (someRole(), "h\(number(0...2))")
        let fence = (model.roles[name]?.fence ?? 0) + Int64(chance(20) ? number(-1...1) : 0)
        let (lease, note) = (number(1500...9000), "m\(number(0...9))")
        last = "renew role \(name) for \(holder) under \(fence), \(lease) ms"
        let now = try await store.schedules([]).now
        let answer = try await store.renewRole(
            RoleClaim(name: name, fence: fence), holder: holder, lease: .milliseconds(lease), note: note,
            timeout: .seconds(30))
        try await look()
        try model.take(
            name, by: holder, fence: fence, lease: Int64(lease), waiter: "", note: note, answer: answer, now: now,
            audit: audit)
    }

    mutating func leaveRole() async throws {
        let (name, holder) = (someRole(), "h\(number(0...2))")
        last = "leave role \(name) by \(holder)"
        try await store.leaveRole(name, holder: holder, timeout: .seconds(30))
        model.leave(name, by: holder)
        try await look()
    }

    /// A role that is mostly the one in force; nil where its lease ends too soon to know who is first.
    mutating func someClaim() async throws -> RoleClaim? {
        let name = someRole()
        guard try await moment(name) != nil else { return nil }
        return RoleClaim(name: name, fence: (model.roles[name]?.fence ?? 0) + Int64(chance(15) ? number(-1...1) : 0))
    }

    /// What a connector cannot let take effect, and what people do with that.
    mutating func setAside() async throws {
        let (connector, event) = ("c\(number(0...1))", "e\(number(0...3))")
        if chance(30) {
            last = "discard \(event) of \(connector)"
            let count = try await store.discardAside(connector, [event])
            let mine = model.aside[connector]?.removeValue(forKey: event) == nil ? 0 : 1
            guard count == mine else { throw StoreModel.Wrong(description: "discarded \(count), not \(mine)") }
            return try await look()
        }
        guard let claim = try await someClaim() else { return }
        let (now, record) = (try await store.schedules([]).now, "event \(number(0...99))")
        last = "set aside \(event) of \(connector) for \(claim)"
        let isHeld = model.holds(claim, now: now)
        do {
            try await store.setAside(event, Array(record.utf8), of: connector, role: claim)
            guard isHeld else { throw StoreModel.Wrong(description: "\(claim) is not held") }
            model.aside[connector, default: [:]][event] = record
        } catch StoreError.roleLost {
            guard !isHeld else { throw StoreModel.Wrong(description: "\(claim) is held") }
        }
        try await look()
    }

    // MARK: Inbox

    mutating func addToInbox() async throws {
        var task = someTask()
        task.record.options.batch = nil
        switch task.uniqueness?.until {
        case .debounced, .passed: task.uniqueness = nil
        default: break
        }
        var words = try store.inboxCommand(task)
        let isReadable = chance(85)
        if !isReadable { words[words.count - 2] = Array("surprise".utf8) }
        var arguments = RedisArguments()
        for word in words.dropFirst() { arguments.append(word) }
        let entry = try await store.redis.send(RedisCommand("XADD", arguments)).text ?? ""
        let parts = entry.split(separator: "-").compactMap { Int($0) }
        guard parts.count == 2, let id = TaskID(Self.id(ofEntry: parts[0], parts[1])) else {
            throw StoreModel.Wrong(description: "entry \(entry) has no id")
        }
        last = "inbox \(id) \(task.record.head) \(task.start) \(task.extras)\(isReadable ? "" : ", unreadable")"
        task.id = id
        model.inbox.append(StoreModel.InboxEntry(task: isReadable ? task : nil))
        everything.append(id)
        try await look()
    }

    /// See `lua/includes/entry_id.lua`.
    private static func id(ofEntry milliseconds: Int, _ count: Int) -> String {
        let alphabet = Array("-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
        func text(_ value: Int, _ width: Int) -> String {
            String((0..<width).reversed().map { alphabet[value >> (6 * $0) & 63] })
        }
        return text(milliseconds, 7) + text(0, 1) + text(count, 6)
    }

    // MARK: Questions

    mutating func ask() async throws {
        let id = someID()
        last = "ask for \(id)"
        let view = try await store.inspect(id)
        let item = model.items[id.rawValue]
        let expected: TaskState
        if let item {
            if model.dead[item.queue]?.contains(id.rawValue) == true {
                expected = .dead
            } else if model.delayed[item.queue]?[id.rawValue] != nil {
                expected = .delayed
            } else {
                expected = model.holder(of: id.rawValue) == nil ? .queued : .running
            }
        } else {
            expected = model.results[id.rawValue].flatMap { TaskState(rawValue: $0.state) } ?? .unknown
        }
        guard view.state == expected, item == nil || view.record?.payload == item?.payload else {
            throw StoreModel.Wrong(description: "\(view), expected \(expected)")
        }
        _ = try await store.why(id)
        let limits = Set(try await store.limits().map(\.name.rawValue))
        guard limits.isSuperset(of: model.limits.keys) else {
            throw StoreModel.Wrong(description: "limits: \(limits), expected \(model.limits.keys)")
        }
        try await look()
    }
}
