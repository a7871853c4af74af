import PenstockModel
import PenstockRuntime
import PenstockStore

/// Delivers the callbacks of runs: `CallbackSender` of PenstockCallbacks does it over HTTP.
public protocol RunCallbackSender: Sendable {
    /// Delivers one callback.
    ///
    /// - Parameters:
    ///   - id: the same for every attempt to deliver this one, and for no other.
    /// - Throws: anything to have it tried again later; a permanent failure (`FailureDisposing`) to give it up.
    func send(url: String, id: String, body: [UInt8]) async throws
}

/// What is posted to the callback URL of a run, as JSON.
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

extension Worker {
    static func deliver(_ moment: CallbackMoment, of call: RunCall, by sender: any RunCallbackSender) async throws {
        guard let bytes = call.callback else { throw JobFailure.permanent("the run has no callback any more") }
        let codec = JSONCodec()
        let target = try codec.decode(RunCallback.self, from: bytes)
        let (errors, rollbackErrors) = try await call.errors(of: moment.step)
        func joined(_ errors: [(step: String, message: String)]) -> String? {
            if errors.isEmpty { return nil }
            if moment.step != nil { return errors[0].message }
            return errors.map { "\($0.step): \($0.message)" }.joined(separator: "\n")
        }
        let body = RunCallbackBody(
            name: call.workflow, run: call.id, phase: moment.phase.rawValue, step: moment.step,
            attributes: target.attributes, runError: joined(errors), rollbackError: joined(rollbackErrors))
        let id = "\(call.id).\(call.round).\(moment.phase.rawValue)" + (moment.step.map { ".\($0)" } ?? "")
        try await sender.send(url: target.url, id: id, body: try codec.encode(body))
    }
}
