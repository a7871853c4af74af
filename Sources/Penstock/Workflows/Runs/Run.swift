import PenstockModel
import PenstockRuntime
import PenstockStore

/// A run, to look at and to steer. Only a name: nothing is read before it is asked for.
public struct Run: Sendable {
    public let id: RunID
    package let penstock: Penstock

    init(_ id: RunID, _ penstock: Penstock) {
        self.id = id
        self.penstock = penstock
    }
}

/// A run that was started in a known type.
public struct TypedRun<Output: Codable & Sendable>: Sendable {
    public let run: Run
    /// A live run with the foreign id, or one with the idempotency key, was there already: this is it, and nothing was started.
    public let isExisting: Bool
    public var id: RunID { run.id }

    /// Waits for the run's end, and returns its output.
    ///
    /// - Throws: `runFailed` if it ended otherwise than with success, with the errors of its steps, or if its data have been
    ///   deleted, unless the scrubber of its state machine has left an object; `timedOut`; `notFound`.
    public func output(timeout: Duration = .seconds(60)) async throws(PenstockError) -> Output {
        let status = try await run.wait(timeout: timeout)
        let left = status.state == .succeeded || status.state == .dataDeleted ? try await run.output() : nil
        guard status.state == .succeeded || left != nil else {
            let errors = status.errors.map { "\n  \($0)" }.joined()
            throw PenstockError(.runFailed, "run \(id) of \(status.workflow) has ended: \(status.state.words)\(errors)")
        }
        let bytes = left ?? []
        if Output.self == NoOutput.self, let none = NoOutput() as? Output { return none }
        do {
            return try run.penstock.configuration.codec.decode(Output.self, from: bytes)
        } catch {
            throw PenstockError(.codec, "the output of run \(id) is no \(Output.self): \(error)", cause: error)
        }
    }
}

extension Penstock {
    /// The run of this id, whether there is one or not.
    public func run(_ id: RunID) -> Run { Run(id, self) }

    /// Starts a run of a workflow. One round trip, and one more at the first run of a process.
    ///
    /// - Throws: `outcomeUnknown` if replies were lost for 15 s; before that the call is sent again by itself, which is safe.
    @discardableResult
    public func start<Input, Output>(
        _ workflow: Workflow<Input, Output>, _ input: Input, _ options: StartOptions = .init()
    ) async throws(PenstockError) -> TypedRun<Output> {
        try await start(workflow.definition, try encode(input, of: workflow.name), options)
    }

    /// Starts a run of a workflow that takes no input.
    @discardableResult
    public func start<Output>(
        _ workflow: Workflow<NoInput, Output>, _ options: StartOptions = .init()
    ) async throws(PenstockError) -> TypedRun<Output> {
        try await start(workflow, NoInput(), options)
    }

    /// Starts a run of a state machine with this object.
    @discardableResult
    public func start<Object, Status>(
        _ machine: StateMachine<Object, Status>, _ object: Object, in status: Status? = nil,
        _ options: StartOptions = .init()
    ) async throws(PenstockError) -> TypedRun<Object> {
        var options = options
        if let status { options.status = status.rawValue }
        return try await start(machine.definition, try encode(object, of: machine.name), options)
    }

    /// Starts a run of a workflow by its name: for producers that do not link its code. Workers make a workflow known when they
    /// start.
    ///
    /// - Parameters:
    ///   - version: the latest one that is known, by default.
    ///   - input: as the workers' codec has it: JSON by default.
    /// - Throws: `notFound` if no worker has made such a workflow known.
    public func start(
        workflow name: String, version: Int? = nil, input: [UInt8], _ options: StartOptions = .init()
    ) async throws(PenstockError) -> (run: Run, isExisting: Bool) {
        let digest = try await known(workflow: name, version: version).digest
        let planner = try await publicly { () throws(StoreError) in try await library.planner(digest) }
        return try await start(planner, nil, input, options)
    }

