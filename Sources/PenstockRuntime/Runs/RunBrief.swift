import PenstockModel
import PenstockStore
import Synchronization

/// What is known for a task of a run: what it is for, what was read of the run, and who plans it.
package struct RunBrief: Sendable {
    let payload: RunTaskPayload
    let planner: RunPlanner
    /// Nil if there is no such run.
    let found: FoundRun?
}

/// What was read of a run at one moment. Shared by all tasks that asked for the same; so for the items of a fan-out it holds for
/// the next claim, too, if that call has committed items and found the run's revision as it was: then items cost no round
/// trip but their claim.
final class FoundRun: Sendable {
    let reading: RunReading
    let planner: RunPlanner
    /// Of items: how the tasks of their fan-out are queued.
    let itemHeads: ItemHeads?

    init(_ reading: RunReading, _ planner: RunPlanner, itemHeads: ItemHeads?) {
        self.reading = reading
        self.planner = planner
        self.itemHeads = itemHeads
    }
}

extension WorkerEngine {
    /// Reads what the tasks of runs among these need: one round trip for all of them, if their runs have the shape that
    /// this worker's code has.
    ///
    /// - Parameter confirmed: runs of which the call that claimed these tasks has found the revision to be this.
    func briefs(
        for tasks: [ClaimedTask], confirmed: [RunID: Int] = [:]
    ) async throws(StoreError) -> [TaskID: RunBrief] {
        struct Asked {
            var planner: RunPlanner
            var tasks: [(task: ClaimedTask, payload: RunTaskPayload)] = []
            var fan: FanKey?
        }
        var asked: [RunQuery: Asked] = [:]
        var briefs: [TaskID: RunBrief] = [:]
        for task in tasks {
            guard let run = task.record.options.run, let planner = workflows[task.record.kind]?.planner,
                let payload = RunTaskPayload(task.record.payload)
            else { continue }
            let fan = FanKey(run, payload)
            if let fan, let known = fans[fan], let revision = confirmed[run],
                known.reading.facts.revision == revision, lists[fan] != nil
            {
                briefs[task.id] = RunBrief(payload: payload, planner: known.planner, found: known)
                continue
            }
            let query = planner.query(run, payload.task, listed: fan.map { lists[$0] != nil } ?? true)
            asked[query, default: Asked(planner: planner, fan: fan)].tasks.append((task, payload))
        }
        // Asked in the terms of this worker's code first; where the run has another shape, again in its own.
        for isLast in [false, true] where !asked.isEmpty {
            let queries = Array(asked.keys)
            var again: [RunQuery: Asked] = [:]
            for (query, reading) in zip(queries, try await store.read(queries)) {
                guard let entry = asked[query] else { continue }
                guard let reading else {
                    for (task, payload) in entry.tasks {
                        briefs[task.id] = RunBrief(payload: payload, planner: entry.planner, found: nil)
                    }
                    continue
                }
                let planner = try await library.planner(reading.shapeDigest)
                var heads: ItemHeads?
                if let fan = entry.fan, let task = entry.tasks.first?.task {
                    if let list = reading.lists[fan.step].flatMap({ PackedList($0) }) { lists.keep(list, fan) }
                    heads = try ItemHeads(run: query.run, step: fan.step, head: planner.head(task.record))
                }
                let found = FoundRun(reading, planner, itemHeads: heads)
                if let fan = entry.fan { fans.keep(found, fan) }
                for (task, payload) in entry.tasks {
                    let listed = entry.fan.map { lists[$0] != nil } ?? true
                    let wanted = planner.query(query.run, payload.task, listed: listed)
                    if isLast || query.covers(wanted) {
                        briefs[task.id] = RunBrief(payload: payload, planner: planner, found: found)
                    } else {
                        again[wanted, default: Asked(planner: planner, fan: entry.fan)].tasks.append((task, payload))
                    }
                }
            }
            asked = again
        }
        return briefs
    }
}

extension RunQuery {
    /// Whether the answer to this one has all that is asked for by another.
    fileprivate func covers(_ other: RunQuery) -> Bool {
        Set(steps).isSuperset(of: other.steps) && Set(outputs).isSuperset(of: other.outputs)
            && Set(lists).isSuperset(of: other.lists) && (wantsInput || !other.wantsInput)
    }
}

/// One opening of a fan-out.
struct FanKey: Hashable {
    let run: String
    let step: String
    let round: Int

    init(run: RunID, step: String, round: Int) {
        self.run = run.rawValue
        self.step = step
        self.round = round
    }

    init?(_ run: RunID, _ payload: RunTaskPayload) {
        guard case .item(let step, _) = payload.task else { return nil }
        self.init(run: run, step: step, round: payload.round)
    }
}

/// Things by fan-out, for the fan-outs that a worker is busy with; the oldest go first.
final class FanCache<Value: Sendable>: Sendable {
    private let most: Int
    private let mostBytes: Int
    private let bytes: @Sendable (Value) -> Int
    private let values = Mutex<[(key: FanKey, value: Value)]>([])

    /// - Parameters:
    ///   - mostBytes: of all together; one is kept whatever its size.
    init(most: Int, mostBytes: Int = .max, bytes: @escaping @Sendable (Value) -> Int = { _ in 0 }) {
        self.most = most
        self.mostBytes = mostBytes
        self.bytes = bytes
    }

    subscript(key: FanKey) -> Value? { values.withLock { $0.last { $0.key == key }?.value } }

    func keep(_ value: Value, _ key: FanKey) {
        values.withLock { values in
            values.removeAll { $0.key == key }
            values.append((key, value))
            while values.count > 1, values.count > most || values.reduce(0, { $0 + bytes($1.value) }) > mostBytes {
                values.removeFirst()
            }
        }
    }
}
