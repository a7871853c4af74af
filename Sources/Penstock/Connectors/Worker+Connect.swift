import PenstockModel
import PenstockRuntime
import PenstockStore

extension Worker {
    /// Connects a workflow with others: what happens to its runs starts or signals runs, or enqueues jobs.
    ///
    ///     worker.connect("ship", from: checkout, on: .succeeded, where: !.tagged("digital")) { moment in
    ///         [.start(shipping, try await moment.output())]
    ///     }
    ///
    /// Each move that is wanted becomes a job of kind `connection:<name>`, stored in the step that makes the move: none is lost,
    /// and none counts twice. It is retried, limited and becomes a dead letter as any job does. The connection counts for
    /// what happens from the first start of a worker that has it, and until `Penstock.disconnect`.
    ///
    /// - Parameters:
    ///   - name: of the connection, as that of a kind; one of the same name and workflow replaces an earlier one.
    ///   - triggers: what has to happen.
    ///   - filter: which of them count; all by default.
    ///   - queue: where the jobs wait; the first of this worker's by default.
    ///   - retry: of filter and effects; the worker's policy by default.
    public func connect<Input, Output>(
        _ name: String, from workflow: Workflow<Input, Output>, on triggers: RunTrigger...,
        where filter: RunMomentFilter<Output> = .all, queue: String? = nil, retry: RetryPolicy? = nil,
        _ map: @escaping @Sendable (RunMoment<Output>) async throws -> [ConnectorEffect]
    ) {
        connect(name, workflow.definition, triggers, filter, queue, retry, map)
    }

    /// Connects a state machine with others; the output of its moments is its object.
    public func connect<Object, Status>(
        _ name: String, from machine: StateMachine<Object, Status>, on triggers: RunTrigger...,
        where filter: RunMomentFilter<Object> = .all, queue: String? = nil, retry: RetryPolicy? = nil,
        _ map: @escaping @Sendable (RunMoment<Object>) async throws -> [ConnectorEffect]
    ) {
        connect(name, machine.definition, triggers, filter, queue, retry, map)
    }

    private func connect<Output>(
        _ name: String, _ definition: Definition, _ triggers: [RunTrigger], _ filter: RunMomentFilter<Output>,
        _ queue: String?, _ retry: RetryPolicy?,
        _ map: @escaping @Sendable (RunMoment<Output>) async throws -> [ConnectorEffect]
    ) {
        let draft = ConnectionDraft(name: name, definition: definition, triggers: triggers, queue: queue)
        connect(draft, retry: retry) { [penstock = client] payload, context in
            guard let told = ConnectedMove(payload) else {
                throw JobFailure.permanent("payload is none of connection \(name)")
            }
            let move = RunEntry.Move(told.move)
            let moment = RunMoment<Output>(
                run: penstock.run(told.run), workflow: told.workflow, foreignID: told.foreignID, move: move)
            guard try await filter.includes(moment) else { return nil }
            // The job's id follows from the move: done again, it is known.
            let applier = EffectApplier(
                penstock: penstock, scope: "connection/\(name)", keyLifetime: .seconds(7 * 86_400), role: nil,
                logger: context.logger)
            let event = ConnectorEvent(id: context.id.rawValue)
            let outcomes = try await applier.apply([(event, try await map(moment))])
            if case .failed(let error) = outcomes.first { throw error }
            return nil
        }
    }
}

/// A connection as a worker declares it.
struct ConnectionDraft: Sendable {
    let name: String
    let definition: Definition
    let triggers: [RunTrigger]
    let queue: String?

    var kind: String { "connection:\(name)" }

    /// - Parameter queue: of those that name none.
    static func checked(_ drafts: [ConnectionDraft], queue: String) throws(PenstockError) -> [RunConnection] {
        var connections: [RunConnection] = []
        for draft in drafts {
            do {
                try Name.kind.check(draft.kind)
                try Name.queue.check(draft.queue ?? queue)
            } catch { throw PenstockError(.invalidArgument, "\(error)", cause: error) }
            let shape = draft.definition.shape
            func refuse(_ problem: String) -> PenstockError {
                PenstockError(.invalidArgument, "connection \"\(draft.name)\" from \(shape.name): \(problem)")
            }
            if drafts.count(where: { $0.name == draft.name }) > 1 { throw refuse("the name is given twice") }
            if draft.triggers.isEmpty { throw refuse("it waits for nothing; name what has to happen with `on`") }
            for trigger in draft.triggers {
                switch (trigger.move, shape.body) {
                case (.step(let step, _, _), .graph(let graph)):
                    if !graph.steps.contains(where: { $0.name == step }) {
                        throw refuse("there is no step \"\(step)\"")
                    }
                case (.state(let status), .machine(let machine)):
                    if !machine.states.contains(where: { $0.name == status }) {
                        throw refuse("there is no status \"\(status)\"")
                    }
                case (.step, .machine): throw refuse("a state machine has no steps")
                case (.state, .graph): throw refuse("a graph of steps has no status")
                case (.run, _): break
                }
            }
            let head = TaskRecord(kind: draft.kind, queue: draft.queue ?? queue, payload: [])
            connections.append(
                RunConnection(workflow: shape.name, name: draft.name, head: head, moves: draft.triggers.map(\.move)))
        }
        return connections
    }
}

/// A connection between runs, as workers made it known.
public struct ConnectionInfo: Sendable, Hashable {
    public let workflow: String
    public let name: String
    /// Where its jobs, of kind `connection:<name>`, wait.
    public let queue: String
}

extension Penstock {
    public func connections() async throws(PenstockError) -> [ConnectionInfo] {
        try await publicly { () throws(StoreError) in try await store.connections() }
            .map { ConnectionInfo(workflow: $0.workflow, name: $0.name, queue: $0.queue) }
    }

    /// Ends a connection: what happens from now on becomes no job. Workers that have it make it known again when they start.
    ///
    /// - Returns: false if there is none.
    @discardableResult
    public func disconnect(_ name: String, from workflow: String) async throws(PenstockError) -> Bool {
        try await publicly { () throws(StoreError) in try await store.disconnect(name, from: workflow) }
    }
}