    private func start<Output>(
        _ definition: Definition, _ input: [UInt8], _ options: StartOptions
    ) async throws(PenstockError) -> TypedRun<Output> {
        let (run, isExisting) = try await start(definition.planner, definition, input, options)
        return TypedRun(run: run, isExisting: isExisting)
    }

    private func start(
        _ planner: RunPlanner, _ definition: Definition?, _ input: [UInt8], _ options: StartOptions
    ) async throws(PenstockError) -> (Run, Bool) {
        var callback: [UInt8]?
        if let asked = options.callback {
            do { callback = try JSONCodec().encode(asked) } catch {
                throw PenstockError(.codec, "the callback cannot be encoded: \(error)", cause: error)
            }
        }
        let head = TaskRecord(
            kind: planner.shape.kind, queue: options.queue, tenant: options.tenant, priority: options.priority,
            payload: [])
        let id = store.makeRunID()
        var new = NewRun(
            id: id, workflow: planner.shape.name, shapeDigest: "", input: input, head: head,
            foreignID: options.foreignID, callback: callback, tags: options.tags,
            retention: planner.shape.retention)
        new.once = Once(key: options.idempotencyKey, keyLifetime: options.keyLifetime, role: options.role?.claim)
        let (plan, moment) = try await startPlan(planner, new.facts, definition, input, options)
        return try await publicly { () throws(StoreError) in
            try await store.admit()
            let commit = try RunCommit(plan, run: id, revision: 0, moment: moment, head: planner.head(head))
            // A Redis that was emptied, or has lost its last writes, has lost the shape as well.
            for isLost in [false, true] {
                new.shapeDigest = try await library.keep(planner, isLost: isLost)
                switch try await store.start(new, commit, by: actor) {
                case .started: return (Run(id, self), false)
                case .live(let other): return (Run(other, self), true)
                case .unknownShape: continue
                }
            }
            throw StoreError.invalid("the shape of \(planner.shape.name) was stored and is gone; start it again")
        }
    }

    /// The plan of a start, and when the time-out of a machine's first state is due.
    private func startPlan(
        _ planner: RunPlanner, _ facts: RunFacts, _ definition: Definition?, _ input: [UInt8],
        _ options: StartOptions
    ) async throws(PenstockError) -> (Plan, Int64?) {
        switch planner.body {
        case .graph(let graph):
            if let status = options.status {
                throw PenstockError(
                    .invalidArgument, "\(planner.shape.name) is no state machine: it cannot be started in \"\(status)\""
                )
            }
            return (graph.start(facts), nil)
        case .machine(let machine):
            let name = options.status ?? machine.shape.initial
            guard let state = machine.state(named: name) else {
                throw PenstockError(
                    .invalidArgument,
                    "\(planner.shape.name) has no status \"\(name)\"; it has \(machine.shape.states.map(\.name).joined(separator: ", "))"
                )
            }
            var moment: Int64?
            if state.hasTimeout {
                let code = definition?.code(Coding(codec: configuration.codec))
                guard let timeoutAt = code?.states[name]?.timeoutAt else {
                    guard options.status == nil else {
                        throw PenstockError(
                            .invalidArgument,
                            "status \"\(name)\" has a time-out that only the workflow's code can compute: start it from there"
                        )
                    }
                    // A worker does it, as it starts child runs.
                    return (Plan([.schedule(.start(from: 0), opens: true)]), nil)
                }
                do { moment = try await timeoutAt(input, store.serverNow) } catch {
                    throw PenstockError(
                        .invalidArgument, "the time-out of status \"\(name)\" cannot be computed: \(error)",
                        cause: error)
                }
            }
            do { return (try machine.start(in: name, MachineFacts(run: facts)), moment) } catch {
                throw PenstockError(.invalidArgument, "\(error)", cause: error)
            }
        }
    }

    private func encode<Value: Encodable>(_ value: Value, of workflow: String) throws(PenstockError) -> [UInt8] {
        do { return try configuration.codec.encode(value) } catch {
            throw PenstockError(.codec, "the input of \(workflow) cannot be encoded: \(error)", cause: error)
        }
    }
}
