import PenstockModel
import PenstockStore

/// What the code of a workflow is called for, and what its returns are as ends.
extension WorkerEngine {
    func execute(_ call: RunCall, _ code: WorkflowCode) async throws -> RunEnd {
        switch call.payload.task {
        case .hook(let moment):
            try await code.hooks[moment]?(call)
            return RunEnd(.delivered)
        case .callback(let moment):
            guard let callbacks else {
                throw Postponed(
                    after: .seconds(10),
                    message: "this worker delivers no callbacks: give it a CallbackSender (Worker.Options.callbacks)")
            }
            try await callbacks(call, moment)
            return RunEnd(.delivered)
        case .visit, .visitTimeout, .event: return try await visit(call, code)
        default: break
        }
        guard let name = call.payload.task.step, let step = code.steps[name] else {
            throw Postponed(
                after: .seconds(10),
                message:
                    "this worker's \(call.workflow) \(call.version) has no step \"\(call.payload.task.step ?? "")\": give a changed workflow another version"
            )
        }
        return try await execute(call, step, name)
    }

    func execute(_ call: RunCall, _ step: StepCode, _ name: String) async throws -> RunEnd {
        func missing(_ what: String) -> Postponed {
            Postponed(
                after: .seconds(10),
                message: "step \"\(name)\" of this worker's \(call.workflow) \(call.version) has no \(what)")
        }
        switch call.payload.task {
        case .step:
            if let isWanted = step.isWanted, !(try await isWanted(call)) { return .step(.skipped) }
            if case .signal? = call.planner.step(name)?.kind { return .step(.started) }
            guard let run = step.run else { throw missing("code") }
            return try await end(try await run(call), call, step)
        case .item(_, let index):
            guard let items = step.items else { throw missing("code for items") }
            let batch = try await batch(index, call, name)
            return .step(.succeeded(), output: try await items(call, batch))
        case .gather:
            guard let gather = step.gather else { return .step(.succeeded()) }
            return .step(.succeeded(), output: try await gather(call, try await results(call, name)))
        case .sync, .health:
            guard let sync = step.sync else { throw missing("sync") }
            return try await end(try await sync(call), call, step)
        case .signalled:
            let brings = call.brings ?? []
            guard case .signal? = call.planner.step(name)?.kind else {
                switch Completion(brings) {
                case .succeeded(let output):
                    return .step(.succeeded(), output: try await step.receive?(call, output) ?? output)
                case .failed(let message): return .step(.failed, error: message)
                case nil: return .step(.failed, error: "what completed it cannot be read")
                }
            }
            return .step(.succeeded(), output: try await step.receive?(call, brings) ?? brings)
        case .childEnded: return try await childEnded(call, step)
        case .rollBack:
            guard let rollBack = step.rollBack else { throw missing("rollback") }
            try await rollBack(call)
            return .step(.succeeded())
        default: throw missing("such task")
        }
    }

    func end(_ returned: StepReturn, _ call: RunCall, _ step: StepCode) async throws -> RunEnd {
        switch returned {
        case .succeeded(let output, let branch): return .step(.succeeded(branch: branch), output: output)
        case .inProgress: return .step(.started)
        case .items(let items):
            return .step(.expanded(items: items.count), output: items.isEmpty ? [] : PackedList.pack(items))
        case .child(let input):
            guard let child = step.child else { throw JobFailure.permanent("there is no child workflow") }
            var head = call.task.record
            head.kind = child.shape.kind
            head.options = TaskOptions()
            head.payload = []
            var end = RunEnd.step(.started)
            let digest = try await library.keep(child.planner)
            end.child = ChildStart(shapeDigest: digest, input: input, head: head, retention: child.shape.retention)
            return end
        }
    }

    // MARK: Fan-outs

    func batch(_ index: Int, _ call: RunCall, _ step: String) async throws -> [[UInt8]] {
        let key = FanKey(run: call.id, step: step, round: call.payload.round)
        var known = lists[key]
        if known == nil {
            var query = RunQuery(call.id)
            query.lists = [step]
            known = try await store.read(query)?.lists[step].flatMap { PackedList($0) }
            if let known { lists.keep(known, key) }
        }
        let size = call.planner.step(step)?.fanOut?.batchSize ?? 1
        guard let list = known, index >= 0, index * size < list.count else {
            throw JobFailure.permanent("the list of items has no item \(index * size)")
        }
        return (index * size..<min((index + 1) * size, list.count)).map { list[$0] }
    }

    func results(_ call: RunCall, _ step: String) async throws -> [Result<[UInt8], ItemError>] {
        let total = call.reading.fans[step]?.total ?? 0
        var results: [Result<[UInt8], ItemError>] = []
        results.reserveCapacity(total)
        for start in stride(from: 0, to: total, by: 1000) {
            let part = try await store.results(call.id, step, items: start..<min(start + 1000, total))
            results += part.map { $0 ?? .failure(ItemError(message: "not executed")) }
        }
        return results
    }

    // MARK: Child workflows

    func childEnded(_ call: RunCall, _ step: StepCode) async throws -> RunEnd {
        guard let (child, state) = call.payload.child else { return .step(.failed, error: "its child run is unknown") }
        switch state {
        case .succeeded:
            var output: [UInt8] = []
            if let reading = try await store.read(RunQuery(child, wantsInput: true)) {
                let planner = try await library.planner(reading.shapeDigest)
                output = try await Self.output(of: reading, child, planner, store) ?? []
            }
            return .step(.succeeded(), output: try await step.receive?(call, output) ?? output)
        case .cancelled where call.state == .cancelling || call.reading.facts.isFailing:
            return .step(.interrupted)
        default: return .step(.failed, error: "child run \(child) has ended: \(state.words)")
        }
    }

    /// The output of a run that has succeeded: of a graph that of the step which it names, of a machine its object.
    package static func output(
        of reading: RunReading, _ run: RunID, _ planner: RunPlanner, _ store: Store
    ) async throws(StoreError) -> [UInt8]? {
        switch planner.shape.body {
        case .machine: return reading.object ?? reading.input
        case .graph(let graph):
            guard let step = graph.output else { return nil }
            return try await store.read(RunQuery(run, outputs: [step]))?.outputs[step]
        }
    }
}
