import PenstockModel
import PenstockRuntime
import PenstockStore

/// Steering. Each call plans from what it reads and applies the plan only if the run is still so; if not, it looks again. So of
/// two who steer at once one comes first, and the other decides about what is then there.
///
/// All throw `notFound` for a run that is not known, `notNow` with the reason where the run's state does not allow it, and
/// `outcomeUnknown` if replies were lost for 15 s.
extension Run {
    /// Nothing new starts until the run is resumed; steps that run go on to their end. Timers keep their moment and act when
    /// the run goes on.
    public func pause() async throws(PenstockError) {
        try await control { planner, reading throws(RunControlError) in
            switch planner.body {
            case .graph(let graph): try graph.pause(reading.facts)
            case .machine(let machine): try machine.pause(reading.machine)
            }
        }
    }

    public func resume() async throws(PenstockError) {
        try await control { planner, reading throws(RunControlError) in
            switch planner.body {
            case .graph(let graph): try graph.resume(reading.facts)
            case .machine(let machine): try machine.resume(reading.machine)
            }
        }
    }

    /// Stops the run: what runs goes on to its end, nothing else starts, and child runs are cancelled where their steps say so.
    ///
    /// - Parameter rollBack: undo what was done. The run then ends as rolled back.
    public func cancel(rollBack: Bool = false) async throws(PenstockError) {
        try await control { planner, reading throws(RunControlError) in
            switch planner.body {
            case .graph(let graph): try graph.cancel(reading.facts, rollBack: rollBack)
            case .machine(let machine):
                if rollBack { throw .noRollback } else { try machine.cancel(reading.machine) }
            }
        }
    }

    /// Runs what failed, did not start or was rolled back, and all that depends on it, once more.
    public func retry() async throws(PenstockError) {
        try await control { planner, reading throws(RunControlError) in
            try planner.graph(for: "retry").retry(reading.facts)
        }
    }

    /// Executes a step of a run that has ended again, and all that depends on it.
    public func rerun(from step: String) async throws(PenstockError) {
        try await control { planner, reading throws(RunControlError) in
            try planner.graph(for: "rerun").rerun(from: step, reading.facts)
        }
    }

    /// Skips a step: it counts as a success without output. In a run that has ended, what did not get its turn then runs.
    public func skip(_ step: String) async throws(PenstockError) {
        try await control(step) { planner, reading, facts throws(RunControlError) in
            try planner.skip(step, facts)
        }
    }

    /// Tries the rollback of a step again that failed for good.
    public func retryRollback(of step: String) async throws(PenstockError) {
        try await control(step) { planner, reading, facts throws(RunControlError) in
            try planner.retryRollback(step, facts)
        }
    }

    /// Counts the rollback of a step as done that failed for good.
    public func skipRollback(of step: String) async throws(PenstockError) {
        try await control(step) { planner, reading, facts throws(RunControlError) in
            try planner.skipRollback(step, facts)
        }
    }

    /// Deletes what the run was about: input or object, outputs, variables, signals, errors. What happened when is left, and
    /// under which foreign id and tags. A workflow with a scrubber of its own decides what is left of the input.
    ///
    /// Done by a worker that has the workflow: the run is `dataDeleted` then, and can be asked for the same once more. Hooks
    /// and callbacks that have not come through by then are dropped. Child runs are runs of their own: their data stay.
    ///
    /// - Throws: `notNow` if the run has not ended.
    public func deleteData() async throws(PenstockError) {
        try await control { planner, reading throws(RunControlError) in
            switch planner.body {
            case .graph(let graph): try graph.deleteData(reading.facts)
            case .machine(let machine): try machine.deleteData(reading.machine)
            }
        }
    }

    /// Removes a run that has ended, as its retention does. False if there is none.
    @discardableResult
    public func remove() async throws(PenstockError) -> Bool {
        let answer = try await publicly { () throws(StoreError) in try await penstock.store.remove(id) }
        if answer == .live { throw PenstockError(.notNow, "run \(id) has not ended; cancel it or wait for its end") }
        return answer == .removed
    }

    // MARK: From outside

