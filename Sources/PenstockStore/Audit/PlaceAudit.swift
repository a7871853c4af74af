import RedisClient

/// Every live task in exactly one place, and that a right one.
///
/// Tasks are read first and places afterwards, so what has ended since is missing and what has come since is unknown; both
/// are asked for again in one call, where a few tasks and all places in which they may be are seen at one moment.
extension NamespaceAudit {
    private struct Doubtful {
        var id: String
        /// A key in which it was seen, of one that was seen.
        var hint = ""
        var isDoubled = false
    }

    /// The state of one pass.
    private struct Pass {
        var ledger = PlaceLedger()
        var doubtful: [Doubtful] = []
        /// Tasks that may be in the middle of a lane that is too long to be searched at once.
        var deep: [(doubtful: Doubtful, lanes: [String])] = []
    }

    mutating func auditPlaces() async throws(StoreError) {
        let total = try await store.send(RedisCommand("HLEN", store.keys.tasks)).int ?? 0
        let passes = max(1, (total + settings.tasksPerPass - 1) / settings.tasksPerPass)
        count(passes: passes)
        for share in 0..<passes {
            var pass = Pass()
            func isOfShare(_ id: String) -> Bool {
                passes == 1 || Int(PlaceLedger.hash(id.prefix(14))) % passes == share
            }
            try await readTasks(&pass, isOfShare)
            for form in ["delayed", "lane", "shelf", "dead", "held"] {
                try await readPlaces(places[form, default: []].sorted(), &pass, isOfShare)
            }
            pass.doubtful += pass.ledger.missing.map { Doubtful(id: $0) }
            try await resolve(&pass, all: true)
            try await searchDeep(&pass)
        }
    }

    private mutating func readTasks(_ pass: inout Pass, _ isOfShare: (String) -> Bool) async throws(StoreError) {
        var cursor: String? = "0"
        // A record is read whole, with its payload, and nobody knows how large the first ones are: up to about 1 MiB a call.
        var count = min(16, settings.chunk)
        while let from = cursor {
            let (tasks, bytes, next) = try await store.listTasks(from: from, count: count)
            cursor = next
            if bytes > 1 << 20 { count = max(1, count / 2) }
            if bytes < 1 << 19 { count = min(settings.chunk, count * 2) }
            for (id, head) in tasks where isOfShare(id) {
                self.count(tasks: 1)
                if !pass.ledger.add(id, head: head) {
                    note(AuditFault(name: .taskUnreadable, aspect: "task", part: id))
                }
            }
        }
    }

    private mutating func readPlaces(
        _ keys: [String], _ pass: inout Pass, _ isOfShare: (String) -> Bool
    ) async throws(StoreError) {
        // Most lanes are short: their first chunks are asked for together.
        for start in stride(from: 0, to: keys.count, by: 32) {
            let some = keys[start..<min(start + 32, keys.count)].map { KeyReader($0, store, settings.chunk) }
            let replies = try await store.pipeline(some.map(\.command))
            for (reader, reply) in zip(some, replies) {
                var reader = reader
                let place = PlaceLedger.place(reader.key)
                var reply = reply
                while true {
                    for id in try reader.take(reply) where isOfShare(id) {
                        if let doubt = pass.ledger.see(id, in: place) {
                            pass.doubtful.append(Doubtful(id: id, hint: place.key, isDoubled: doubt == .doubled))
                        }
                    }
                    try await resolve(&pass, all: false)
                    if reader.isAtEnd { break }
                    reply = try await store.send(reader.command)
                }
            }
        }
    }

    // MARK: Doubts

    /// Looks at doubtful tasks again, a handful a call.
    private mutating func resolve(_ pass: inout Pass, all: Bool) async throws(StoreError) {
        while pass.doubtful.count >= (all ? 1 : 25) {
            let handful = Array(pass.doubtful.suffix(25))
            pass.doubtful.removeLast(handful.count)
            count(rechecked: handful.count)
            let found = try await store.locate(handful.map { ($0.id, $0.hint) }, depth: settings.depth)
            for (task, places) in zip(handful, found) where !places.head.isEmpty {
                let isOpen = task.isDoubled ? places.places.count < 2 : places.places.isEmpty
                if isOpen, !places.deep.isEmpty {
                    pass.deep.append((task, places.deep))
                } else {
                    judge(task, places.head, places.places)
                }
            }
        }
    }

