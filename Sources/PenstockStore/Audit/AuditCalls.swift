import RedisClient

/// What a chunk of the namespace was found to be like.
struct Examination: Sendable {
    /// Parts of the call that are done, and where it goes on in the next one.
    var done: Int
    var cursor: String
    var looked: Int
    var faults: [AuditFault]
}

/// Where a task was found.
struct TaskPlaces: Sendable, Hashable {
    /// Empty: there is no such task.
    var head: String
    /// Keys without the prefix; a lane is named as often as the task was seen in it.
    var places: [String]
    /// Lanes that are too long to be searched at once, of those in which it may be.
    var deep: [String]
}

extension Store {
    /// Names (without the prefix) and types of some keys, and where to go on; nil at the end.
    func walkKeys(
        from cursor: String, count: Int
    ) async throws(StoreError) -> (keys: [(name: String, type: String)], next: String?) {
        let items = try await call(Scripts.walkKeys, [cursor, String(count)]).array ?? []
        guard let next = items.first?.text, items.count % 2 == 1 else { throw .unexpectedReply("walk_keys") }
        let keys = stride(from: 1, to: items.count, by: 2).map { i in
            (name: items[i].looseText, type: items[i + 1].looseText)
        }
        return (keys, next == "0" ? nil : next)
    }

    /// Ids and heads of some live tasks, how many bytes their records have, and where to go on; nil at the end.
    func listTasks(
        from cursor: String, count: Int
    ) async throws(StoreError) -> (tasks: [(id: String, head: String)], bytes: Int, next: String?) {
        let items = try await call(Scripts.listTasks, [cursor, String(count)]).array ?? []
        guard items.count >= 2, items.count % 2 == 0, let next = items[0].text, let bytes = items[1].int else {
            throw .unexpectedReply("list_tasks")
        }
        let tasks = stride(from: 2, to: items.count, by: 2).map { i in
            (id: items[i].looseText, head: items[i + 1].looseText)
        }
        return (tasks, bytes, next == "0" ? nil : next)
    }

    func examine(
        _ aspect: String, _ parts: ArraySlice<String>, cursor: String, count: Int
    ) async throws(StoreError) -> Examination {
        var arguments: RedisArguments = [aspect, String(count), cursor]
        for part in parts { arguments.append(part) }
        let items = try await call(Scripts.examine, arguments).array ?? []
        guard items.count >= 3, (items.count - 3) % 4 == 0, let done = items[0].int, let cursor = items[1].text,
            let looked = items[2].int
        else { throw .unexpectedReply("examine") }
        var faults: [AuditFault] = []
        for i in stride(from: 3, to: items.count, by: 4) {
            guard let name = items[i].text.flatMap(FaultName.init(rawValue:)) else { throw .unexpectedReply("examine") }
            faults.append(
                AuditFault(
                    name: name, aspect: aspect, part: items[i + 1].looseText, item: items[i + 2].looseText,
                    detail: items[i + 3].looseText))
        }
        return Examination(done: done, cursor: cursor, looked: looked, faults: faults)
    }

    /// Which of some faults are there still.
    func confirm(_ faults: ArraySlice<AuditFault>) async throws(StoreError) -> [AuditFault] {
        var arguments = RedisArguments()
        for fault in faults {
            for word in [fault.name.rawValue, fault.aspect, fault.part, fault.item, fault.detail] {
                arguments.append(word)
            }
        }
        let answers = try await call(Scripts.confirm, arguments).array ?? []
        guard answers.count == faults.count else { throw .unexpectedReply("confirm") }
        return zip(faults, answers).compactMap { $1.int == 1 ? $0 : nil }
    }

    /// Puts a fault right; in parts where it is a large one.
    func mend(_ fault: AuditFault) async throws(StoreError) -> MendAnswer {
        let arguments: RedisArguments = [fault.name.rawValue, fault.aspect, fault.part, fault.item, fault.detail]
        var wasPartly = false
        while true {
            let answer = try await call(Scripts.mend, arguments).text ?? ""
            if answer == "more" {
                wasPartly = true
                continue
            }
            guard let known = MendAnswer(rawValue: answer) else { throw .unexpectedReply("mend") }
            return known == .gone && wasPartly ? .mended : known
        }
    }

    /// All places of a few tasks at one moment. A hint is a key, without prefix, in which a task was seen.
    func locate(_ tasks: [(id: String, hint: String)], depth: Int) async throws(StoreError) -> [TaskPlaces] {
        var arguments: RedisArguments = [String(depth)]
        for task in tasks {
            arguments.append(task.id)
            arguments.append(task.hint)
        }
        let items = try await call(Scripts.locate, arguments).array ?? []
        guard items.count == tasks.count else { throw .unexpectedReply("locate") }
        return items.map { item in
            let words = (item.array ?? []).map(\.looseText)
            var found = TaskPlaces(head: words.first ?? "", places: [], deep: [])
            for i in stride(from: 1, to: words.count - 1, by: 2) {
                if words[i] == "in" { found.places.append(words[i + 1]) } else { found.deep.append(words[i + 1]) }
            }
            return found
        }
    }

    func mendTask(
        _ id: String, hint: String, depth: Int, wasSearched: Bool
    ) async throws(StoreError) -> MendAnswer {
        let reply = try await call(Scripts.mendTask, [id, hint, String(depth), wasSearched ? "1" : ""])
        guard let answer = reply.text.flatMap(MendAnswer.init(rawValue:)) else { throw .unexpectedReply("mend_task") }
        return answer
    }
}

extension RedisReply {
    /// The text, whatever the bytes: names of damaged things may be anything.
    var looseText: String { bytes.map { String(decoding: $0, as: UTF8.self) } ?? int.map(String.init) ?? "" }
}