    /// Gives the run a signal, for the step that waits for it now or will later. A run buffers a thousand.
    ///
    /// - Parameters:
    ///   - idempotencyKey: a repeated signal with the same key changes nothing, whatever run it is for; none by default.
    ///   - keyLifetime: for how long the key is remembered; a day by default.
    ///   - role: without it nothing is signalled, and `roleLost` is thrown; none by default.
    /// - Throws: `notNow` if the run has ended, or has no step that waits for such a signal; `full`.
    public func signal(
        _ name: String, payload: [UInt8], idempotencyKey: String? = nil,
        keyLifetime: Duration = .seconds(86_400), role: Role? = nil
    ) async throws(PenstockError) {
        let (planner, _) = try await read([])
        guard case .graph(let graph) = planner.body else {
            throw PenstockError(.notNow, "run \(id) is one of a state machine: it takes callbacks, not signals")
        }
        let signals = graph.graph.shape.steps.compactMap { step in
            if case .signal(let signal) = step.kind { signal } else { nil }
        }
        guard signals.contains(name) else {
            let known = Set(signals).sorted().map { "\"\($0)\"" }.joined(separator: ", ")
            throw PenstockError(
                .notNow,
                "no step of \(planner.shape.name) waits for signal \"\(InvalidName.printable(name))\"; "
                    + (known.isEmpty ? "none waits for any" : "there are \(known)"))
        }
        try await deliver(
            name, payload, Once(key: idempotencyKey, keyLifetime: keyLifetime, role: role?.claim))
    }

    public func signal<Payload: Encodable & Sendable>(
        _ name: String, _ payload: Payload, idempotencyKey: String? = nil,
        keyLifetime: Duration = .seconds(86_400), role: Role? = nil
    ) async throws(PenstockError) {
        try await signal(
            name, payload: try encode(payload, "signal \"\(name)\""), idempotencyKey: idempotencyKey,
            keyLifetime: keyLifetime, role: role)
    }

    /// Gives a state machine an outside event. A worker then runs the code that its present status has for it.
    ///
    /// - Throws: `notNow` if the status takes no such event.
    public func callback(_ event: String, payload: [UInt8]) async throws(PenstockError) {
        try await control([], output: payload) { planner, reading throws(RunControlError) in
            guard case .machine(let machine) = planner.body else { throw .unsupported("callbacks", planner.shape.name) }
            return try machine.callback(event, reading.machine)
        }
    }

    public func callback<Payload: Encodable & Sendable>(
        _ event: String, _ payload: Payload
    ) async throws(PenstockError) {
        try await callback(event, payload: try encode(payload, "callback \"\(event)\""))
    }

    fileprivate func deliver(
        _ name: String, _ payload: [UInt8], _ once: Once = Once()
    ) async throws(PenstockError) {
        let answer = try await publicly { () throws(StoreError) in
            try await penstock.store.signal(id, name, payload, by: penstock.actor, once: once)
        }
        switch answer {
        case .taken, .buffered: return
        case .ended: throw PenstockError(.notNow, "run \(id) has ended")
        case .full:
            throw PenstockError(
                .full, "run \(id) has buffered \(Store.bufferedSignals) signals; no step has taken them yet")
        case .unknown: throw PenstockError(.notFound, "run \(id) is not known")
        }
    }

    private func encode(_ value: some Encodable, _ what: String) throws(PenstockError) -> [UInt8] {
        do { return try penstock.configuration.codec.encode(value) } catch {
            throw PenstockError(.codec, "\(what) cannot be encoded: \(error)", cause: error)
        }
    }

    // MARK: -

    /// What is needed to plan: who plans, and what is read of the run.
    func read(_ steps: [String], signals: [String] = []) async throws(PenstockError) -> (RunPlanner, RunReading) {
        let (planner, reading) = try await publicly { () throws(StoreError) -> (RunPlanner?, RunReading?) in
            var query = RunQuery(id, steps: steps)
            query.wantsHome = true
            query.signals = signals
            guard let reading = try await penstock.store.read(query) else { return (nil, nil) }
            return (try await penstock.library.planner(reading.shapeDigest), reading)
        }
        guard let planner, let reading else { throw PenstockError(.notFound, "run \(id) is not known") }
        return (planner, reading)
    }

