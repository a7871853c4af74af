import Logging
import PenstockModel
import PenstockStore
import RedisClient
import Synchronization

/// What ends a task without a plan: it is tried again.
private struct Postponed: Error {
    let after: Duration
    let message: String
}

extension WorkerEngine {
    /// Does a task of a run: looks at the run, runs the code if it is still wanted, and plans what follows.
    func runTask(_ attempt: Attempt, _ workflow: OwnWorkflow) async -> HandlerEnd {
        let task = attempt.task
        do {
            guard let run = task.record.options.run else {
                throw Postponed(after: .seconds(10), message: "the task belongs to no run")
            }
            let brief: RunBrief
            if let known = attempt.brief {
                brief = known
            } else if let read = try await briefs(for: [task])[task.id] {
                brief = read
            } else {
                throw Postponed(after: .seconds(10), message: "this version does not know the task's payload")
            }
            let payload = brief.payload
            guard let found = brief.found else {
                return .decided(try plan(.nothing, payload, run, brief, attempt, RunEnd(.delivered)), nil)
            }
            let call = RunCall(
                run, found, payload: payload, task: task,
                context: AttemptContext(logger: logger, attempt: attempt, engine: self), store: store)
            return try await perform(call, brief, attempt, workflow)
        } catch let postponed as Postponed {
            return .decided(
                .retry(
                    after: postponed.after, counted: false, attempt: task.attempt, message: postponed.message), nil)
        } catch {
            // Redis's trouble, or a shape that this version cannot read: never a failure of the step.
            return .decided(
                .retry(after: .seconds(1), counted: false, attempt: task.attempt, message: "\(error)"), nil)
        }
    }

    private func perform(
        _ call: RunCall, _ brief: RunBrief, _ attempt: Attempt, _ workflow: OwnWorkflow
    ) async throws -> HandlerEnd {
        if let end = attempt.carried, end.given == nil || end.given == object(call) {
            return .decided(try conclude(end, call, brief, attempt), end)
        }
        switch decide(call, attempt.task) {
        case .drop: return .decided(try plan(.nothing, call, brief, attempt), nil)
        case .park: return .decided(try plan(.park, call, brief, attempt), nil)
        case .end(let outcome):
            let end = unexecuted(outcome, call)
            return .decided(try conclude(end, call, brief, attempt), end)
        case .execute: break
        }
        if case .deleteData(let from) = call.payload.task {
            do { return .decided(try await erase(from: from, call, brief, attempt, workflow.code), nil) } catch {
                return try failed(error, call, brief, attempt)
            }
        }
        if let plan = try ownPlan(call) {
            let moment = try await self.moment(entering: plan, call, object(call), workflow.code)
            return .decided(try self.plan(plan, call, brief, attempt, moment: moment), nil)
        }
        do {
            if let reason = hopeless(call, attempt) { throw JobFailure.permanent(reason) }
            // A middleware that does not pass the attempt on has ended it well.
            let ended = Mutex(
                call.planner.hasMachine ? RunEnd(.machine(.stay, moment: nil)) : .step(.succeeded()))
            attempt.start()
            try await workflow.code.around(attempt.task, call.context) {
                let end = try await self.execute(call, workflow.code)
                ended.withLock { $0 = end }
            }
            var end = ended.withLock { $0 }
            end.variables = call.variables
            end.secret = call.givenSecret
            if end.output.count > store.limits.payloadBytes {
                throw JobFailure.permanent(
                    "its output has \(end.output.count) bytes; at most \(store.limits.payloadBytes) are allowed: keep it elsewhere, and return where"
                )
            }
            return .decided(try conclude(end, call, brief, attempt), end)
        } catch let postponed as Postponed {
            throw postponed
        } catch {
            return try failed(error, call, brief, attempt)
        }
    }

    /// Why the code is not called any more.
    private func hopeless(_ call: RunCall, _ attempt: Attempt) -> String? {
        let last = attempt.task.history.troubles.last.map { ": \($0.message)" } ?? ""
        if attempt.task.attempt > attempt.policy.attempts { return "all attempts used up\(last)" }
        return isDeadly(attempt) ? "its worker was lost three times\(last)" : nil
    }

    /// Whether the code may be what its workers die of. Plain jobs are then dead letters; a task of a run has to end by a
    /// commit of its run.
    private func isDeadly(_ attempt: Attempt) -> Bool { attempt.task.history.recoveries >= 3 }

    private func decide(_ call: RunCall, _ task: ClaimedTask) -> Beginning {
        let (payload, reading) = (call.payload, call.reading)
        switch call.planner.body {
        case .machine(let planner): return planner.begin(payload.task, reading.machine, round: payload.round)
        case .graph(let planner):
            guard let step = payload.task.step.flatMap({ planner.graph.step(named: $0) }) else {
                return planner.begin(payload.task, run: reading.facts, round: payload.round)
            }
            return planner.begin(payload.task, facts(step, call))
        }
    }

