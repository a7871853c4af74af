import Penstock

/// What a run's history says about times and attempts.
struct RunTimes {
    /// The last end, if it has ended.
    private(set) var endedAt: Int64?
    /// Of steps: the last attempt, and the time from the start to the end in the last round.
    private(set) var steps: [String: StepRow.Detail] = [:]
    /// Of a state machine: the statuses in the order in which they were entered.
    private(set) var statuses: [(status: String, at: Int64, by: String)] = []

    /// - Parameter now: up to when the time of steps counts that have not ended; nil: they have none.
    init(_ history: [RunEntry], now: Int64? = nil) {
        var begun: [String: Int64] = [:]
        for entry in history {
            for move in entry.moves {
                switch move {
                case .run(let state): endedAt = state.isTerminal ? entry.at : nil
                case .status(let status): statuses.append((status, entry.at, entry.by))
                case .step(let step, .active, _):
                    begun[step] = entry.at
                    steps[step] = StepRow.Detail()
                case .step(let step, let state, _) where state.isEnded:
                    if let start = begun.removeValue(forKey: step) {
                        steps[step, default: .init()].duration = .milliseconds(entry.at - start)
                    }
                case .step: break
                }
            }
            // An attempt is that of the task whose end the entry is: it moves its own step first.
            guard let attempt = entry.attempt, case .step(let step, _, _)? = entry.moves.first(where: \.isOfStep) else {
                continue
            }
            steps[step, default: .init()].attempts = attempt
        }
        guard let now else { return }
        for (step, start) in begun { steps[step, default: .init()].duration = .milliseconds(max(0, now - start)) }
    }
}

extension RunEntry.Move {
    fileprivate var isOfStep: Bool { if case .step = self { true } else { false } }
}
