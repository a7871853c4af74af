import PenstockModel
import PenstockStore

/// What an event does: a job, a run, a signal. Each counts once, however often the event is delivered.
public struct ConnectorEffect: Sendable {
    enum Kind: Sendable {
        case enqueue(JobRequest)
        /// Performed with an idempotency key and the role that it acts for.
        case perform(@Sendable (Penstock, EffectTerms) async throws(PenstockError) -> Void)
        /// What cannot be made is told when it is its turn.
        case broken(PenstockError)
    }

    let make: @Sendable (Penstock) -> Kind

    /// Enqueues a job. An idempotency key of the options' own replaces that of the event.
    public static func enqueue<J: Job>(_ job: J, _ options: EnqueueOptions = .init()) -> ConnectorEffect {
        ConnectorEffect { penstock in
            do throws(PenstockError) {
                let options = options.adding(limitKeys: job.limitKeys)
                return .enqueue(JobRequest(kind: J.name, payload: try penstock.encode(job), options: options))
            } catch {
                return .broken(error)
            }
        }
    }

    /// Enqueues a payload as it is.
    public static func enqueue(
        kind: String, payload: [UInt8], _ options: EnqueueOptions = .init()
    ) -> ConnectorEffect {
        ConnectorEffect { _ in .enqueue(JobRequest(kind: kind, payload: payload, options: options)) }
    }

    /// Starts a run of a workflow. Where a live run has its foreign id, that one counts.
    public static func start<Input, Output>(
        _ workflow: Workflow<Input, Output>, _ input: Input, _ options: StartOptions = .init()
    ) -> ConnectorEffect {
        perform { penstock, terms throws(PenstockError) in
            try await penstock.start(workflow, input, options.with(terms))
        }
    }

    /// Starts a run of a state machine with this object.
    public static func start<Object, Status>(
        _ machine: StateMachine<Object, Status>, _ object: Object, in status: Status? = nil,
        _ options: StartOptions = .init()
    ) -> ConnectorEffect {
        perform { penstock, terms throws(PenstockError) in
            try await penstock.start(machine, object, in: status, options.with(terms))
        }
    }

    /// Starts a run of a workflow by its name.
    public static func start(
        workflow: String, version: Int? = nil, input: [UInt8], _ options: StartOptions = .init()
    ) -> ConnectorEffect {
        perform { penstock, terms throws(PenstockError) in
            _ = try await penstock.start(
                workflow: workflow, version: version, input: input, options.with(terms))
        }
    }

    /// Signals a run.
    public static func signal<Payload: Encodable & Sendable>(
        _ run: RunID, _ name: String, _ payload: Payload
    ) -> ConnectorEffect {
        signal(name, payload) { penstock throws(PenstockError) in penstock.run(run) }
    }

    /// Signals the live run of a workflow that has this foreign id. Where there is none, that is an error of the event: it is
    /// tried again, and set aside in the end.
    public static func signal<Payload: Encodable & Sendable>(
        workflow: String, foreignID: String, _ name: String, _ payload: Payload
    ) -> ConnectorEffect {
        signal(name, payload) { penstock throws(PenstockError) in
            guard let run = try await penstock.liveRun(of: workflow, foreignID: foreignID) else {
                throw PenstockError(
                    .notFound, "no live run of \(workflow) has foreign id \"\(InvalidName.printable(foreignID))\"")
            }
            return run
        }
    }

    private static func signal<Payload: Encodable & Sendable>(
        _ name: String, _ payload: Payload,
        to find: @escaping @Sendable (Penstock) async throws(PenstockError) -> Run
    ) -> ConnectorEffect {
        perform { penstock, terms throws(PenstockError) in
            do throws(PenstockError) {
                try await find(penstock).signal(
                    name, payload, idempotencyKey: terms.key, keyLifetime: terms.keyLifetime, role: terms.role)
            } catch {
                // Delivered again after the run that was signalled the first time has ended, or is gone.
                let wasDone =
                    error.code == .notFound || error.code == .notNow
                    ? try await publicly { () throws(StoreError) in try await penstock.store.isSignalled(terms.key) }
                    : false
                if !wasDone { throw error }
            }
        }
    }

    private static func perform(
        _ body: @escaping @Sendable (Penstock, EffectTerms) async throws(PenstockError) -> Void
    ) -> ConnectorEffect {
        ConnectorEffect { _ in .perform(body) }
    }
}

/// What lets an effect count once, and only for who may cause it.
struct EffectTerms: Sendable {
    var key: String
    var keyLifetime: Duration
    var role: Role?
}

extension StartOptions {
    fileprivate func with(_ terms: EffectTerms) -> StartOptions {
        var options = self
        if options.idempotencyKey == nil {
            options.idempotencyKey = terms.key
            options.keyLifetime = terms.keyLifetime
        }
        options.role = terms.role
        return options
    }
}

extension EnqueueOptions {
    func with(_ terms: EffectTerms) -> EnqueueOptions {
        var options = self
        if options.idempotencyKey == nil {
            options.idempotencyKey = terms.key
            options.keyLifetime = terms.keyLifetime
        }
        options.role = terms.role
        return options
    }
}
