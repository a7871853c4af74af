import PenstockModel
import RedisClient

package enum CancelAnswer: Sendable, Hashable {
    /// It waited and is gone.
    case cancelled
    /// It runs; its worker was told.
    case requested
    /// It is a dead letter.
    case dead
    case unknown
    /// It belongs to a run, which would wait for it for ever: the run can be cancelled.
    case belongsToRun(RunID)
}

package enum ReviveAnswer: String, Sendable { case ready, running, unknown }
package enum DiscardAnswer: String, Sendable { case discarded, alive, unknown }

/// The state of one task.
package struct TaskView: Sendable {
    package enum Detail: Sendable, Hashable {
        /// Position in its lane from 0, nil when deeper than was looked; length of the lane.
        case queued(position: Int?, of: Int)
        case delayed(until: Int64)
        case running(worker: String, cancelRequested: String?)
        case dead(since: Int64)
        /// Ended and retained: completed, cancelled or discarded; for a completed one the result, else the reason.
        case ended(TaskState, at: Int64, bytes: [UInt8])
        case unknown
    }

    package let id: TaskID
    package let detail: Detail
    /// Nil when ended or unknown.
    package let record: TaskRecord?
    package let history: TaskHistory

    package var state: TaskState {
        switch detail {
        case .queued: .queued
        case .delayed: .delayed
        case .running: .running
        case .dead: .dead
        case .ended(let state, _, _): state
        case .unknown: .unknown
        }
    }
}

extension Store {
    package func cancel(_ id: TaskID, reason: String) async throws(StoreError) -> CancelAnswer {
        let reply = try await call(Scripts.cancel, [id.rawValue, String(reason.prefix(500))])
        switch reply.text {
        case "cancelled": return .cancelled
        case "requested": return .requested
        case "dead": return .dead
        case "unknown": return .unknown
        case let text?:
            guard text.hasPrefix("run "), let run = RunID(String(text.dropFirst(4))) else { break }
            return .belongsToRun(run)
        case nil: break
        }
        throw .unexpectedReply("cancel")
    }

    /// Dead letters and waiting retries start again now.
    package func revive(_ ids: [TaskID]) async throws(StoreError) -> [ReviveAnswer] {
        try await inChunks(ids, Scripts.revive) { ReviveAnswer(rawValue: $0) }
    }

    package func discard(_ ids: [TaskID]) async throws(StoreError) -> [DiscardAnswer] {
        try await inChunks(ids, Scripts.discard) { DiscardAnswer(rawValue: $0) }
    }

    private func inChunks<Answer: Sendable>(
        _ ids: [TaskID], _ script: RedisScript, _ read: (String) -> Answer?
    ) async throws(StoreError) -> [Answer] {
        var answers: [Answer] = []
        var rest = ids[...]
        while !rest.isEmpty {
            let chunk = rest.prefix(1000)
            rest = rest.dropFirst(1000)
            let items = try await call(script, RedisArguments(chunk.map(\.rawValue))).array ?? []
            let read = items.compactMap { $0.text.flatMap(read) }
            guard read.count == chunk.count else { throw .unexpectedReply(script.name) }
            answers += read
        }
        return answers
    }

    package func inspect(_ id: TaskID, depth: Int = 10_000) async throws(StoreError) -> TaskView {
        let reply = try await call(Scripts.inspect, [id.rawValue, String(depth)])
        guard let items = reply.array, let state = items.first?.text.flatMap(TaskState.init) else {
            throw .unexpectedReply("inspect")
        }
        if state == .unknown { return TaskView(id: id, detail: .unknown, record: nil, history: .init()) }
        guard items.count == 5, let first = items[1].text, let second = items[2].text, let bytes = items[3].bytes,
            let history = items[4].bytes
        else { throw .unexpectedReply("inspect") }
        func moment(_ text: String) -> Int64 { Int64(Double(text) ?? 0) }
        let detail: TaskView.Detail =
            switch state {
            case .queued: .queued(position: Int(first), of: Int(second) ?? 0)
            case .delayed: .delayed(until: moment(first))
            case .running: .running(worker: first, cancelRequested: second.isEmpty ? nil : second)
            case .dead: .dead(since: moment(first))
            case .completed, .cancelled, .discarded, .expired: .ended(state, at: moment(first), bytes: bytes)
            case .unknown: .unknown
            }
        return TaskView(
            id: id, detail: detail, record: state.isTerminal ? nil : TaskRecord(bytes), history: TaskHistory(history))
    }

    /// Dead letters of a queue, the newest first.
    package func deadLetters(queue: String, offset: Int, limit: Int) async throws(StoreError) -> [TaskView] {
        let rows =
            try await send(
                RedisCommand("ZRANGE", keys.dead(queue), "\(offset)", "\(offset + limit - 1)", "REV", "WITHSCORES")
            ).array ?? []
        let found: [(TaskID, Int64)] = stride(from: 0, to: rows.count - 1, by: 2).compactMap { i in
            guard let id = rows[i].text.flatMap({ TaskID($0) }) else { return nil }
            return (id, Int64(rows[i + 1].text.flatMap(Double.init) ?? 0))
        }
        if found.isEmpty { return [] }
        let ids = RedisArguments(found.map(\.0.rawValue))
        var records = RedisArguments([keys.tasks])
        records.append(contentsOf: ids)
        var tries = RedisArguments([keys.tries])
        tries.append(contentsOf: ids)
        let replies = try await pipeline([RedisCommand("HMGET", records), RedisCommand("HMGET", tries)])
        guard let heads = replies[0].array, let histories = replies[1].array, heads.count == found.count,
            histories.count == found.count
        else { throw .unexpectedReply("HMGET") }
        return found.indices.map { i in
            TaskView(
                id: found[i].0, detail: .dead(since: found[i].1), record: heads[i].bytes.flatMap { TaskRecord($0) },
                history: TaskHistory(histories[i].bytes ?? []))
        }
    }
}
