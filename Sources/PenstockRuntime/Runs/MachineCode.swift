import Logging
import PenstockModel
import PenstockStore

/// The code of state machines.
extension WorkerEngine {
    func object(_ call: RunCall) -> [UInt8] { call.reading.object ?? call.reading.input ?? [] }

    func visit(_ call: RunCall, _ code: WorkflowCode) async throws -> RunEnd {
        let name = call.payload.task.visit?.state ?? ""
        let state = code.states[name]
        var body: StateCode.Body?
        switch call.payload.task {
        case .visit:
            body = state?.step
            if let state { try watchLag(call, state) }
        case .visitTimeout: body = state?.timeout
        case .event(let event, _, _): body = state?.callbacks[event]
        default: break
        }
        guard let body else {
            throw Postponed(
                after: .seconds(10),
                message: "this worker's \(call.workflow) \(call.version) has no code for \(call.payload.task.text)")
        }
        let returned = try await body(call, object(call))
        var moment: Int64?
        if case .next(let next) = returned.outcome {
            moment = try await self.moment(in: next, returned.object, call, code)
        }
        var end = RunEnd(.machine(returned.outcome, moment: moment), output: returned.object)
        end.given = object(call)
        return end
    }

    /// Holds a visit back that is too young, and tells of one that is too old, by the moment at which the status was entered.
    func watchLag(_ call: RunCall, _ state: StateCode) throws {
        let age = Duration.milliseconds(max(0, store.serverNow - call.reading.summary.lastMove))
        if let lag = state.consumeLag, age < lag {
            throw Postponed(after: lag - age, message: "held back until its status is \(lag) old")
        }
        if let alert = state.lagAlert, age > alert, call.task.attempt == 1 {
            logger.warning(
                "a status waits longer for its code than it should",
                metadata: [
                    "run": "\(call.id)", "workflow": "\(call.workflow)", "status": "\(call.step ?? "")",
                    "lag": "\(age)", "alert": "\(alert)",
                ])
        }
    }

    /// When the time-out of a state is due that is entered now.
    func moment(
        in state: String, _ object: [UInt8], _ call: RunCall, _ code: WorkflowCode
    ) async throws -> Int64? {
        guard case .machine(let planner) = call.planner.body, planner.state(named: state)?.hasTimeout == true else {
            return nil
        }
        guard let moment = code.states[state]?.timeoutAt else {
            throw Postponed(
                after: .seconds(10),
                message: "this worker's \(call.workflow) \(call.version) does not know the time-out of \"\(state)\"")
        }
        return try await moment(object, store.serverNow)
    }

    func moment(
        entering plan: Plan, _ call: RunCall, _ object: [UInt8], _ code: WorkflowCode
    ) async throws -> Int64? {
        for case .enterState(let state) in plan.effects { return try await moment(in: state, object, call, code) }
        return nil
    }
}
