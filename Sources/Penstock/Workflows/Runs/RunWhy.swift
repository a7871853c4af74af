import PenstockModel
import PenstockRuntime
import PenstockStore

extension Run {
    /// Why the run does not go on: a sentence for each thing that it waits for. Empty if it has ended.
    ///
    /// Tasks are told of as jobs are (`Penstock.why`): a worker that lacks the workflow's version, a limit, a pause, a retry. At
    /// most 20 of them, and only those among the last 2,000 that the run has made.
    public func why() async throws(PenstockError) -> [String] {
        let (planner, reading) = try await read([])
        let status = try await status(planner)
        if status.state.isTerminal && status.state != .deletingData { return [] }
        var reasons: [String] = []
        if status.state == .paused {
            reasons.append("the run is paused: resume it")
        }
        for step in status.steps where step.state == .waiting {
            guard let shape = planner.step(step.name) else { continue }
            if let items = step.fanOut {
                reasons.append("step \(step.name) waits for its items: \(items.done) of \(items.total) have ended")
                continue
            }
            switch shape.kind {
            case .signal(let signal): reasons.append("step \(step.name) waits for signal \"\(signal)\"")
            case .child:
                reasons.append("step \(step.name) waits for its child run" + (step.child.map { " \($0)" } ?? ""))
            case .work: reasons.append("step \(step.name) goes on, and is synced or completed from outside")
            }
        }
        if !status.state.isTerminal, let status = status.status, case .machine(let machine) = planner.body,
            let state = machine.state(named: status), !state.callbacks.isEmpty
        {
            let events = state.callbacks.map { "\"\($0)\"" }.joined(separator: ", ")
            reasons.append("status \(status) takes \(state.callbacks.count == 1 ? "callback" : "callbacks") \(events)")
        }
        let tasks = try await publicly { () throws(StoreError) in
            try await penstock.store.liveTasks(of: id, made: reading.summary.made)
        }
        for (task, what) in tasks.prefix(20) {
            let name = what.map { $0.text.map { $0 == "\t" ? " " : String($0) }.joined() } ?? "a task"
            reasons.append("\(name): \(try await penstock.why(task))")
        }
        if tasks.count > 20 { reasons.append("and \(tasks.count - 20) more tasks") }
        return reasons
    }
}
