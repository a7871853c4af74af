extension GraphPlanner {
    /// What a worker does with a task of a step that it has claimed.
    package func begin(_ task: RunTask, _ facts: StepFacts) -> Beginning {
        let run = facts.run
        guard facts.round == run.round, !run.state.isTerminal, let name = task.step,
            let step = graph.step(named: name)
        else { return .drop }
        if run.state == .paused { return .park }
        switch task {
        case .step: return facts.state == .active ? beginStep(step, facts) : .drop
        case .item:
            guard facts.state == .waiting else { return .drop }
            guard isStopped(step, run) else { return .execute }
            return .end(.stopped)
        case .gather:
            guard facts.state == .waiting else { return .drop }
            let isWanted = facts.fan.map { $0.failed == 0 } ?? true || step.fanOut?.failedItems == .collect
            if isStopped(step, run) { return .end(.interrupted) }
            return isWanted ? .execute : .end(.failed)
        case .sync:
            guard facts.state == .waiting else { return .drop }
            return run.state == .cancelling ? .end(.interrupted) : .execute
        case .health:
            return facts.state == .succeeded && run.state == .running && !isStopping(run) ? .execute : .drop
        case .waitLimit: return facts.state == .waiting ? .end(.failed) : .drop
        case .signalled, .childEnded: return facts.state == .waiting ? .execute : .drop
        case .rollBack(_, let call):
            guard facts.state == .rollingBack, run.state == .rollingBack else { return .drop }
            return call ? .execute : .end(.succeeded())
        case .start, .sweep, .planRollback, .prepare, .visit, .visitTimeout, .event, .resume, .cancel, .deleteData,
            .hook, .callback:
            return .drop
        }
    }

    private func beginStep(_ step: StepShape, _ facts: StepFacts) -> Beginning {
        let taken = zip(step.dependencies, facts.dependencies).filter { $0.isTaken(by: $1) }.map(\.0)
        if isStopping(facts.run), !cleansUp(facts.run) || !taken.contains(where: { $0.phase == .end }) {
            // An attempt may have got half way, which is more than not to have started.
            return .end(facts.wasAttempted ? .interrupted : .stopped)
        }
        guard step.dependencies.isEmpty || taken.count >= step.join.need(of: step.dependencies.count) else {
            return .end(.skipped)
        }
        // The items of an earlier round are there: only those are done again that failed.
        if facts.fan != nil { return .end(.reopened) }
        if case .signal = step.kind, !step.isConditional { return .end(.started) }
        return .execute
    }

    /// What a worker does with a task of the run itself that it has claimed. `.execute` means: ask for its plan.
    package func begin(_ task: RunTask, run: RunFacts, round: Int) -> Beginning {
        switch task {
        case .hook, .callback: return run.tells ? .execute : .drop
        default: break
        }
        guard round == run.round else { return .drop }
        if task == .cancel { return run.state.isTerminal ? .drop : .execute }
        if run.state == .paused { return .park }
        switch task {
        // A child run is stored before it is started.
        case .start(from: 0) where run.state == .pending && run.round == 1: return .execute
        case .start: return run.state == .running || run.state == .cancelling ? .execute : .drop
        case .sweep: return isStopping(run) ? .execute : .drop
        case .planRollback: return run.state == .rollingBack ? .execute : .drop
        case .prepare: return run.state == .pending ? .execute : .drop
        case .deleteData: return run.state == .deletingData ? .execute : .drop
        default: return .drop
        }
    }
}
