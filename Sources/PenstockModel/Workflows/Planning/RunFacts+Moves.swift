extension RunFacts {
    /// The run enters a state, and who wants to know is told: hooks, the callback URL, the run that waits for this one.
    func enter(_ next: RunState, _ hooks: Set<HookMoment>) -> [Effect] {
        var effects: [Effect] = [.moveRun(from: state, to: next)]
        if let moment = HookMoment(entering: next), hooks.contains(moment) {
            effects.append(.schedule(.hook(moment), opens: false))
        }
        if hasCallback, let phase = CallbackMoment.Phase(entering: next, from: state) {
            effects.append(.schedule(.callback(CallbackMoment(phase)), opens: false))
        }
        // An end is told once: what becomes of its data afterwards is no other end.
        if hasParent && next.isTerminal && !state.isTerminal { effects.append(.tellParent(next)) }
        return effects
    }

    /// Whether hooks and callbacks still have something to tell: not once the data are gone.
    var tells: Bool { state != .dataDeleted }
}

extension CallbackMoment.Phase {
    fileprivate init?(entering state: RunState, from old: RunState) {
        switch state {
        case .running where old == .pending: self = .started
        case .succeeded: self = .succeeded
        case .failed: self = .failed
        case .rolledBack: self = .rolledBack
        case .rollingBack where old != .paused: self = .rollingBack
        case .cancelled: self = .cancelled
        case .pending, .running, .paused, .cancelling, .rollingBack, .deletingData, .dataDeleted: return nil
        }
    }
}
