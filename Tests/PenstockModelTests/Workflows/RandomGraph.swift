import PenstockModel
import PenstockTesting

/// A graph and what its steps will come to, drawn from a seed.
struct RandomGraph {
    enum Fate: Equatable {
        case success(branch: String?)
        case failure
        case skip
    }

    var shape: GraphShape
    var fates: [String: Fate] = [:]
    var rollbackFails: Set<String> = []
    var items: [String: Int] = [:]
    var failingItems: [String: Set<Int>] = [:]
    /// Whether something is left of the input when the data are deleted.
    var leavesInput = false

    init(_ random: inout SeededRandom, rollback: RollbackPolicy?, failFast: Bool, failures: Double) {
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
