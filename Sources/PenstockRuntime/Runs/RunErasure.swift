import PenstockModel
import PenstockStore
import Synchronization

/// Deletion of a run's data.
extension WorkerEngine {
    /// Deletes a part of a run's data. With the last part goes what the workflow's own code leaves of the input or object.
    func erase(
        from: Int, _ call: RunCall, _ brief: RunBrief, _ attempt: Attempt, _ code: WorkflowCode
    ) async throws -> Outcome {
        func plan(leaves: Bool) -> Plan {
            switch call.planner.body {
            case .graph(let planner): planner.erase(from: from, call.reading.facts, leavesInput: leaves)
            case .machine(let planner): planner.erase(call.reading.machine, leavesObject: leaves)
            }
        }
        let before = call.planner.hasMachine ? call.object : call.reading.input
        guard let before, let scrub = code.scrub, plan(leaves: true).leavesData else {
            return try self.plan(plan(leaves: false), call, brief, attempt)
        }
        if isDeadly(attempt) {
            // Somebody waits for the data to be gone: better all of them than none.
            logger.error(
                "the workflow's scrubber is not called again: its worker was lost three times; all data go",
                metadata: ["run": "\(call.id)"])
            return try self.plan(plan(leaves: false), call, brief, attempt)
        }
        // Nothing, if a middleware does not pass the attempt on.
        let left = Mutex<[UInt8]?>(nil)
        attempt.start()
        try await code.around(attempt.task, call.context) {
            let bytes = try await scrub(before)
            left.withLock { $0 = bytes }
        }
        guard let bytes = left.withLock({ $0 }) else {
            return try self.plan(plan(leaves: false), call, brief, attempt)
        }
        guard bytes.count <= store.limits.payloadBytes else {
            throw JobFailure.permanent(
                "what the scrubber leaves has \(bytes.count) bytes; at most \(store.limits.payloadBytes) are allowed")
        }
        var end = RunEnd(.delivered)
        end.output = bytes
        return try self.plan(plan(leaves: true), call, brief, attempt, end)
    }
}
