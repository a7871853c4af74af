import Penstock
import PenstockModel
import PenstockRuntime
import PenstockTesting

/// The code of a workflow whose runs bring their graph: steps `s0` to `s39`, each of which can be any kind of step and does what
/// the run's input says.
enum RandomWorkflow {
    static func code() throws -> WorkflowCode {
        let shape = WorkflowShape(
            RandomFates.workflow, body: .graph(GraphShape((0..<40).map { StepShape("s\($0)") })))
        var code = WorkflowCode(try RunPlanner(shape))
        let child = try childCode()
        for number in 0..<40 { code.steps["s\(number)"] = step("s\(number)", child) }
        return code
    }

    static func childCode() throws -> WorkflowCode {
        let shape = WorkflowShape("random-child", body: .graph(GraphShape([StepShape("only")])))
        var step = StepCode()
        step.run = { call in
            if try await call.input() == [UInt8]("fail".utf8) { throw JobFailure.permanent("fate") }
            return .succeeded([])
        }
        return WorkflowCode(try RunPlanner(shape), steps: ["only": step])
    }

    private static func step(_ name: String, _ child: WorkflowCode) -> StepCode {
        @Sendable func fates(_ call: RunCall) async throws -> RandomFates {
            try JSONCodec().decode(RandomFates.self, from: try await call.input())
        }
        @Sendable func end(_ call: RunCall) async throws -> StepReturn {
            let fates = try await fates(call)
            if fates.failing.contains(name) { throw JobFailure.permanent("fate") }
            return .succeeded(Array(name.utf8), branch: fates.branches[name])
        }
        var code = StepCode()
        code.child = child
        code.isWanted = { call in
            if case .signal? = call.planner.step(name)?.kind { return true }
            return try await !fates(call).skipped.contains(name)
        }
        code.run = { call in
            guard let step = call.planner.step(name) else { throw JobFailure.permanent("no step") }
            if step.longRunning != nil { return .inProgress }
            let fates = try await fates(call)
            if case .child(let workflow) = step.kind {
                if !workflow.isAwaited, fates.failing.contains(name) { throw JobFailure.permanent("fate") }
                return .child(Array((fates.failing.contains(name) ? "fail" : "succeed").utf8))
            }
            if let items = fates.items[name], !fates.failing.contains(name) {
                return .items((0..<items).map { Array("\($0)".utf8) })
            }
            return try await end(call)
        }
        code.sync = { call in
            if case .health = call.payload.task { return .inProgress }
            return try await end(call)
        }
        code.receive = { call, bytes in
            if case .signalled = call.payload.task { _ = try await end(call) }
            return bytes
        }
        code.items = { call, batch in
            let fates = try await fates(call)
            for item in batch
            where fates.failingItems[name]?.contains(Int(String(decoding: item, as: UTF8.self)) ?? -1) == true {
                throw JobFailure.permanent("fate")
            }
            return []
        }
        code.gather = { _, _ in [] }
        code.rollBack = { call in
            if try await fates(call).failingRollbacks.contains(name) { throw JobFailure.permanent("fate") }
        }
        return code
    }
}
