import Penstock

/// Workflows of steps that do nothing.
enum Nothing {
    static func fan() throws -> Workflow<Int, NoOutput> {
        try Workflow("fan", input: Int.self) { flow in
            flow.forEach("items") { count, _ in
                (0..<count).map { Noop(id: $0) }
            } run: { _, _ in
            }
        }
    }

    /// Five steps, one after the other.
    static func chain() throws -> Workflow<NoInput, NoOutput> {
        let workflow = try Workflow("chain", input: NoInput.self) { flow in
            var last = flow.step("s1") { _, _ in }
            for number in 2...5 { last = flow.step("s\(number)", after: last) { _, _ in } }
        }
        return workflow
    }

    /// One step, ten beside each other, and one that joins them.
    static func diamond() throws -> Workflow<NoInput, NoOutput> {
        let workflow = try Workflow("diamond", input: NoInput.self) { flow in
            let first = flow.step("first") { _, _ in }
            let middle = (0..<10).map { flow.step("middle\($0)", after: first) { _, _ in } }
            flow.step("last", after: middle) { _, _ in }
        }
        return workflow
    }

    /// Five steps of which the last fails, so that five rollbacks follow.
    static func undone() throws -> Workflow<NoInput, NoOutput> {
        let workflow = try Workflow("undone", input: NoInput.self) { flow in
            var last = flow.step("s1") { _, _ in }.rollback { _, _ in }
            for number in 2...4 { last = flow.step("s\(number)", after: last) { _, _ in }.rollback { _, _ in } }
            flow.step("s5", after: last, retry: .never) { _, _ in
                throw JobFailure.permanent("as it should")
            }.rollback { _, _ in }
        }
        return workflow
    }
}
