import Glibc
import Penstock
import PenstockModel

/// One job of the workload. Its key names the operation that enqueued it.
struct Work: Job {
    static let name = "work"
    var key: String
    var milliseconds = 0
    /// Attempts that throw before one succeeds.
    var failures = 0
    /// The limit of concurrency that it counts under.
    var slot: String?
    /// Kills whatever worker begins it.
    var isPoison = false
}

/// What a schedule of the workload starts. Its tick names it.
struct TickWork: Job {
    static let name = "tick"
}

/// A job that is cancelled while it waits.
struct IdleWork: Job {
    static let name = "idle-work"
    var key: String
}

struct Order: Codable, Sendable {
    var key: String
    var fails: Bool
    var milliseconds: Int
}

/// Two steps with a rollback, a signal, and a step that may fail. `effect` is called once a step has done its work.
enum OrderWorkflow {
    static let name = "order"
    static let signal = "go"

    static func make(
        effect: @escaping @Sendable (_ key: String, _ attempt: Int) -> Void
    ) throws -> Workflow<Order, NoOutput> {
        @Sendable func work(_ order: Order, _ what: String, _ attempt: Int) async throws {
            // Sleeps because: it is the step's work.
            try await Task.sleep(for: .milliseconds(order.milliseconds))
            effect("\(order.key)/\(what)", attempt)
        }
        let retry = RetryPolicy.fixed(.milliseconds(20), attempts: 3)
        return try Workflow(name, input: Order.self, rollback: .always) { (flow) -> Void in
            let reserve = flow.step("reserve", retry: retry) { order, context in
                try await work(order, "reserve", context.attempt)
                return order.key
            }
            .rollback { _, context in
                effect("\(try await context.input(Order.self).key)/unreserve", context.attempt)
            }
            let charge = flow.step("charge", after: reserve, retry: retry) { order, context in
                if context.attempt == 1, order.milliseconds % 3 == 0 { throw JobFailure.retryable("once more") }
                try await work(order, "charge", context.attempt)
                return order.key
            }
            .rollback { _, context in
                effect("\(try await context.input(Order.self).key)/refund", context.attempt)
            }
            let go = flow.signal(signal, of: Int.self, after: charge)
            flow.step("ship", after: go, retry: retry) { order, context in
                if order.fails { throw JobFailure.permanent("sold out") }
                try await work(order, "ship", context.attempt)
            }
        }
    }

    /// What a run comes to.
    static func end(fails: Bool) -> RunState { fails ? .rolledBack : .succeeded }

    static func effects(fails: Bool) -> Set<String> {
        fails ? ["reserve", "charge", "refund", "unreserve"] : ["reserve", "charge", "ship"]
    }
}
