import Logging
import PenstockModel
import PenstockRuntime
import PenstockStore

/// What the code of a step knows of its run, and reads from the steps before it.
public struct StepContext: Sendable {
    let call: RunCall
    let coding: Coding
    private var job: JobContext { JobContext(call.task, call.context) }

    init(_ call: RunCall, _ coding: Coding) {
        self.call = call
        self.coding = coding
    }

    public var runID: RunID { call.id }
    public var workflow: String { call.workflow }
    public var version: Int { call.version }
    /// The step's name; of a machine that of the state.
    public var step: String { call.step ?? "" }
    /// This attempt, from 1.
    public var attempt: Int { call.task.attempt }
    public var maxAttempts: Int { call.context.maxAttempts }
    /// Times that a lost worker held it before.
    public var recoveries: Int { call.task.history.recoveries }
    public var queue: String { call.task.record.queue }
    public var tenant: String { call.task.record.tenant }
    public var logger: Logger { call.context.logger }
    /// Why the code was cancelled, once it was; nil before.
    public var cancellation: JobContext.Cancellation? { job.cancellation }
    /// The same for all attempts of this execution of the step, and unlike that of any other: for services that do a thing
    /// once for each key. A step that is run again, by retry or rerun of the run, has another one.
    public var idempotencyKey: String { "\(call.id)/\(call.round)/\(call.payload.task.text.replacingTabs())" }

    // MARK: Values

    /// The output of a step that this one comes after.
    ///
    /// Outputs of direct dependencies are at hand; those of others are read from Redis, once.
    ///
    /// - Throws: a permanent failure if the step has no output, since it did not succeed or has not ended: use
    ///   `output(ifAny:)` where that may be.
    public subscript<Output>(step: Step<Output>) -> Output {
        get async throws {
            if let output = try await output(ifAny: step) { return output }
            let state = try await state(of: step)
            throw JobFailure.permanent(
                "step \"\(step.name)\" has no output (\(state.words)); depend on it, or ask with output(ifAny:)")
        }
    }

    /// What a decision decided for.
    public subscript<Branch>(decision: Decision<Branch>) -> Branch {
        get async throws { try await self[decision.step] }
    }

    /// The output of a step, nil unless it has succeeded.
    public func output<Output>(ifAny step: Step<Output>) async throws -> Output? {
        guard try await call.standing(of: step.name).state == .succeeded,
            let bytes = try await call.output(of: step.name)
        else { return nil }
        // Not as an optional, which would be decoded in another way.
        let output: Output = try coding.decode("the output of step \"\(step.name)\"", bytes)
        return output
    }

    /// Where a step is now, as far as this step's attempt has looked.
    public func state<Output>(of step: Step<Output>) async throws -> StepState {
        try await call.standing(of: step.name).state
    }

    /// Why a step has failed, if it has.
    public func failure<Output>(of step: Step<Output>) async throws -> String? {
        try await call.error(of: step.name)
    }

    /// The run's input.
    public func input<Input: Decodable>(_ type: Input.Type = Input.self) async throws -> Input {
        try coding.decode("the input of run \(call.id)", try await call.input())
    }

    public func get<Value>(_ variable: Variable<Value>) async throws -> Value? {
        guard let bytes = try await call.variable(variable.name) else { return nil }
        return try coding.codec.decode(Value.self, from: bytes)
    }

    /// Sets a variable of the run, when what runs now is committed.
    ///
    /// - Throws: a permanent failure for a name that is not allowed (letters, digits and `. _ - : / @`), and what the codec
    ///   throws.
    public func set<Value>(_ variable: Variable<Value>, _ value: Value) throws {
        do { try Name.kind.check(variable.name) } catch { throw JobFailure.permanent("a variable's \(error)") }
        call.set(variable.name, try coding.codec.encode(value))
    }

    /// With which somebody outside ends this step, if it goes on without holding a worker:
    /// `penstock.complete(token, with: ...)`. Of this attempt only, and not to be guessed. A step that never asks for it
    /// cannot be ended from outside.
    public var completionToken: CompletionToken {
        CompletionToken(run: call.id, step: step, secret: call.completionSecret)
    }

    /// The step's own output, in its rollback and its sync.
    func own<Output: Codable>(_ type: Output.Type) async throws -> Output? {
        guard let name = call.payload.task.step, let bytes = try await call.output(of: name) else { return nil }
        let output: Output = try coding.decode("the output of step \"\(name)\"", bytes)
        return output
    }
}

extension String {
    /// Keys travel in headers.
    fileprivate func replacingTabs() -> String { String(map { $0 == "\t" ? "/" : $0 }) }
}

/// The right to end one attempt of one step from outside.
public struct CompletionToken: Sendable, Hashable, CustomStringConvertible {
    package let run: RunID
    let step: String
    let secret: String

    init(run: RunID, step: String, secret: String) {
        self.run = run
        self.step = step
        self.secret = secret
    }

    /// Nil for a text that is no token.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false).map { String($0) }
        guard parts.count == 3, let run = RunID(parts[0]), !parts[1].isEmpty, !parts[2].isEmpty else { return nil }
        self.init(run: run, step: parts[2], secret: parts[1])
    }

    /// The token as it is handed on: letters, digits and `. _ - : / @`.
    public var description: String { "\(run).\(secret).\(step)" }
}