    private func facts(_ step: StepShape, _ call: RunCall) -> StepFacts {
        call.planner.facts(
            step, call.reading, round: call.payload.round,
            wasAttempted: call.task.history.attempts > 0 || call.task.history.recoveries > 0)
    }

    /// What ends without its code.
    private func unexecuted(_ outcome: StepOutcome, _ call: RunCall) -> RunEnd {
        if call.planner.hasMachine { return RunEnd(.machine(.stopped, moment: nil)) }
        var end = RunEnd.step(outcome)
        guard outcome == .failed, let name = call.payload.task.step else { return end }
        switch call.payload.task {
        case .gather:
            if let fan = call.reading.fans[name] { end.error = "\(fan.failed) of \(fan.total) items failed" }
        case .waitLimit:
            let limit = call.planner.step(name)?.waitLimit
            end.error = "waited for longer than it may" + (limit.map { ": \($0)" } ?? "")
        default: break
        }
        return end
    }

    // MARK: Code

    private func execute(_ call: RunCall, _ code: WorkflowCode) async throws -> RunEnd {
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

    private func execute(_ call: RunCall, _ step: StepCode, _ name: String) async throws -> RunEnd {
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

    private func end(_ returned: StepReturn, _ call: RunCall, _ step: StepCode) async throws -> RunEnd {
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
            let digest = try await library.keep(try RunPlanner(child.shape))
            end.child = ChildStart(shapeDigest: digest, input: input, head: head, retention: child.retention)
            return end
        }
    }

    // MARK: Fan-outs

    private func batch(_ index: Int, _ call: RunCall, _ step: String) async throws -> [[UInt8]] {
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

    private func results(_ call: RunCall, _ step: String) async throws -> [Result<[UInt8], ItemFailure>] {
        let total = call.reading.fans[step]?.total ?? 0
        var results: [Result<[UInt8], ItemFailure>] = []
        results.reserveCapacity(total)
        for start in stride(from: 0, to: total, by: 1000) {
            for result in try await store.results(call.id, step, items: start..<min(start + 1000, total)) {
                switch result {
                case .success(let bytes): results.append(.success(bytes))
                case .failure(let error): results.append(.failure(ItemFailure(message: error.message)))
                case nil: results.append(.failure(ItemFailure(message: "not executed")))
                }
            }
        }
        return results
    }

    // MARK: Child workflows

    private func childEnded(_ call: RunCall, _ step: StepCode) async throws -> RunEnd {
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

    // MARK: Machines

    private func object(_ call: RunCall) -> [UInt8] { call.reading.object ?? call.reading.input ?? [] }

    private func visit(_ call: RunCall, _ code: WorkflowCode) async throws -> RunEnd {
        let name = call.payload.task.visit?.state ?? ""
        let state = code.states[name]
        var body: StateCode.Body?
        switch call.payload.task {
        case .visit:
            body = state?.step
            if let state { try watchLag(call, state) }
        case .visitTimeout: body = state?.timeout
        case .event(let event, _, _): body = state?.callbacks[event]
        default: break
        }
        guard let body else {
            throw Postponed(
                after: .seconds(10),
                message: "this worker's \(call.workflow) \(call.version) has no code for \(call.payload.task.text)")
        }
        let returned = try await body(call, object(call))
        var moment: Int64?
        if case .next(let next) = returned.outcome {
            moment = try await self.moment(in: next, returned.object, call, code)
        }
        var end = RunEnd(.machine(returned.outcome, moment: moment), output: returned.object)
        end.given = object(call)
        return end
    }

    /// Holds a visit back that is too young, and tells of one that is too old, by the moment at which the status was entered.
    private func watchLag(_ call: RunCall, _ state: StateCode) throws {
        let age = Duration.milliseconds(max(0, store.serverNow - call.reading.summary.lastMove))
        if let lag = state.consumeLag, age < lag {
            throw Postponed(after: lag - age, message: "held back until its status is \(lag) old")
        }
        if let alert = state.lagAlert, age > alert, call.task.attempt == 1 {
            logger.warning(
                "a status waits longer for its code than it should",
                metadata: [
                    "run": "\(call.id)", "workflow": "\(call.workflow)", "status": "\(call.step ?? "")",
                    "lag": "\(age)", "alert": "\(alert)",
                ])
        }
    }

    /// When the time-out of a state is due that is entered now.
    private func moment(
        in state: String, _ object: [UInt8], _ call: RunCall, _ code: WorkflowCode
    ) async throws -> Int64? {
        guard case .machine(let planner) = call.planner.body, planner.state(named: state)?.hasTimeout == true else {
            return nil
        }
        guard let moment = code.states[state]?.timeoutAt else {
            throw Postponed(
                after: .seconds(10),
                message: "this worker's \(call.workflow) \(call.version) does not know the time-out of \"\(state)\"")
        }
        return try await moment(object, store.serverNow)
    }

    private func moment(
        entering plan: Plan, _ call: RunCall, _ object: [UInt8], _ code: WorkflowCode
    ) async throws -> Int64? {
        for case .enterState(let state) in plan.effects { return try await moment(in: state, object, call, code) }
        return nil
    }

    // MARK: Deletion of data

    /// Deletes a part of a run's data. With the last part goes what the workflow's own code leaves of the input or object.
    private func erase(
        from: Int, _ call: RunCall, _ brief: RunBrief, _ attempt: Attempt, _ code: WorkflowCode
    ) async throws -> Outcome {
        func plan(leaves: Bool) -> Plan {
            switch call.planner.body {
            case .graph(let planner): planner.erase(from: from, call.reading.facts, leavesInput: leaves)
            case .machine(let planner): planner.erase(call.reading.machine, leavesObject: leaves)
            }
        }
        let before = call.planner.hasMachine ? call.object : call.reading.input
        guard let before, let scrub = code.scrub, plan(leaves: true).leavesData else {
            return try self.plan(plan(leaves: false), call, brief, attempt)
        }
        if isDeadly(attempt) {
            // Somebody waits for the data to be gone: better all of them than none.
            logger.error(
                "the workflow's scrubber is not called again: its worker was lost three times; all data go",
                metadata: ["run": "\(call.id)"])
            return try self.plan(plan(leaves: false), call, brief, attempt)
        }
        // Nothing, if a middleware does not pass the attempt on.
        let left = Mutex<[UInt8]?>(nil)
        attempt.start()
        try await code.around(attempt.task, call.context) {
            let bytes = try await scrub(before)
            left.withLock { $0 = bytes }
        }
        guard let bytes = left.withLock({ $0 }) else {
            return try self.plan(plan(leaves: false), call, brief, attempt)
        }
        guard bytes.count <= store.limits.payloadBytes else {
            throw JobFailure.permanent(
                "what the scrubber leaves has \(bytes.count) bytes; at most \(store.limits.payloadBytes) are allowed")
        }
        var end = RunEnd(.delivered)
        end.output = bytes
        return try self.plan(plan(leaves: true), call, brief, attempt, end)
    }

    // MARK: Plans

    /// The plan of a task of the run itself, for which nobody's code is run; nil for any other.
    private func ownPlan(_ call: RunCall) throws -> Plan? {
        let (run, task) = (call.reading.facts, call.payload.task)
        do {
            switch call.planner.body {
            case .graph(let planner):
                let standing = { call.reading.standing($0) }
                switch task {
                case .start(let from): return planner.start(from: from, run, standing: standing)
                case .sweep(let from): return planner.sweep(from: from, run, standing: standing)
                case .planRollback(let from): return planner.planRollback(from: from, run, standing: standing)
                case .prepare(let preparation, let from):
                    return planner.prepare(preparation, from: from, run, standing: standing)
                case .cancel: return try planner.cancel(run)
                default: return nil
                }
            case .machine(let planner):
                switch task {
                case .start: return try planner.start(call.reading.machine)
                case .resume: return try planner.resume(call.reading.machine)
                case .cancel: return try planner.cancel(call.reading.machine)
                default: return nil
                }
            }
        } catch {
            // What rolls back, or has ended meanwhile, is not cancelled or resumed.
            return .nothing
        }
    }

    /// Plans what follows from an end.
    private func conclude(
        _ end: RunEnd, _ call: RunCall, _ brief: RunBrief, _ attempt: Attempt
    ) throws -> Outcome {
        let task = call.payload.task
        switch (end.outcome, call.planner.body) {
        case (.step(let outcome), .graph(let planner)):
            guard let step = task.step.flatMap({ planner.graph.step(named: $0) }) else { break }
            return try plan(planner.ended(task, outcome, facts(step, call)), call, brief, attempt, end)
        case (.machine(let outcome, let moment), .machine(let planner)):
            do {
                let next = try planner.ended(task, outcome, call.reading.machine)
                return try plan(next, call, brief, attempt, end, moment: moment)
            } catch let error as RunControlError {
                // No retry mends it.
                return try conclude(RunEnd(.machineFailed(isLast: true), error: "\(error)"), call, brief, attempt)
            }
        case (.machineFailed(let isLast), .machine(let planner)):
            let next = planner.failed(task, errors: attempt.task.attempt, isLast: isLast, call.reading.machine)
            return try plan(next ?? .nothing, call, brief, attempt, end)
        default: break
        }
        return try plan(.nothing, call, brief, attempt, end)
    }

    private func plan(
        _ plan: Plan, _ call: RunCall, _ brief: RunBrief, _ attempt: Attempt, _ end: RunEnd = RunEnd(.delivered),
        moment: Int64? = nil
    ) throws(StoreError) -> Outcome {
        try self.plan(plan, call.payload, call.id, brief, attempt, end, moment: moment)
    }

    private func plan(
        _ plan: Plan, _ payload: RunTaskPayload, _ run: RunID, _ brief: RunBrief, _ attempt: Attempt, _ end: RunEnd,
        moment: Int64? = nil
    ) throws(StoreError) -> Outcome {
        if let heads = brief.found?.itemHeads, plan.effects.count == 1, end.variables.isEmpty,
            case .endItem(_, let index, let failed, let stops) = plan.effects[0]
        {
            let value = failed ? Array(TaskHistory.bounded(end.error).utf8) : end.output
            let item = ItemEnd(heads: heads, index: index, failed: failed, stops: stops, value: value)
            return .planned(
                payload.task, RunCommit(item, run: run, revision: brief.found?.reading.facts.revision ?? 0))
        }
        var extra: [Effect] = []
        if let secret = end.secret, let step = payload.task.step, plan.effects.moves(step, to: .waiting) {
            extra.append(.awaitSignal(Completion.signal(secret), step: step))
        }
        let commit = try RunCommit(
            plan, run: run, revision: brief.found?.reading.facts.revision ?? 0, output: end.output, error: end.error,
            moment: moment, attempt: attempt.task.attempt, took: attempt.started.map { .now - $0 } ?? .zero,
            child: end.child, variables: end.variables, extra: extra,
            head: brief.planner.head(attempt.task.record))
        return .planned(payload.task, commit)
    }

    // MARK: Failures

    private func failed(
        _ error: any Error, _ call: RunCall, _ brief: RunBrief, _ attempt: Attempt
    ) throws -> HandlerEnd {
        var message = Self.describe(error)
        var disposition = Self.disposition(of: error)
        switch call.context.interruption {
        case .shutdown, .leaseLost, .cancelled: return .threw(message: message, disposition: disposition)
        case .timedOut(let limit): (message, disposition) = ("timed out after \(limit)", .retryable)
        case .deadlinePassed, nil: break
        }
        // It goes on until the data are gone, whatever the error says.
        if case .deleteData = call.payload.task, disposition == .permanent { disposition = .retryable }
        let decision = attempt.policy.decide(
            attempt: attempt.task.attempt, disposition: disposition, now: store.serverNow, deadline: nil,
            random: .random(in: 0..<1))
        var again: Outcome?
        if case .retry(let wait, let counted) = decision {
            again = .retry(after: wait, counted: counted, attempt: attempt.task.attempt, message: message)
        }
        if case .giveUp(let reason) = decision { message += " (\(reason.rawValue))" }
        switch (call.planner.body, call.payload.task) {
        case (_, .hook), (_, .callback), (_, .deleteData):
            // A permanent failure, or a worker that dies of it each time: nobody will ever have it.
            if let again { return .decided(again, nil) }
            logger.error(
                "given up", metadata: ["run": "\(call.id)", "task": "\(call.payload.task.text)", "error": "\(message)"])
            return .decided(try plan(.nothing, call, brief, attempt), nil)
        case (.machine(let planner), _):
            let counts = if case .retry(_, false) = decision { false } else { true }
            let plan = planner.failed(
                call.payload.task, errors: attempt.task.attempt, isLast: again == nil, call.reading.machine)
            if let again, plan == nil || !counts { return .decided(again, nil) }
            let end = RunEnd(.machineFailed(isLast: again == nil), error: message)
            return .decided(try conclude(end, call, brief, attempt), end)
        case (.graph, _):
            if let again { return .decided(again, nil) }
            let end = RunEnd.step(.failed, error: message)
            return .decided(try conclude(end, call, brief, attempt), end)
        }
    }
}

extension [Effect] {
    fileprivate func moves(_ step: String, to state: StepState) -> Bool {
        contains { effect in
            if case .moveStep(step, _, state, _) = effect { true } else { false }
        }
    }
}

extension Plan {
    /// Whether something is left of the run's data, which the commit has to carry.
    fileprivate var leavesData: Bool {
        effects.contains { effect in
            if case .erase(let remains) = effect { remains != .nothing } else { false }
        }
    }
}
