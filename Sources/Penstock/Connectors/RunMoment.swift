import PenstockModel
import PenstockStore

/// Something that happened to a run, for who is connected to its workflow: see `Worker.connect`.
///
/// By now the run may have moved on. What is read of it is read as it is now.
public struct RunMoment<Output: Codable & Sendable>: Sendable {
    public let run: Run
    public let workflow: String
    public let foreignID: String?
    /// What happened.
    public let move: RunEntry.Move

    /// The run's output, of a state machine its object.
    ///
    /// - Throws: `runFailed` if it has none.
    public func output() async throws(PenstockError) -> Output {
        guard let bytes = try await run.output() else {
            throw PenstockError(.runFailed, "run \(run.id) of \(workflow) has no output")
        }
        do { return try run.penstock.configuration.codec.decode(Output.self, from: bytes) } catch {
            throw PenstockError(.codec, "the output of run \(run.id) is no \(Output.self): \(error)", cause: error)
        }
    }

    /// The output of one of its steps; nil if it has none.
    public func output<Value>(of step: Step<Value>) async throws(PenstockError) -> Value? {
        guard let bytes = try await run.output(of: step.name) else { return nil }
        do { return try run.penstock.configuration.codec.decode(Value.self, from: bytes) } catch {
            throw PenstockError(
                .codec, "the output of step \"\(step.name)\" is no \(Value.self): \(error)", cause: error)
        }
    }
}

/// What can happen to a run that others wait for.
public struct RunTrigger: Sendable, Hashable {
    let move: RunEvent.Move

    public static let started = RunTrigger.state(.running)
    public static let succeeded = RunTrigger.state(.succeeded)
    public static let failed = RunTrigger.state(.failed)
    public static let rolledBack = RunTrigger.state(.rolledBack)
    public static let cancelled = RunTrigger.state(.cancelled)

    /// The run enters this state.
    public static func state(_ state: RunState) -> RunTrigger { RunTrigger(move: .run(state)) }

    /// A step enters this state.
    public static func step(_ name: String, _ state: StepState) -> RunTrigger {
        RunTrigger(move: .step(name, state, branch: nil))
    }

    public static func step<Output>(_ step: Step<Output>, _ state: StepState) -> RunTrigger {
        .step(step.name, state)
    }

    /// A state machine enters this status.
    public static func status<Status: RawRepresentable<String>>(_ status: Status) -> RunTrigger {
        RunTrigger(move: .state(status.rawValue))
    }
}

/// Which moments count. Conditions are put together with `!`, `&&` and `||`.
///
///     worker.connect("ship", from: checkout, on: .succeeded, where: .tagged("eu") && .not(.tagged("test"))) { ... }
public struct RunMomentFilter<Output: Codable & Sendable>: Sendable {
    let includes: @Sendable (RunMoment<Output>) async throws -> Bool

    /// Those for which `includes` is true. If it throws, it is asked again later.
    public init(_ includes: @escaping @Sendable (RunMoment<Output>) async throws -> Bool) { self.includes = includes }

    /// All of them.
    public static var all: RunMomentFilter { RunMomentFilter { _ in true } }

    /// Those of runs with this tag.
    public static func tagged(_ tag: String) -> RunMomentFilter {
        RunMomentFilter { try await $0.run.status().tags.contains(tag) }
    }

    /// Those of runs whose foreign id is so.
    public static func foreignID(_ includes: @escaping @Sendable (String?) -> Bool) -> RunMomentFilter {
        RunMomentFilter { includes($0.foreignID) }
    }

    /// Those of runs with such an output.
    public static func output(_ includes: @escaping @Sendable (Output) -> Bool) -> RunMomentFilter {
        RunMomentFilter { includes(try await $0.output()) }
    }

    public static func not(_ filter: RunMomentFilter) -> RunMomentFilter {
        RunMomentFilter { try await !filter.includes($0) }
    }

    public static prefix func ! (filter: RunMomentFilter) -> RunMomentFilter { .not(filter) }

    public static func && (left: RunMomentFilter, right: RunMomentFilter) -> RunMomentFilter {
        RunMomentFilter { moment in
            if try await left.includes(moment) { return try await right.includes(moment) }
            return false
        }
    }

    public static func || (left: RunMomentFilter, right: RunMomentFilter) -> RunMomentFilter {
        RunMomentFilter { moment in
            if try await left.includes(moment) { return true }
            return try await right.includes(moment)
        }
    }
}
