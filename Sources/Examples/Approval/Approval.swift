import EmbeddedRedis
import Logging
import Penstock
import ServiceLifecycle

// An expense waits for somebody's approval, without holding a worker; if nobody answers in time it expires.
//
//     swift run example-approval

struct Expense: Codable, Sendable {
    var what: String
    var amount: Int
}

struct Approval: Codable, Sendable {
    var by: String
    var isGranted: Bool
}

enum Outcome: Codable, Sendable, Equatable {
    case paid(approvedBy: String)
    case refused(by: String)
    case expired
}

func makeExpense(patience: Duration) throws -> Workflow<Expense, Outcome> {
    try Workflow("expense", input: Expense.self) { flow in
        let ask = flow.step("ask") { expense, _ in print("  mail to the boss: \(expense.what) for \(expense.amount)?") }

        // Goes on when the signal comes, also if it came before the step was reached. Its output is what the signal brings.
        let approval = flow.signal("approval", of: Approval.self, after: ask, within: patience)

        let decide = flow.step("decide", after: approval) { expense, context in
            let approval = try await context[approval]
            print("  \(approval.by) says \(approval.isGranted ? "yes" : "no") to \(expense.what)")
            return approval.isGranted ? Outcome.paid(approvedBy: approval.by) : .refused(by: approval.by)
        }

        // A failure that a step waits for is caught: the run does not fail. Here it is the time-out of the signal.
        let expire = flow.step("expire", after: approval.failure) { expense, _ in
            print("  nobody has answered about \(expense.what)")
            return Outcome.expired
        }

        // One of the two is enough, the other one is skipped.
        return flow.step("file", after: decide, expire, join: .any) { _, context in
            if let decision = try await context.output(ifAny: decide) { return decision }
            return try await context[expire]
        }
    }
}

/// Something did not come out as it should.
struct Unexpected: Error, CustomStringConvertible {
    let description: String
}

func expect(_ isAsExpected: Bool, _ what: String) throws {
    guard isAsExpected else { throw Unexpected(description: "not as expected: \(what)") }
}

@main struct Example {
    static func main() async throws {
        let expense = try makeExpense(patience: .seconds(1))
        try await EmbeddedRedis.withRedis { redis in
            var logger = Logger(label: "approval")
            logger.logLevel = .error
            let penstock = try Penstock(.init(url: redis.url, namespace: "office"), logger: logger)
            let worker = Worker(penstock)
            worker.handle(expense)
            let services = ServiceGroup(services: [penstock, worker], logger: logger)
            async let serving: Void = services.run()

            print("One that is approved:")
            let chair = try await penstock.start(
                expense, Expense(what: "a chair", amount: 300), .init(foreignID: "chair", tags: ["furniture"]))
            _ = try await chair.run.wait(forStep: "ask")
            print("  the run waits: \(try await chair.run.why().joined(separator: "; "))")
            // From any process that reaches Redis; all it needs is the run's id, or the foreign id.
            let found = try await penstock.liveRun(of: "expense", foreignID: "chair")
            try await found?.signal("approval", Approval(by: "Ada", isGranted: true))
            let paid = try await chair.output()
            print("  the outcome: \(paid)\n")
            try expect(paid == .paid(approvedBy: "Ada"), "\(paid)")

            print("One that nobody answers:")
            let yacht = try await penstock.start(expense, Expense(what: "a yacht", amount: 3_000_000))
            let expired = try await yacht.output()
            print("  the outcome: \(expired)\n")
            try expect(expired == .expired, "\(expired)")

            print("An answer that comes too late:")
            do {
                try await yacht.run.signal("approval", Approval(by: "Ada", isGranted: true))
                throw Unexpected(description: "the late signal was taken")
            } catch let error as PenstockError {
                print("  \(error)\n")
                try expect(error.code == .notNow, "\(error)")
            }

            print("All as expected.")
            await services.triggerGracefulShutdown()
            try await serving
        }
    }
}
