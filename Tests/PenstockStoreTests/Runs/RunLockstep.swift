import PenstockModel
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

extension SeededRandom {
    mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &self) < share }
}

/// A run of a random graph in Redis, and the same run in the interpreter of the model, commit by commit: workers that claim
/// in the order of the lanes, hold several tasks, end them in any order and several at once, give them back, send commits
/// twice, and plan with what they read some time ago.
struct RunLockstep {
    struct Claimed {
        var task: ClaimedTask
        var worker: Int
        var payload: RunTaskPayload
        var run: RunFacts
        var step: StepFacts?
        var standing: [String: StepStanding]
        var beginning: Beginning
        var hasExecuted = false
    }

    let store: Store
    var graph: RandomGraph
    let planner: GraphPlanner
    let run: RunID
    var interpreter: RunInterpreter
    var random: SeededRandom
    var players: [Player] = []
    var claimed: [Claimed] = []
    var controls = 0.0
    /// Tasks that were claimed, as the interpreter calls them.
    var numbers: [TaskID: Int] = [:]
    /// Signals that came early, by name.
    var buffered: [String: Int] = [:]
    /// The worker of the child runs.
    var nanny: Player
    let childPlanner: GraphPlanner
    let childShape: String
    var conflicts = 0
    var commits = 0
    /// What was done last, for people.
    var last: [String] = []

    init(_ store: Store, _ graph: RandomGraph, seed: UInt64, chunk: Int = 7) async throws {
        self.store = store
        var graph = graph
        for place in graph.shape.steps.indices {
            // Timers fire when the test wants them to, however slow the machine is.
            graph.shape.steps[place].longRunning?.syncInterval = .seconds(86_400)
        }
        self.graph = graph
        planner = GraphPlanner(try GraphIndex(graph.shape), chunk: chunk)
        random = SeededRandom(seed: seed &+ 1)
        run = store.makeRunID()
        interpreter = RunInterpreter()
        for number in 0..<2 { players.append(try await Player(store, "w\(number)", queues: ["q0", "q1"])) }
        nanny = try await Player(store, "nanny", queues: ["children"])
        childPlanner = GraphPlanner(try GraphIndex(GraphShape([StepShape("only")])))
        childShape = try await store.keepShape(Array("child".utf8), workflow: "child", version: 1)
        let digest = try await store.keepShape(Array("shape \(seed)".utf8), workflow: "flow", version: 1)
        let new = NewRun(id: run, workflow: "flow", shapeDigest: digest, head: Self.childHead, foreignID: "f")
        let plan = planner.start(new.facts)
        let answer = try await store.start(new, try commit(plan, revision: 0), by: "test")
        #expect(interpreter.commit(plan, revision: 0, task: nil) == .applied)
        guard case .started(let summary) = answer else { throw Surprise("\(answer)") }
        #expect(summary.facts == interpreter.run)
        try await compare("start")
    }

    /// Different lanes, so that tasks do not come in the order of their making.
    func head(_ task: RunTask) -> TaskRecord {
        let number = task.text.utf8.reduce(7) { ($0 &* 31 &+ Int($1)) & 0xFFFF }
        return TaskRecord(
            kind: "flow", queue: "q\(number % 2)", tenant: "t\(number / 2 % 3)",
            priority: [.normal, .normal, 1, -2][number / 6 % 4], payload: [])
    }

    func commit(_ plan: Plan, revision: Int, error: String = "") throws(StoreError) -> RunCommit {
        try RunCommit(
            plan, run: run, revision: revision, output: [1, 0, 2], error: error,
            child: ChildStart(shapeDigest: childShape, input: [9], head: Self.childHead), head: head)
    }

    static let childHead = TaskRecord(kind: "child", queue: "children", payload: [])
    static let signalPayload: [UInt8] = [7, 0, 10, 9]

    // MARK: Signals and children

