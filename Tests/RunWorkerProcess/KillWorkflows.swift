import Penstock

/// A workflow for each kind of commit.
enum KillWorkflows {
    static func register(with worker: Worker) throws {
        let chain = try Workflow("chain", input: NoInput.self) { flow in
            let first = flow.step("first") { _, _ in 1 }
            return flow.step("second", after: first) { _, context in try await context[first] + 1 }
        }
        worker.handle(chain)
        worker.handle(
            try Workflow("fails", input: NoInput.self) { flow in
                let first = flow.step("first", retry: .never) { _, _ in throw JobFailure.permanent("no") }
                flow.step("second", after: first) { _, _ in }
            })
        worker.handle(
            try Workflow("rolls-back", input: NoInput.self) { flow in
                let first = flow.step("first") { _, _ in }.rollback { _, _ in }
                let second = flow.step("second", after: first) { _, _ in }.rollback { _, _ in }
                flow.step("third", after: second, retry: .never) { _, _ in throw JobFailure.permanent("no") }
            })
        let fan = try Workflow("fans-out", input: NoInput.self) { flow in
            flow.forEach("items", concurrency: 2) { _, _ in
                [1, 2, 3, 4, 5]
            } run: { item, _ in
                item * item
            }
        }
        worker.handle(fan)
        let parent = try Workflow("parent", input: NoInput.self) { flow in
            flow.child("child", of: chain) { _, _ in NoInput() }
        }
        worker.handle(parent)
        worker.handle(
            try Workflow("waits", input: NoInput.self) { flow in
                let approval = flow.signal("approval", of: Int.self, within: .milliseconds(200))
                flow.step("expired", after: approval.failure) { _, _ in }
            })
        worker.handle(
            try Workflow("hooked", input: NoInput.self) { flow in
                flow.step("first") { _, _ in }
                flow.hook(.completed) { _, _ in }
            })
        worker.handle(
            try Workflow("scrubbed", input: [String: Int].self) { flow in
                flow.step("first") { _, _ in "secret" }
                flow.scrub { _ in ["left": 1] }
            })
    }
}
