import PenstockModel
import PenstockRuntime
import PenstockStore

// Steps that wait without holding a worker.
extension Flow {
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
}

/// How far a long-running step is.
public enum StepProgress<Output: Codable & Sendable>: Sendable {
    case inProgress
    case done(Output)
}

extension StepProgress where Output == NoOutput {
    public static var done: Self { .done(NoOutput()) }
}

extension Coding {
    func stepReturn<Output>(_ progress: StepProgress<Output>) throws -> StepReturn {
        switch progress {
        case .inProgress: .inProgress
        case .done(let output): .succeeded(try encode(output))
        }
    }
}
