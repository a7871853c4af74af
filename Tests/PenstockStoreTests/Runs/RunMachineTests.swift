import PenstockModel
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

/// State machines on Redis in lockstep with the model. `PENSTOCK_SEED` repeats a run, `PENSTOCK_FUZZ_RUNS` makes it longer.
@Suite(.timeLimit(.minutes(10))) struct RunMachineTests {
    static let shape = StateMachineShape(
        [
            MachineState("created", next: ["open", "done"], pauseAfterErrors: 2, resumeAfter: .seconds(60)),
            MachineState(
                "open", next: ["open", "checked", "done"], hasStep: false, callbacks: ["paid"], hasTimeout: true),
            MachineState("checked", next: ["open", "done"], callbacks: ["again"], hasTimeout: true),
            MachineState("done", hasStep: false),
        ], initial: "created")

    @Test func `random machines do in Redis what the model says`() async throws {
        for number in 0..<RunFuzzTests.count {
            let seed = RunFuzzTests.seed &+ UInt64(number)
            do {
                try await withStore { store in
                    var lockstep = try await MachineLockstep(store, seed: seed)
                    for _ in 0..<80 { try await lockstep.step() }
                }
            } catch {
                Issue.record("PENSTOCK_SEED=\(seed): \(error)")
                return
            }
        }
    }
}

private struct MachineLockstep {
    let store: Store
    let run: RunID
    let planner: StateMachinePlanner
    var interpreter = RunInterpreter()
    var random: SeededRandom
    var worker: Player
    var numbers: [TaskID: Int] = [:]
    var held: [(task: ClaimedTask, payload: RunTaskPayload)] = []
    var last = ""

    init(_ store: Store, seed: UInt64) async throws {
        self.store = store
        run = store.makeRunID()
        planner = try StateMachinePlanner(RunMachineTests.shape)
        random = SeededRandom(seed: seed)
        worker = try await Player(store)
        let digest = try await store.keepShape(Array("machine".utf8), workflow: "machine", version: 1)
        let new = NewRun(id: run, workflow: "machine", shapeDigest: digest, head: RunBench.head)
        let plan = try planner.start(MachineFacts(run: new.facts))
        _ = try await store.start(new, try commit(plan, revision: 0), by: "test")
        #expect(interpreter.commit(plan, revision: 0, task: nil) == .applied)
        try await compare()
    }

    private func commit(_ plan: Plan, revision: Int) throws(StoreError) -> RunCommit {
        try RunCommit(
            plan, run: run, revision: revision, output: [UInt8(truncatingIfNeeded: revision)],
            moment: 4_000_000_000_000, head: RunBench.head)
    }

    mutating func step() async throws {
        let facts = interpreter.machineFacts
        do {
            switch Int.random(in: 0..<20, using: &random) {
            case 0: try await control(planner.pause(facts))
            case 1...2: try await control(planner.resume(facts))
            case 3 where random.chance(0.2): try await control(planner.cancel(facts))
            case 4...6: try await control(planner.callback(random.chance(0.5) ? "paid" : "again", facts))
            case 7...8: try await fire()
            case 9...13: try await claim()
            // Late in the life of most.
            case 14 where facts.run.state.isTerminal: try await control(planner.deleteData(facts))
            default: try await finish()
            }
        } catch is RunControlError {
            return
        }
    }

    private mutating func control(_ plan: Plan) async throws {
        last = "control \(plan.effects)"
        let revision = interpreter.run.revision
        let answer = try await store.control(try commit(plan, revision: revision), by: "test")
        guard case .applied = answer, interpreter.commit(plan, revision: revision, task: nil) == .applied else {
            throw Surprise("\(answer) to \(plan)")
        }
        try await compare()
    }

    private mutating func fire() async throws {
        guard let index = interpreter.timers.indices.randomElement(using: &random) else { return }
        let text = interpreter.timers[index].task.text
        last = "fire \(text)"
        let audit = try await KeyspaceAudit.read(store)
        let id = try #require(audit.timers[run.rawValue]?[text].flatMap { TaskID($0) })
        #expect(try await store.revive([id]) == [.ready])
        interpreter.fire(index)
        try await compare()
    }

