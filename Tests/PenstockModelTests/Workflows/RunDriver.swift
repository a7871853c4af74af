import PenstockModel
import PenstockTesting
import Testing

/// Drives a run of a random graph to its end: workers that claim in any order, hold several tasks, die, repeat their commits,
/// and plan with what they read some time ago.
struct RunDriver {
    struct Claimed {
        var task: RunInterpreter.LiveTask
        var run: RunFacts
        var step: StepFacts?
        var standing: [String: StepStanding]
        var beginning: Beginning
        var hasExecuted: Bool
    }

    let graph: RandomGraph
    let planner: GraphPlanner
    var interpreter: RunInterpreter
    var random: SeededRandom
    var hasFaults = true
    /// Chance that somebody does something to the run, at each turn.
    var controls = 0.0
    var claimed: [Claimed] = []
    /// Calls of code of a step that came through, each with its round.
    var executions: [String: [Int]] = [:]
    var rollbackCalls: [String: Int] = [:]
    /// The states that the steps were in when the rollback of a step was called.
    var statesAtRollback: [String: [String: StepState]] = [:]
    var itemsDone: [String: Set<Int>] = [:]
    var largestPlan = 0
    var conflicts = 0
    var turns = 0

    init(_ graph: RandomGraph, seed: UInt64, chunk: Int = 7) throws {
        self.graph = graph
        planner = GraphPlanner(try GraphIndex(graph.shape), chunk: chunk)
        interpreter = RunInterpreter()
        random = SeededRandom(seed: seed)
        commit(planner.start(interpreter.run))
    }

    @discardableResult
    mutating func commit(_ plan: Plan) -> RunInterpreter.Answer {
        interpreter.commit(plan, revision: interpreter.run.revision, task: nil)
    }

    /// Until nothing is left to do, or the run is paused.
    mutating func drive() {
        while turns < 100_000 {
            turns += 1
            if random.chance(controls) { control() }
            if hasFaults, !interpreter.timers.isEmpty, random.chance(0.05) { fireTimer() }
            if !interpreter.queue.isEmpty, claimed.isEmpty || (claimed.count < 5 && random.chance(0.5)) {
                claim()
            } else if !claimed.isEmpty {
                finish(claimed.remove(at: Int.random(in: 0..<claimed.count, using: &random)))
            } else if !outside() {
                break
            }
        }
        #expect(turns < 100_000, "the run goes round in circles")
    }

    private mutating func fireTimer() { interpreter.fire(Int.random(in: 0..<interpreter.timers.count, using: &random)) }

    /// What comes from outside when no worker has anything to do. False: nothing will ever come.
    private mutating func outside() -> Bool {
        for (step, _) in interpreter.waitingForSignal.sorted(by: { $0.key < $1.key })
        where interpreter.standing(step).state == .waiting {
            interpreter.waitingForSignal[step] = nil
            interpreter.deliver(.signalled(step))
            return true
        }
        for (step, child) in interpreter.children.sorted(by: { $0.key < $1.key })
        where child.isAwaited && interpreter.standing(step).state == .waiting {
            interpreter.children[step] = nil
            interpreter.deliver(.childEnded(step))
            return true
        }
        // Health checks alone keep no run going.
        let timers = interpreter.timers.indices.filter {
            if case .health = interpreter.timers[$0].task { false } else { true }
        }
        guard let timer = timers.randomElement(using: &random) else {
            if interpreter.run.state == .paused {
                do { commit(try planner.resume(interpreter.run)) } catch { Issue.record(error) }
                return true
            }
            return false
        }
        interpreter.fire(timer)
        return true
    }

    private mutating func control() {
        let run = interpreter.run
        let step = graph.shape.steps.randomElement(using: &random)
        do {
            switch Int.random(in: 0..<8, using: &random) {
            case 0...2: commit(try planner.pause(run))
            case 3...5: commit(try planner.resume(run))
            case 6: commit(try planner.cancel(run, rollBack: graph.shape.rollback != nil && random.chance(0.5)))
            default:
                guard let step else { return }
                let facts = interpreter.facts(step)
                if facts.state == .rollbackFailed {
                    commit(
                        try random.chance(0.5)
                            ? planner.retryRollback(step.name, facts) : planner.skipRollback(step.name, facts))
                } else if !run.state.isTerminal {
                    commit(try planner.skip(step.name, facts))
                }
            }
        } catch {
            // Refused, as it may be; the run goes on.
        }
    }

