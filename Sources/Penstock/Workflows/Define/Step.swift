import PenstockModel
import PenstockRuntime
import Synchronization

/// A step of a workflow, as a value: other steps depend on it, and read its output in its type.
///
/// By itself it stands for its success; `failure` and `end` stand for other ways to end.
public struct Step<Output: Codable & Sendable>: StepDependency {
    public let name: String
    let draft: StepDraft

    public var edges: [StepEdge] { [StepEdge(Dependency(name))] }
    /// The step has failed for good. A failure that another step waits for is caught: it does not make the run fail.
    public var failure: StepEdge { StepEdge(Dependency(name, phase: .failure)) }
    /// The step has ended in whatever way, skipped and not started included: for cleaning up.
    public var end: StepEdge { StepEdge(Dependency(name, phase: .end)) }

    /// Gives the step a rollback: what undoes it when the run fails or is cancelled with rollback.
    ///
    /// It is called for a step that has succeeded, and for one that has failed or was stopped half way, which may have done
    /// a part: then without an output. It has to be safe to call twice.
    ///
    /// - Parameter retry: how often and how soon the rollback is tried; `.standard` by default.
    @discardableResult
    public func rollback(
        retry: RetryPolicy = .standard,
        _ body: @escaping @Sendable (_ output: Output?, _ context: StepContext) async throws -> Void
    ) -> Step {
        draft.state.withLock { draft in
            draft.shape.hasRollback = true
            draft.shape.rollbackRetry = retry
            draft.rollback = { coding in
                { call in
                    let context = StepContext(call, coding)
                    try await body(try await context.own(Output.self), context)
                }
            }
        }
        return self
    }
}

/// What a step waits for: steps, their `failure` or `end`, or a branch of a decision.
public protocol StepDependency: Sendable {
    var edges: [StepEdge] { get }
}

/// One way for a step to end that another one waits for.
public struct StepEdge: StepDependency, Hashable {
    let dependency: Dependency
    init(_ dependency: Dependency) { self.dependency = dependency }
    public var edges: [StepEdge] { [self] }
}

/// Many dependencies in one value, for graphs that are made in a loop.
extension Array: StepDependency where Element: StepDependency {
    public var edges: [StepEdge] { flatMap(\.edges) }
}

/// A step that decides between branches. Only steps of the branch that it decided for run; the others are skipped.
public struct Decision<Branch: RawRepresentable<String> & CaseIterable & Codable & Sendable>: StepDependency {
    public let step: Step<Branch>
    public var name: String { step.name }
    /// The decision was made, for whichever branch.
    public var edges: [StepEdge] { step.edges }

    /// The decision was for this branch.
    public subscript(branch: Branch) -> StepEdge { StepEdge(Dependency(name, branch: branch.rawValue)) }
}

/// A value that all steps of a run share: `context.set(total, 3)`, `try await context.get(total)`. What a step sets is
/// stored when the step's end is committed; of steps that set it at the same time the last one counts.
public struct Variable<Value: Codable & Sendable>: Sendable {
    public let name: String
    public init(_ name: String, _ type: Value.Type = Value.self) { self.name = name }
}

/// A step while its workflow is built. Shared by the values that stand for it.
final class StepDraft: Sendable {
    struct State {
        var shape: StepShape
        var code: @Sendable (Coding) -> StepCode
        var rollback: (@Sendable (Coding) -> @Sendable (RunCall) async throws -> Void)?
    }

    let state: Mutex<State>

    init(_ shape: StepShape, _ code: @escaping @Sendable (Coding) -> StepCode) {
        state = Mutex(State(shape: shape, code: code))
    }

    var shape: StepShape { state.withLock { $0.shape } }

    func code(_ coding: Coding) -> StepCode {
        let (make, rollback) = state.withLock { ($0.code, $0.rollback) }
        var code = make(coding)
        code.rollBack = rollback?(coding)
        return code
    }
}

/// How values become bytes for the code of workflows.
struct Coding: Sendable {
    let codec: any JobCodec

    func decode<Value: Decodable>(_ what: @autoclosure () -> String, _ bytes: [UInt8]) throws -> Value {
        if Value.self == NoOutput.self, let none = NoOutput() as? Value { return none }
        do {
            return try codec.decode(Value.self, from: bytes)
        } catch {
            throw JobFailure.permanent("\(what()) is no \(Value.self): \(error)")
        }
    }

    /// Nothing for no output: it takes no room.
    func encode<Value: Encodable>(_ value: Value) throws -> [UInt8] {
        if Value.self == NoOutput.self { return [] }
        return try codec.encode(value)
    }
}
