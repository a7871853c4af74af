extension GraphPlanner {
    /// Plans a part of the rollback of a run in which nothing else is open. Steps that never started are marked; of the
    /// others those are rolled back at once that nothing which started depends on; the rest waits at joins of the edges
    /// turned round.
    ///
    /// Parts go from the first steps to the last. So when a step is planned, those that depend on it are still as the run
    /// left them, since nothing of a later part has been rolled back yet.
    package func planRollback(from: Int, _ run: RunFacts, standing: (String) -> StepStanding) -> Plan {
        let (range, next) = part(from: from, of: graph.count)
        var effects: [Effect] = []
        for place in graph.order[range] {
            let step = shape.steps[place]
            let state = standing(step.name).state
            if state == .pending {
                effects.append(.moveStep(step.name, from: .pending, to: .rolledBack))
            } else if state.isEnded {
                let edges = graph.dependents[place]
                let idle = edges.count { standing(shape.steps[$0.to].name).state == .pending }
                if idle == edges.count {
                    effects.append(.launch(.rollBack(step.name, call: isCalled(step, state))))
                } else if idle > 0 {
                    effects.append(.arrive(backward(place, count: idle, state)))
                }
            }
        }
        return Plan(effects + goOn(next.map { .planRollback(from: $0) }, run))
    }

    private func isCalled(_ step: StepShape, _ state: StepState) -> Bool { step.hasRollback && state.mayHaveActed }

    private func backward(_ place: Int, count: Int, _ state: StepState) -> Arrival {
        let step = shape.steps[place]
        let edges = graph.dependents[place].count
        return Arrival(
            join: .backward(step.name), taken: count, missed: 0, need: edges, edges: edges,
            launch: .rollBack(step.name, call: isCalled(step, state)))
    }

    /// What follows when the rollback of a step has ended, retries behind it.
    func rolledBack(_ step: StepShape, _ outcome: StepOutcome, _ facts: StepFacts) -> Plan {
        guard facts.run.direction == .rollingBack, facts.state == .rollingBack else { return .nothing }
        var run = facts.run
        var hasSucceeded = false
        if case .succeeded = outcome { hasSucceeded = true }
        var effects: [Effect] = [
            .moveStep(step.name, from: .rollingBack, to: hasSucceeded ? .rolledBack : .rollbackFailed)
        ]
        if hasSucceeded { effects += tell(.rolledBack, step.name, run) }
        if hasSucceeded || shape.rollback == .always {
            effects += backwardArrivals(step, facts.dependencies)
        } else {
            run.stuckRollbacks += 1
            effects.append(.setFact(.stuckRollbacks(run.stuckRollbacks)))
        }
        return Plan(effects + [.close] + idle(run))
    }

    /// The edges that end at a step, turned round, once it is rolled back or counts as such.
    private func backwardArrivals(_ step: StepShape, _ dependencies: [StepStanding]) -> [Effect] {
        // Several edges may come from one step: one for each of its branches.
        var counts: [(place: Int, count: Int, state: StepState)] = []
        var numbers: [Int: Int] = [:]
        for (dependency, standing) in zip(step.dependencies, dependencies) {
            // Never started, so marked already.
            guard standing.state.isEnded, let place = graph.places[dependency.step] else { continue }
            if let number = numbers[place] {
                counts[number].count += 1
            } else {
                numbers[place] = counts.count
                counts.append((place, 1, standing.state))
            }
        }
        return counts.map { .arrive(backward($0.place, count: $0.count, $0.state)) }
    }

    /// Retries the failed rollback of a step, in a run that rolls back or that has ended with its rollback incomplete.
    package func retryRollback(_ name: String, _ facts: StepFacts) throws(RunControlError) -> Plan {
        var run = facts.run
        let effects = try reopenRollback(name, facts, &run)
        let launch = Launch(task: .rollBack(name, call: true), step: name, from: [.rollbackFailed], to: .rollingBack)
        return Plan(effects + [.launch(launch)])
    }

    /// Counts the failed rollback of a step as done.
    package func skipRollback(_ name: String, _ facts: StepFacts) throws(RunControlError) -> Plan {
        var run = facts.run
        var effects = try reopenRollback(name, facts, &run)
        guard let step = graph.step(named: name) else { throw .unknownStep(name) }
        effects.append(.moveStep(name, from: .rollbackFailed, to: .rolledBack))
        return Plan(effects + backwardArrivals(step, facts.dependencies) + idle(run))
    }

    private func reopenRollback(
        _ name: String, _ facts: StepFacts, _ run: inout RunFacts
    ) throws(RunControlError) -> [Effect] {
        guard graph.places[name] != nil else { throw .unknownStep(name) }
        // Under policy `always` such a rollback counts as done, and the run has gone on.
        guard facts.state == .rollbackFailed, run.stuckRollbacks > 0 else { throw .stepNotNow(step: name, facts.state) }
        guard run.direction == .rollingBack || run.state == .failed else { throw .notNow(run.state) }
        var effects: [Effect] = []
        if run.state == .failed {
            effects += enter(.rollingBack, run)
            run.state = .rollingBack
        }
        run.stuckRollbacks -= 1
        return effects + [.setFact(.stuckRollbacks(run.stuckRollbacks))]
    }
}
