import Logging
import PenstockModel
import PenstockRuntime
import PenstockStore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A workflow that is a state machine: an object that goes through the cases of an enum.
///
///     enum SignUp: String, CaseIterable { case created, verifying, active, expired }
///
///     let signUp = try StateMachine("sign-up", object: Account.self, initial: SignUp.created) { machine in
///         machine.step(.created, to: .verifying) { account, _ in
///             account.code = try await mailer.sendCode(to: account.address)
///             return .to(.verifying)
///         }
///         machine.callback("confirm", in: .verifying, to: .active, payload: String.self) { account, code, _ in
///             code == account.code ? .to(.active) : .skip
///         }
///         machine.timeout(in: .verifying, after: .seconds(86_400), to: .expired) { _, _ in .to(.expired) }
///     }
///
/// A state from which nothing leads on is an end: a run that gets there has succeeded.
public struct StateMachine<
    Object: Codable & Sendable, Status: RawRepresentable<String> & CaseIterable & Hashable & Sendable
>: Sendable {
    let definition: Definition

    public var name: String { definition.shape.name }
    public var version: Int { definition.shape.version }

    /// - Parameters:
    ///   - initial: where a run starts, unless it is started elsewhere.
    ///   - retention: for how long a run is kept after its end; a week by default, nil for ever.
    /// - Throws: `InvalidShape`, which says all that is wrong, with the states' names; and what the closure throws.
    public init(
        _ name: String, version: Int = 1, object: Object.Type = Object.self, initial: Status,
        retention: Duration? = Definition.usualRetention,
        _ build: (Machine<Object, Status>) throws -> Void
    ) throws {
        let machine = Machine<Object, Status>()
        try build(machine)
        let states = Status.allCases.map { machine.states[$0]?.shape ?? MachineState($0.rawValue, hasStep: false) }
        let shape = WorkflowShape(
            name, version: version,
            body: .machine(StateMachineShape(states, initial: initial.rawValue)),
            hooks: machine.hooks.keys.sorted { $0.rawValue < $1.rawValue },
            retention: retention)
        let (codes, hooks, scrub) = (machine.states, machine.hooks, machine.scrub)
        definition = try Definition(shape) { coding, code in
            for (status, draft) in codes { code.states[status.rawValue] = draft.code(coding) }
            code.hooks = hooks.mapValues { $0(coding) }
            code.scrub = scrub?(coding)
        }
    }

    /// A picture of the states, in Mermaid's language.
    public func mermaid(direction: DiagramDirection = .topToBottom) -> String {
        definition.shape.mermaid(direction: direction)
    }
}

/// What the code of a state decides.
public enum Transition<Status: Sendable>: Sendable {
    /// The object is saved and the run goes to this status, which has to be declared as one that may follow.
    case to(Status)
    /// Nothing is saved, and the run stays where it is, until a callback or a time-out.
    case skip
    /// The object is saved, and the code of the state runs once more; where it has none, the run stays.
    case saveAndRepeat
}

/// Declares what happens in the states of a machine.
public final class Machine<
    Object: Codable & Sendable, Status: RawRepresentable<String> & CaseIterable & Hashable & Sendable
