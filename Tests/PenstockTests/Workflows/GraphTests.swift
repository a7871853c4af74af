import Penstock
import PenstockTesting
import Testing

/// Rows G1 to G3, G5, G13, G20 of the features: graphs that go forward.
@Suite("Graphs", .timeLimit(.minutes(10))) struct GraphTests {
    // MARK: G1

    private enum Route: String, CaseIterable, Codable, Sendable { case gold, plain }

    @Test("G1: mistakes of shape are found when the workflow is built, with the step's name")
    func mistakes() throws {
        func problems(_ build: (Flow<NoInput>) -> Void) -> String {
            do {
                _ = try Workflow("shop", input: NoInput.self, build)
                return ""
            } catch {
                return "\(error)"
            }
        }
        #expect(problems { _ in } == "the workflow has no steps; add at least one")
        #expect(
            problems { flow in
                flow.step("a") { _, _ in }
                flow.step("a") { _, _ in }
            } == "step \"a\" is there twice; rename one of them")
        #expect(
            problems { flow in
                let other = Flow<NoInput>.elsewhere("gone")
                flow.step("a", after: other) { _, _ in }
            }.contains("step \"a\" depends on \"gone\", which is no step of this workflow"))
        #expect(
            problems { flow in
                let a = flow.step("a") { _, _ in }
                flow.step("b", after: a, a) { _, _ in }
            }.contains("step \"b\" depends on \"a\" twice"))
        #expect(
            problems { flow in
                // A circle takes a step of the same name from elsewhere: values cannot be used before they are made.
                let b = Flow<NoInput>.elsewhere("b")
                let a = flow.step("a", after: b) { _, _ in }
                flow.step("b", after: a) { _, _ in }
            }.contains("steps depend on each other in a circle"))
        #expect(
            problems { flow in
                let a = flow.step("a") { _, _ in }
                flow.step("b", after: a, join: .atLeast(2)) { _, _ in }
            } == "step \"b\" needs 2 of 1 dependencies; ask for 1 to 1")
        #expect(
            problems { flow in
                let route = flow.decide("route", between: Route.self) { _, _ in .gold }
                flow.step("b", after: route[.gold]) { _, _ in }
            } == "branch \"plain\" of step \"route\" leads nowhere; let a step wait for it or remove it")
        #expect(problems { $0.step("a b") { _, _ in } }.contains("step \"a b\": its name may have only letters"))
        #expect(problems { $0.step("a", timeout: .zero) { _, _ in } }.contains("the time-out must be longer than zero"))
        #expect(
            problems { flow in
                flow.forEach("a", concurrency: 0) { _, _ in
                    [1]
                } run: { _, _ in
                }
            }.contains("step \"a\" has a concurrency of 0; allowed are 1 to 1000"))
    }

    // MARK: G2, G3

    @Test("G2 and G3: steps run side by side and after each other, outputs and input are typed")
    func forward() async throws {
        let both = Barrier(2)
        let flow = try Workflow("sum", input: Order.self) { flow in
            let left = flow.step("left") { order, _ in
                await both.arrive()
                return order.number + 1
            }
            let right = flow.step("right") { order, _ in
                await both.arrive()
                return "\(order.items.count)"
            }
            return flow.step("sum", after: left, right) { order, context in
                try await "\(order.number) \(context[left]) \(context[right])"
            }
        }
        try await withWorkflows {
            $0.handle(flow)
        } _: { rig in
            let run = try await rig.penstock.start(flow, Order(number: 5, items: ["a", "b"]))
            #expect(try await run.output() == "5 6 2")
            let status = try await run.run.status()
            #expect(
                status.state == .succeeded
                    && status.states == ["left": .succeeded, "right": .succeeded, "sum": .succeeded])
            #expect(status.workflow == "sum" && status.version == 1 && status.round == 1 && status.errors == [])
        }
    }

    @Test("G2: what a step waits for may be success, failure, any end, and so many of several")
    func phases() async throws {
        let journal = Journal()
        let flow = try Workflow("phases", input: NoInput.self) { flow in
            let good = flow.step("good") { _, _ in }
            let bad = flow.step("bad", retry: .never) { _, _ in throw Broken() }
            flow.step("after-good", after: good) { _, _ in journal.note("after-good") }
            flow.step("caught", after: bad.failure) { _, context in
                journal.note("caught: \(try await context.failure(of: bad) ?? "")")
            }
            flow.step("never", after: good.failure) { _, _ in journal.note("never") }
            flow.step("not-either", after: bad) { _, _ in journal.note("not-either") }
            flow.step("cleanup", after: good.end, bad.end) { _, _ in journal.note("cleanup") }
            flow.step("one-of-two", after: good, bad, join: .atLeast(1)) { _, _ in journal.note("one-of-two") }
            flow.step("any", after: good, bad, join: .any) { _, _ in journal.note("any") }
        }
        try await withWorkflows {
            $0.handle(flow)
        } _: { rig in
            let status = try await rig.penstock.start(flow).run.wait()
            #expect(status.state == .succeeded, "a failure that is caught does not fail the run")
            #expect(
                journal.all.sorted() == [
                    "after-good", "any", "caught: no (all attempts used up)", "cleanup", "one-of-two",
                ])
            #expect(status.state("never") == .skipped && status.state("not-either") == .skipped)
        }
    }

    @Test("G3: variables are shared by all steps of a run, and stored with the step's end only")
    func variables() async throws {
        let total = Variable("total", Int.self)
        let flow = try Workflow("variables", input: NoInput.self) { flow in
            let first = flow.step("first", retry: .quick()) { _, context in
                #expect(try await context.get(total) == nil, "what a failed attempt set is not kept")
                try context.set(total, 40)
                if context.attempt == 1 { throw Broken() }
            }
            return flow.step("second", after: first) { _, context in
                let value = try await context.get(total) ?? 0
                try context.set(total, value + 2)
                return try await context.get(total) ?? 0
            }
        }
        try await withWorkflows {
            $0.handle(flow)
        } _: { rig in
            let output = try await rig.penstock.start(flow).output()
            #expect(output == 42)
        }
    }

    @Test("G3: a variable whose name cannot be stored fails the step, saying so")
    func wrongVariable() async throws {
        let flow = try Workflow("wrong-variable", input: NoInput.self) { flow in
            flow.step("sets", retry: .quick(5)) { _, context in
                try context.set(Variable("two\nlines", Int.self), context.attempt)
            }
        }
        try await withWorkflows {
            $0.handle(flow)
        } _: { rig in
            let status = try await rig.penstock.start(flow).run.wait()
            #expect(status.state == .failed)
            let message = status.errors.first?.message ?? ""
            #expect(message.hasPrefix("a variable's "), "\(message)")
        }
    }

    @Test("G3: a step's result may have 5 MiB, and one that is larger than may be fails the step, saying so")
    func largeResults() async throws {
        let flow = try Workflow("large", input: Int.self) { flow in
            let large = flow.step("large", retry: .never) { size, _ in String(repeating: "x", count: size) }
            return flow.step("length", after: large) { _, context in try await context[large].utf8.count }
        }
        try await withWorkflows {
            $0.handle(flow)
        } _: { rig in
            #expect(try await rig.penstock.start(flow, 5 << 20).output() == 5 << 20)
            let status = try await rig.penstock.start(flow, 17 << 20).run.wait()
            #expect(status.state == .failed)
            #expect(status.errors.map(\.message).first?.contains("at most 16777216 are allowed") == true)
        }
    }

    @Test("input that cannot be decoded fails the run visibly, and nothing spins")
    func undecodable() async throws {
        let flow = try Workflow("decode", input: Order.self) { flow in flow.step("first") { order, _ in order.number } }
        try await withWorkflows {
            $0.handle(flow)
        } _: { rig in
            _ = try await rig.penstock.start(flow, Order()).output()
            let (run, _) = try await rig.penstock.start(workflow: "decode", input: Array("{".utf8))
            let status = try await run.wait()
            #expect(status.state == .failed && status.errors.count == 1)
            #expect(status.errors.first?.message.contains("is no Order") == true)
            #expect(try await run.history().allSatisfy { ($0.attempt ?? 1) == 1 })
        }
    }

    // MARK: G5, G20

    @Test("G5 and G20: steps and rollbacks have retry policies of their own; errors of several steps are gathered")
    func retries() async throws {
        let journal = Journal()
        let flow = try Workflow("retries", input: NoInput.self, failFast: false) { flow in
            let a = flow.step("a") { _, _ in }
                .rollback(retry: .quick(4)) { _, context in
                    journal.note("rollback a")
                    if context.attempt < 4 { throw Broken("not yet") }
                }
            flow.step("b", after: a, retry: .quick(3)) { _, _ in
                journal.note("b")
                throw Broken("b is broken")
            }
            flow.step("c", after: a, retry: .quick(2)) { _, _ in
                journal.note("c")
                throw Broken("c is broken")
            }
        }
        try await withWorkflows {
            $0.handle(flow)
        } _: { rig in
            let run = try await rig.penstock.start(flow).run
            let status = try await run.wait()
            #expect(status.state == .rolledBack)
            #expect(journal.count("rollback a") == 4)
            // The first that fails stops what has not started an attempt; each tries no more often than it may.
            #expect(journal.count("b") <= 3 && journal.count("c") <= 2)
            #expect(journal.count("b") == 3 || journal.count("c") == 2)
            #expect(!status.errors.isEmpty && status.errors.allSatisfy { $0.message.contains("is broken") })
            let history = try await run.history()
            #expect(history.contains { $0.attempt == 4 && $0.moves.contains(.step("a", .rolledBack, branch: nil)) })
        }
        let independent = try Workflow("independent", input: NoInput.self, failFast: false) { flow in
            flow.step("b", retry: .never) { _, _ in throw Broken("b is broken") }
            flow.step("c", retry: .never) { _, _ in throw Broken("c is broken") }
        }
        try await withWorkflows {
            $0.handle(independent)
        } _: { rig in
            let run = try await rig.penstock.start(independent)
            let status = try await run.run.wait()
            #expect(status.errors.map(\.step) == ["b", "c"])
            let error = await #expect(throws: PenstockError.self) { try await run.output() }
            #expect(error?.code == .runFailed)
            #expect(
                error?.message.contains("b: b is broken") == true && error?.message.contains("c: c is broken") == true)
        }
    }

    // MARK: G13

    @Test("G13: conditions and decisions; of a decision only the steps of its branch run")
    func conditions() async throws {
        let journal = Journal()
        let flow = try Workflow("conditions", input: Int.self) { flow in
            let wanted = flow.step("big", when: { amount, _ in amount > 100 }) { _, _ in journal.note("big") }
            flow.step("after-big", after: wanted) { _, _ in journal.note("after-big") }
            let route = flow.decide(
                "route",
                first: [.init(Route.gold) { amount, _ in amount > 1000 }, .init(.plain) { amount, _ in amount > 10 }],
                otherwise: .gold)
            flow.step("gold", after: route[.gold]) { _, context in journal.note("gold \(try await context[route])") }
            flow.step("plain", after: route[.plain]) { _, _ in journal.note("plain") }
            flow.step("together", after: route[.gold], route[.plain], join: .any) { _, _ in journal.note("together") }
        }
        let cases: [(Int, [String])] = [
            (5, ["gold gold", "together"]), (50, ["plain", "together"]),
            (5000, ["after-big", "big", "gold gold", "together"]),
        ]
        try await withWorkflows {
            $0.handle(flow)
        } _: { rig in
            for (amount, expected) in cases {
                let before = journal.all.count
                let status = try await rig.penstock.start(flow, amount).run.wait()
                #expect(status.state == .succeeded && journal.all.dropFirst(before).sorted() == expected)
                #expect(status.steps.first { $0.name == "route" }?.branch == (amount == 50 ? "plain" : "gold"))
            }
        }
    }
}

extension Flow {
    /// A step of another workflow.
    fileprivate static func elsewhere(_ name: String) -> Step<NoOutput> {
        var found: Step<NoOutput>?
        _ = try? Workflow("elsewhere", input: NoInput.self) { flow in found = flow.step(name) { _, _ in } }
        guard let found else { preconditionFailure("the closure was called") }
        return found
    }
}

/// Lets nobody pass before all are there.
final actor Barrier {
    private var missing: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) { missing = count }

    func arrive() async {
        missing -= 1
        if missing <= 0 {
            for continuation in waiting { continuation.resume() }
            waiting = []
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }
}
