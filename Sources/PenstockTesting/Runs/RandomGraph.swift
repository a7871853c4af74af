import PenstockModel

/// A graph and what its steps will come to, drawn from a seed.
package struct RandomGraph: Sendable {
    package enum Fate: Equatable, Sendable {
        case success(branch: String?)
        case failure
        case skip
    }

    package var shape: GraphShape
    package var fates: [String: Fate] = [:]
    package var rollbackFails: Set<String> = []
    package var items: [String: Int] = [:]
    package var failingItems: [String: Set<Int>] = [:]
    /// Whether something is left of the input when the data are deleted.
    package var leavesInput = false

    package init(_ random: inout SeededRandom, rollback: RollbackPolicy?, failFast: Bool, failures: Double) {
        let count = Int.random(in: 1...40, using: &random)
        var steps: [StepShape] = []
        for number in 0..<count {
            var step = StepShape("s\(number)")
            for other in steps.shuffled(using: &random).prefix(Int.random(in: 0...min(4, number), using: &random)) {
                if !other.branches.isEmpty && random.chance(0.6) {
                    for branch in other.branches where random.chance(0.6) {
                        step.dependencies.append(Dependency(other.name, branch: branch))
                    }
                } else {
                    let phase: DependencyPhase =
                        random.chance(0.75) ? .success : random.chance(0.4) ? .failure : .end
                    step.dependencies.append(Dependency(other.name, phase: phase))
                }
            }
            if step.dependencies.count > 1 && random.chance(0.4) {
                step.join =
                    random.chance(0.5)
                    ? .any : .atLeast(Int.random(in: 1...step.dependencies.count, using: &random))
            }
            if random.chance(0.15) { step.branches = ["left", "right"] }
            step.hasRollback = rollback != nil && random.chance(0.7)
            switch Int.random(in: 0..<10, using: &random) {
            case 0:
                step.longRunning = LongRunning(healthCheck: random.chance(0.3))
            case 1:
                step.fanOut = FanOut(
                    concurrency: Int.random(in: 1...4, using: &random),
                    batchSize: Int.random(in: 1...3, using: &random),
                    failedItems: [.stop, .goOn, .collect].randomElement(using: &random) ?? .stop)
                let items = Int.random(in: 0...12, using: &random)
                self.items[step.name] = items
                failingItems[step.name] = Set((0..<items).filter { _ in random.chance(failures / 4) })
            case 2: step.kind = .signal("go-\(number)")
            case 3:
                step.kind = .child(
                    ChildWorkflow(
                        "child", isAwaited: random.chance(0.7),
                        whenStopped: [.cancel, .finish, .abandon].randomElement(using: &random) ?? .cancel))
            default: break
            }
            fates[step.name] =
                random.chance(failures)
                ? .failure : random.chance(0.1) ? .skip : .success(branch: step.branches.randomElement(using: &random))
            if random.chance(failures) { rollbackFails.insert(step.name) }
            steps.append(step)
        }
        // Validation wants every branch to lead somewhere and every rollback to have a use; that is tested elsewhere.
        let used = Set(steps.flatMap(\.dependencies))
        for place in steps.indices {
            let name = steps[place].name
            steps[place].branches.removeAll { !used.contains(Dependency(name, branch: $0)) }
            if case .success(let branch?) = fates[name], !steps[place].branches.contains(branch) {
                fates[name] = .success(branch: steps[place].branches.first)
            }
        }
        if rollback != nil { steps[0].hasRollback = true }
        leavesInput = count % 2 == 0
        shape = GraphShape(steps.shuffled(using: &random), failFast: failFast, rollback: rollback)
    }
}

extension RandomGraph {
    package func isFailing(_ step: StepShape, item index: Int) -> Bool {
        let size = step.fanOut?.batchSize ?? 1
        return failingItems[step.name, default: []].contains { $0 / size == index }
    }

    /// How a step ends that is executed and left to its end, told without any planning.
    package func end(of step: StepShape) -> StepStanding {
        let fate = fates[step.name] ?? .failure
        var canSkip = true
        if case .signal = step.kind { canSkip = false }
        if fate == .skip && canSkip { return StepStanding(.skipped) }
        if fate == .failure { return StepStanding(.failed) }
        if let fanOut = step.fanOut, let items = items[step.name], items > 0, fanOut.failedItems != .collect,
            !failingItems[step.name, default: []].isEmpty
        {
            return StepStanding(.failed)
        }
        if case .success(let branch) = fate { return StepStanding(.succeeded, branch: branch) }
        return StepStanding(.succeeded)
    }

    package func step(_ name: String) -> StepShape? { shape.steps.first { $0.name == name } }

    package func dependents(of name: String) -> [StepShape] {
        shape.steps.filter { $0.dependencies.contains { $0.step == name } }
    }

    package func isCaught(_ name: String) -> Bool {
        shape.steps.contains { $0.dependencies.contains { $0.step == name && $0.phase == .failure } }
    }

    /// Where every step gets to in a run that nothing stops: each step looked at again and again until nothing changes.
    package func undisturbed() -> [String: StepStanding] {
        var standings: [String: StepStanding] = [:]
        var hasChanged = true
        while hasChanged {
            hasChanged = false
            for step in shape.steps where standings[step.name] == nil {
                let ended = step.dependencies.compactMap { dependency in
                    standings[dependency.step].map { (dependency, $0) }
                }
                guard ended.count == step.dependencies.count else { continue }
                let taken = ended.count { dependency, standing in
                    switch dependency.phase {
                    case .success:
                        standing.state == .succeeded
                            && (dependency.branch == nil || dependency.branch == standing.branch)
                    case .failure: standing.state == .failed
                    case .end: true
                    }
                }
                let need: Int
                switch step.join {
                case .all: need = step.dependencies.count
                case .any: need = min(1, step.dependencies.count)
                case .atLeast(let number): need = number
                }
                standings[step.name] = taken >= need ? end(of: step) : StepStanding(.skipped)
                hasChanged = true
            }
        }
        return standings
    }
}
