import PenstockModel
import PenstockRuntime
import PenstockStore

/// Builds the graph of a workflow: each call declares a step and returns a value that stands for it.
///
/// Steps without dependencies run at once, side by side; the others when what they wait for has happened. What all kinds of
/// steps take:
///
/// - `after`: what is waited for: steps, or `step.failure`, `step.end`, `decision[.branch]`.
/// - `join`: how many of these have to happen; all by default. A step that can no longer get as many is skipped.
/// - `when`: whether the step is wanted at all; one that is not is skipped, and so is what depends on its success.
/// - `retry`: how often and how soon an attempt is repeated; `.standard` by default.
/// - `timeout`: time for one attempt; none by default.
/// - `limits`: keys of limits that its attempts are subject to, such as `"api:gateway"`; see `Penstock.setLimit(_:_:)`.
public final class Flow<Input: Codable & Sendable> {
    public typealias Condition = @Sendable (_ input: Input, _ context: StepContext) async throws -> Bool

    var drafts: [StepDraft] = []
    var hooks: [HookMoment: @Sendable (Coding) -> @Sendable (RunCall) async throws -> Void] = [:]
    var scrub: (@Sendable (Coding) -> @Sendable ([UInt8]) async throws -> [UInt8])?

    init() {}

    // MARK: Steps

    /// A step that runs code once.
    @discardableResult
    public func step<Output>(
        _ name: String, after: any StepDependency..., join: JoinRule = .all, when: Condition? = nil,
        retry: RetryPolicy = .standard, timeout: Duration? = nil, limits: [String] = [],
        _ body: @escaping @Sendable (_ input: Input, _ context: StepContext) async throws -> Output
    ) -> Step<Output> {
        let shape = StepShape(
            name, after: edges(after), join: join, isConditional: when != nil, retry: retry, timeout: timeout,
            limits: limits)
        return add(shape, when) { coding, code in
            code.run = { call in
                let context = StepContext(call, coding)
                return .succeeded(try coding.encode(try await body(try await context.input(), context)))
            }
        }
    }

    /// A step that runs code once and has no output.
    @discardableResult
    public func step(
        _ name: String, after: any StepDependency..., join: JoinRule = .all, when: Condition? = nil,
        retry: RetryPolicy = .standard, timeout: Duration? = nil, limits: [String] = [],
        _ body: @escaping @Sendable (_ input: Input, _ context: StepContext) async throws -> Void
    ) -> Step<NoOutput> {
        let shape = StepShape(
            name, after: edges(after), join: join, isConditional: when != nil, retry: retry, timeout: timeout,
            limits: limits)
        return add(shape, when) { coding, code in
            code.run = { call in
                let context = StepContext(call, coding)
                try await body(try await context.input(), context)
                return .succeeded([])
            }
        }
    }

    /// A step that decides between branches: `decision[.gold]` is what a step of that branch waits for.
    @discardableResult
    public func decide<Branch: RawRepresentable<String> & CaseIterable & Codable & Sendable>(
        _ name: String, between branches: Branch.Type = Branch.self, after: any StepDependency...,
        join: JoinRule = .all, when: Condition? = nil, retry: RetryPolicy = .standard, timeout: Duration? = nil,
        _ body: @escaping @Sendable (_ input: Input, _ context: StepContext) async throws -> Branch
    ) -> Decision<Branch> {
        let shape = StepShape(
            name, after: edges(after), join: join, isConditional: when != nil,
            branches: Branch.allCases.map(\.rawValue), retry: retry, timeout: timeout)
        return Decision(
            step: add(shape, when) { coding, code in
                code.run = { call in
                    let context = StepContext(call, coding)
                    let branch = try await body(try await context.input(), context)
                    return .succeeded(try coding.encode(branch), branch: branch.rawValue)
                }
            })
    }

    /// A branch of an ordered decision, and when it is decided for.
    public struct Case<Branch: Sendable>: Sendable {
        let branch: Branch
        let condition: Condition

        public init(_ branch: Branch, when condition: @escaping Condition) {
            self.branch = branch
            self.condition = condition
        }
    }

    /// A step that decides for the first branch whose condition holds, else for `otherwise`.
    @discardableResult
    public func decide<Branch: RawRepresentable<String> & CaseIterable & Codable & Sendable>(
        _ name: String, after: any StepDependency..., join: JoinRule = .all, retry: RetryPolicy = .standard,
        first cases: [Case<Branch>], otherwise: Branch
    ) -> Decision<Branch> {
        let shape = StepShape(
            name, after: edges(after), join: join, branches: Branch.allCases.map(\.rawValue), retry: retry)
        return Decision(
            step: add(shape, nil) { coding, code in
                code.run = { call in
                    let context = StepContext(call, coding)
                    let input: Input = try await context.input()
                    var chosen = otherwise
                    for candidate in cases where try await candidate.condition(input, context) {
                        chosen = candidate.branch
                        break
                    }
                    return .succeeded(try coding.encode(chosen), branch: chosen.rawValue)
                }
            })
    }

