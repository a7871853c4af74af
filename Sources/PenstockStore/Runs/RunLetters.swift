import PenstockModel

/// States as Redis keeps them: letters, capitals for those in which a run has ended. Storage.md lists them.
extension RunState {
    var letter: String {
        switch self {
        case .pending: "p"
        case .running: "r"
        case .paused: "u"
        case .cancelling: "c"
        case .rollingBack: "b"
        case .succeeded: "S"
        case .failed: "F"
        case .rolledBack: "B"
        case .cancelled: "C"
        case .deletingData: "D"
        case .dataDeleted: "X"
        }
    }

    init?(letter: some StringProtocol) {
        guard let state = Self.allCases.first(where: { $0.letter == letter }) else { return nil }
        self = state
    }
}

extension StepState {
    var letter: String {
        switch self {
        case .pending: "p"
        case .active: "a"
        case .waiting: "w"
        case .succeeded: "s"
        case .failed: "f"
        case .skipped: "k"
        case .waived: "v"
        case .cancelled: "c"
        case .interrupted: "i"
        case .rollingBack: "b"
        case .rolledBack: "r"
        case .rollbackFailed: "x"
        }
    }

    init?(letter: some StringProtocol) {
        guard let state = Self.allCases.first(where: { $0.letter == letter }) else { return nil }
        self = state
    }
}

extension StepStanding {
    /// A field `s:<step>`; absent is pending.
    init?(field: String?) {
        guard let field, !field.isEmpty else {
            self.init(.pending)
            return
        }
        guard let state = StepState(letter: field.prefix(1)) else { return nil }
        let branch = field.dropFirst()
        self.init(state, branch: branch.isEmpty ? nil : String(branch))
    }
}

/// The facts of a run, with the counters that planning does not look at: field `f`, see `lua/includes/run_text.lua`.
package struct RunSummary: Sendable, Hashable {
    package var facts: RunFacts
    /// What keeps the run from ending.
    package var open: Int
    /// Tasks that it has made so far.
    package var made: Int
    /// Moment of the last entry of its history, ms.
    package var lastMove: Int64

    init?(field: String) {
        let words = field.split(separator: " ")
        let numbers = words.map { Int($0) ?? 0 }
        guard words.count == 13, let state = RunState(letter: words[0]) else { return nil }
        facts = RunFacts(
            state: state, revision: numbers[1], round: numbers[2], pausedFrom: RunState(letter: words[3]),
            isFailing: numbers[4] == 1, rollsBackOnCancel: numbers[5] == 1, stuckRollbacks: numbers[6],
            hasCallback: numbers[7] == 1, hasParent: numbers[8] == 1)
        open = numbers[9]
        made = numbers[10]
        lastMove = Int64(numbers[11])
    }
}

extension FanStanding {
    /// A field `n:<step>`, see `lua/includes/fan_text.lua`.
    init?(field: String) {
        let numbers = field.split(separator: " ").map { Int($0) ?? 0 }
        guard numbers.count == 8 else { return nil }
        self.init(total: numbers[0], done: numbers[2], failed: numbers[3])
    }
}

/// The payload of a run's task: `round TAB what it is for`, then LF and what comes with it: of a signal or an event what
/// that brings, of a child that has ended `id SPACE letter of its state`.
package struct RunTaskPayload: Sendable, Hashable {
    package var round: Int
    package var task: RunTask
    package var brings: [UInt8]?

    package init?(_ payload: [UInt8]) {
        let end = payload.firstIndex(of: UInt8(ascii: "\n"))
        brings = end.map { Array(payload[($0 + 1)...]) }
        let parts = String(decoding: payload[..<(end ?? payload.endIndex)], as: UTF8.self).split(
            separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let round = Int(parts[0]), let task = RunTask(text: String(parts[1])) else {
            return nil
        }
        self.round = round
        self.task = task
    }

    /// The child run that has ended, and how.
    package var child: (run: RunID, state: RunState)? {
        guard case .childEnded = task, let brings else { return nil }
        let words = String(decoding: brings, as: UTF8.self).split(separator: " ")
        guard words.count == 2, let run = RunID(String(words[0])), let state = RunState(letter: words[1]) else {
            return nil
        }
        return (run, state)
    }
}
