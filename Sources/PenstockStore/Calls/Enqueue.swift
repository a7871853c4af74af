import PenstockModel
import RedisClient

/// A task on its way into the store.
package struct NewTask: Sendable {
    package enum Start: Sendable, Hashable {
        case now
        /// After this time on Redis's clock.
        case after(Duration)
        /// At this moment, milliseconds since 1970.
        case at(Int64)
    }

    package var id: TaskID
    package var record: TaskRecord
    package var start: Start
    /// From now until no attempt starts or goes on.
    package var deadline: Duration?
    /// A repeated enqueue with the same key answers with the first id.
    package var idempotencyKey: String?
    /// For how long the key is remembered.
    package var keyLifetime: Duration
    package var uniqueness: Uniqueness?
    /// From now until it ends unless it has started.
    package var expiry: Duration?
    /// The schedule that has started it, where others look whether it goes on.
    var schedule: String?
    /// The role that its enqueue acts for: without it nothing is stored.
    package var role: RoleClaim?

    package init(
        id: TaskID, record: TaskRecord, start: Start = .now, deadline: Duration? = nil, idempotencyKey: String? = nil,
        keyLifetime: Duration = .seconds(86_400), uniqueness: Uniqueness? = nil, expiry: Duration? = nil,
        role: RoleClaim? = nil
    ) {
        self.id = id
        self.record = record
        self.start = start
        self.deadline = deadline
        self.idempotencyKey = idempotencyKey
        self.keyLifetime = keyLifetime
        self.uniqueness = uniqueness
        self.expiry = expiry
        self.role = role
    }

    /// Whether another task can stand for this one, so that it cannot share a group of the wire form.
    var hasKey: Bool { idempotencyKey != nil || uniqueness != nil }

    /// What it asks for beside lane and start: see `lua/includes/extras.lua`.
    var extras: String {
        let batch = record.options.batch
        if deadline == nil && expiry == nil && batch == nil && schedule == nil && role == nil && !hasKey { return "" }
        var parts: [String] = []
        if let deadline { parts.append("d=\(deadline.milliseconds)") }
        if let expiry { parts.append("x=\(expiry.milliseconds)") }
        if let idempotencyKey { parts += ["k=\(idempotencyKey)", "p=\(keyLifetime.milliseconds)"] }
        if let uniqueness {
            switch uniqueness.until {
            case .started: parts.append("u=s\(uniqueness.key)")
            case .finished: parts.append("u=e\(uniqueness.key)")
            case .died: parts.append("u=d\(uniqueness.key)")
            case .passed(let period): parts += ["u=p\(uniqueness.key)", "w=\(period.milliseconds)"]
            case .debounced(let wait, let atMost):
                parts += ["u=b\(uniqueness.key)", "w=\(wait.milliseconds)", "m=\(max(wait, atMost).milliseconds)"]
            }
        }
        if let batch { parts.append("b=\(batch)") }
        if let schedule { parts.append("o=\(schedule)") }
        if let role { parts.append(role.extra) }
        return parts.joined(separator: "\t")
    }
}

/// What became of one enqueue.
package struct EnqueueAnswer: Sendable, Hashable {
    /// The task's id: that of the task which stands for it, where its idempotency or unique key was known.
    package let id: TaskID
    package let isDuplicate: Bool
    /// How many replicas have it, where that was asked for.
    package var confirmedReplicas: Int? = nil
}

