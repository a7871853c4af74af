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
        return add(shape, when, running: body)
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
        return add(
            shape, when,
            running: { input, context in
                try await body(input, context)
                return NoOutput()
            })
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

    func edges(_ dependencies: [any StepDependency]) -> [Dependency] {
        dependencies.flatMap { $0.edges.map(\.dependency) }
    }

    private func add<Output>(
        _ shape: StepShape, _ when: Condition?,
        running body: @escaping @Sendable (Input, StepContext) async throws -> Output
    ) -> Step<Output> {
        add(shape, when) { coding, code in
            code.run = { call in
                let context = StepContext(call, coding)
                return .succeeded(try coding.encode(try await body(try await context.input(), context)))
            }
        }
    }

    func add<Output>(
        _ shape: StepShape, _ when: Condition?, filling fill: @escaping @Sendable (Coding, inout StepCode) -> Void
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
