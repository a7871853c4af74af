import Penstock
import PenstockTesting
import Synchronization
import Testing

struct Order: Codable, Sendable, Hashable {
    var number = 1
    var items = ["book"]
}

/// An error of the tests.
struct Broken: Error, CustomStringConvertible {
    var description: String
    init(_ description: String = "no") { self.description = description }
}

/// What the code of steps did, in order.
final class Journal: Sendable {
    private let lines = Mutex<[String]>([])

    func note(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
    func count(_ line: String) -> Int { all.count { $0 == line } }
    func place(_ line: String) -> Int? { all.firstIndex(of: line) }
}

/// Retries that do not make a test wait.
extension RetryPolicy {
    static func quick(_ attempts: Int = 3) -> RetryPolicy { .fixed(.milliseconds(1), attempts: attempts) }
}

extension RunStatus {
    func state(_ step: String) -> StepState? { steps.first { $0.name == step }?.state }
    var states: [String: StepState] { Dictionary(uniqueKeysWithValues: steps.map { ($0.name, $0.state) }) }
}

/// A private Redis with a worker that has some workflows, and the check that what they leave is in order.
func withWorkflows(
    concurrency: Int = 8, options: Worker.Options = .quick,
    _ prepare: @escaping @Sendable (Worker) -> Void, isolation: isolated (any Actor)? = #isolation,
    _ body: (Rig) async throws -> Void
) async throws {
    try await Rig.with { rig in
        try await RunningWorker.with(rig.penstock, concurrency: concurrency, options: options, prepare: prepare) { _ in
            try await body(rig)
        }
        let findings = try await KeyspaceAudit.read(rig.penstock.store).findings
        #expect(findings == [], "\(findings)")
    }
}

/// A value behind a lock.
final class Lockbox<Value: Sendable>: Sendable {
    private let state: Mutex<Value>
    init(_ value: Value) { state = Mutex(value) }
    var value: Value { state.withLock { $0 } }
    func set(_ value: Value) { state.withLock { $0 = value } }
    func change(_ body: (inout sending Value) -> Void) { state.withLock { body(&$0) } }
}