    private mutating func judge(_ task: Doubtful, _ head: String, _ places: [String]) {
        if places.isEmpty {
            tell(.taskLost, task.id, hint: "", places: [])
        } else if places.count > 1 {
            tell(.taskDoubled, task.id, hint: task.hint, places: places)
        } else if places[0] == task.hint {
            var ledger = PlaceLedger()
            guard ledger.add(task.id, head: head) else { return }
            if ledger.see(task.id, in: PlaceLedger.place(task.hint)) == .misplaced {
                tell(.taskMisplaced, task.id, hint: task.hint, places: places)
            }
        }
    }

    private mutating func tell(_ name: FaultName, _ id: String, hint: String, places: [String]) {
        // A task in two places is met in both.
        guard toldTasks.insert(id).inserted else { return }
        note(AuditFault(name: name, aspect: "task", part: id, item: hint, detail: places.joined(separator: "\n")))
    }

    /// Reads the long lanes in which doubtful tasks may be, twice, and looks at all other places after each time. What is
    /// missing both times, or there twice, is so: a task cannot get into the middle of a lane unseen.
    private mutating func searchDeep(_ pass: inout Pass) async throws(StoreError) {
        var left = pass.deep
        for round in 1...2 where !left.isEmpty {
            let wanted = Set(left.map(\.doubtful.id))
            var seen: [String: [String]] = [:]
            for lane in Set(left.flatMap(\.lanes)).sorted() {
                var reader = KeyReader(lane, store, settings.chunk)
                while !reader.isAtEnd {
                    for id in try reader.take(try await store.send(reader.command)) where wanted.contains(id) {
                        seen[id, default: []].append(lane)
                    }
                }
            }
            var next: [(doubtful: Doubtful, lanes: [String])] = []
            for start in stride(from: 0, to: left.count, by: 25) {
                let handful = Array(left[start..<min(start + 25, left.count)])
                let found = try await store.locate(
                    handful.map { ($0.doubtful.id, $0.doubtful.hint) }, depth: settings.depth)
                for (task, places) in zip(handful, found) where !places.head.isEmpty {
                    let all = Self.merge(places.places, seen[task.doubtful.id] ?? [])
                    if all.count == 1 { continue }
                    if round == 1 {
                        next.append(task)
                    } else if all.isEmpty {
                        judge(task.doubtful, places.head, all)
                    } else {
                        try await judgeDoubled(task.doubtful, all)
                    }
                }
            }
            left = next
        }
        pass.deep = []
    }

    /// A lane that is pushed to while it is read in parts shows a task twice that is there once: so what was seen twice is
    /// looked at in one moment, as far as lanes are not too long for that.
    private mutating func judgeDoubled(_ task: Doubtful, _ seen: [String]) async throws(StoreError) {
        let found = try await store.locate([(task.id, task.hint)], depth: Self.longestLook)
        guard let now = found.first, !now.head.isEmpty else { return }
        judge(task, now.head, now.deep.isEmpty ? now.places : seen)
    }

    /// From both ends of a lane: 100,000 tasks in all take Redis some milliseconds.
    private static let longestLook = 50_000

    /// A lane may have been seen by both, or by one of them only.
    private static func merge(_ located: [String], _ searched: [String]) -> [String] {
        Set(located + searched).sorted().flatMap { place in
            let times = max(located.count { $0 == place }, searched.count { $0 == place })
            return Array(repeating: place, count: times)
        }
    }
}

/// Reads the tasks in one key, chunk by chunk.
private struct KeyReader {
    let key: String
    private let name: String
    private let form: Substring
    private let chunk: Int
    private var lane: LaneReader
    private var cursor: String? = "0"

    init(_ key: String, _ store: Store, _ chunk: Int) {
        self.key = key
        name = store.keys.prefix + key
        form = key.prefix { $0 != ":" }
        self.chunk = chunk
        lane = LaneReader(key: name, chunk: chunk)
    }

    private var isList: Bool { form == "lane" || form == "shelf" }
    var isAtEnd: Bool { isList ? lane.isAtEnd : cursor == nil }

    var command: RedisCommand {
        if isList { return lane.command }
        return RedisCommand(form == "held" ? "HSCAN" : "ZSCAN", name, cursor ?? "0", "COUNT", "\(chunk)")
    }

    /// Ids in an answer that are new.
    mutating func take(_ reply: RedisReply) throws(StoreError) -> [String] {
        if case .error(let problem) = reply { throw .redis(.server(problem)) }
        if isList {
            let entries = lane.take(reply)
            return form == "lane" ? entries : entries.map { String($0.prefix { $0 != "\t" }) }
        }
        guard let items = reply.array, items.count == 2, let next = items[0].text, let rows = items[1].array else {
            throw .unexpectedReply("scan of \(key)")
        }
        cursor = next == "0" ? nil : next
        return stride(from: 0, to: rows.count, by: 2).map { rows[$0].looseText }
    }
}
