import Logging
import Penstock
import PenstockTesting
import Testing

/// The workflows that commands about runs are tried on, and what their code shares with the test.
final class RunShop: Sendable {
    struct Order: Codable, Sendable {
        var number = 1
        /// The step that fails for good.
        var fails: String?
        /// The rollback of reserve fails for good, until the test mends it.
        var sticks: Bool?
    }

    struct Account: Codable, Sendable, Equatable {
        var mail: String
        var code: Int?
    }

    enum Status: String, CaseIterable, Codable, Sendable { case created, verifying, active, expired }

    /// Raised when what was broken works.
    private let mended = TestSignal("mended")
    let tokens = EventBox<CompletionToken>("tokens")
    let checkout: Workflow<Order, String>
    let approval: Workflow<NoInput, Bool>
    let export: Workflow<NoInput, Int>
    let signUp: StateMachine<Account, Status>

    init() throws {
        let (mended, tokens) = (mended, tokens)
        checkout = try Workflow("checkout", input: Order.self) { flow in
            @Sendable func fail(_ order: Order, _ step: String) throws {
                if order.fails == step, mended.count == 0 { throw JobFailure.permanent("\(step) is broken\nreally") }
            }
            let reserve = flow.step("reserve") { order, _ in "reserved \(order.number)" }
                .rollback(retry: .never) { _, context in
                    let order: Order = try await context.input()
                    if order.sticks == true, mended.count == 0 { throw JobFailure.permanent("the shelf is locked") }
                }
            let charge = flow.step("charge", after: reserve, retry: .fixed(.milliseconds(1), attempts: 3)) {
                order, context in
                if context.attempt == 1 { throw JobFailure.retryable("line busy") }
                try fail(order, "charge")
            }
            .rollback { _, _ in }
            return flow.step("ship", after: charge, retry: .never) { order, _ in
                try fail(order, "ship")
                return "shipped \(order.number)"
            }
        }
        approval = try Workflow("approval", input: NoInput.self) { flow in
            let prepare = flow.step("prepare") { _, _ in }.rollback { _, _ in }
            let decision = flow.signal("decision", of: Bool.self, signal: "answer", after: prepare)
            return flow.step("end", after: decision) { _, context in try await context.output(ifAny: decision) ?? false
            }
        }
        export = try Workflow("export", version: 3, input: NoInput.self) { flow in
            flow.longRunning("print", every: .seconds(3600), retry: .never) { _, context in
                tokens.post(context.completionToken)
                return .inProgress
            } sync: { _, _ -> StepProgress<Int> in
                .inProgress
            }
        }
        signUp = try StateMachine("sign-up", object: Account.self, initial: Status.created) { machine in
            machine.step(.created, to: .verifying) { account, _ in
                account.code = 42
                return .to(.verifying)
            }
            machine.callback("confirm", in: .verifying, to: .active, payload: Int.self) { account, code, _ in
                code == account.code ? .to(.active) : .skip
            }
            machine.timeout(in: .verifying, after: .seconds(3600), to: .expired) { _, _ in .to(.expired) }
            machine.scrub { _ in Account(mail: "scrubbed") }
        }
    }

    func mend() { mended.raise() }

    func prepare(_ worker: Worker) {
        worker.handle(checkout)
        worker.handle(approval)
        worker.handle(export)
        worker.handle(signUp)
    }
}

extension Workshop {
    /// Opens a workshop with a worker, in the test's process, that has these workflows.
    static func withRuns(_ body: (Workshop, RunShop) async throws -> Void) async throws {
        let runs = try RunShop()
        try await open { shop in
            try await shop.withWorker(runs.prepare) {
                try await eventually("the workflows to be known") { try await shop.client.workflows().count == 4 }
                try await body(shop, runs)
            }
        }
    }

    /// Runs a worker as long as `body` runs.
    func withWorker(_ prepare: (Worker) -> Void, _ body: () async throws -> Void) async throws {
        let worker = Worker(client, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        prepare(worker)
        let running = Task { try await worker.run() }
        var failure: (any Error)?
        do { try await body() } catch { failure = error }
        running.cancel()
        _ = await running.result
        if let failure { throw failure }
    }

    /// Waits until a step of a run is in a state.
    func reach(_ state: StepState, _ step: String, of run: String) async throws {
        let run = client.run(try #require(RunID(run)))
        for try await status in run.updates()
        where status.steps.contains(where: { $0.name == step && $0.state == state }) {
            return
        }
        Issue.record("step \(step) never was \(state)")
    }
}
