import PenstockModel
import RedisClient

/// What keeps a live run from ending, at one moment: its steps by state, and the tasks that are there to move it.
package struct RunWeight: Sendable {
    package var summary: RunSummary
    package var isMachine: Bool
    /// Step to the letter of its state.
    package var steps: [String: String]
    package var tasks: [RunTaskPayload]

    /// Nil if the facts cannot be read.
    package init?(facts: String, isMachine: Bool, steps: [String: String], tasks: [RunTaskPayload]) {
        guard let summary = RunSummary(field: facts) else { return nil }
        self.summary = summary
        self.isMachine = isMachine
        self.steps = steps
        self.tasks = tasks
    }

    package enum Fault: Sendable, Hashable {
        /// So many are counted as open, and so many are.
        case open(counted: Int, found: Int)
        /// A step is active, or being rolled back, and has no task.
        case idleStep(String)
        /// The data are to be deleted, and no task does it.
        case undeleted
    }

    package var faults: [Fault] {
        let state = summary.facts.state
        let present = tasks.filter { $0.round == summary.facts.round }
        if state == .deletingData {
            let deletes = present.contains { if case .deleteData = $0.task { true } else { false } }
            return deletes ? [] : [.undeleted]
        }
        // A machine has open what belongs to its visit.
        guard !state.isTerminal, !isMachine else { return [] }
        let ofRun = present.count { payload in
            switch payload.task {
            // A child that was stored and not yet started has nothing open.
            case .start: state != .pending
            case .sweep, .planRollback, .prepare: true
            default: false
            }
        }
        var faults: [Fault] = []
        let found = ofRun + steps.values.count { ["a", "w", "b"].contains($0) }
        if found != summary.open { faults.append(.open(counted: summary.open, found: found)) }
        let busy = Set(present.compactMap(\.task.step))
        for (step, letter) in steps.sorted(by: { $0.key < $1.key }) where ["a", "b"].contains(letter) {
            if !busy.contains(step) { faults.append(.idleStep(step)) }
        }
        return faults
    }
}

extension Store {
    /// What keeps a run from ending. Nil if there is nothing to keep, or if it moved each time that it was read.
    func weigh(_ run: String) async throws(StoreError) -> RunWeight? {
        for _ in 0..<5 {
            var facts: String?
            var isMachine = false
            var steps: [String: String] = [:]
            var tasks: [RunTaskPayload] = []
            var looked = 0
            while true {
                let items = try await call(Scripts.weighRun, [run, String(looked)]).array ?? []
                guard items.count >= 4, let text = items[0].text, let last = items[2].int, let count = items[3].int,
                    items.count >= 4 + 2 * count
                else { throw .unexpectedReply("weigh_run") }
                if text.isEmpty { return nil }
                // The facts change with every commit of the run: as long as they are the same, the chunks are of one moment.
                if let facts, facts != text { break }
                facts = text
                isMachine = items[1].text == "1"
                for i in 0..<count { steps[items[4 + 2 * i].looseText] = items[5 + 2 * i].looseText }
                tasks += items.dropFirst(4 + 2 * count).compactMap { $0.bytes.flatMap { RunTaskPayload($0) } }
                guard let summary = RunSummary(field: text), last < summary.made else {
                    return RunWeight(facts: text, isMachine: isMachine, steps: steps, tasks: tasks)
                }
                looked = last
            }
        }
        return nil
    }
}