    private mutating func claim() async throws {
        guard held.count < 3, let task = try await worker.turn(1).claimed.first else { return }
        let payload = try #require(RunTaskPayload(task.record.payload))
        last = "claim \(payload.task)"
        let index = interpreter.queue.firstIndex {
            $0.task == payload.task && $0.round == payload.round && $0.wasAttempted == task.wasAttempted
        }
        numbers[task.id] = interpreter.claim(try #require(index, "\(payload)")).id
        held.append((task, payload))
        try await compare()
    }

    private mutating func finish() async throws {
        guard let index = held.indices.randomElement(using: &random) else { return }
        let (task, payload) = held.remove(at: index)
        let reading = try #require(try await store.read(RunQuery(run, wantsInput: true)))
        var facts = reading.machine
        #expect(facts == interpreter.machineFacts)
        let number = try #require(numbers[task.id])
        var plan = Plan.nothing
        switch planner.begin(payload.task, facts, round: payload.round) {
        case .drop: break
        case .park: plan = .park
        case .end: plan = try planner.ended(payload.task, .stopped, facts)
        case .execute:
            if case .resume = payload.task {
                plan = try planner.resume(facts)
            } else if case .deleteData = payload.task {
                plan = planner.erase(facts, leavesObject: random.chance(0.5))
            } else if random.chance(0.3) {
                let failed = planner.failed(payload.task, errors: task.attempt, isLast: random.chance(0.1), facts)
                guard let failed else {
                    last = "retry \(payload.task)"
                    let outcome = Outcome.retry(after: .zero, counted: true, attempt: task.attempt, message: "no")
                    try await worker.end(task, outcome)
                    // A timer that waits for its next try is taken back with the others; one in its lane is not.
                    _ = try await store.revive([task.id])
                    interpreter.giveBack(number, wasAttempted: true)
                    return try await compare()
                }
                plan = failed
            } else {
                let state = try #require(planner.state(named: facts.state))
                var outcomes: [MachineOutcome] = state.next.map { .next($0) } + [.stay]
                if case .visit = payload.task { outcomes.append(.saveAndRepeat) }
                plan = try planner.ended(payload.task, try #require(outcomes.randomElement(using: &random)), facts)
            }
        }
        // Sometimes planned with what was read before.
        let isOld = random.chance(0.1) && !plan.effects.isEmpty
        if isOld { facts.run.revision -= 1 }
        last = "end \(payload.task) \(plan.task) \(plan.effects)"
        let ended = EndedRunTask(
            id: task.id, claim: task.claim, task: payload.task, commit: try commit(plan, revision: facts.run.revision))
        let turn = try await worker.turn(committed: [ended])
        let answer = interpreter.commit(plan, revision: facts.run.revision, task: number)
        #expect((answer == .conflict) == (turn.refused.map(\.id) == [task.id]) && turn.stale.isEmpty)
        if answer == .conflict { held.append((task, payload)) }
        try await compare()
    }

    private func compare() async throws {
        let audit = try await KeyspaceAudit.read(store)
        var found = audit.findings
        func same<Value: Equatable>(_ what: String, _ redis: Value, _ model: Value) {
            if redis != model { found.append("\(what): \(redis) in Redis, \(model) in the model") }
        }
        let fields = audit.runs[run.rawValue] ?? [:]
        let summary = fields["f"].flatMap { RunSummary(field: $0) }
        same("facts", summary?.facts, interpreter.run)
        same("open", summary?.open, interpreter.open)
        same("input", fields["i"] != nil, interpreter.hasInput)
        same("object", fields["b"] != nil, interpreter.hasObject)
        same("visit", fields["m"], "\(interpreter.visit) \(interpreter.machineState)")
        func described(_ tasks: some Sequence<RunInterpreter.LiveTask>) -> [String] {
            tasks.map { "\($0.round)\t\($0.task.text) \($0.wasAttempted)" }.sorted()
        }
        func described(_ ids: some Sequence<String>) -> [String] {
            ids.map { id in
                "\((audit.runTasks[id] ?? id).prefix { $0 != "\n" }) \(audit.tries[id] != nil)"
            }.sorted()
        }
        let delayed = audit.delayed.values.flatMap(\.keys)
        let queued = audit.lanes.values.flatMap { $0 } + delayed.filter { audit.tries[$0] != nil }
        same("queue", described(queued), described(interpreter.queue))
        same("held", described(audit.held.values.flatMap(\.keys)), described(interpreter.held.values))
        same("timers", described(delayed.filter { audit.tries[$0] == nil }), described(interpreter.timers))
        let shelf = (audit.shelves[run.rawValue] ?? []).map { String($0.prefix { $0 != "\t" }) }
        same("parked", described(shelf), described(interpreter.parked))
        if !found.isEmpty { throw Surprise("after \(last):\n\(found.joined(separator: "\n"))") }
    }
}
