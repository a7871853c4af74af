import PenstockModel
import PenstockStore

/// One outcome that Redis has accepted, for those who keep a ledger of their own.
package struct Commitment: Sendable, Hashable {
    package let id: TaskID
    /// With the worker's incarnation, the lease under which it was committed.
    package let claim: Int
    /// `completed`, `retry`, `dead`, `cancelled`, `released`, or `run` for a task of a run with what follows for it.
    package let outcome: String
    /// The attempt, where the outcome names it.
    package let attempt: Int?
    /// Redis did not say so: the reply of the call that committed it was lost, and a later one found the lease gone.
    package let isInferred: Bool
}

extension CycleRequest {
    /// What of its outcomes was accepted, now or, as far as `confirmed` tells, by an earlier call whose reply was lost.
    func accepted(by turn: CycleTurn, confirmed: [TaskID]) -> [Commitment] {
        let inferred = Set(confirmed)
        let refused = Set(turn.stale + turn.refused.map(\.id)).subtracting(inferred)
        let plain = ended.lazy.filter { !refused.contains($0.id) }.map { task in
            Commitment(
                id: task.id, claim: task.claim, outcome: task.outcome.word, attempt: task.outcome.attempt,
                isInferred: inferred.contains(task.id))
        }
        let runs = committed.lazy.filter { !refused.contains($0.id) }.map { task in
            Commitment(
                id: task.id, claim: task.claim, outcome: "run", attempt: nil, isInferred: inferred.contains(task.id))
        }
        return Array(plain) + Array(runs)
    }
}

extension Outcome {
    fileprivate var word: String {
        switch self {
        case .completed, .result: "completed"
        case .retry: "retry"
        case .dead: "dead"
        case .cancelled: "cancelled"
        case .released: "released"
        case .planned: "run"
        }
    }

    fileprivate var attempt: Int? {
        switch self {
        case .retry(_, let counted, let attempt, _): counted ? attempt : nil
        case .dead(let attempt, _): attempt
        case .completed, .result, .cancelled, .released, .planned: nil
        }
    }
}
