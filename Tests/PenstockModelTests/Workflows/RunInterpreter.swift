import PenstockModel
import Testing

/// Stands for the Lua side: applies effects to one run held in memory, with the guards that the doc comments of `Effect`
/// promise, and knows nothing of graphs either.
struct RunInterpreter: Equatable {
    struct LiveTask: Equatable {
        var id: Int
        var task: RunTask
        var round: Int
        var wasAttempted = false
    }
    struct Fan: Equatable {
        var total: Int
        var next = 0
        var done = 0
        var failed: Set<Int> = []
        var succeeded: Set<Int> = []
        var redo: [Int] = []
        var inFlight = 0
        var isStopped = false
    }
    struct Counts: Equatable {
        var taken = 0
        var missed = 0
    }
    enum Answer: Equatable {
        case applied
        /// The run has another revision, or a step another state, than the plan was made for.
        case conflict
        /// The task was ended before.
        case stale
    }

    var run: RunFacts
    var steps: [String: StepStanding] = [:]
    var joins: [Arrival.Join: Counts] = [:]
    var fans: [String: Fan] = [:]
    var open = 0
    var queue: [LiveTask] = []
    /// Claimed ones, by id.
    var held: [Int: LiveTask] = [:]
    var timers: [LiveTask] = []
    var parked: [LiveTask] = []
    var outputs: Set<String> = []
    var hasInput = true
    var hasObject = false
    var waitingForSignal: [String: String] = [:]
    var children: [String: ChildWorkflow] = [:]
    var cancelledChildren: Set<String> = []
    var machineState = ""
    var visit = 0
    var objects = 0
    var runMoves: [RunState] = []
    var stepMoves: [String: [StepState]] = [:]
    var callsBack: [RunTask] = []
    var toldParent: [RunState] = []
    private var nextID = 1

    init(run: RunFacts = RunFacts(state: .pending)) { self.run = run }

    func standing(_ name: String) -> StepStanding { steps[name] ?? StepStanding(.pending) }

    func fanStanding(_ name: String) -> FanStanding? {
        fans[name].map { FanStanding(total: $0.total, done: $0.done, failed: $0.failed.count) }
    }

    func facts(_ step: StepShape, round: Int? = nil, wasAttempted: Bool = false) -> StepFacts {
        StepFacts(
            run: run, round: round ?? run.round, state: standing(step.name).state,
            dependencies: step.dependencies.map { standing($0.step) }, wasAttempted: wasAttempted,
            fan: fanStanding(step.name))
    }

    var machineFacts: MachineFacts { MachineFacts(run: run, state: machineState, visit: visit) }

    mutating func claim(_ index: Int) -> LiveTask {
        let task = queue.remove(at: index)
        held[task.id] = task
        return task
    }

    /// The worker was lost.
    mutating func giveBack(_ id: Int, wasAttempted: Bool) {
        guard var task = held.removeValue(forKey: id) else { return }
        task.wasAttempted = task.wasAttempted || wasAttempted
        queue.append(task)
    }

    mutating func fire(_ index: Int) { queue.append(timers.remove(at: index)) }

    mutating func deliver(_ task: RunTask) { enqueue(task) }

    /// Ends a held task, or with none acts for a client.
    mutating func commit(_ plan: Plan, revision: Int, task id: Int?) -> Answer {
        if let id, held[id] == nil { return .stale }
        // Ending without effect needs no fence but the lease.
        if revision != run.revision && !(plan.effects.isEmpty && plan.task == .done) { return .conflict }
        var copy = self
        guard copy.apply(plan.effects) else { return .conflict }
        if let id, let task = copy.held.removeValue(forKey: id), plan.task == .parked { copy.parked.append(task) }
        self = copy
        return .applied
    }

    private mutating func enqueue(_ task: RunTask) {
        switch task {
        case .hook, .callback: callsBack.append(task)
        default:
            queue.append(LiveTask(id: nextID, task: task, round: run.round))
            nextID += 1
        }
    }

    private mutating func apply(_ effects: [Effect]) -> Bool {
        var whenIdle: [Effect] = []
        for effect in effects {
            if case .whenIdle(let then) = effect {
                whenIdle += then
            } else if !apply(effect) {
                return false
            }
        }
        #expect(open >= 0, "more was closed than was open")
        guard open == 0, !whenIdle.isEmpty else { return true }
        return apply(whenIdle)
    }

    private mutating func move(_ name: String, to state: StepState, branch: String? = nil) {
        let old = standing(name).state
        #expect(old.canMove(to: state), "step \(name): \(old) -> \(state)")
        steps[name] = StepStanding(state, branch: branch)
        stepMoves[name, default: []].append(state)
    }

    private mutating func launch(_ launch: Launch) {
        guard launch.from.contains(standing(launch.step).state) else { return }
        move(launch.step, to: launch.to)
        open += 1
        enqueue(launch.task)
    }

    private mutating func arm(_ task: RunTask) {
        timers.removeAll { $0.task == task }
        timers.append(LiveTask(id: nextID, task: task, round: run.round))
        nextID += 1
    }