    // MARK: Fan-outs

    /// What a failed item means for the others, and for the step.
    public enum ItemFailureRule: Sendable {
        /// No further item starts; those in flight end; the step fails.
        case stop
        /// All items are tried; then the step fails if one of them has.
        case goOn
    }

    /// A step over many items: the first closure makes the list, the second one is called for each item, and the step's
    /// output are the results in the order of the items.
    ///
    /// A run that is retried executes only items that failed or were never begun. List and results are kept with the run:
    /// at most 16 MiB each by default (`Penstock.Configuration.largestPayload`).
    ///
    /// - Parameters:
    ///   - concurrency: items (batches) at once, 1 to 1,000.
    ///   - batchSize: items that are one task: executed one after the other, and repeated together.
    @discardableResult
    public func forEach<Item: Codable & Sendable, Output>(
        _ name: String, after: any StepDependency..., join: JoinRule = .all, when: Condition? = nil,
        concurrency: Int = FanOut.maximumConcurrency, batchSize: Int = 1, failedItems: ItemFailureRule = .stop,
        retry: RetryPolicy = .standard, timeout: Duration? = nil, limits: [String] = [],
        _ items: @escaping @Sendable (_ input: Input, _ context: StepContext) async throws -> [Item],
        run: @escaping @Sendable (_ item: Item, _ context: StepContext) async throws -> Output
    ) -> Step<[Output]> {
        let fanOut = FanOut(
            concurrency: concurrency, batchSize: batchSize, failedItems: failedItems == .stop ? .stop : .goOn)
        let shape = StepShape(
            name, after: edges(after), join: join, isConditional: when != nil, fanOut: fanOut, retry: retry,
            timeout: timeout, limits: limits)
        return add(shape, when) { coding, code in
            code.fanOut(coding, items, run)
            code.gather = { _, results in
                var outputs: [Output] = []
                for result in results { outputs += try coding.outputs(try result.get(), isBatch: batchSize > 1) }
                return try coding.encode(outputs)
            }
        }
    }

    /// A step over many items that have no results.
    @discardableResult
    public func forEach<Item: Codable & Sendable>(
        _ name: String, after: any StepDependency..., join: JoinRule = .all, when: Condition? = nil,
        concurrency: Int = FanOut.maximumConcurrency, batchSize: Int = 1, failedItems: ItemFailureRule = .stop,
        retry: RetryPolicy = .standard, timeout: Duration? = nil, limits: [String] = [],
        _ items: @escaping @Sendable (_ input: Input, _ context: StepContext) async throws -> [Item],
        run: @escaping @Sendable (_ item: Item, _ context: StepContext) async throws -> Void
    ) -> Step<NoOutput> {
        let fanOut = FanOut(
            concurrency: concurrency, batchSize: batchSize, failedItems: failedItems == .stop ? .stop : .goOn)
        let shape = StepShape(
            name, after: edges(after), join: join, isConditional: when != nil, fanOut: fanOut, retry: retry,
            timeout: timeout, limits: limits)
        return add(shape, when) { coding, code in
            code.fanOut(coding, items) { item, context in
                try await run(item, context)
                return NoOutput()
            }
        }
    }

    /// A step over many items that succeeds also where items fail: its output says of each what became of it.
    @discardableResult
    public func forEachCollecting<Item: Codable & Sendable, Output>(
        _ name: String, after: any StepDependency..., join: JoinRule = .all, when: Condition? = nil,
        concurrency: Int = FanOut.maximumConcurrency, retry: RetryPolicy = .standard, timeout: Duration? = nil,
        limits: [String] = [],
        _ items: @escaping @Sendable (_ input: Input, _ context: StepContext) async throws -> [Item],
        run: @escaping @Sendable (_ item: Item, _ context: StepContext) async throws -> Output
    ) -> Step<[ItemResult<Output>]> {
        let shape = StepShape(
            name, after: edges(after), join: join, isConditional: when != nil,
            fanOut: FanOut(concurrency: concurrency, failedItems: .collect), retry: retry, timeout: timeout,
            limits: limits)
        return add(shape, when) { coding, code in
            code.fanOut(coding, items, run)
            code.gather = { _, results in
                var outputs: [ItemResult<Output>] = []
                for result in results {
                    switch result {
                    case .success(let bytes): outputs.append(.succeeded(try coding.decode("an item's result", bytes)))
                    case .failure(let failure): outputs.append(.failed(failure.message))
                    }
                }
                return try coding.encode(outputs)
            }
        }
    }

