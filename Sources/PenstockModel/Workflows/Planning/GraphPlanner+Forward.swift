extension GraphPlanner {
    /// Starts a run that is `pending`: its first steps, and where there are many a task that starts the others.
    package func start(_ run: RunFacts) -> Plan {
        guard run.state == .pending else { return .nothing }
        let roots = graph.roots
        let (range, next) = part(from: 0, of: roots.count)
        let launches = roots[range].map { Effect.launch(.step(shape.steps[$0].name)) }
        return Plan(
            enter(.running, run) + launches + (next.map { [.schedule(.start(from: $0), opens: true)] } ?? []))
    }

    /// Goes on starting.
    ///
    /// - Parameter standing: where each step is; asked only for runs that have been prepared to run again, in which more than
    ///   the first steps may be ready.
    package func start(from: Int, _ run: RunFacts, standing: (String) -> StepStanding) -> Plan {
        if run.state == .pending { return start(run) }
        let places = run.round == 1 ? graph.roots : graph.order[...]
        let (range, next) = part(from: from, of: places.count)
        let stops = isStopping(run)
        let launches: [Effect] = places[range].compactMap { place in
            if stops && !(cleansUp(run) && graph.leadsToCleanUp[place]) { return nil }
            let step = shape.steps[place]
            if !step.dependencies.isEmpty {
                guard standing(step.name).state == .pending else { return nil }
                var taken = 0
                var missed = 0
                for dependency in step.dependencies {
                    let standing = standing(dependency.step)
                    guard standing.state.isEnded else { continue }
                    if dependency.isTaken(by: standing) { taken += 1 } else { missed += 1 }
                }
                let need = step.join.need(of: step.dependencies.count)
                guard taken >= need || missed > step.dependencies.count - need else { return nil }
            }
            return .launch(.step(step.name))
        }
        return Plan(launches + goOn(next.map { .start(from: $0) }, run))
    }

    /// What follows when a task of a step has ended, retries behind it.
    package func ended(_ task: RunTask, _ outcome: StepOutcome, _ facts: StepFacts) -> Plan {
        guard facts.round == facts.run.round, !facts.run.state.isTerminal, let name = task.step,
            let step = graph.step(named: name)
        else { return .nothing }
        switch task {
        case .step: return facts.state == .active ? executed(step, outcome, facts) : .nothing
        case .item(_, let index): return facts.state == .waiting ? itemEnded(step, index, outcome) : .nothing
        case .sync where outcome == .started:
            guard facts.state == .waiting, let interval = step.longRunning?.syncInterval else { return .nothing }
            return Plan([.arm(.sync(name), after: interval)])
        case .gather, .sync, .waitLimit, .signalled, .childEnded:
            return facts.state == .waiting ? executed(step, outcome, facts) : .nothing
        case .health: return healthChecked(step, outcome, facts)
        case .rollBack: return rolledBack(step, outcome, facts)
        case .start, .sweep, .planRollback, .prepare, .visit, .visitTimeout, .event, .resume, .cancel, .deleteData,
            .hook, .callback:
            return .nothing
        }
    }

    private func executed(_ step: StepShape, _ outcome: StepOutcome, _ facts: StepFacts) -> Plan {
        let isFirst = facts.state == .active
        switch outcome {
        case .succeeded(let branch): return finish(step, .succeeded, branch: branch, facts)
        case .failed: return finish(step, .failed, facts)
        case .skipped: return finish(step, .skipped, facts)
        case .stopped where isFirst: return finish(step, .cancelled, facts)
        case .stopped, .interrupted: return finish(step, .interrupted, facts)
        case .started: return isFirst ? started(step, facts) : .nothing
        case .expanded(let items):
            guard isFirst, let fanOut = step.fanOut else { return finish(step, .failed, facts) }
            if isStopped(step, facts.run) { return finish(step, .cancelled, facts) }
            let tasks = fanOut.batches(of: items)
            return Plan([
                .moveStep(step.name, from: .active, to: .waiting),
                .openFan(step.name, .all(tasks: tasks, window: min(fanOut.concurrency, tasks))),
            ])
        case .reopened:
            guard isFirst, let fanOut = step.fanOut else { return finish(step, .failed, facts) }
            if isStopped(step, facts.run) { return finish(step, .cancelled, facts) }
            return Plan([
                .moveStep(step.name, from: .active, to: .waiting),
                .openFan(step.name, .rest(window: fanOut.concurrency)),
            ])
        }
    }

    private func started(_ step: StepShape, _ facts: StepFacts) -> Plan {
        let stops = isStopped(step, facts.run)
        var effects: [Effect] = [.moveStep(step.name, from: .active, to: .waiting)]
        switch step.kind {
        case .signal(let signal):
            if stops { return finish(step, .cancelled, facts) }
            effects.append(.awaitSignal(signal, step: step.name))
        case .child(let child):
            if stops { return finish(step, .cancelled, facts) }
            let start = Effect.startChild(child, step: step.name)
            if !child.isAwaited {
                var plan = finish(step, .succeeded, facts)
                plan.effects.insert(start, at: 0)
                return plan
            }
            effects.append(start)
        case .work:
            guard let interval = step.longRunning?.syncInterval else { return finish(step, .failed, facts) }
            // What it has begun is not waited for.
            if facts.run.state == .cancelling { return finish(step, .interrupted, facts) }
            effects.append(.arm(.sync(step.name), after: interval))
        }
        if let limit = step.waitLimit { effects.append(.arm(.waitLimit(step.name), after: limit)) }
        return Plan(effects)
    }

    private func itemEnded(_ step: StepShape, _ index: Int, _ outcome: StepOutcome) -> Plan {
        var hasSucceeded = false
        if case .succeeded = outcome { hasSucceeded = true }
        let stops = outcome == .stopped || (!hasSucceeded && step.fanOut?.failedItems == .stop)
        return Plan([.endItem(step.name, index: index, failed: !hasSucceeded, stops: stops)])
    }

    private func finish(_ step: StepShape, _ state: StepState, branch: String? = nil, _ facts: StepFacts) -> Plan {
        var run = facts.run
        var effects = end(step, from: facts.state, to: state, branch: branch, &run)
        if state == .succeeded, let longRunning = step.longRunning, longRunning.healthCheck, !isStopping(run) {
            effects.append(.arm(.health(step.name), after: longRunning.syncInterval))
        }
        return Plan(effects + [.close] + idle(run))
    }

    /// A step ends on the way forward: its state, what it means for the run, and the edges that leave it.
    func end(
        _ step: StepShape, from old: StepState, to state: StepState, branch: String? = nil, _ run: inout RunFacts
    ) -> [Effect] {
        var effects: [Effect] = [.moveStep(step.name, from: old, to: state, branch: branch)]
        if state == .succeeded { effects.append(.keepOutput(step.name)) }
        if old == .waiting {
            if step.longRunning != nil { effects.append(.disarm(.sync(step.name))) }
            if step.waitLimit != nil { effects.append(.disarm(.waitLimit(step.name))) }
        }
        if state == .failed && !isCaught(step) { effects += fail(&run) }
        if state == .succeeded { effects += tell(.succeeded, step.name, run) }
        if state == .failed { effects += tell(.failed, step.name, run) }
        return effects + arrivals(from: step, StepStanding(state, branch: branch), run)
    }

    private func isCaught(_ step: StepShape) -> Bool {
        graph.places[step.name].map { graph.catchesFailure[$0] } ?? false
    }

    /// The run fails, if it did not before. What waits for somebody outside is told to stop.
    func fail(_ run: inout RunFacts) -> [Effect] {
        guard run.direction == .running, !run.isFailing else { return [] }
        run.isFailing = true
        return [.setFact(.isFailing(true))] + (isStopping(run) ? sweep(run) : [])
    }

    /// The task that ends what waits, where there may be such steps.
    func sweep(_ run: RunFacts) -> [Effect] {
        let waits = graph.waitsOutside || (run.direction == .cancelling && graph.isSynced)
        return waits ? [.schedule(.sweep(from: 0), opens: true)] : []
    }

    /// The edges that leave a step which has ended. In a run that stops only those that lead to steps for cleaning up.
    func arrivals(from step: StepShape, _ standing: StepStanding, _ run: RunFacts) -> [Effect] {
        guard let place = graph.places[step.name] else { return [] }
        let stops = isStopping(run)
        if stops && !cleansUp(run) { return [] }
        return graph.dependents[place].compactMap { edge in
            let next = shape.steps[edge.to]
            if stops && !(graph.leadsToCleanUp[edge.to] || next.dependencies.contains { $0.phase == .end }) {
                return nil
            }
            let isTaken = next.dependencies[edge.dependency].isTaken(by: standing)
            return .arrive(
                Arrival(
                    join: .forward(next.name), taken: isTaken ? 1 : 0, missed: isTaken ? 0 : 1,
                    need: next.join.need(of: next.dependencies.count), edges: next.dependencies.count,
                    launch: .step(next.name)))
        }
    }

    /// Ends what waits in a run that stops: signals, child runs by their policy and, in a cancelled run, steps that are synced.
    package func sweep(from: Int, _ run: RunFacts, standing: (String) -> StepStanding) -> Plan {
        guard isStopping(run) else { return Plan([.close] + idle(run)) }
        var run = run
        let (range, next) = part(from: from, of: graph.count)
        var effects: [Effect] = []
        for place in graph.order[range] {
            let step = shape.steps[place]
            guard isStopped(step, run), standing(step.name).state == .waiting else { continue }
            switch step.kind {
            case .signal: break
            case .child(let child):
                switch child.whenStopped {
                case .cancel:
                    effects.append(.cancelChild(step.name))
                    continue
                case .finish: continue
                case .abandon: break
                }
            case .work:
                guard run.direction == .cancelling, step.longRunning != nil else { continue }
            }
            effects += end(step, from: .waiting, to: .interrupted, &run) + [.close]
        }
        return Plan(effects + goOn(next.map { .sweep(from: $0) }, run))
    }

    private func healthChecked(_ step: StepShape, _ outcome: StepOutcome, _ facts: StepFacts) -> Plan {
        guard facts.state == .succeeded, facts.run.direction == .running, let longRunning = step.longRunning else {
            return .nothing
        }
        var run = facts.run
        guard outcome == .failed else {
            return isStopping(run) ? .nothing : Plan([.arm(.health(step.name), after: longRunning.syncInterval)])
        }
        let move = [Effect.moveStep(step.name, from: .succeeded, to: .failed)]
        return Plan(move + fail(&run) + tell(.failed, step.name, run) + idle(run))
    }
}