    /// A signal for this step, early or not.
    private mutating func signal(_ step: StepShape, _ name: String) async throws {
        last = ["signal \(name)"]
        let waits = interpreter.waitingForSignal[step.name] != nil && interpreter.standing(step.name).state == .waiting
        let answer = try await store.signal(run, name, Self.signalPayload, by: "test")
        if interpreter.run.state.isTerminal {
            #expect(answer == .ended)
            return
        }
        #expect(answer == (waits ? .taken : .buffered))
        interpreter.waitingForSignal[step.name] = nil
        if waits { interpreter.deliver(.signalled(step.name)) } else { buffered[name, default: 0] += 1 }
        try await compare("signal")
    }

    /// What the interpreter leaves to others: signals that were there already.
    private mutating func followUp(_ plan: Plan) {
        for case .erase in plan.effects { buffered = [:] }
        for case .awaitSignal(let name, let step) in plan.effects where buffered[name, default: 0] > 0 {
            buffered[name, default: 0] -= 1
            interpreter.waitingForSignal[step] = nil
            interpreter.deliver(.signalled(step))
        }
    }

    /// Does one task of a child run. False: none has any.
    mutating func childTurn() async throws -> Bool {
        guard let task = try await nanny.turn(1).claimed.first else { return false }
        let child = try #require(task.record.options.run)
        let payload = try #require(RunTaskPayload(task.record.payload))
        let reading = try #require(try await store.read(RunQuery(child, steps: ["only"], wantsInput: true)))
        #expect(reading.input == [9] && reading.workflow == "child" && reading.shapeDigest == childShape)
        let facts = StepFacts(run: reading.facts, round: payload.round, state: reading.standing("only").state)
        let plan: Plan
        let beginning =
            payload.task.step == nil
            ? childPlanner.begin(payload.task, run: reading.facts, round: payload.round)
            : childPlanner.begin(payload.task, facts)
        switch (beginning, payload.task) {
        case (.execute, .cancel): plan = (try? childPlanner.cancel(reading.facts)) ?? .nothing
        case (.execute, .start(let from)):
            plan = childPlanner.start(from: from, reading.facts) { _ in StepStanding(.pending) }
        case (.execute, _): plan = childPlanner.ended(payload.task, .succeeded(), facts)
        case (.end(let outcome), _): plan = childPlanner.ended(payload.task, outcome, facts)
        default: plan = .nothing
        }
        last = ["child \(payload.task) \(plan.effects)"]
        let commit = try RunCommit(plan, run: child, revision: reading.facts.revision) { _ in Self.childHead }
        let turn = try await nanny.turn(committed: [
            EndedRunTask(id: task.id, claim: task.claim, task: payload.task, commit: commit)
        ])
        #expect(turn.refused.isEmpty && turn.stale.isEmpty)
        if let end = plan.allEffects.compactMap({ if case .tellParent(let state) = $0 { state } else { nil } }).first {
            let waiting = try #require(childTasks[child])
            ends[child] = end
            interpreter.deliver(.childEnded(waiting.step))
            interpreter.queue[interpreter.queue.count - 1].round = waiting.round
        }
        try await compare("child")
        return true
    }

    /// Child runs with the step that has started them and the round.
    var childTasks: [RunID: (step: String, round: Int)] = [:]
    var ends: [RunID: RunState] = [:]

    // MARK: Turns

    /// Until nothing is left to do.
    mutating func drive() async throws {
        var turns = 0
        while turns < 5000 {
            turns += 1
            if random.chance(controls) { try await control() }
            if random.chance(0.05) { _ = try await childTurn() }
            if random.chance(0.05), let step = graph.shape.steps.randomElement(using: &random),
                case .signal(let name) = step.kind
            {
                try await signal(step, name)
            }
            if !interpreter.timers.isEmpty, random.chance(0.05) {
                try await fire(Int.random(in: 0..<interpreter.timers.count, using: &random))
            }
            if !interpreter.queue.isEmpty, claimed.isEmpty || (claimed.count < 5 && random.chance(0.5)) {
                try await cycle(Int.random(in: 0..<2, using: &random), [], room: Int.random(in: 1...2, using: &random))
            } else if !claimed.isEmpty {
                try await finish()
            } else if try await !outside() {
                return
            }
        }
        throw Surprise("the run goes round in circles")
    }

