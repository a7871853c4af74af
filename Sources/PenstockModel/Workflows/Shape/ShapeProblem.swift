/// One thing that is wrong with the shape of a workflow: which step, and the way out.
public enum ShapeProblem: Sendable, Hashable, CustomStringConvertible {
    case noSteps
    case tooManySteps(Int)
    case invalidName(step: String, problem: String)
    case duplicateStep(String)
    case unknownDependency(step: String, dependency: String)
    case dependsOnItself(String)
    case duplicateDependency(step: String, dependency: String)
    /// The steps on the way round; the last depends on the first.
    case cycle([String])
    case impossibleJoin(step: String, need: Int, dependencies: Int)
    case joinWithoutDependencies(String)
    case unknownBranch(step: String, dependency: String, branch: String)
    case branchNeedsSuccess(step: String, dependency: String)
    case duplicateBranch(step: String, branch: String)
    case unreachableBranch(step: String, branch: String)
    case invalidConcurrency(step: String, Int)
    case invalidBatchSize(step: String, Int)
    case invalidDuration(step: String, what: String)
    case cannotFanOut(String)
    case waitLimitWithoutWaiting(String)
    case rollbackNeverUsed(String)
    case nothingToRollBack
    case invalidLimit(step: String, problem: String)
    case noInitialState(String)
    case unknownNextState(state: String, next: String)
    case duplicateNextState(state: String, next: String)
    case unreachableState(String)
    case noEndState
    case stuckState(String)
    case stepInEndState(String)
    case invalidErrorCount(state: String, Int)
    case resumeWithoutPause(String)

    public var description: String {
        switch self {
        case .noSteps: "the workflow has no steps; add at least one"
        case .tooManySteps(let count):
            "the workflow has \(count) steps; at most \(GraphShape.maximumSteps) are allowed: use a fan-out over items or child workflows"
        case .invalidName(let step, let problem): "step \"\(InvalidName.printable(step))\": its name \(problem)"
        case .duplicateStep(let step): "step \"\(step)\" is there twice; rename one of them"
        case .unknownDependency(let step, let dependency):
            "step \"\(step)\" depends on \"\(InvalidName.printable(dependency))\", which is no step of this workflow; add it or correct the name"
        case .dependsOnItself(let step): "step \"\(step)\" depends on itself; remove the dependency"
        case .duplicateDependency(let step, let dependency):
            "step \"\(step)\" depends on \"\(dependency)\" twice; keep one, with phase end if both success and failure are meant"
        case .cycle(let steps):
            "steps depend on each other in a circle: "
                + (steps + steps.prefix(1)).map { "\"\($0)\"" }.joined(separator: " -> ")
                + "; remove one of the dependencies"
        case .impossibleJoin(let step, let need, let dependencies):
            "step \"\(step)\" needs \(need) of \(dependencies) dependencies; ask for 1 to \(dependencies)"
        case .joinWithoutDependencies(let step):
            "step \"\(step)\" has a join rule and no dependencies; remove the rule or add dependencies"
        case .unknownBranch(let step, let dependency, let branch):
            "step \"\(step)\" waits for branch \"\(InvalidName.printable(branch))\" of \"\(dependency)\", which has no such branch; declare it there or correct the name"
        case .branchNeedsSuccess(let step, let dependency):
            "step \"\(step)\" waits for a branch of \"\(dependency)\" in a phase other than success; only a step that succeeded has decided"
        case .duplicateBranch(let step, let branch): "step \"\(step)\" has branch \"\(branch)\" twice; remove one"
        case .unreachableBranch(let step, let branch):
            "branch \"\(branch)\" of step \"\(step)\" leads nowhere; let a step wait for it or remove it"
        case .invalidConcurrency(let step, let value):
            "step \"\(step)\" has a concurrency of \(value); allowed are 1 to \(FanOut.maximumConcurrency)"
        case .invalidBatchSize(let step, let value):
            "step \"\(step)\" has batches of \(value); allowed are 1 or more items"
        case .invalidDuration(let step, let what): "step \"\(step)\": \(what) must be longer than zero"
        case .cannotFanOut(let step):
            "step \"\(step)\" fans out and also waits, for sync, a signal or a child workflow; make two steps of it"
        case .waitLimitWithoutWaiting(let step):
            "step \"\(step)\" has a limit for waiting and waits for nothing; give it a time-out for its attempts instead"
        case .rollbackNeverUsed(let step):
            "step \"\(step)\" has a rollback, which this workflow never calls; give the workflow a rollback policy or remove the rollback"
        case .nothingToRollBack:
            "the workflow is to be rolled back and no step has a rollback; add one or remove the policy"
        case .invalidLimit(let step, let problem): "step \"\(step)\": \(problem)"
        case .noInitialState(let state):
            "the initial state \"\(InvalidName.printable(state))\" is not declared; declare it or start elsewhere"
        case .unknownNextState(let state, let next):
            "state \"\(state)\" may go to \"\(InvalidName.printable(next))\", which is not declared; declare it or correct the name"
        case .duplicateNextState(let state, let next):
            "state \"\(state)\" names \"\(next)\" twice as a next state; remove one"
        case .unreachableState(let state):
            "state \"\(state)\" cannot be reached from the initial state; let a state go there or remove it"
        case .noEndState: "the machine has no end: every state has a next one; declare a state without"
        case .stuckState(let state):
            "state \"\(state)\" has no step, no callback and no time-out, so it can never be left; give it one of them"
        case .stepInEndState(let state):
            "state \"\(state)\" has no next state, so its step, callbacks and time-out would never act; move them to the state before it"
        case .invalidErrorCount(let state, let count):
            "state \"\(state)\" pauses after \(count) errors; allowed are 1 or more"
        case .resumeWithoutPause(let state):
            "state \"\(state)\" resumes by itself and never pauses; say after how many errors it pauses"
        }
    }
}

/// A workflow that cannot be: everything that is wrong with it.
public struct InvalidShape: Error, Sendable, Hashable, CustomStringConvertible {
    public let problems: [ShapeProblem]

    package init(problems: [ShapeProblem]) { self.problems = problems }

    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