    // MARK: Steps that wait

    /// A step that goes on without holding a worker.
    ///
    /// `run` starts it and returns `.inProgress`; `sync` is then called every so often, until it says that it is done or
    /// throws a permanent error. Somebody outside may end it, too, with the `completionToken` that `run` hands on.
    ///
    /// - Parameters:
    ///   - every: time between two calls of `sync`; 10 s by default.
    ///   - within: time for the whole of it; the step fails when it has passed. None by default.
    ///   - healthCheck: go on with `sync` after the success, as long as the run lives: a permanent error then fails the
    ///     step, and the run rolls back.
    @discardableResult
    public func longRunning<Output>(
        _ name: String, after: any StepDependency..., join: JoinRule = .all, when: Condition? = nil,
        every interval: Duration = .seconds(10), within limit: Duration? = nil, healthCheck: Bool = false,
        retry: RetryPolicy = .standard, timeout: Duration? = nil, limits: [String] = [],
        _ run: @escaping @Sendable (_ input: Input, _ context: StepContext) async throws -> StepProgress<Output>,
        sync: @escaping @Sendable (_ input: Input, _ context: StepContext) async throws -> StepProgress<Output>
    ) -> Step<Output> {
        let shape = StepShape(
            name, after: edges(after), join: join, isConditional: when != nil,
            longRunning: LongRunning(syncInterval: interval, healthCheck: healthCheck), retry: retry,
            timeout: timeout, waitLimit: limit, limits: limits)
        return add(shape, when) { coding, code in
            code.run = { call in
                let context = StepContext(call, coding)
                return try coding.stepReturn(try await run(try await context.input(), context))
            }
            code.sync = { call in
                let context = StepContext(call, coding)
                return try coding.stepReturn(try await sync(try await context.input(), context))
            }
            code.receive = { _, bytes in
                let output: Output = try coding.decode("what completed step \"\(name)\"", bytes)
                return try coding.encode(output)
            }
        }
    }

    /// A step that waits for a signal from outside, also one that came before; its output is what the signal brings.
    ///
    /// - Parameters:
    ///   - signal: its name; the step's by default.
    ///   - within: how long it waits; then the step fails, which another step can catch (`step.failure`). For ever by
    ///     default.
    @discardableResult
    public func signal<Output>(
        _ name: String, of type: Output.Type = Output.self, signal: String? = nil, after: any StepDependency...,
        join: JoinRule = .all, when: Condition? = nil, within limit: Duration? = nil
    ) -> Step<Output> {
        let shape = StepShape(
            name, kind: .signal(signal ?? name), after: edges(after), join: join, isConditional: when != nil,
            waitLimit: limit)
        return add(shape, when) { coding, code in
            code.receive = { _, bytes in
                let output: Output = try coding.decode("signal \"\(signal ?? name)\"", bytes)
                return try coding.encode(output)
            }
        }
    }

    // MARK: Child workflows

    /// A step that starts a run of another workflow and waits for it; its output is that run's.
    ///
    /// - Parameters:
    ///   - whenStopped: what becomes of the child when this run is cancelled or fails: it is cancelled, by default.
    ///   - within: how long the step waits; then it fails. For ever by default.
    @discardableResult
    public func child<ChildInput, Output>(
        _ name: String, of workflow: Workflow<ChildInput, Output>, after: any StepDependency...,
        join: JoinRule = .all, when: Condition? = nil, whenStopped: WhenParentStops = .cancel,
        within limit: Duration? = nil, retry: RetryPolicy = .standard,
        _ input: @escaping @Sendable (_ input: Input, _ context: StepContext) async throws -> ChildInput
    ) -> Step<Output> {
        child(
            name, workflow.definition, isAwaited: true, edges(after), join, when, whenStopped, limit, retry, input)
    }

    /// A step that starts a run of a state machine and waits for it; its output is the machine's object.
    @discardableResult
    public func child<Object, Status>(
        _ name: String, of machine: StateMachine<Object, Status>, after: any StepDependency..., join: JoinRule = .all,
        when: Condition? = nil, whenStopped: WhenParentStops = .cancel, within limit: Duration? = nil,
        retry: RetryPolicy = .standard,
        _ input: @escaping @Sendable (_ input: Input, _ context: StepContext) async throws -> Object
    ) -> Step<Object> {
        child(name, machine.definition, isAwaited: true, edges(after), join, when, whenStopped, limit, retry, input)
    }

