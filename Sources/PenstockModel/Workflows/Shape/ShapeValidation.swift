extension WorkflowShape {
    /// Everything that is wrong with the shape, in the order of its steps; empty if it can be run.
    package var problems: [ShapeProblem] {
        var problems: [ShapeProblem] = []
        do { try Name.kind.check(name) } catch {
            problems.append(.invalidName(step: name, problem: "(the workflow's) \(error.problem)"))
        }
        switch body {
        case .graph(let graph): return problems + graph.problems
        case .machine(let machine): return problems + machine.problems
        }
    }
}

extension GraphShape {
    /// The most steps of one graph.
    package static let maximumSteps = 200_000

    package var problems: [ShapeProblem] {
        guard !steps.isEmpty else { return [.noSteps] }
        guard steps.count <= Self.maximumSteps else { return [.tooManySteps(steps.count)] }
        var problems: [ShapeProblem] = []
        var byName: [String: StepShape] = [:]
        for step in steps where byName.updateValue(step, forKey: step.name) != nil {
            problems.append(.duplicateStep(step.name))
        }
        let usedBranches = Set(steps.flatMap(\.dependencies))
        for step in steps {
            problems += step.problems
            problems += step.problems(among: byName)
            for branch in step.branches where !usedBranches.contains(Dependency(step.name, branch: branch)) {
                problems.append(.unreachableBranch(step: step.name, branch: branch))
            }
            if step.hasRollback && rollback == nil { problems.append(.rollbackNeverUsed(step.name)) }
        }
        if rollback != nil && !steps.contains(where: \.hasRollback) { problems.append(.nothingToRollBack) }
        if let cycle { problems.append(.cycle(cycle)) }
        return problems
    }

    /// The steps of one circle, each depending on the one before it, if there is a circle of two or more. A walk with a
    /// stack of its own, since a graph may be a chain of 200,000.
    private var cycle: [String]? {
        var places: [String: Int] = [:]
        for (place, step) in steps.enumerated() { places[step.name] = place }
        enum Mark { case unseen, onPath, done }
        var marks = Array(repeating: Mark.unseen, count: steps.count)
        for root in steps.indices where marks[root] == .unseen {
            var path: [(place: Int, next: Int)] = [(root, 0)]
            marks[root] = .onPath
            while let top = path.last {
                let dependencies = steps[top.place].dependencies
                guard top.next < dependencies.count else {
                    marks[top.place] = .done
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next += 1
                guard let place = places[dependencies[top.next].step], place != top.place else { continue }
                switch marks[place] {
                case .done: break
                case .unseen:
                    marks[place] = .onPath
                    path.append((place, 0))
                case .onPath:
                    return path.drop { $0.place != place }.map { steps[$0.place].name }.reversed()
                }
            }
        }
        return nil
    }
}

extension StepShape {
    /// What is wrong with the step by itself.
    fileprivate var problems: [ShapeProblem] {
        var problems: [ShapeProblem] = []
        do { try Name.kind.check(name) } catch {
            problems.append(.invalidName(step: name, problem: error.problem))
        }
        if dependencies.isEmpty {
            if join != .all { problems.append(.joinWithoutDependencies(name)) }
        } else if !(1...dependencies.count).contains(join.need(of: dependencies.count)) {
            problems.append(
                .impossibleJoin(
                    step: name, need: join.need(of: dependencies.count), dependencies: dependencies.count))
        }
        var seen: Set<String> = []
        for branch in branches where !seen.insert(branch).inserted {
            problems.append(.duplicateBranch(step: name, branch: branch))
        }
        if let fanOut {
            if !(1...FanOut.maximumConcurrency).contains(fanOut.concurrency) {
                problems.append(.invalidConcurrency(step: name, fanOut.concurrency))
            }
            if fanOut.batchSize < 1 { problems.append(.invalidBatchSize(step: name, fanOut.batchSize)) }
            if kind != .work || longRunning != nil { problems.append(.cannotFanOut(name)) }
        }
        if let longRunning, longRunning.syncInterval < .milliseconds(1) {
            problems.append(.invalidDuration(step: name, what: "the interval of sync"))
        }
        if let timeout, timeout < .milliseconds(1) {
            problems.append(.invalidDuration(step: name, what: "the time-out"))
        }
        if let waitLimit {
            if waitLimit < .milliseconds(1) {
                problems.append(.invalidDuration(step: name, what: "the limit for waiting"))
            }
            if kind == .work && longRunning == nil { problems.append(.waitLimitWithoutWaiting(name)) }
        }
        for key in limits {
            do { try LimitName(key).checkAsKey() } catch {
                problems.append(.invalidLimit(step: name, problem: error.problem))
            }
        }
        return problems
    }