    private func control(
        _ step: String,
        _ plan: (GraphPlanner, RunReading, StepFacts) throws(RunControlError) -> Plan
    ) async throws(PenstockError) {
        let (planner, _) = try await read([])
        guard case .graph = planner.body else {
            throw PenstockError(.notNow, "\(planner.shape.name) is a state machine: it has no steps to do this to")
        }
        guard let shape = planner.step(step) else {
            throw PenstockError(.notFound, "\(RunControlError.unknownStep(step))")
        }
        try await control([step] + shape.dependencies.map(\.step)) { planner, reading throws(RunControlError) in
            let facts = planner.facts(shape, reading, round: reading.facts.round, wasAttempted: false)
            return try plan(try planner.graph(for: "this"), reading, facts)
        }
    }

    private func control(
        _ steps: [String] = [], output: [UInt8] = [],
        _ plan: (RunPlanner, RunReading) throws(RunControlError) -> Plan
    ) async throws(PenstockError) {
        // Somebody always comes first; who comes second for so long has lost more than a race.
        for _ in 0..<100 {
            let (planner, reading) = try await read(steps)
            let next: Plan
            do throws(RunControlError) {
                next = try plan(planner, reading)
            } catch {
                throw PenstockError(.notNow, "run \(id): \(error)", cause: error)
            }
            if next.effects.isEmpty { return }
            guard let head = reading.head else {
                throw PenstockError(.server, "run \(id) does not say how it is queued")
            }
            let answer = try await publicly { () throws(StoreError) in
                let commit = try RunCommit(
                    next, run: id, revision: reading.facts.revision, output: output, head: planner.head(head))
                return try await penstock.store.control(commit, by: penstock.actor)
            }
            switch answer {
            case .applied: return
            case .conflict: continue
            case .taken(let other):
                throw PenstockError(
                    .notNow, "run \(id) cannot go on: run \(other) is live and has its foreign id")
            case .unknown: throw PenstockError(.notFound, "run \(id) is not known")
            }
        }
        throw PenstockError(.notNow, "run \(id) changes all the time; try again")
    }
}

extension Penstock {
    /// Ends a step that goes on, from outside, with its output.
    ///
    /// - Throws: `notNow` if the token is one of an earlier attempt, or the step has ended; `notFound`.
    public func complete<Output: Encodable & Sendable>(
        _ token: CompletionToken, with output: Output
    ) async throws(PenstockError) {
        do { try await complete(token, output: try configuration.codec.encode(output)) } catch let error
            as PenstockError
        {
            throw error
        } catch {
            throw PenstockError(.codec, "the output cannot be encoded: \(error)", cause: error)
        }
    }

    public func complete(_ token: CompletionToken, output: [UInt8]) async throws(PenstockError) {
        try await complete(token, .succeeded(output))
    }

    /// Fails a step that goes on, from outside.
    public func fail(_ token: CompletionToken, _ message: String) async throws(PenstockError) {
        try await complete(token, .failed(message))
    }

    private func complete(_ token: CompletionToken, _ completion: Completion) async throws(PenstockError) {
        let run = Run(token.run, self)
        let (planner, reading) = try await run.read([token.step], signals: [token.step])
        guard planner.step(token.step)?.longRunning != nil else {
            throw PenstockError(
                .notNow, "the token is for step \"\(token.step)\", which cannot be completed from outside")
        }
        let state = reading.standing(token.step).state
        switch state {
        case .waiting:
            guard reading.awaitedSignals[token.step] == Completion.signal(token.secret) else {
                throw PenstockError(.notNow, "the token is one of an earlier attempt of step \"\(token.step)\"")
            }
        // Its attempt has not ended yet: what comes early is kept for it.
        case .active: break
        default:
            throw PenstockError(.notNow, "step \"\(token.step)\" cannot be completed any more: \(state.words)")
        }
        try await run.deliver(Completion.signal(token.secret), completion.bytes)
    }
}

extension RunPlanner {
    fileprivate func graph(for what: String) throws(RunControlError) -> GraphPlanner {
        guard case .graph(let graph) = body else { throw .unsupported(what, shape.name) }
        return graph
    }
}
