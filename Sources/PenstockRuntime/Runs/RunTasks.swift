import Logging
import PenstockModel
import PenstockStore
import RedisClient
import Synchronization

/// What ends a task without a plan: it is tried again.
struct Postponed: Error {
    let after: Duration
    let message: String
}

extension WorkerEngine {
    /// Does a task of a run: looks at the run, runs the code if it is still wanted, and plans what follows.
    func runTask(_ attempt: Attempt, _ code: WorkflowCode) async -> HandlerEnd {
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
            return try await perform(call, brief, attempt, code)
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

    func perform(
        _ call: RunCall, _ brief: RunBrief, _ attempt: Attempt, _ code: WorkflowCode
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
            do { return .decided(try await erase(from: from, call, brief, attempt, code), nil) } catch {
                if Self.isTroubleOfRedis(error) { throw error }
                return try failed(error, call, brief, attempt)
            }
        }
        if let plan = try ownPlan(call) {
            let moment = try await self.moment(entering: plan, call, object(call), code)
            return .decided(try self.plan(plan, call, brief, attempt, moment: moment), nil)
        }
        do {
            if let reason = hopeless(call, attempt) { throw JobFailure.permanent(reason) }
            // A middleware that does not pass the attempt on has ended it well.
            let ended = Mutex(
                call.planner.hasMachine ? RunEnd(.machine(.stay, moment: nil)) : .step(.succeeded()))
            attempt.start()
            try await code.around(attempt.task, call.context) {
                let end = try await self.execute(call, code)
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
            if Self.isTroubleOfRedis(error) { throw error }
            return try failed(error, call, brief, attempt)
        }
    }

    /// Whether code ended so because Redis could not be asked: that is no failure of the code.
    static func isTroubleOfRedis(_ error: any Error) -> Bool {
        if case .redis? = error as? StoreError { true } else { false }
    }

    /// Why the code is not called any more.
    func hopeless(_ call: RunCall, _ attempt: Attempt) -> String? {
        let last = attempt.task.history.troubles.last.map { ": \($0.message)" } ?? ""
        if attempt.task.attempt > attempt.policy.attempts { return "all attempts used up\(last)" }
        return isDeadly(attempt) ? "its worker was lost three times\(last)" : nil
    }

    /// Whether the code may be what its workers die of. Plain jobs are then dead letters; a task of a run has to end by a
    /// commit of its run.
    func isDeadly(_ attempt: Attempt) -> Bool { attempt.task.history.recoveries >= 3 }

    func decide(_ call: RunCall, _ task: ClaimedTask) -> Beginning {
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

    func facts(_ step: StepShape, _ call: RunCall) -> StepFacts {
        call.planner.facts(
            step, call.reading, round: call.payload.round,
            wasAttempted: call.task.history.attempts > 0 || call.task.history.recoveries > 0)
    }

    /// What ends without its code.
    func unexecuted(_ outcome: StepOutcome, _ call: RunCall) -> RunEnd {
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

    // MARK: Failures

    func failed(
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