    private mutating func fire(_ index: Int) async throws {
        let timer = interpreter.timers[index]
        last = ["fire \(timer.task)"]
        let audit = try await KeyspaceAudit.read(store)
        let id = try #require(audit.timers[run.rawValue]?[timer.task.text].flatMap { TaskID($0) }, "timer \(timer)")
        let answer = try await store.revive([id])
        guard answer == [.ready] else { throw Surprise("timer \(timer): \(answer)") }
        interpreter.fire(index)
        try await compare("fire")
    }

    private mutating func outside() async throws -> Bool {
        if try await childTurn() { return true }
        for step in graph.shape.steps where interpreter.standing(step.name).state == .waiting {
            guard case .signal(let name) = step.kind, interpreter.waitingForSignal[step.name] != nil else { continue }
            try await signal(step, name)
            return true
        }
        let timers = interpreter.timers.indices.filter {
            if case .health = interpreter.timers[$0].task { false } else { true }
        }
        if let timer = timers.randomElement(using: &random) {
            try await fire(timer)
            return true
        }
        guard interpreter.run.state == .paused else { return false }
        try await control(try planner.resume(interpreter.run))
        return true
    }

    private mutating func control() async throws {
        let run = interpreter.run
        let step = graph.shape.steps.randomElement(using: &random)
        let plan: Plan
        do {
            switch Int.random(in: 0..<8, using: &random) {
            case 0...2: plan = try planner.pause(run)
            case 3...5: plan = try planner.resume(run)
            case 6: plan = try planner.cancel(run, rollBack: graph.shape.rollback != nil && random.chance(0.5))
            default:
                guard let step else { return }
                let facts = interpreter.facts(step)
                if facts.state == .rollbackFailed {
                    plan =
                        try random.chance(0.5)
                        ? planner.retryRollback(step.name, facts) : planner.skipRollback(step.name, facts)
                } else if !run.state.isTerminal {
                    plan = try planner.skip(step.name, facts)
                } else {
                    return
                }
            }
        } catch {
            // Refused, as it may be; the run goes on.
            return
        }
        try await control(plan)
    }

    /// Sometimes planned for what is no more.
    mutating func control(_ plan: Plan) async throws {
        let revision = interpreter.run.revision - (random.chance(0.1) ? 1 : 0)
        last = ["control \(plan.effects) at \(revision)"]
        let answer = try await store.control(try commit(plan, revision: revision), by: "test")
        // A client has no task to end, so that a plan without effects is fenced like others.
        var expected = RunInterpreter.Answer.conflict
        if revision == interpreter.run.revision {
            expected = interpreter.commit(plan, revision: revision, task: nil)
        }
        switch (answer, expected) {
        case (.applied(let summary), .applied), (.conflict(let summary), .conflict):
            if expected == .applied { followUp(plan) }
            #expect(summary.facts == interpreter.run)
        default: throw Surprise("\(answer) instead of \(expected)")
        }
        try await compare("control")
    }