extension Store {
    /// Refuses what Redis should not see, with the field and the way out.
    package func validate(_ task: NewTask) throws(StoreError) {
        do {
            try Name.kind.check(task.record.kind)
            try Name.queue.check(task.record.queue)
            try Name.tenant.check(task.record.tenant)
            if let key = task.idempotencyKey { try Name.key.check(key) }
            if let unique = task.uniqueness { try Name.key.check(unique.key) }
            if !task.record.options.headers.isEmpty { try Headers.check(task.record.options.headers) }
        } catch {
            throw .invalid("\(error)")
        }
        do {
            for limit in task.record.options.limits { try limit.checkAsKey() }
        } catch {
            throw .invalid("\(error)")
        }
        guard task.record.options.limits.count <= 8 else {
            throw .invalid("a job has at most 8 limit keys; this one has \(task.record.options.limits.count)")
        }
        guard Set(task.record.options.limits).count == task.record.options.limits.count else {
            throw .invalid("a limit key is given twice")
        }
        func positive(_ duration: Duration?, _ field: String) throws(StoreError) {
            guard let duration else { return }
            guard duration > .zero else { throw .invalid("\(field) must be longer than zero; it is \(duration)") }
            guard duration.milliseconds >= 1 else {
                throw .invalid("\(field) must be at least 1 ms; it is \(duration)")
            }
            try bounded(duration, field)
        }
        func bounded(_ duration: Duration, _ field: String) throws(StoreError) {
            guard duration <= .seconds(100 * 365 * 86_400) else {
                throw .invalid("\(field) must be at most 100 years; it is \(duration)")
            }
        }
        switch task.start {
        case .now: break
        case .after(let delay):
            guard delay >= .zero else { throw .invalid("delay must not be negative; it is \(delay)") }
            try bounded(delay, "delay")
        case .at(let moment):
            guard (0...9_999_999_999_999).contains(moment) else {
                throw .invalid("start time \(moment) ms is not between 1970 and 2286")
            }
        }
        try positive(task.deadline, "deadline")
        try positive(task.expiry, "expiry")
        switch task.uniqueness?.until {
        case .passed(let period): try positive(period, "period of the unique key")
        case .debounced(let wait, let atMost):
            try positive(wait, "wait of the debounce")
            try positive(atMost, "longest wait of the debounce")
            guard atMost >= wait else {
                throw .invalid("longest wait of the debounce must be at least its wait, \(wait); it is \(atMost)")
            }
            guard task.start == .now else {
                throw .invalid("a debounced job starts after its wait: leave delay and time out")
            }
        case .started, .finished, .died, nil: break
        }
        try positive(task.keyLifetime, "lifetime of the idempotency key")
        try positive(task.record.options.timeout, "attempt timeout")
        try positive(task.record.options.retention, "retention")
        if let attempts = task.record.options.maxAttempts {
            guard (1...1_000_000).contains(attempts) else {
                throw .invalid("number of attempts must be 1 to 1000000; it is \(attempts)")
            }
        }
        try validate(task.record.payload)
    }

    private func validate(_ payload: [UInt8]) throws(StoreError) {
        guard payload.count <= limits.payloadBytes else {
            throw .invalid(
                "payload has \(payload.count) bytes; at most \(limits.payloadBytes) are allowed: raise the limit, or store the data elsewhere and enqueue its address"
            )
        }
    }

    /// Stores tasks and puts them where they wait: one round trip for up to `limits.tasksPerCall`, in chunks beyond, each
    /// chunk all or none. Answers come in the order of the tasks.
    ///
    /// - Parameter replicas: how many replicas must have them before the call returns.
    package func enqueue(
        _ tasks: [NewTask], replicas: ReplicaConfirmation? = nil
    ) async throws(StoreError) -> [EnqueueAnswer] {
        for task in tasks { try validate(task) }
        if let replicas { return try await enqueue(tasks, confirmedBy: replicas) }
        return try await store(tasks).answers
    }