    /// What is wrong between the step and those that it depends on.
    fileprivate func problems(among steps: [String: StepShape]) -> [ShapeProblem] {
        var problems: [ShapeProblem] = []
        // Two branches of one decision may lead to the same step.
        var seen: Set<Dependency> = []
        var whole: [String: Bool] = [:]
        for dependency in dependencies {
            guard dependency.step != name else {
                problems.append(.dependsOnItself(name))
                continue
            }
            guard let other = steps[dependency.step] else {
                problems.append(.unknownDependency(step: name, dependency: dependency.step))
                continue
            }
            let isBranch = dependency.branch != nil
            let repeats =
                !seen.insert(dependency).inserted || (whole[dependency.step].map { !($0 && isBranch) } ?? false)
            if repeats { problems.append(.duplicateDependency(step: name, dependency: dependency.step)) }
            whole[dependency.step] = isBranch
            if let branch = dependency.branch {
                if dependency.phase != .success {
                    problems.append(.branchNeedsSuccess(step: name, dependency: dependency.step))
                }
                if !other.branches.contains(branch) {
                    problems.append(.unknownBranch(step: name, dependency: dependency.step, branch: branch))
                }
            }
        }
        return problems
    }
}

extension StateMachineShape {
    package var problems: [ShapeProblem] {
        guard !states.isEmpty else { return [.noSteps] }
        var problems: [ShapeProblem] = []
        var byName: [String: MachineState] = [:]
        for state in states where byName.updateValue(state, forKey: state.name) != nil {
            problems.append(.duplicateStep(state.name))
        }
        if byName[initial] == nil { problems.append(.noInitialState(initial)) }
        for state in states {
            problems += state.problems
            for next in state.next where byName[next] == nil {
                problems.append(.unknownNextState(state: state.name, next: next))
            }
        }
        if !states.contains(where: \.isEnd) { problems.append(.noEndState) }
        var reached: Set<String> = [initial]
        var front = [initial]
        while let name = front.popLast() {
            for next in byName[name]?.next ?? [] where reached.insert(next).inserted { front.append(next) }
        }
        if byName[initial] != nil {
            for state in states where !reached.contains(state.name) { problems.append(.unreachableState(state.name)) }
        }
        return problems
    }
}

extension MachineState {
    fileprivate var problems: [ShapeProblem] {
        var problems: [ShapeProblem] = []
        do { try Name.kind.check(name) } catch {
            problems.append(.invalidName(step: name, problem: error.problem))
        }
        var seen: Set<String> = []
        for state in next where !seen.insert(state).inserted {
            problems.append(.duplicateNextState(state: name, next: state))
        }
        let acts = hasStep || !callbacks.isEmpty || hasTimeout
        if !isEnd && !acts { problems.append(.stuckState(name)) }
        if isEnd && acts { problems.append(.stepInEndState(name)) }
        if let count = pauseAfterErrors, count < 1 { problems.append(.invalidErrorCount(state: name, count)) }
        if resumeAfterMilliseconds != nil && pauseAfterErrors == nil { problems.append(.resumeWithoutPause(name)) }
        for key in limits {
            do { try LimitName(key).checkAsKey() } catch {
                problems.append(.invalidLimit(step: name, problem: error.problem))
            }
        }
        return problems
    }
}
