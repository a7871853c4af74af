import PenstockModel
import PenstockStore

/// What follows from an end, and how it is committed.
extension WorkerEngine {
    /// The plan of a task of the run itself, for which nobody's code is run; nil for any other.
    func ownPlan(_ call: RunCall) throws -> Plan? {
        let (run, task) = (call.reading.facts, call.payload.task)
        do {
            switch call.planner.body {
            case .graph(let planner):
                let standing = { call.reading.standing($0) }
                switch task {
                case .start(let from): return planner.start(from: from, run, standing: standing)
                case .sweep(let from): return planner.sweep(from: from, run, standing: standing)
                case .planRollback(let from): return planner.planRollback(from: from, run, standing: standing)
                case .prepare(let preparation, let from):
                    return planner.prepare(preparation, from: from, run, standing: standing)
                case .cancel: return try planner.cancel(run)
                default: return nil
                }
            case .machine(let planner):
                switch task {
                case .start: return try planner.start(call.reading.machine)
                case .resume: return try planner.resume(call.reading.machine)
                case .cancel: return try planner.cancel(call.reading.machine)
                default: return nil
                }
            }
        } catch {
            // What rolls back, or has ended meanwhile, is not cancelled or resumed.
            return .nothing
        }
    }

    /// Plans what follows from an end.
    func conclude(
        _ end: RunEnd, _ call: RunCall, _ brief: RunBrief, _ attempt: Attempt
    ) throws -> Outcome {
        let task = call.payload.task
        switch (end.outcome, call.planner.body) {
        case (.step(let outcome), .graph(let planner)):
            guard let step = task.step.flatMap({ planner.graph.step(named: $0) }) else { break }
            return try plan(planner.ended(task, outcome, facts(step, call)), call, brief, attempt, end)
        case (.machine(let outcome, let moment), .machine(let planner)):
            do {
                let next = try planner.ended(task, outcome, call.reading.machine)
                return try plan(next, call, brief, attempt, end, moment: moment)
            } catch let error as RunControlError {
                // No retry mends it.
                return try conclude(RunEnd(.machineFailed(isLast: true), error: "\(error)"), call, brief, attempt)
            }
        case (.machineFailed(let isLast), .machine(let planner)):
            let next = planner.failed(task, errors: attempt.task.attempt, isLast: isLast, call.reading.machine)
            return try plan(next ?? .nothing, call, brief, attempt, end)
        default: break
        }
        return try plan(.nothing, call, brief, attempt, end)
    }

    func plan(
        _ plan: Plan, _ call: RunCall, _ brief: RunBrief, _ attempt: Attempt, _ end: RunEnd = RunEnd(.delivered),
        moment: Int64? = nil
    ) throws(StoreError) -> Outcome {
        try self.plan(plan, call.payload, call.id, brief, attempt, end, moment: moment)
    }

    func plan(
        _ plan: Plan, _ payload: RunTaskPayload, _ run: RunID, _ brief: RunBrief, _ attempt: Attempt, _ end: RunEnd,
        moment: Int64? = nil
    ) throws(StoreError) -> Outcome {
        if let heads = brief.found?.itemHeads, plan.effects.count == 1, end.variables.isEmpty,
            case .endItem(_, let index, let failed, let stops) = plan.effects[0]
        {
            let value = failed ? Array(TaskHistory.bounded(end.error).utf8) : end.output
            let item = ItemEnd(heads: heads, index: index, failed: failed, stops: stops, value: value)
            return .planned(
                payload.task, RunCommit(item, run: run, revision: brief.found?.reading.facts.revision ?? 0))
        }
        var extra: [Effect] = []
        if let secret = end.secret, let step = payload.task.step, plan.effects.moves(step, to: .waiting) {
            extra.append(.awaitSignal(Completion.signal(secret), step: step))
        }
        let commit = try RunCommit(
            plan, run: run, revision: brief.found?.reading.facts.revision ?? 0, output: end.output, error: end.error,
            moment: moment, attempt: attempt.task.attempt, took: attempt.started.map { .now - $0 } ?? .zero,
            child: end.child, variables: end.variables, extra: extra,
            head: brief.planner.head(attempt.task.record))
        return .planned(payload.task, commit)
    }
}

extension [Effect] {
    fileprivate func moves(_ step: String, to state: StepState) -> Bool {
        contains { effect in
            if case .moveStep(step, _, state, _) = effect { true } else { false }
        }
    }
}

extension Plan {
    /// Whether something is left of the run's data, which the commit has to carry.
    var leavesData: Bool {
        effects.contains { effect in
            if case .erase(let remains) = effect { remains != .nothing } else { false }
        }
    }
}