    /// A step that starts a run of another workflow and does not wait for it.
    @discardableResult
    public func launch<ChildInput, Output>(
        _ name: String, _ workflow: Workflow<ChildInput, Output>, after: any StepDependency...,
        join: JoinRule = .all, when: Condition? = nil, retry: RetryPolicy = .standard,
        _ input: @escaping @Sendable (_ input: Input, _ context: StepContext) async throws -> ChildInput
    ) -> Step<NoOutput> {
        child(name, workflow.definition, isAwaited: false, edges(after), join, when, .abandon, nil, retry, input)
    }

    private func child<ChildInput: Codable & Sendable, Output>(
        _ name: String, _ definition: Definition, isAwaited: Bool, _ edges: [Dependency], _ join: JoinRule,
        _ when: Condition?, _ whenStopped: WhenParentStops, _ limit: Duration?, _ retry: RetryPolicy,
        _ input: @escaping @Sendable (Input, StepContext) async throws -> ChildInput
    ) -> Step<Output> {
        let child = ChildWorkflow(definition.shape.name, isAwaited: isAwaited, whenStopped: whenStopped)
        let shape = StepShape(
            name, kind: .child(child), after: edges, join: join, isConditional: when != nil, retry: retry,
            waitLimit: limit)
        return add(shape, when) { coding, code in
            code.child = definition.code(coding)
            code.run = { call in
                let context = StepContext(call, coding)
                return .child(try coding.codec.encode(try await input(try await context.input(), context)))
            }
        }
    }

    // MARK: Beside the steps

    /// Called when a run comes to this moment of its life: at least once, and again until it does not throw. The run's id and
    /// the moment are a key for what must happen once.
    public func hook(
        _ moment: HookMoment, _ body: @escaping @Sendable (_ input: Input, _ context: HookContext) async throws -> Void
    ) {
        hooks[moment] = { coding in
            { call in
                let context = HookContext(call, coding, moment)
                try await body(try await context.input(), context)
            }
        }
    }

    /// What is left of a run's input when its data are deleted; nothing, by default.
    public func scrub(_ body: @escaping @Sendable (_ input: Input) async throws -> Input) {
        scrub = { coding in
            { bytes in try coding.codec.encode(try await body(try coding.decode("the input", bytes))) }
        }
    }

    // MARK: -

    private func edges(_ dependencies: [any StepDependency]) -> [Dependency] {
        dependencies.flatMap { $0.edges.map(\.dependency) }
    }

    private func add<Output>(
        _ shape: StepShape, _ when: Condition?, _ fill: @escaping @Sendable (Coding, inout StepCode) -> Void
    ) -> Step<Output> {
        let draft = StepDraft(shape) { coding in
            var code = StepCode()
            if let when {
                code.isWanted = { call in
                    let context = StepContext(call, coding)
                    return try await when(try await context.input(), context)
                }
            }
            fill(coding, &code)
            return code
        }
        drafts.append(draft)
        return Step(name: shape.name, draft: draft)
    }
}

/// How far a long-running step is.
public enum StepProgress<Output: Codable & Sendable>: Sendable {
    case inProgress
    case done(Output)
}

extension StepProgress where Output == NoOutput {
    public static var done: Self { .done(NoOutput()) }
}

/// What became of an item of a fan-out that collects.
public enum ItemResult<Output: Codable & Sendable>: Codable, Sendable {
    case succeeded(Output)
    case failed(String)
}

extension ItemResult: Equatable where Output: Equatable {}

extension Coding {
    func stepReturn<Output>(_ progress: StepProgress<Output>) throws -> StepReturn {
        switch progress {
        case .inProgress: .inProgress
        case .done(let output): .succeeded(try encode(output))
        }
    }

    /// The results of a task of a fan-out: one, or of a batch several.
    func outputs<Output: Codable>(_ bytes: [UInt8], isBatch: Bool) throws -> [Output] {
        isBatch ? try decode("a batch's result", bytes) : [try decode("an item's result", bytes)]
    }
}

extension StepCode {
    fileprivate mutating func fanOut<Input: Codable & Sendable, Item: Codable & Sendable, Output: Codable & Sendable>(
        _ coding: Coding, _ items: @escaping @Sendable (Input, StepContext) async throws -> [Item],
        _ run: @escaping @Sendable (Item, StepContext) async throws -> Output
    ) {
        self.run = { call in
            let context = StepContext(call, coding)
            return .items(try await items(try await context.input(), context).map { try coding.codec.encode($0) })
        }
        self.items = { call, batch in
            let context = StepContext(call, coding)
            var outputs: [Output] = []
            for item in batch {
                try Task.checkCancellation()
                outputs.append(try await run(try coding.decode("an item", item), context))
            }
            if Output.self == NoOutput.self { return [] }
            if case .graph? = Optional(call.planner.shape.body),
                call.planner.step(context.step)?.fanOut?.batchSize == 1,
                let output = outputs.first
            {
                return try coding.encode(output)
            }
            return try coding.encode(outputs)
        }
    }
}