    private mutating func apply(_ effect: Effect) -> Bool {
        switch effect {
        case .moveRun(let from, let to):
            guard run.state == from else { return false }
            #expect(from.canMove(to: to), "run: \(from) -> \(to)")
            if to == .paused { run.pausedFrom = from }
            if from == .paused { run.pausedFrom = nil }
            if to == .pending {
                run.round += 1
                (run.isFailing, run.rollsBackOnCancel, run.stuckRollbacks) = (false, false, 0)
                open = 0
                timers = []
            }
            run.state = to
            run.revision += 1
            runMoves.append(to)
        case .setFact(let fact):
            switch fact {
            case .isFailing(let value): run.isFailing = value
            case .rollsBackOnCancel(let value): run.rollsBackOnCancel = value
            case .stuckRollbacks(let value): run.stuckRollbacks = value
            }
            run.revision += 1
        case .moveStep(let name, let from, let to, let branch):
            guard standing(name).state == from else { return false }
            move(name, to: to, branch: branch)
        case .keepOutput(let name): outputs.insert(name)
        case .launch(let task): launch(task)
        case .schedule(let task, let opens):
            enqueue(task)
            if opens { open += 1 }
        case .arrive(let arrival):
            var counts = joins[arrival.join] ?? Counts()
            func isDecided() -> Bool {
                counts.taken >= arrival.need || counts.missed > arrival.edges - arrival.need
            }
            let before = isDecided()
            counts.taken += arrival.taken
            counts.missed += arrival.missed
            #expect(counts.taken + counts.missed <= arrival.edges, "an edge of \(arrival.join) arrived twice")
            joins[arrival.join] = counts
            if !before && isDecided() { launch(arrival.launch) }
        case .resetStep(let name, let to, let taken, let missed, let keepsItems):
            if standing(name).state != to { move(name, to: to) }
            joins[.forward(name)] = Counts(taken: taken, missed: missed)
            joins[.backward(name)] = nil
            outputs.remove(name)
            waitingForSignal[name] = nil
            children[name] = nil
            if !keepsItems { fans[name] = nil }
        case .close: open -= 1
        case .whenIdle: return false
        case .arm(let task, _): arm(task)
        case .armAtCarriedMoment(let task): arm(task)
        case .disarm(let task): timers.removeAll { $0.task == task }
        case .openFan(let name, let opening): openFan(name, opening)
        case .endItem(let name, let index, let failed, let stops): endItem(name, index, failed, stops)
        case .awaitSignal(let signal, let step): waitingForSignal[step] = signal
        case .startChild(let child, let step): children[step] = child
        case .cancelChild(let step): cancelledChildren.insert(step)
        case .tellParent(let state): toldParent.append(state)
        case .releaseParked:
            queue += parked
            parked = []
        case .enterState(let state):
            machineState = state
            visit += 1
            open = 0
            timers = []
            run.revision += 1
        case .keepObject:
            objects += 1
            hasObject = true
            run.revision += 1
        case .eraseStep(let name):
            outputs.remove(name)
            fans[name] = nil
        case .erase(let remains):
            hasInput = remains == .input
            hasObject = remains == .object
            run.hasCallback = false
        }
        return true
    }

    private mutating func openFan(_ name: String, _ opening: FanOpening) {
        let window: Int
        switch opening {
        case .all(let tasks, let size):
            fans[name] = Fan(total: tasks)
            window = size
        case .rest(let size):
            window = size
            guard var fan = fans[name] else { return }
            fan.redo = fan.failed.sorted()
            fan.done -= fan.failed.count
            fan.failed = []
            fan.isStopped = false
            fans[name] = fan
        }
        for _ in 0..<window { nextItem(name) }
        gatherIfDone(name)
    }

    private mutating func nextItem(_ name: String) {
        guard var fan = fans[name], !fan.isStopped else { return }
        let index: Int
        if !fan.redo.isEmpty {
            index = fan.redo.removeFirst()
        } else if fan.next < fan.total {
            index = fan.next
            fan.next += 1
        } else {
            return
        }
        fan.inFlight += 1
        fans[name] = fan
        enqueue(.item(name, index))
    }

    private mutating func endItem(_ name: String, _ index: Int, _ failed: Bool, _ stops: Bool) {
        guard var fan = fans[name], !fan.failed.contains(index), !fan.succeeded.contains(index) else { return }
        fan.done += 1
        fan.inFlight -= 1
        if failed { fan.failed.insert(index) } else { fan.succeeded.insert(index) }
        if stops {
            fan.isStopped = true
            // What has not been done again stays failed.
            fan.done += fan.redo.count
            fan.failed.formUnion(fan.redo)
            fan.redo = []
        }
        fans[name] = fan
        nextItem(name)
        gatherIfDone(name)
    }

    private mutating func gatherIfDone(_ name: String) {
        guard let fan = fans[name], fan.inFlight == 0 else { return }
        enqueue(.gather(name))
    }
}
