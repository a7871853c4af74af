import PenstockModel
import PenstockRuntime
import PenstockStore

/// A run as it is at one moment.
public struct RunStatus: Sendable, Hashable {
    public let id: RunID
    public let workflow: String
    public let version: Int
    public let state: RunState
    /// Of a run that has not ended: a step has failed, and the run will not succeed.
    public let isFailing: Bool
    /// How often it was started: 1, and one more for each retry or rerun.
    public let round: Int
    /// When it was started, milliseconds since 1970.
    public let startedAt: Int64?
    public let foreignID: String?
    public let tags: [String]
    public let queue: String
    public let tenant: String
    /// The run whose step has started this one.
    public let parent: RunID?
    /// The steps of a graph, in its order; of a machine none.
    public let steps: [StepStatus]
    /// Of a state machine: the status it is in.
    public let status: String?
    /// What went wrong in its steps, in their order.
    public var errors: [StepError] { steps.compactMap(\.failure) + steps.compactMap(\.rollbackFailure) }
}

/// A step of a run as it is at one moment.
public struct StepStatus: Sendable, Hashable {
    public let name: String
    public let state: StepState
    /// What it decided for, if it is a decision.
    public let branch: String?
    /// Why it failed.
    public let error: String?
    /// Why its rollback failed.
    public let rollbackError: String?
    /// Of a fan-out: tasks in all, ended, and failed.
    public let fanOut: Items?
    /// The run that it started.
    public let child: RunID?
    public let dependencies: [String]

    public struct Items: Sendable, Hashable {
        public let total: Int
        public let done: Int
        public let failed: Int

        public init(total: Int, done: Int, failed: Int) {
            self.total = total
            self.done = done
            self.failed = failed
        }
    }

    var failure: StepError? { error.map { StepError(step: name, message: $0, isOfRollback: false) } }
    var rollbackFailure: StepError? {
        rollbackError.map { StepError(step: name, message: $0, isOfRollback: true) }
    }
}

/// Why a step, or its rollback, failed for good.
public struct StepError: Sendable, Hashable, CustomStringConvertible {
    public let step: String
    public let message: String
    public let isOfRollback: Bool

    public init(step: String, message: String, isOfRollback: Bool = false) {
        self.step = step
        self.message = message
        self.isOfRollback = isOfRollback
    }

    public var description: String { "\(isOfRollback ? "rollback of \(step)" : step): \(message)" }
}

/// One entry of a run's history: what moved together.
public struct RunEntry: Sendable, Hashable {
    public enum Move: Sendable, Hashable {
        case run(RunState)
        case step(String, StepState, branch: String?)
        /// A state machine entered a status.
        case status(String)
    }

    /// Milliseconds since 1970, by Redis's clock.
    public let at: Int64
    /// The worker or client that did it.
    public let by: String
    public let moves: [Move]
    public let error: String?
    /// The attempt that it ends, and how long that took.
    public let attempt: Int?
    public let duration: Duration?
}

extension Run {
    /// Where the run and its steps are.
    ///
    /// - Throws: `notFound`.
    public func status() async throws(PenstockError) -> RunStatus {
        let (planner, _) = try await read([])
        return try await status(planner)
    }

    func status(_ planner: RunPlanner) async throws(PenstockError) -> RunStatus {
        var steps: [StepShape] = []
        if case .graph(let graph) = planner.body { steps = graph.graph.shape.steps }
        // In parts, so that no single command of a run of very many steps holds up Redis.
        let queries = stride(from: 0, to: max(steps.count, 1), by: 2000).map { start in
            let names = steps[start..<min(start + 2000, steps.count)].map(\.name)
            return RunQuery(id, steps: names, errors: names, wantsHome: start == 0)
        }
        let parts = try await publicly { () throws(StoreError) in try await penstock.store.read(queries) }
        guard var reading = parts.first ?? nil else { throw PenstockError(.notFound, "run \(id) is not known") }
        for case let part? in parts.dropFirst() { reading.add(part) }
        return RunStatus(
            id: id, workflow: planner.shape.name, version: planner.shape.version, state: reading.facts.state,
            isFailing: reading.facts.isFailing, round: reading.facts.round, startedAt: reading.startedAt,
            foreignID: reading.foreignID, tags: reading.tags, queue: reading.head?.queue ?? "",
            tenant: reading.head?.tenant ?? "", parent: reading.parent,
            steps: steps.map { step in
                let standing = reading.standing(step.name)
                return StepStatus(
                    name: step.name, state: standing.state, branch: standing.branch,
                    error: reading.errors[step.name], rollbackError: reading.rollbackErrors[step.name],
                    fanOut: reading.fans[step.name].map { .init(total: $0.total, done: $0.done, failed: $0.failed) },
                    child: reading.children[step.name], dependencies: step.dependencies.map(\.step))
            },
            status: planner.hasMachine ? reading.machine.state : nil)
    }

    /// What happened to the run, the oldest first.
    public func history() async throws(PenstockError) -> [RunEntry] {
        try await publicly { () throws(StoreError) in try await penstock.store.history(id) }.map { RunEntry($0) }
    }

    /// The output of a run that has succeeded, as bytes; nil if it has none. Of a state machine its object, at any time.
    public func output() async throws(PenstockError) -> [UInt8]? {
        let (planner, _) = try await read([])
        return try await publicly { () throws(StoreError) in
            guard let reading = try await penstock.store.read(RunQuery(id, wantsInput: true)) else { return nil }
            return try await WorkerEngine.output(of: reading, id, planner, penstock.store)
        }
    }

    /// The input that the run was started with, as bytes.
    public func input() async throws(PenstockError) -> [UInt8]? {
        try await publicly { () throws(StoreError) in
            try await penstock.store.read(RunQuery(id, wantsInput: true))?.input
        }
    }

    /// The output of one step, as bytes; nil if it has none.
    public func output(of step: String) async throws(PenstockError) -> [UInt8]? {
        try await publicly { () throws(StoreError) in
            try await penstock.store.read(RunQuery(id, outputs: [step]))?.outputs[step]
        }
    }

    /// A picture of the workflow with the run's present state, in Mermaid's language.
    public func mermaid(direction: DiagramDirection = .topToBottom) async throws(PenstockError) -> String {
        let (planner, _) = try await read([])
        let status = try await status(planner)
        var standings: [String: StepStanding] = [:]
        for step in status.steps { standings[step.name] = StepStanding(step.state, branch: step.branch) }
        return planner.shape.mermaid(
            direction: direction, standings: planner.hasMachine ? nil : standings, present: status.status)
    }
}

extension RunEntry.Move {
    init(_ move: RunEvent.Move) {
        switch move {
        case .run(let state): self = .run(state)
        case .step(let step, let state, let branch): self = .step(step, state, branch: branch)
        case .state(let status): self = .status(status)
        }
    }
}

extension RunEntry {
    init(_ event: RunEvent) {
        at = event.at
        by = event.by
        moves = event.moves.map(Move.init)
        error = event.error
        attempt = event.attempt
        duration = event.took
    }
}
