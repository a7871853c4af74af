import PenstockModel
import RedisClient

/// A task in the hands of a worker.
package struct ClaimedTask: Sendable {
    package let id: TaskID
    /// With the id, the lease: names the call that claimed the task.
    package let claim: Int
    package let record: TaskRecord
    package let history: TaskHistory

    /// The attempt that runs now, from 1.
    package var attempt: Int { history.attempts + 1 }
}

/// How an attempt ended.
package enum Outcome: Sendable, Hashable {
    case completed
    /// Completed, and the result is kept.
    case result([UInt8], retention: Duration)
    /// Again after the wait.
    case retry(after: Duration, counted: Bool, attempt: Int, message: String)
    /// A dead letter now.
    case dead(attempt: Int, message: String)
    /// Ended because it was asked to.
    case cancelled(reason: String)
    /// Handed back unfinished, at the head of its lane, not counted.
    case released
    /// A task of a run has ended, with what follows for its run. Sent as one of `CycleRequest.committed`.
    case planned(RunTask, RunCommit)

    package var isPlanned: Bool { if case .planned = self { true } else { false } }
}

package struct EndedTask: Sendable {
    package let id: TaskID
    package let claim: Int
    package let outcome: Outcome

    package init(id: TaskID, claim: Int, outcome: Outcome) {
        self.id = id
        self.claim = claim
        self.outcome = outcome
    }
}

/// One turn of a worker's loop.
package struct CycleRequest: Sendable {
    package var worker: String
    package var lease: Duration
    /// Unlike that of any earlier call of this incarnation.
    package var claim: Int
    /// How many tasks the worker can take.
    package var room: Int
    package var queues: [String]
    /// The kinds that it takes; nil for any.
    package var kinds: [String]?
    /// How many more it takes of kinds that have a bound of their own.
    package var bounds: [(kind: String, room: Int)]
    /// What it knows that it holds, when the lease is to be compared with it.
    package var reconcile: [(id: TaskID, claim: Int)]?
    package var ended: [EndedTask]
    /// Tasks of runs that have ended, with what follows for their runs. For a run's task this takes the place of a plain
    /// success, also where nothing follows.
    package var committed: [EndedRunTask]
    /// Whether it fires schedules.
    package var fires = false

    package init(
        worker: String, lease: Duration, claim: Int, room: Int, queues: [String],
        kinds: [String]? = nil, bounds: [(kind: String, room: Int)] = [], reconcile: [(id: TaskID, claim: Int)]? = nil,
        ended: [EndedTask] = [], committed: [EndedRunTask] = []
    ) {
        self.worker = worker
        self.lease = lease
        self.claim = claim
        self.room = room
        self.queues = queues
        self.kinds = kinds
        self.bounds = bounds
        self.reconcile = reconcile
        self.ended = ended
        self.committed = committed
    }
}

package enum CycleReply: Sendable {
    /// The incarnation was taken over: it holds nothing any more and must come back as a new one.
    case dead
    case turn(CycleTurn)
}

package struct CycleTurn: Sendable {
    /// Redis's clock, ms.
    package var now: Int64
    /// When the next thing is due (ms), if anything is; for a worker without room, only what comes later than now.
    package var nextDue: Int64?
    /// Outcomes that were refused: the lease was lost before.
    package var stale: [TaskID]
    package var claimed: [ClaimedTask]
    /// Claimed tasks whose record cannot be read; their raw bytes are in Redis.
    package var unreadable: [TaskID]
    /// Commits that were planned for another state of their run than it has.
    package var refused: [RefusedCommit] = []
    /// Schedules that are due and to be fired by this worker within a second.
    package var schedules: [String] = []
}

extension Store {
    /// The most tasks that one cycle claims.
    package static let largestClaim = 512

    /// Commits what ended and claims what comes next, in one round trip.
    package func cycle(
        _ request: CycleRequest, timeout: Duration? = nil
    ) async throws(StoreError) -> CycleReply {
        let reply = try await call(Scripts.cycle, Self.arguments(request), timeout: timeout)
        guard let items = reply.array, let status = items.first?.text, let now = items.dropFirst().first?.text,
            let now = Int64(now)
        else { throw .unexpectedReply("cycle") }
        learn(now: now)
        if status == "dead" { return .dead }
        var flat = FlatReply(items, from: 2)
        guard let due = flat.next()?.text.flatMap({ Int64($0) }), let claimed = flat.list(), let stale = flat.list(),
            let tried = flat.list(), let refused = flat.list(), let schedules = flat.list(),
            claimed.count % 2 == 0, tried.count % 2 == 0, refused.count % 2 == 0
        else { throw .unexpectedReply("cycle") }
        var turn = CycleTurn(
            now: now, nextDue: due == 0 ? nil : due,
            stale: stale.compactMap { $0.text.flatMap { TaskID($0) } }, claimed: [], unreadable: [])
        turn.schedules = schedules.compactMap(\.text)
        var histories: [TaskID: TaskHistory] = [:]
        for i in stride(from: tried.startIndex, to: tried.endIndex, by: 2) {
            guard let id = tried[i].text.flatMap({ TaskID($0) }), let history = tried[i + 1].bytes else {
                throw .unexpectedReply("cycle")
            }
            histories[id] = TaskHistory(history)
        }
        for i in stride(from: refused.startIndex, to: refused.endIndex, by: 2) {
            guard let id = refused[i].text.flatMap({ TaskID($0) }), let facts = refused[i + 1].text else {
                throw .unexpectedReply("cycle")
            }
            turn.refused.append(RefusedCommit(id: id, run: RunSummary(field: facts)))
        }
        turn.claimed.reserveCapacity(claimed.count / 2)
        var reader = TaskRecordReader()
        for i in stride(from: claimed.startIndex, to: claimed.endIndex, by: 2) {
            guard let id = claimed[i].text.flatMap({ TaskID($0) }), let bytes = claimed[i + 1].bytes else {
                throw .unexpectedReply("cycle")
            }
            if let record = reader.read(bytes) {
                let history = histories.isEmpty ? nil : histories[id]
                turn.claimed.append(
                    ClaimedTask(id: id, claim: request.claim, record: record, history: history ?? TaskHistory()))
            } else {
                turn.unreadable.append(id)
            }
        }
        return .turn(turn)
    }

