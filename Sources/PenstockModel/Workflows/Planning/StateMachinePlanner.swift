/// Decides what follows in a run of a state machine. As for graphs, plans are pure functions of facts, committed with the
/// revision of those facts: each change of state or object counts it up, so of a step, a callback and a time-out that end
/// the same visit one wins, and the others find that their visit is over.
package struct StateMachinePlanner: Sendable {
    package let shape: StateMachineShape
    let hooks: Set<HookMoment>
    private let states: [String: MachineState]

    /// - Throws: everything that is wrong with the machine.
    package init(_ shape: StateMachineShape, hooks: [HookMoment] = []) throws(InvalidShape) {
        let problems = shape.problems
        guard problems.isEmpty else { throw InvalidShape(problems: problems) }
        self.shape = shape
        self.hooks = Set(hooks)
        var states: [String: MachineState] = [:]
        for state in shape.states { states[state.name] = state }
        self.states = states
    }

    package func state(named name: String) -> MachineState? { states[name] }

    /// Starts a run that is `pending`, in the initial state or in another.
    package func start(in name: String? = nil, _ facts: MachineFacts) throws(RunControlError) -> Plan {
        guard facts.run.state == .pending else { return .nothing }
        let name = name ?? shape.initial
        guard let state = states[name] else { throw .undeclaredState(state: "", next: name) }
        var run = facts.run
        let started = run.enter(.running, hooks)
        run.state = .running
        return Plan(started + visit(state, number: facts.visit + 1, run))
    }

    /// What a worker does with a task of the run that it has claimed.
    package func begin(_ task: RunTask, _ facts: MachineFacts, round: Int) -> Beginning {
        switch task {
        case .hook, .callback: return facts.run.tells ? .execute : .drop
        // The one task of a run that has ended.
        case .deleteData:
            return round == facts.run.round && facts.run.state == .deletingData ? .execute : .drop
        default: break
        }
        guard round == facts.run.round, !facts.run.state.isTerminal else { return .drop }
        if task == .cancel { return .execute }
        // A child run is stored before it is started.
        if task == .start(from: 0), facts.run.state == .pending { return .execute }
        if case .resume(let visit) = task {
            return facts.run.state == .paused && visit == facts.visit ? .execute : .drop
        }
        guard let visit = task.visit, visit.state == facts.state, visit.number == facts.visit else { return .drop }
        switch facts.run.state {
        case .paused: return .park
        case .running: return .execute
        default: return .end(.stopped)
        }
    }

    /// What follows when the code of a state, of a callback or of a time-out has ended.
    ///
    /// - Throws: `undeclaredState` if the next state is not declared: an error of the step that no retry mends.
    package func ended(
        _ task: RunTask, _ outcome: MachineOutcome, _ facts: MachineFacts
    ) throws(RunControlError) -> Plan {
        guard isPresent(task, facts), let state = states[facts.state] else { return .nothing }
        switch outcome {
        case .next(let name):
            guard state.next.contains(name), let next = states[name] else {
                throw .undeclaredState(state: state.name, next: name)
            }
            return Plan([.keepObject] + visit(next, number: facts.visit + 1, facts.run))
        case .saveAndRepeat where facts.run.state != .cancelling:
            return Plan(
                [.keepObject, .schedule(.visit(state.name, facts.visit), opens: true)] + close(task, facts.run))
        case .saveAndRepeat: return Plan([.keepObject] + close(task, facts.run))
        case .stay, .stopped: return Plan(close(task, facts.run))
        }
    }

    /// What follows when an attempt has failed. After so many errors in a row as the state asks for, the run is paused and
    /// the attempt put aside until somebody resumes it.
    ///
    /// - Parameters:
    ///   - errors: attempts of this task that have failed, this one included.
    ///   - isLast: whether its retry policy gives up.
    /// - Returns: nil if the task is merely tried again.
    package func failed(_ task: RunTask, errors: Int, isLast: Bool, _ facts: MachineFacts) -> Plan? {
        guard isPresent(task, facts), let state = states[facts.state] else { return .nothing }
        let run = facts.run
        if run.state == .cancelling { return Plan(close(task, run)) }
        if let limit = state.pauseAfterErrors {
            guard isLast || errors % max(limit, 1) == 0 else { return nil }
            var plan = Plan.park
            guard run.state == .running else { return plan }
            plan.effects = run.enter(.paused, hooks)
            if let wait = state.resumeAfterMilliseconds {
                plan.effects.append(.arm(.resume(facts.visit), after: .milliseconds(wait)))
            }
            return plan
        }
        guard isLast else { return nil }
        // A paused run cannot fail before it is resumed: the attempt is put aside, and fails then.
        guard run.state == .running else { return .park }
        return Plan(close(task, run) + run.enter(.failed, hooks))
    }

    /// An outside event for the present state, to be handled by a worker.
    ///
    /// - Throws: `wrongState` if the state takes no such event; `hasEnded`, `notNow` if the run takes none.
    package func callback(_ event: String, _ facts: MachineFacts) throws(RunControlError) -> Plan {
        if facts.run.state.isTerminal { throw .hasEnded(facts.run.state) }
        guard facts.run.state == .running else { throw .notNow(facts.run.state) }
        guard let state = states[facts.state], state.callbacks.contains(event) else {
            throw .wrongState(event: event, state: facts.state)
        }
        return Plan([.schedule(.event(event, state.name, facts.visit), opens: true)])
    }

    package func pause(_ facts: MachineFacts) throws(RunControlError) -> Plan {
        switch facts.run.state {
        case .running: return Plan(facts.run.enter(.paused, hooks))
        case .paused: return .nothing
        case let state: throw state.isTerminal ? .hasEnded(state) : .notNow(state)
        }
    }

    package func resume(_ facts: MachineFacts) throws(RunControlError) -> Plan {
        switch facts.run.state {
        case .paused:
            var run = facts.run
            let effects = run.enter(.running, hooks) + [.releaseParked]
            run.state = .running
            let hasArrived = states[facts.state]?.isEnd ?? false
            return Plan(effects + (hasArrived ? run.enter(.succeeded, hooks) : []))
        case .running: return .nothing
        case let state: throw state.isTerminal ? .hasEnded(state) : .notNow(state)
        }
    }

    package func cancel(_ facts: MachineFacts) throws(RunControlError) -> Plan {
        var run = facts.run
        switch run.state {
        case .pending: return Plan(run.enter(.cancelled, hooks))
        case .cancelling: return .nothing
        case .running, .paused:
            var effects = run.enter(.cancelling, hooks)
            if run.state == .paused { effects.append(.releaseParked) }
            run.state = .cancelling
            return Plan(effects + [.whenIdle(run.enter(.cancelled, hooks))])
        case let state: throw state.isTerminal ? .hasEnded(state) : .notNow(state)
        }
    }

    /// Whether the task belongs to the visit that the run is at.
    private func isPresent(_ task: RunTask, _ facts: MachineFacts) -> Bool {
        guard let visit = task.visit, visit.state == facts.state, visit.number == facts.visit else { return false }
        return [.running, .paused, .cancelling].contains(facts.run.state)
    }

    /// A time-out is a timer and was never open.
    private func close(_ task: RunTask, _ run: RunFacts) -> [Effect] {
        var effects: [Effect] = []
        if case .visitTimeout = task {} else { effects.append(.close) }
        if run.state == .cancelling { effects.append(.whenIdle(run.enter(.cancelled, hooks))) }
        return effects
    }

    /// What was open of the visit before is so no more; what it still comes to is dropped.
    private func visit(_ state: MachineState, number: Int, _ run: RunFacts) -> [Effect] {
        var effects: [Effect] = [.enterState(state.name)]
        switch run.state {
        case .cancelling: return effects + [.whenIdle(run.enter(.cancelled, hooks))]
        case .paused where state.isEnd: return effects
        default: break
        }
        if state.isEnd { return effects + run.enter(.succeeded, hooks) }
        if state.hasStep { effects.append(.schedule(.visit(state.name, number), opens: true)) }
        if state.hasTimeout { effects.append(.armAtCarriedMoment(.visitTimeout(state.name, number))) }
        return effects
    }
}
