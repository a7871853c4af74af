extension GraphPlanner {
    /// Nothing new starts until the run is resumed.
    package func pause(_ run: RunFacts) throws(RunControlError) -> Plan {
        switch run.state {
        case .running, .rollingBack: return Plan(enter(.paused, run))
        case .paused: return .nothing
        case .pending, .cancelling: throw .notNow(run.state)
        case .succeeded, .failed, .rolledBack, .cancelled, .deletingData, .dataDeleted: throw .hasEnded(run.state)
        }
    }

    /// Goes on where the pause came.
    package func resume(_ run: RunFacts) throws(RunControlError) -> Plan {
        switch run.state {
        case .paused:
            var resumed = run
            resumed.state = run.direction
            return Plan(enter(run.direction, run) + [.releaseParked] + idle(resumed))
        case .running, .rollingBack: return .nothing
        case .pending, .cancelling: throw .notNow(run.state)
        case .succeeded, .failed, .rolledBack, .cancelled, .deletingData, .dataDeleted: throw .hasEnded(run.state)
        }
    }

    /// Stops the run: what is in flight ends, and the run is cancelled, or rolled back where that is asked for.
    package func cancel(_ run: RunFacts, rollBack: Bool = false) throws(RunControlError) -> Plan {
        if rollBack && shape.rollback == nil { throw .noRollback }
        switch run.state {
        case .pending: return Plan(enter(.cancelled, run))
        case .cancelling: return .nothing
        case .rollingBack: throw .rollsBack
        case .paused where run.direction == .rollingBack: throw .rollsBack
        case .running, .paused:
            var stopped = run
            stopped.state = .cancelling
            stopped.rollsBackOnCancel = rollBack
            var effects = enter(.cancelling, run)
            if rollBack { effects.append(.setFact(.rollsBackOnCancel(true))) }
            if run.state == .paused { effects.append(.releaseParked) }
            return Plan(effects + sweep(stopped) + idle(stopped))
        case .succeeded, .failed, .rolledBack, .cancelled, .deletingData, .dataDeleted: throw .hasEnded(run.state)
        }
    }

    /// Skips a step by hand: it counts as a success without output. In a run that has ended, what did not get its turn then
    /// runs.
    package func skip(_ name: String, _ facts: StepFacts) throws(RunControlError) -> Plan {
        guard let step = graph.step(named: name) else { throw .unknownStep(name) }
        var run = facts.run
        if run.state.isTerminal {
            guard [.failed, .cancelled, .interrupted, .pending].contains(facts.state) else {
                throw .stepNotNow(step: name, facts.state)
            }
            return try again(.skip(name), run)
        }
        guard run.direction == .running else { throw .notNow(run.state) }
        switch facts.state {
        case .pending: return Plan(end(step, from: .pending, to: .waived, &run) + idle(run))
        case .active, .waiting:
            var effects: [Effect] = []
            if facts.state == .waiting, case .child = step.kind { effects.append(.cancelChild(name)) }
            return Plan(effects + end(step, from: facts.state, to: .waived, &run) + [.close] + idle(run))
        case .waived: return .nothing
        case .succeeded, .failed, .skipped, .cancelled, .interrupted, .rollingBack, .rolledBack, .rollbackFailed:
            throw .stepNotNow(step: name, facts.state)
        }
    }

    /// Runs what failed, did not start or was rolled back, and all that depends on it.
    package func retry(_ run: RunFacts) throws(RunControlError) -> Plan {
        if run.state == .succeeded { throw .nothingToRetry }
        return try again(.retry, run)
    }

    /// Executes a step of an ended run again, and all that depends on it.
    package func rerun(from name: String, _ run: RunFacts) throws(RunControlError) -> Plan {
        guard graph.places[name] != nil else { throw .unknownStep(name) }
        return try again(.rerun(name), run)
    }

    private func again(_ preparation: Preparation, _ run: RunFacts) throws(RunControlError) -> Plan {
        switch run.state {
        case .deletingData, .dataDeleted: throw .dataDeleted
        case .succeeded, .failed, .rolledBack, .cancelled: break
        case .pending, .running, .paused, .cancelling, .rollingBack: throw .hasNotEnded(run.state)
        }
        if run.stuckRollbacks > 0 { throw .rollbackIncomplete }
        return Plan(enter(.pending, run) + [.schedule(.prepare(preparation, from: 0), opens: true)])
    }

    /// Sets a part of an ended run back. Nothing starts before the last part; each part can be planned again from what it
    /// finds, since a step that has been set back belongs to what is set back.
    package func prepare(
        _ preparation: Preparation, from: Int, _ run: RunFacts, standing: (String) -> StepStanding
    ) -> Plan {
        guard run.state == .pending else { return .nothing }
        let (range, next) = part(from: from, of: graph.count)
        let isReset = resetSteps(preparation, standing)
        var effects: [Effect] = []
        for place in graph.order[range] {
            let step = shape.steps[place]
            if preparation == .skip(step.name) {
                effects.append(.resetStep(step.name, to: .waived, taken: 0, missed: 0, keepsItems: false))
            } else if isReset[place] {
                var counts = (taken: 0, missed: 0)
                for dependency in step.dependencies {
                    guard let from = graph.places[dependency.step], !isReset[from] else { continue }
                    let isWaived = preparation == .skip(dependency.step)
                    let before = isWaived ? StepStanding(.waived) : standing(dependency.step)
                    if dependency.isTaken(by: before) { counts.taken += 1 } else { counts.missed += 1 }
                }
                // Other input may make other items.
                let hasSameInput = step.dependencies.allSatisfy { dependency in
                    graph.places[dependency.step].map { !isReset[$0] } ?? false
                }
                let keepsItems =
                    step.fanOut != nil && hasSameInput && preparation != .rerun(step.name)
                    && standing(step.name).state == .failed
                effects.append(
                    .resetStep(
                        step.name, to: .pending, taken: counts.taken, missed: counts.missed, keepsItems: keepsItems))
            }
        }
        if let next {
            return Plan(effects + [.schedule(.prepare(preparation, from: next), opens: true), .close])
        }
        return Plan(effects + enter(.running, run) + [.schedule(.start(from: 0), opens: true), .close])
    }

    private func resetSteps(_ preparation: Preparation, _ standing: (String) -> StepStanding) -> [Bool] {
        var isReset = Array(repeating: false, count: graph.count)
        for place in graph.order {
            let step = shape.steps[place]
            if preparation == .skip(step.name) { continue }
            let follows = step.dependencies.contains { dependency in
                preparation == .skip(dependency.step) || graph.places[dependency.step].map { isReset[$0] } ?? false
            }
            isReset[place] = follows || preparation == .rerun(step.name) || isUndone(place, standing(step.name).state)
        }
        return isReset
    }

    private func isUndone(_ place: Int, _ state: StepState) -> Bool {
        switch state {
        case .succeeded, .skipped, .waived: false
        case .failed: !graph.catchesFailure[place]
        case .pending, .active, .waiting, .cancelled, .interrupted, .rollingBack, .rolledBack, .rollbackFailed: true
        }
    }
}
