import PenstockModel
import PenstockStore

/// What was read of a run for one of its tasks, and who plans it. Shared by all tasks that asked for the same.
package struct RunBrief: Sendable {
    /// Nil if there is no such run.
    let reading: RunReading?
    let planner: RunPlanner
}

extension WorkerEngine {
    /// Reads what the tasks of runs among these need: one round trip for all of them, if their runs have the shape that
    /// this worker's code has.
    func briefs(for tasks: [ClaimedTask]) async throws(StoreError) -> [TaskID: RunBrief] {
        struct Asked {
            var planner: RunPlanner
            var ids: [(id: TaskID, task: RunTask)] = []
            var list: ItemLists.Key?
        }
        var asked: [RunQuery: Asked] = [:]
        for task in tasks {
            guard let run = task.record.options.run, let planner = workflows[task.record.kind]?.planner,
                let payload = RunTaskPayload(task.record.payload)
            else { continue }
            let list = ItemLists.Key(run, payload)
            let query = planner.query(run, payload.task, listed: list.map { lists[$0] != nil } ?? true)
            asked[query, default: Asked(planner: planner, list: list)].ids.append((task.id, payload.task))
        }
        var briefs: [TaskID: RunBrief] = [:]
        // Asked in the terms of this worker's code first; where the run has another shape, again in its own.
        for isLast in [false, true] where !asked.isEmpty {
            let queries = Array(asked.keys)
            var again: [RunQuery: Asked] = [:]
            for (query, reading) in zip(queries, try await store.read(queries)) {
                guard let entry = asked[query] else { continue }
                guard let reading else {
                    for (id, _) in entry.ids { briefs[id] = RunBrief(reading: nil, planner: entry.planner) }
                    continue
                }
                if let key = entry.list, let step = query.lists.first,
                    let list = reading.lists[step].flatMap({ PackedList($0) })
                {
                    lists.keep(list, key)
                }
                let planner = try await library.planner(reading.shapeDigest)
                for (id, task) in entry.ids {
                    let listed = entry.list.map { lists[$0] != nil } ?? true
                    let wanted = planner.query(query.run, task, listed: listed)
                    if isLast || query.covers(wanted) {
                        briefs[id] = RunBrief(reading: reading, planner: planner)
                    } else {
                        again[wanted, default: Asked(planner: planner, list: entry.list)].ids.append((id, task))
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

extension ItemLists.Key {
    init?(_ run: RunID, _ payload: RunTaskPayload) {
        guard case .item(let step, _) = payload.task else { return nil }
        self.init(run: run.rawValue, step: step, round: payload.round)
    }
}