    /// Stores tasks that differ in nothing but id and payload, and have no key: as `enqueue` of as many as `template`, and at
    /// less cost.
    package func enqueue(alike template: NewTask, payloads: [[UInt8]]) async throws(StoreError) -> [EnqueueAnswer] {
        try validate(template)
        for payload in payloads { try validate(payload) }
        var template = template
        template.record.payload = []
        let head = template.record.bytes
        let group = Self.opening(of: template)
        var answers: [EnqueueAnswer] = []
        answers.reserveCapacity(payloads.count)
        for chunk in chunks(payloads.count, bytes: { payloads[$0].count }) {
            answers += try await enqueueChunk(chunk.map { _ in makeID() }, token: makeToken(), through: nil) {
                ids, token in
                var arguments = RedisArguments()
                arguments.reserve(byteCount: chunk.reduce(200) { $0 + head.count + payloads[$1].count + 50 })
                arguments.append(token)
                arguments.append(1)
                arguments.append(contentsOf: group)
                arguments.append(chunk.count)
                for (id, place) in zip(ids, chunk) {
                    arguments.append(id.rawValue)
                    arguments.append(head, payloads[place])
                }
                return (arguments, Array(ids.indices))
            }
        }
        return answers
    }

    /// Also tells the token of the last chunk. A call goes through `client` where that is given.
    func store(
        _ tasks: [NewTask], through client: RedisClient? = nil
    ) async throws(StoreError) -> (answers: [EnqueueAnswer], token: String) {
        var token = ""
        var answers: [EnqueueAnswer] = []
        answers.reserveCapacity(tasks.count)
        for chunk in chunks(tasks.count, bytes: { tasks[$0].record.payload.count }) {
            token = makeToken()
            let some = tasks[chunk]
            answers += try await enqueueChunk(some.map(\.id), token: token, through: client) { ids, token in
                Self.arguments(some, ids: ids, token: token)
            }
        }
        return (answers, token)
    }

    /// Parts of as many tasks that fit one call each.
    private func chunks(_ count: Int, bytes: (Int) -> Int) -> [Range<Int>] {
        var chunks: [Range<Int>] = []
        var from = 0
        while from < count {
            var to = from
            var sum = 0
            while to < count, to - from < limits.tasksPerCall {
                sum += bytes(to)
                if to > from && sum > limits.bytesPerCall { break }
                to += 1
            }
            chunks.append(from..<to)
            from = to
        }
        return chunks
    }

    /// - Parameter arguments: those of a call that stores tasks with these ids, under this token; and for each task of the
    ///   call, in order, its place among the ids.
    private func enqueueChunk(
        _ ids: [TaskID], token: String, through client: RedisClient?,
        arguments: ([TaskID], String) -> (RedisArguments, places: [Int])
    ) async throws(StoreError) -> [EnqueueAnswer] {
        var ids = ids
        var attempt = ResendWindow()
        while true {
            let (call, places) = arguments(ids, token)
            do throws(RedisError) {
                return try answers(try await evaluate(Scripts.enqueue, call, on: client), ids, places)
            } catch {
                if case .server(let server) = error, server.message.hasPrefix("IDTAKEN ") {
                    // Nothing was stored: the task that has our id gets to keep it.
                    let taken = server.message.dropFirst("IDTAKEN ".count)
                    for i in ids.indices where ids[i].rawValue == taken { ids[i] = makeID() }
                    continue
                }
                if case .invalidReply = error { throw .unexpectedReply("enqueue") }
                guard error.isPassing || error.isOutcomeUnknown else { throw StoreError(error) }
                guard await attempt.mayResend() else {
                    if error.isOutcomeUnknown { throw .outcomeUnknown(ids, "\(error)") }
                    throw StoreError(error)
                }
            }
        }
    }

    /// The whole command that enqueues a task, for somebody else's connection: as `enqueue` without its repetition.
    package func enqueueCommand(_ task: NewTask) throws(StoreError) -> [[UInt8]] {
        try validate(task)
        var fixed = RedisArguments(["EVAL", actual(Scripts.enqueue).source, "1", keys.prefix])
        fixed.append(contentsOf: Self.arguments([task], ids: [task.id], token: "").0)
        return fixed.values
    }