    /// Ends some of the tasks that one worker has, and claims in the same call.
    private mutating func finish() async throws {
        let worker = claimed[Int.random(in: 0..<claimed.count, using: &random)].worker
        var batch: [Claimed] = []
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let own = claimed.indices.filter { claimed[$0].worker == worker }
            guard let index = own.randomElement(using: &random) else { break }
            batch.append(claimed.remove(at: index))
        }
        while !batch.isEmpty {
            let room = random.chance(0.3) && claimed.count < 5 ? 1 : 0
            let refused = try await cycle(worker, batch, room: room)
            conflicts += refused.count
            batch = []
            for old in refused { batch.append(try await look(old)) }
        }
    }

    /// One turn of a worker. Returns those whose commit was refused.
    @discardableResult
    private mutating func cycle(_ worker: Int, _ batch: [Claimed], room: Int) async throws -> [Claimed] {
        last = []
        var ended: [EndedTask] = []
        var committed: [EndedRunTask] = []
        var plans: [(Claimed, Plan)] = []
        for var claim in batch {
            if claim.beginning == .execute, claim.payload.task.step != nil { claim.hasExecuted = true }
            if random.chance(0.1) {
                let outcome: Outcome =
                    claim.hasExecuted
                    ? .retry(after: .zero, counted: true, attempt: claim.task.attempt, message: "lost") : .released
                ended.append(claim.task.ended(outcome))
                last.append("give back \(claim.payload.task)")
                interpreter.giveBack(try number(claim.task.id), wasAttempted: claim.hasExecuted)
                continue
            }
            let outcome = outcome(of: claim.payload.task)
            let plan = plan(for: claim, outcome)
            let error = outcome == .failed ? "failed \(claim.payload.task)" : ""
            committed.append(
                EndedRunTask(
                    id: claim.task.id, claim: claim.task.claim, task: claim.payload.task,
                    commit: try commit(plan, revision: claim.run.revision, error: plan.task == .parked ? "" : error)))
            plans.append((claim, plan))
            last.append("end \(claim.payload.task) \(claim.beginning) \(plan.task) \(plan.effects)")
        }
        // In the order in which they are applied: ends of items of one fan-out go as one commit.
        let order = Self.order(of: committed)
        (committed, plans) = (order.map { committed[$0] }, order.map { plans[$0] })
        let turn = try await players[worker].turn(room, ended: ended, committed: committed)
        // A timer that waits for its next try is taken back with the others; one in its lane is not.
        _ = try await store.revive(ended.filter { $0.outcome != .released }.map(\.id))
        commits += committed.count
        var refused: [Claimed] = []
        for (claim, plan) in plans {
            switch interpreter.commit(plan, revision: claim.run.revision, task: try number(claim.task.id)) {
            case .applied:
                followUp(plan)
                for case .startChild(_, let step) in plan.effects {
                    let reading = try await store.read(RunQuery(run, steps: [step]))
                    let child = try #require(reading?.children[step])
                    childTasks[child] = (step, interpreter.run.round)
                }
            case .stale: throw Surprise("a task that was held is unknown to the model")
            case .conflict: refused.append(claim)
            }
        }
        guard turn.stale.isEmpty, turn.refused.map(\.id) == refused.map(\.task.id) else {
            throw Surprise("stale \(turn.stale), refused \(turn.refused), expected \(refused.map(\.task.id)): \(last)")
        }
        for task in turn.claimed {
            last.append("claim \(task.id)")
            let payload = try #require(RunTaskPayload(task.record.payload))
            let index = interpreter.queue.firstIndex {
                $0.task == payload.task && $0.round == payload.round && $0.wasAttempted == task.wasAttempted
            }
            guard let index else { throw Surprise("claimed \(task.id) for \(payload), which is not queued") }
            numbers[task.id] = interpreter.claim(index).id
            #expect(task.record.options.run == run)
            if case .signalled = payload.task { #expect(payload.brings == Self.signalPayload) }
            if case .childEnded(let step) = payload.task {
                let child = try #require(payload.child)
                #expect(childTasks[child.run]?.step == step && ends[child.run] == child.state)
            }
            let claim = Claimed(
                task: task, worker: worker, payload: payload, run: interpreter.run, standing: [:], beginning: .drop)
            claimed.append(try await look(claim))
        }
        if room > 0, batch.isEmpty, turn.claimed.isEmpty {
            throw Surprise("nothing was claimed of \(interpreter.queue)")
        }
        try await compare("cycle")
        if random.chance(0.2), !committed.isEmpty {
            // The reply was lost, and the call is sent again.
            let gone = Set(refused.map(\.task.id))
            let applied = committed.filter { !gone.contains($0.id) }
            let again = try await players[worker].turn(committed: applied)
            #expect(
                Set(again.stale) == Set(applied.map(\.id)) && again.stale.count == applied.count
                    && again.refused.isEmpty)
            try await compare("the same once more")
        }
        return refused
    }

    private static func order(of committed: [EndedRunTask]) -> [Int] {
        var first: [String: Int] = [:]
        let places = committed.indices.map { place -> Int in
            let ended = committed[place]
            guard let step = ended.commit.item?.heads.step else { return place }
            let group = "\(ended.claim) \(ended.commit.revision) \(step)"
            defer { first[group] = first[group] ?? place }
            return first[group] ?? place
        }
        return committed.indices.sorted { (places[$0], $0) < (places[$1], $1) }
    }

    /// Reads the facts, and decides anew what to do unless code has run already.
    private mutating func look(_ old: Claimed) async throws -> Claimed {
        var new = old
        let task = old.payload.task
        let step = task.step.flatMap { planner.graph.step(named: $0) }
        let names = step.map { [$0.name] + $0.dependencies.map(\.step) } ?? graph.shape.steps.map(\.name)
        let reading = try #require(try await store.read(RunQuery(run, steps: names)))
        new.run = reading.facts
        new.standing = reading.steps.filter { $0.value.state != .pending }
        #expect(reading.facts == interpreter.run)
        if let step {
            let facts = StepFacts(
                run: reading.facts, round: old.payload.round, state: reading.standing(step.name).state,
                dependencies: step.dependencies.map { reading.standing($0.step) }, wasAttempted: old.task.wasAttempted,
                fan: reading.fans[step.name])
            #expect(
                facts
                    == interpreter.facts(step, round: old.payload.round, wasAttempted: old.task.wasAttempted))
            new.step = facts
            if !old.hasExecuted { new.beginning = planner.begin(task, facts) }
        } else if !old.hasExecuted {
            new.beginning = planner.begin(task, run: new.run, round: old.payload.round)
        }
        return new
    }

    private func plan(for claim: Claimed, _ outcome: StepOutcome) -> Plan {
        let standing = { (name: String) in claim.standing[name] ?? StepStanding(.pending) }
        switch claim.beginning {
        case .drop: return .nothing
        case .park: return .park
        case .end(let outcome): return claim.step.map { planner.ended(claim.payload.task, outcome, $0) } ?? .nothing
        case .execute:
            switch claim.payload.task {
            case .start(let from): return planner.start(from: from, claim.run, standing: standing)
            case .sweep(let from): return planner.sweep(from: from, claim.run, standing: standing)
            case .planRollback(let from): return planner.planRollback(from: from, claim.run, standing: standing)
            case .prepare(let what, let from):
                return planner.prepare(what, from: from, claim.run, standing: standing)
            case .deleteData(let from): return planner.erase(from: from, claim.run, leavesInput: graph.leavesInput)
            default: return claim.step.map { planner.ended(claim.payload.task, outcome, $0) } ?? .nothing
            }
        }
    }

    /// What the code of a task comes to.
    private mutating func outcome(of task: RunTask) -> StepOutcome {
        guard let name = task.step, let step = planner.graph.step(named: name) else { return .succeeded() }
        switch task {
        case .item(_, let index):
            let size = step.fanOut?.batchSize ?? 1
            return graph.failingItems[name, default: []].contains { $0 / size == index } ? .failed : .succeeded()
        case .rollBack: return graph.rollbackFails.contains(name) ? .failed : .succeeded()
        case .health: return .started
        case .sync where random.chance(0.3): return .started
        case .step:
            if graph.fates[name] == .skip { return .skipped }
            if step.longRunning != nil { return .started }
            if let items = graph.items[name], graph.fates[name] != .failure { return .expanded(items: items) }
        default: break
        }
        switch graph.fates[name] {
        case .failure: return .failed
        case .success(let branch): return .succeeded(branch: branch)
        case .skip, nil: return .succeeded()
        }
    }

    // MARK: Comparison

    func number(_ id: TaskID) throws -> Int { try #require(numbers[id], "\(id)") }

    /// Everything that Redis holds of the run against everything that the interpreter holds.
    func compare(_ what: String) async throws {
        let audit = try await KeyspaceAudit.read(store)
        let differences = audit.findings + differences(from: audit)
        if !differences.isEmpty {
            throw Surprise("after \(what) (\(last.joined(separator: "; "))):\n\(differences.joined(separator: "\n"))")
        }
    }

    private func differences(from audit: KeyspaceAudit) -> [String] {
        var found: [String] = []
        func same<Value: Equatable>(_ what: String, _ redis: Value, _ model: Value) {
            if redis != model { found.append("\(what): \(redis) in Redis, \(model) in the model") }
        }
        let fields = audit.runs[run.rawValue] ?? [:]
        guard let summary = fields["f"].flatMap({ RunSummary(field: $0) }) else { return ["no facts"] }
        same("facts", summary.facts, interpreter.run)
        same("open", summary.open, interpreter.open)
        func named(_ prefix: String) -> [String: String] {
            Dictionary(
                uniqueKeysWithValues: fields.filter { $0.key.hasPrefix(prefix) }.map {
                    (String($0.key.dropFirst(2)), $0.value)
                })
        }
        same(
            "steps", named("s:").compactMapValues { StepStanding(field: $0) },
            interpreter.steps.filter { $0.value.state != .pending })
        same("outputs", Set(named("o:").keys), interpreter.outputs)
        same("input", fields["i"] != nil, interpreter.hasInput)
        same("object", fields["b"] != nil, interpreter.hasObject)
        var joins: [Arrival.Join: RunInterpreter.Counts] = [:]
        for (prefix, join) in [("j:", Arrival.Join.forward), ("k:", Arrival.Join.backward)] {
            for (step, value) in named(prefix) {
                let numbers = value.split(separator: " ").compactMap { Int($0) }
                joins[join(step)] = RunInterpreter.Counts(taken: numbers[0], missed: numbers[1])
            }
        }
        same("joins", joins, interpreter.joins.filter { $0.value != RunInterpreter.Counts() })

        func described(_ tasks: some Sequence<RunInterpreter.LiveTask>) -> [String] {
            tasks.map { "\($0.round)\t\($0.task.text) \($0.wasAttempted)" }.sorted()
        }
        func described(_ ids: [String]) -> [String] {
            ids.filter { audit.heads[$0]?.hasSuffix("w=\(run)") ?? true }
                .map { "\((audit.runTasks[$0] ?? $0).prefix { $0 != "\n" }) \(audit.tries[$0] != nil)" }.sorted()
        }
        let delayed = audit.delayed.values.flatMap(\.keys)
        let queued = audit.lanes.values.flatMap { $0 } + delayed.filter { audit.tries[$0] != nil }
        same("queue", described(queued), described(interpreter.queue))
        same("held", described(audit.held.values.flatMap(\.keys)), described(interpreter.held.values))
        same("timers", described(delayed.filter { audit.tries[$0] == nil }), described(interpreter.timers))
        let shelf = (audit.shelves[run.rawValue] ?? []).map { String($0.prefix { $0 != "\t" }) }
        same("parked", described(shelf), described(interpreter.parked))
        same("in line for signals", Set(named("w:").keys), Set(interpreter.waitingForSignal.keys))
        same("children", Set(named("c:").keys), Set(interpreter.children.keys))
        let early = (audit.signals[run.rawValue] ?? [:]).keys.filter { $0.contains("\t") }.count
        same("early signals", early, buffered.values.reduce(0, +))

        same("fan-outs", Set(named("n:").keys), Set(interpreter.fans.keys))
        same("lists", Set(named("v:").keys), Set(interpreter.fans.keys))
        for (step, value) in named("n:") {
            guard let fan = interpreter.fans[step] else { continue }
            let numbers = value.split(separator: " ").map { Int($0) }
            same(
                "numbers of \(step)", numbers[0..<6].map { $0 ?? -1 },
                [fan.total, fan.next, fan.done, fan.failed.count, fan.inFlight, fan.isStopped ? 1 : 0])
            let items = audit.items["\(run):\(step)"] ?? [:]
            same(
                "done of \(step)", Set(items.filter { $0.value.hasPrefix("+") }.compactMap { Int($0.key) }),
                fan.succeeded)
            let broken = Set((audit.broken["\(run):\(step)"] ?? []).compactMap { Int($0) })
            let again = numbers[6].map { from in broken.filter { $0 > from }.sorted() } ?? []
            same("to be done again of \(step)", again, fan.redo)
            if !fan.failed.isSubset(of: broken) { found.append("failed of \(step): \(broken), \(fan.failed)") }
        }
        return found
    }
}

extension Plan {
    /// Those included that wait for the run to be idle.
    var allEffects: [Effect] {
        effects.flatMap { effect in if case .whenIdle(let then) = effect { Plan(then).allEffects } else { [effect] } }
    }
}

extension ClaimedTask {
    /// Whether an earlier attempt may have acted.
    var wasAttempted: Bool { history.attempts > 0 || history.recoveries > 0 || !history.troubles.isEmpty }
}
