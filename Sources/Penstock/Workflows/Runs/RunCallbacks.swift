import PenstockModel
import PenstockRuntime
import PenstockStore

/// Delivers the callbacks of runs: `CallbackSender` of PenstockCallbacks does it over HTTP.
public protocol RunCallbackSender: Sendable {
    /// Delivers one callback.
    ///
    /// - Parameters:
    ///   - id: the same for every attempt to deliver this one, and for no other; letters, digits, `-` and `_`.
    /// - Throws: anything to have it tried again later; a permanent failure (`FailureDisposing`) to give it up.
    func send(url: String, id: String, body: [UInt8]) async throws
}

/// What is posted to the callback URL of a run, as a JSON object with all of these members; what there is none of is null.
public struct RunCallbackBody: Sendable, Hashable, Codable {
    /// The workflow's name.
    public var name: String
    public var run: RunID
    /// `started`, `succeeded`, `failed`, `cancelled`, `rollingBack` or `rolledBack`: of the step if there is one, else of
    /// the run.
    public var phase: String
    public var step: String?
    public var attributes: [String: String]
    /// Why steps have failed; of one step, why it has.
    public var runError: String?
    /// Why rollbacks have failed.
    public var rollbackError: String?
}

extension RunCallbackBody {
    private enum CodingKeys: String, CodingKey { case name, run, phase, step, attributes, runError, rollbackError }

    /// By hand, since members that are sometimes missing make a contract that receivers get wrong.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(run, forKey: .run)
        try container.encode(phase, forKey: .phase)
        try container.encode(step, forKey: .step)
        try container.encode(attributes, forKey: .attributes)
        try container.encode(runError, forKey: .runError)
        try container.encode(rollbackError, forKey: .rollbackError)
    }
}

extension Worker {
    static func deliver(
        _ moment: CallbackMoment, of call: RunCall, by sender: any RunCallbackSender, _ store: Store
    ) async throws {
        // Of the run itself only what went wrong is told: reading a start or a success costs the same however many steps there are.
        var steps = moment.step.map { [$0] } ?? []
        if moment.step == nil, [.failed, .cancelled, .rollingBack, .rolledBack].contains(moment.phase),
            case .graph(let graph) = call.planner.shape.body
        {
            steps = graph.steps.map(\.name)
        }
        guard let reading = try await store.read(RunQuery(call.id, errors: steps, wantsHome: true)),
            let bytes = reading.callback
        else { throw JobFailure.permanent("the run has no callback any more") }
        let codec = JSONCodec()
        let target = try codec.decode(RunCallback.self, from: bytes)
        func joined(_ errors: [String: String]) -> String? {
            let told = steps.compactMap { step in errors[step].map { moment.step == nil ? "\(step): \($0)" : $0 } }
            return told.isEmpty ? nil : told.joined(separator: "\n")
        }
        var runError = joined(reading.errors)
        if call.planner.hasMachine, moment.phase == .failed {
            runError = try await store.history(call.id).last { $0.error != nil }?.error
        }
        let body = RunCallbackBody(
            name: call.workflow, run: call.id, phase: moment.phase.rawValue, step: moment.step,
            attributes: target.attributes, runError: runError, rollbackError: joined(reading.rollbackErrors))
        // The task's id: run, round, phase and step together may name several, since a rollback that is retried by hand
        // begins, ends and fails once more in the same round.
        try await sender.send(url: target.url, id: call.task.id.rawValue, body: try codec.encode(body))
    }
}