    private static func arguments(_ request: CycleRequest) -> RedisArguments {
        var arguments = RedisArguments()
        arguments.append(request.worker)
        arguments.append(String(request.lease.milliseconds))
        arguments.append(request.claim)
        arguments.append(min(request.room, largestClaim))
        arguments.append(request.reconcile == nil ? "0" : "1")
        arguments.append(request.fires ? "1" : "0")
        arguments.append(request.queues.count)
        for queue in request.queues { arguments.append(queue) }
        arguments.append(request.kinds?.count ?? 0)
        for kind in request.kinds ?? [] { arguments.append(kind) }
        arguments.append(request.bounds.count)
        for bound in request.bounds {
            arguments.append(bound.kind)
            arguments.append(bound.room)
        }
        arguments.append(request.reconcile?.count ?? 0)
        for lease in request.reconcile ?? [] {
            arguments.append(lease.id.rawValue)
            arguments.append(lease.claim)
        }

        // Plain successes by the call that claimed them: one fence for each run.
        var runs: [(claim: Int, ids: [TaskID])] = []
        var place: [Int: Int] = [:]
        var others: [EndedTask] = []
        for task in request.ended {
            guard task.outcome == .completed else {
                others.append(task)
                continue
            }
            if let at = place[task.claim] {
                runs[at].ids.append(task.id)
            } else {
                place[task.claim] = runs.count
                runs.append((task.claim, [task.id]))
            }
        }
        arguments.append(runs.count)
        for run in runs {
            arguments.append(run.claim)
            arguments.append(run.ids.count)
            for id in run.ids { arguments.append(id.rawValue) }
        }
        arguments.append(others.count)
        for task in others {
            let (name, number, counted, text) = task.outcome.wire
            arguments.append(name)
            arguments.append(task.id.rawValue)
            arguments.append(task.claim)
            arguments.append(String(number))
            arguments.append(counted ? "1" : "0")
            arguments.append(text)
        }
        append(request.committed, to: &arguments)
        return arguments
    }

    /// Ends of items of one fan-out go as one commit: what they have in common is sent, read and applied once.
    private static func append(_ committed: [EndedRunTask], to arguments: inout RedisArguments) {
        struct Group: Hashable {
            let run: RunID
            let revision: Int
            let claim: Int
            let heads: ItemHeads
        }
        var groups: [Group: Int] = [:]
        var commits: [[EndedRunTask]] = []
        for task in committed {
            guard let item = task.commit.item else {
                commits.append([task])
                continue
            }
            let group = Group(
                run: task.commit.run, revision: task.commit.revision, claim: task.claim, heads: item.heads)
            if let place = groups[group] {
                commits[place].append(task)
            } else {
                groups[group] = commits.count
                commits.append([task])
            }
        }
        arguments.append(commits.count)
        for tasks in commits {
            guard let first = tasks.first else { continue }
            arguments.append(tasks.count)
            for task in tasks { arguments.append(task.id.rawValue) }
            arguments.append(first.claim)
            arguments.append(first.commit.run.rawValue)
            arguments.append(first.commit.revision)
            arguments.append(first.commit.ending == .done ? "done" : "park")
            arguments.append(first.task.isTimer ? first.task.text : "")
            let items = tasks.compactMap(\.commit.item)
            arguments.append(contentsOf: items.isEmpty ? first.commit.words : RunCommit.words(items))
        }
    }
}

extension Outcome {
    /// See `lua/includes/conclude.lua`.
    fileprivate var wire: (name: String, number: Int64, counted: Bool, text: [UInt8]) {
        switch self {
        case .completed: ("result", 0, false, [])
        case .result(let bytes, let retention): ("result", retention.milliseconds, false, bytes)
        case .retry(let wait, let counted, let attempt, let message):
            ("retry", wait.milliseconds, counted, Array(TaskHistory.line(attempt: attempt, message: message).utf8))
        case .dead(let attempt, let message):
            ("dead", 0, true, Array(TaskHistory.line(attempt: attempt, message: message).utf8))
        case .cancelled(let reason): ("cancel", 0, false, Array(reason.utf8))
        case .released: ("release", 0, false, [])
        case .planned: preconditionFailure("commits of runs are sent apart from other outcomes")
        }
    }
}

/// Reads a flat reply from front to back.
private struct FlatReply {
    private(set) var rest: ArraySlice<RedisReply>

    init(_ items: [RedisReply], from start: Int) { rest = items.dropFirst(start) }

    mutating func next() -> RedisReply? { rest.popFirst() }

    /// A list preceded by its length; nil if it is not there in full.
    mutating func list() -> ArraySlice<RedisReply>? {
        guard let count = next()?.int, (0...rest.count).contains(count) else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}
