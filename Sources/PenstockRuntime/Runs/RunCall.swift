import Logging
import PenstockModel
import PenstockStore
import RedisClient
import Synchronization

/// What the code of a workflow sees of its run, and what it leaves behind for the commit.
package final class RunCall: Sendable {
    /// What was read beside `reading`, and what the code sets.
    private struct Data {
        var outputs: [String: [UInt8]?] = [:]
        var standings: [String: StepStanding] = [:]
        var variables: [String: [UInt8]?] = [:]
        var set: [String: [UInt8]] = [:]
        var token: String?
    }

    package let id: RunID
    private let found: FoundRun
    package let payload: RunTaskPayload
    package let context: AttemptContext
    package let task: ClaimedTask
    private let store: Store
    private let data = Mutex(Data())

    init(
        _ id: RunID, _ found: FoundRun, payload: RunTaskPayload, task: ClaimedTask, context: AttemptContext,
        store: Store
    ) {
        self.id = id
        self.found = found
        self.payload = payload
        self.context = context
        self.task = task
        self.store = store
    }

    package var planner: RunPlanner { found.planner }
    var reading: RunReading { found.reading }
    /// What the run was started with beside its input.
    package var headers: [String: String] { task.record.options.headers }
    package var workflow: String { planner.shape.name }
    package var version: Int { planner.shape.version }
    package var step: String? { payload.task.step ?? payload.task.visit?.state }
    package var state: RunState { reading.facts.state }
    package var round: Int { payload.round }
    /// What comes with the task from outside: of a signal, an event, a completion.
    package var brings: [UInt8]? { payload.brings }

    package func input() async throws(StoreError) -> [UInt8] {
        if let input = reading.input { return input }
        return try await store.read(RunQuery(id, wantsInput: true))?.input ?? []
    }

    /// A step's output, if it has one.
    package func output(of step: String) async throws(StoreError) -> [UInt8]? {
        if let known = reading.outputs[step] { return known }
        // What has not ended has no output.
        if let state = reading.steps[step]?.state, state == .pending || state == .active { return nil }
        if let known = data.withLock({ $0.outputs[step] }) { return known }
        let reading = try await store.read(RunQuery(id, outputs: [step]))
        let output = reading?.outputs[step]
        data.withLock { $0.outputs[step] = .some(output) }
        return output
    }

    package func standing(of step: String) async throws(StoreError) -> StepStanding {
        if let known = reading.steps[step] ?? data.withLock({ $0.standings[step] }) { return known }
        let standing = try await store.read(RunQuery(id, steps: [step]))?.standing(step) ?? StepStanding(.pending)
        data.withLock { $0.standings[step] = standing }
        return standing
    }

    package func error(of step: String) async throws(StoreError) -> String? {
        try await store.read(RunQuery(id, errors: [step]))?.errors[step]
    }

    // MARK: Variables

    package func variable(_ name: String) async throws(StoreError) -> [UInt8]? {
        let known: [UInt8]?? = data.withLock { $0.set[name].map { .some($0) } ?? $0.variables[name] }
        if let known { return known }
        var query = RunQuery(id)
        query.variables = [name]
        let value = try await store.read(query)?.variables[name]
        data.withLock { $0.variables[name] = .some(value) }
        return value
    }

    /// Sets a variable of the run when what runs now is committed.
    package func set(_ name: String, _ value: [UInt8]) { data.withLock { $0.set[name] = value } }

    var variables: [(name: String, value: [UInt8])] {
        data.withLock { $0.set.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) } }
    }

    // MARK: Completion from outside

    /// The secret with which somebody outside may end the step: of this attempt only.
    package var completionSecret: String {
        data.withLock { data in
            if let token = data.token { return token }
            let secret = (0..<4).map { _ in String(UInt32.random(in: .min ... .max), radix: 36) }.joined()
            data.token = secret
            return secret
        }
    }

    /// The secret, if the code has asked for it.
    var givenSecret: String? { data.withLock { $0.token } }
}

extension RunCall {
    /// Of a machine: the object, which a run begins with as its input.
    package var object: [UInt8]? { reading.object ?? reading.input }
}

extension RunCall {
    /// Why steps and their rollbacks have failed, in the order of the steps; of one step, if one is given.
    package func errors(
        of step: String?
    ) async throws(StoreError) -> (run: [(step: String, message: String)], rollback: [(step: String, message: String)])
    {
        guard case .graph(let graph) = planner.shape.body else { return ([], []) }
        let names = step.map { [$0] } ?? graph.steps.map(\.name)
        guard let reading = try await store.read(RunQuery(id, errors: names)) else { return ([], []) }
        return (
            names.compactMap { name in reading.errors[name].map { (name, $0) } },
            names.compactMap { name in reading.rollbackErrors[name].map { (name, $0) } }
        )
    }
}