    private mutating func claim() {
        let task = interpreter.claim(Int.random(in: 0..<interpreter.queue.count, using: &random))
        claimed.append(
            look(
                Claimed(
                    task: task, run: interpreter.run, standing: [:], beginning: .drop, hasExecuted: false)))
    }

    /// Reads the facts, and decides anew what to do unless code has run already.
    private mutating func look(_ old: Claimed) -> Claimed {
        var new = old
        new.run = interpreter.run
        new.standing = interpreter.steps
        if let name = old.task.task.step, let step = planner.graph.step(named: name) {
            let facts = interpreter.facts(step, round: old.task.round, wasAttempted: old.task.wasAttempted)
            new.step = facts
            if !old.hasExecuted { new.beginning = planner.begin(old.task.task, facts) }
        } else if !old.hasExecuted {
            new.beginning = planner.begin(old.task.task, run: new.run, round: old.task.round)
        }
        return new
    }

    private mutating func finish(_ claim: Claimed) {
        var claim = claim
        if claim.beginning == .execute, claim.task.task.step != nil { claim.hasExecuted = true }
        if hasFaults && random.chance(0.1) {
            interpreter.giveBack(claim.task.id, wasAttempted: claim.hasExecuted)
            return
        }
        let outcome = outcome(of: claim.task.task)
        while true {
            let plan = plan(for: claim, outcome)
            largestPlan = max(largestPlan, plan.effects.count)
            let before = interpreter
            switch interpreter.commit(plan, revision: claim.run.revision, task: claim.task.id) {
            case .applied:
                if claim.hasExecuted { note(claim.task.task, outcome, before) }
                if hasFaults && random.chance(0.2) {
                    // The reply was lost.
                    let after = interpreter
                    #expect(interpreter.commit(plan, revision: claim.run.revision, task: claim.task.id) == .stale)
                    #expect(interpreter == after)
                }
                return
            case .stale:
                Issue.record("a task that was held is unknown")
                return
            case .conflict:
                conflicts += 1
                claim = look(claim)
                if claim.beginning == .execute, claim.task.task.step != nil { claim.hasExecuted = true }
            }
        }
    }

    private func plan(for claim: Claimed, _ outcome: StepOutcome) -> Plan {
        let standing = { (name: String) in claim.standing[name] ?? StepStanding(.pending) }
        switch claim.beginning {
        case .drop: return .nothing
        case .park: return .park
        case .end(let outcome): return claim.step.map { planner.ended(claim.task.task, outcome, $0) } ?? .nothing
        case .execute:
            switch claim.task.task {
            case .start(let from): return planner.start(from: from, claim.run, standing: standing)
            case .sweep(let from): return planner.sweep(from: from, claim.run, standing: standing)
            case .planRollback(let from): return planner.planRollback(from: from, claim.run, standing: standing)
            case .prepare(let what, let from):
                return planner.prepare(what, from: from, claim.run, standing: standing)
            case .deleteData(let from): return planner.erase(from: from, claim.run, leavesInput: graph.leavesInput)
            default: return claim.step.map { planner.ended(claim.task.task, outcome, $0) } ?? .nothing
            }
        }
    }

    private mutating func note(_ task: RunTask, _ outcome: StepOutcome, _ before: RunInterpreter) {
        switch task {
        case .step(let name): executions[name, default: []].append(before.run.round)
        case .item(let name, let index) where outcome != .failed: itemsDone[name, default: []].insert(index)
        case .rollBack(let name, _):
            rollbackCalls[name, default: 0] += 1
            statesAtRollback[name] = before.steps.mapValues(\.state)
        default: break
        }
    }

    /// What the code of a task comes to: always the same, by the fate of its step.
    private mutating func outcome(of task: RunTask) -> StepOutcome {
        guard let name = task.step, let step = planner.graph.step(named: name) else { return .succeeded() }
        let isLater: Bool
        switch task {
        case .step: isLater = false
        case .item(_, let index):
            return graph.isFailing(step, item: index) ? .failed : .succeeded()
        case .rollBack: return graph.rollbackFails.contains(name) ? .failed : .succeeded()
        case .health: return .started
        case .sync where random.chance(0.3): return .started
        default: isLater = true
        }
        if !isLater {
            if graph.fates[name] == .skip { return .skipped }
            if step.longRunning != nil { return .started }
            if case .child(let child) = step.kind, child.isAwaited { return .started }
            if let items = graph.items[name], graph.fates[name] != .failure { return .expanded(items: items) }
        }
        switch graph.fates[name] {
        case .failure: return .failed
        case .success(let branch): return .succeeded(branch: branch)
        case .skip, nil: return .succeeded()
        }
    }
}