> {
    public typealias Body =
        @Sendable (_ object: inout Object, _ context: MachineContext) async throws -> Transition<Status>

    struct Draft: Sendable {
        var shape: MachineState
        var fills: [@Sendable (Coding, inout StateCode) -> Void] = []

        func code(_ coding: Coding) -> StateCode {
            var code = StateCode()
            // What repeats where no code runs: a callback that saves the object and stays.
            code.step = { _, object in StateReturn(.stay, object: object) }
            for fill in fills { fill(coding, &code) }
            return code
        }
    }

    var states: [Status: Draft] = [:]
    var hooks: [HookMoment: @Sendable (Coding) -> @Sendable (RunCall) async throws -> Void] = [:]
    var scrub: (@Sendable (Coding) -> @Sendable ([UInt8]) async throws -> [UInt8])?

    init() {}

    /// Code that runs when the status is entered.
    ///
    /// - Parameters:
    ///   - next: the statuses that may follow.
    ///   - retry: how soon, and how often, a failed attempt is repeated. When it gives up the run has failed, unless it
    ///     pauses after errors.
    ///   - pauseAfterErrors: pause the run after so many errors in a row, and go on when somebody resumes it.
    ///   - resumeAfter: resume a run that errors have paused by itself, after this time.
    ///   - limits: keys of limits that it is subject to: with `"step:verify"`, `Penstock.setLimit("step:verify",
    ///     LimitTerms(concurrency: 5))` runs it for at most five runs at once.
    ///   - consumeLag: hold the code back until the status is this old; none by default.
    ///   - lagAlert: log a warning if the code starts later than this after the status was entered. No alert by default.
    public func step(
        _ status: Status, to next: Status..., retry: RetryPolicy = .standard, pauseAfterErrors: Int? = nil,
        resumeAfter: Duration? = nil, limits: [String] = [], consumeLag: Duration? = nil, lagAlert: Duration? = nil,
        _ body: @escaping Body
    ) {
        change(status, next) { draft in
            draft.shape.hasStep = true
            draft.shape.retry = retry
            draft.shape.pauseAfterErrors = pauseAfterErrors
            draft.shape.resumeAfterMilliseconds = resumeAfter?.milliseconds
            draft.shape.limits = limits
            draft.fills.append { coding, code in
                code.step = Self.code(coding, body)
                code.lagAlert = lagAlert
                code.consumeLag = consumeLag
            }
        }
    }

    /// Code for an outside event that the status takes.
    public func callback<Payload: Decodable & Sendable>(
        _ event: String, in status: Status, to next: Status..., payload: Payload.Type = Payload.self,
        _ body:
            @escaping @Sendable (_ object: inout Object, _ payload: Payload, _ context: MachineContext) async throws
            -> Transition<Status>
    ) {
        change(status, next) { draft in
            draft.shape.callbacks.append(event)
            draft.fills.append { coding, code in
                code.callbacks[event] = { call, bytes in
                    let payload: Payload
                    do {
                        payload = try coding.decode("the payload", call.brings ?? [])
                    } catch {
                        // Whoever sent it has to send it once more; the run is not to blame.
                        call.context.logger.error(
                            "callback ignored",
                            metadata: ["run": "\(call.id)", "event": "\(event)", "error": "\(error)"])
                        return StateReturn(.stay, object: bytes)
                    }
                    return try await Self.code(coding) { object, context in
                        try await body(&object, payload, context)
                    }(call, bytes)
                }
            }
        }
    }

    /// Code that runs when the status has lasted this long.
    public func timeout(
        in status: Status, after duration: Duration, to next: Status..., perform body: @escaping Body
    ) {
        timeout(in: status, next, { _, now in now + duration.milliseconds }, body)
    }

    /// Code that runs when the status has lasted as long as is computed when it is entered.
    public func timeout(
        in status: Status, after duration: @escaping @Sendable (_ object: Object) async throws -> Duration,
        to next: Status..., perform body: @escaping Body
    ) {
        timeout(in: status, next, { object, now in now + (try await duration(object)).milliseconds }, body)
    }

    /// Code that runs at a moment that is computed when the status is entered; at once, if it has passed.
    public func timeout(
        in status: Status, at moment: @escaping @Sendable (_ object: Object) async throws -> Date,
        to next: Status..., perform body: @escaping Body
    ) {
        timeout(
            in: status, next, { object, _ in Int64(try await moment(object).timeIntervalSince1970 * 1000) }, body)
    }

    private func timeout(
        in status: Status, _ next: [Status], _ moment: @escaping @Sendable (Object, Int64) async throws -> Int64,
        _ body: @escaping Body
    ) {
        change(status, next) { draft in
            draft.shape.hasTimeout = true
            draft.fills.append { coding, code in
                code.timeout = Self.code(coding, body)
                code.timeoutAt = { bytes, now in try await moment(try coding.decode("the object", bytes), now) }
            }
        }
    }

    /// Called when a run comes to this moment of its life: at least once, and again until it does not throw.
    public func hook(
        _ moment: HookMoment,
        _ body: @escaping @Sendable (_ object: Object, _ context: HookContext) async throws -> Void
    ) {
        hooks[moment] = { coding in
            { call in
                let context = HookContext(call, coding, moment)
                try await body(try coding.decode("the object", context.object() ?? []), context)
            }
        }
    }

    /// What is left of the object when a run's data are deleted; nothing, by default.
    public func scrub(_ body: @escaping @Sendable (_ object: Object) async throws -> Object) {
        scrub = { coding in
            { bytes in try coding.codec.encode(try await body(try coding.decode("the object", bytes))) }
        }
    }

    private func change(_ status: Status, _ next: [Status], _ body: (inout Draft) -> Void) {
        var draft = states[status] ?? Draft(shape: MachineState(status.rawValue, hasStep: false))
        for status in next where !draft.shape.next.contains(status.rawValue) {
            draft.shape.next.append(status.rawValue)
        }
        body(&draft)
        states[status] = draft
    }

    private static func code(_ coding: Coding, _ body: @escaping Body) -> StateCode.Body {
        { call, bytes in
            var object: Object = try coding.decode("the object of run \(call.id)", bytes)
            let transition = try await body(&object, MachineContext(call, coding))
            switch transition {
            case .to(let status): return StateReturn(.next(status.rawValue), object: try coding.codec.encode(object))
            case .skip: return StateReturn(.stay, object: bytes)
            case .saveAndRepeat: return StateReturn(.saveAndRepeat, object: try coding.codec.encode(object))
            }
        }
    }
}

/// What the code of a state knows of its run.
public struct MachineContext: Sendable {
    private let context: StepContext

    init(_ call: RunCall, _ coding: Coding) { context = StepContext(call, coding) }

    public var runID: RunID { context.runID }
    public var workflow: String { context.workflow }
    /// The present status.
    public var status: String { context.step }
    public var attempt: Int { context.attempt }
    public var logger: Logger { context.logger }
    /// The same for all attempts of this visit to the status.
    public var idempotencyKey: String { context.idempotencyKey }
    public var cancellation: JobContext.Cancellation? { context.cancellation }
}