    private func answers(
        _ reply: RedisReply, _ ids: [TaskID], _ places: [Int]
    ) throws(RedisError) -> [EnqueueAnswer] {
        guard let items = reply.array, let now = items.first?.text.flatMap({ Int64($0) }), items.count % 2 == 1 else {
            throw .invalidReply("enqueue")
        }
        learn(now: now)
        var answers = ids.map { EnqueueAnswer(id: $0, isDuplicate: false) }
        for i in stride(from: 1, to: items.count, by: 2) {
            guard let place = items[i].int, places.indices.contains(place), let text = items[i + 1].text,
                let id = TaskID(text)
            else { throw .invalidReply("enqueue") }
            answers[places[place]] = EnqueueAnswer(id: id, isDuplicate: true)
        }
        return answers
    }

    /// What tasks of one group of the wire form share.
    private struct Group: Hashable {
        let lane: String
        let start: NewTask.Start
        let extras: String

        init(_ task: NewTask) {
            lane = task.record.lane
            start = task.start
            extras = task.extras
        }
    }

    /// The wire form: tasks grouped by lane, start and extras; one with a key is alone. A lane keeps its order, so of what goes
    /// there at once only neighbours share a group; timers have an order of their own.
    private static func arguments(
        _ tasks: ArraySlice<NewTask>, ids: [TaskID], token: String
    ) -> (RedisArguments, places: [Int]) {
        var groups: [(first: Int, members: [Int])] = []
        enum Line: Hashable {
            case lane(String)
            case timer(Group?)
        }
        var newest: [Line: (group: Group?, at: Int)] = [:]
        var last: (group: Group, at: Int)?
        for (place, task) in zip(tasks.indices, tasks) {
            let group = task.hasKey ? nil : Group(task)
            if let group, group == last?.group, let at = last?.at {
                groups[at].members.append(place)
                continue
            }
            let line = task.start == .now ? Line.lane(task.record.lane) : .timer(group)
            if let group, let before = newest[line], before.group == group {
                groups[before.at].members.append(place)
                last = (group, before.at)
                continue
            }
            groups.append((place, [place]))
            last = group.map { ($0, groups.count - 1) }
            newest[line] = (group, groups.count - 1)
        }
        var arguments = RedisArguments()
        arguments.append(token)
        arguments.append(groups.count)
        var places: [Int] = []
        places.reserveCapacity(tasks.count)
        for group in groups {
            arguments.append(contentsOf: opening(of: tasks[group.first]))
            arguments.append(group.members.count)
            for place in group.members {
                arguments.append(ids[place - tasks.startIndex].rawValue)
                arguments.append(tasks[place].record.bytes)
                places.append(place - tasks.startIndex)
            }
        }
        return (arguments, places)
    }

    /// Lane, start and extras of a group.
    private static func opening(of task: NewTask) -> RedisArguments {
        var arguments = RedisArguments()
        arguments.append(task.record.lane)
        switch task.start {
        case .now: arguments.append("")
        case .after(let delay): arguments.append("+\(delay.milliseconds)")
        case .at(let moment): arguments.append("@\(moment)")
        }
        arguments.append(task.extras)
        return arguments
    }
}

extension RedisError {
    var isOutcomeUnknown: Bool {
        if case .outcomeUnknown = self { return true }
        return false
    }
}

/// How long a call with an idempotency token may be sent again: well within the 30 s that Redis remembers the token.
struct ResendWindow {
    private let end = ContinuousClock.now + .seconds(15)
    private var wait: Duration = .milliseconds(20)

    /// Waits a little longer each time; false when the window has closed. Cancellation does not end the wait: a call that
    /// was sent cannot be unsent, and other callers may share it.
    mutating func mayResend() async -> Bool {
        guard ContinuousClock.now + wait < end else { return false }
        let pause = wait
        // Unstructured: a child task would inherit the cancellation; it is awaited right here.
        await Task.detached { try? await Task.sleep(for: pause) }.value
        wait = min(wait * 2, .seconds(1))
        return true
    }
}
