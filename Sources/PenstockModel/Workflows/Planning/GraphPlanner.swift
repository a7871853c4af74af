/// Decides what follows in a run of a graph: pure functions of the graph, of what just ended, and of the facts that the
/// caller has read. A plan is committed with the revision of those facts, or is made anew; so nobody has to remember a plan, and
/// whoever dies while planning leaves nothing behind.
///
/// A run ends by counting: what is scheduled is *open*, every task that ends closes itself, and each plan says what is to
/// happen if nothing is open after it. No plan of a step looks at more than the step's neighbours.
package struct GraphPlanner: Sendable {
    package let graph: GraphIndex
    let hooks: Set<HookMoment>
    /// The most steps that one plan touches; larger ones go on in a further task.
    let chunk: Int

    package init(_ graph: GraphIndex, hooks: [HookMoment] = [], chunk: Int = 500) {
        self.graph = graph
        self.hooks = Set(hooks)
        self.chunk = max(chunk, 1)
    }

    var shape: GraphShape { graph.shape }

    /// Whether nothing new starts: a cancelled run, or a failing one that is rolled back or fails fast.
    func isStopping(_ run: RunFacts) -> Bool {
        switch run.direction {
        case .cancelling: true
        case .running: run.isFailing && (shape.rollback != nil || shape.failFast)
        default: false
        }
    }

    /// Whether steps that wait for the end of others still run in a run that stops.
    func cleansUp(_ run: RunFacts) -> Bool { run.direction == .running && shape.rollback == nil }

    /// Whether the run stops and the step with it.
    func isStopped(_ step: StepShape, _ run: RunFacts) -> Bool {
        isStopping(run) && !(cleansUp(run) && step.dependencies.contains { $0.phase == .end })
    }

    /// The steps that the plan of a task of the run itself looks at.
    package func looksAt(_ task: RunTask) -> [String] {
        var places: Set<Int> = []
        switch task {
        case .start(let from):
            for place in graph.order[part(from: from, of: graph.count).range] {
                let dependencies = shape.steps[place].dependencies
                if dependencies.isEmpty { continue }
                places.insert(place)
                places.formUnion(dependencies.compactMap { graph.places[$0.step] })
            }
        case .sweep(let from): places.formUnion(graph.order[part(from: from, of: graph.count).range])
        case .planRollback(let from):
            for place in graph.order[part(from: from, of: graph.count).range] {
                places.insert(place)
                places.formUnion(graph.dependents[place].map(\.to))
            }
        case .prepare: places.formUnion(graph.order)
        default: break
        }
        return places.sorted().map { shape.steps[$0].name }
    }

    // MARK: - What all plans have in common

    func enter(_ state: RunState, _ run: RunFacts) -> [Effect] { run.enter(state, hooks) }

    /// What happens to a run of these facts when nothing is open. A paused run stays as it is: its resumption asks again.
    func idle(_ run: RunFacts) -> [Effect] {
        let effects: [Effect]
        switch run.state {
        case .running where !run.isFailing: effects = enter(.succeeded, run)
        case .running: effects = shape.rollback == nil ? enter(.failed, run) : beginRollback(run)
        case .cancelling: effects = run.rollsBackOnCancel ? beginRollback(run) : enter(.cancelled, run)
        case .rollingBack: effects = enter(run.stuckRollbacks == 0 ? .rolledBack : .failed, run)
        default: return []
        }
        return [.whenIdle(effects)]
    }

    private func beginRollback(_ run: RunFacts) -> [Effect] {
        enter(.rollingBack, run) + [.schedule(.planRollback(from: 0), opens: true)]
    }

    func tell(_ phase: CallbackMoment.Phase, _ step: String, _ run: RunFacts) -> [Effect] {
        run.hasCallback ? [.schedule(.callback(CallbackMoment(phase, step: step)), opens: false)] : []
    }

    /// The end of a plan that goes through the graph in chunks: the next part, if there is one, and the end of this.
    func goOn(_ next: RunTask?, _ run: RunFacts) -> [Effect] {
        (next.map { [.schedule($0, opens: true)] } ?? []) + [.close] + idle(run)
    }

    func part(from start: Int, of count: Int) -> (range: Range<Int>, next: Int?) {
        let start = min(max(start, 0), count)
        let end = min(start + chunk, count)
        return (start..<end, end < count ? end : nil)
    }
}
