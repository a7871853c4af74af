import PenstockModel
import PenstockTesting
import Synchronization
import Testing

@testable import PenstockStore

/// Every script is held to a model, or it is written here why not.
@Suite(.timeLimit(.minutes(10))) struct VerbTests {
    /// Called by `Fuzz`, those of the doctor included.
    static let fuzzed: Set = [
        "adopt", "cancel", "cycle", "delete_schedule", "depths", "discard", "enqueue", "examine", "fire_ticks",
        "follow", "heartbeat", "inspect", "leave_role", "limit", "list_tasks", "note", "open_batch", "parked", "pause",
        "purge", "read_schedules", "register", "resume", "retire", "revive", "save_schedule", "seal_batch",
        "set_aside", "take_role", "turn_schedule", "unpark", "walk_keys", "why",
    ]
    /// Called by `RunLockstep`, and in no life of `Fuzz`.
    static let ofRuns: Set = ["control", "keep_shape", "remove_run", "signal", "start_run"]
    static let others = [
        "confirm": "asks again about what the doctor takes for a fault; a sound namespace has none: CorruptionTests",
        "locate": "looks for what the doctor misses; a sound namespace lacks nothing: CorruptionTests",
        "mend": "repairs what no script leaves behind: CorruptionTests",
        "mend_task": "repairs what no script leaves behind: CorruptionTests",
        "weigh_run": "weighs runs of a thousand steps and more for the doctor: AuditScaleTests",
        "list_runs": "reads, by indexes that the audit compares with the runs: RunListTests",
        "expired_runs": "names runs by a time that is Redis's own: RunRetentionTests",
    ]

    @Test func `each script is named once`() {
        let all = Self.fuzzed.union(Self.ofRuns).union(Self.others.keys)
        #expect(all == Set(Scripts.all.map(\.name)))
        #expect(all.count == Self.fuzzed.count + Self.ofRuns.count + Self.others.count)
    }

    @Test func `lives call what is said of them`() async throws {
        let called = Calls()
        let note: @Sendable (String) -> Void = { called.add($0) }
        for seed: UInt64 in 1...20 {
            try await withStore(audits: false, calls: note) { store in
                let deviation = try await FuzzLife(seed: seed).play(Array(0..<FuzzLife.round), on: store)
                #expect(deviation == nil, "seed \(seed)")
            }
            if Self.fuzzed.isSubset(of: called.names) { break }
        }
        #expect(called.names == Self.fuzzed)
    }

    @Test func `runs in lockstep call what is said of them`() async throws {
        let called = Calls()
        let note: @Sendable (String) -> Void = { called.add($0) }
        for seed: UInt64 in 1...20 {
            try await withStore(calls: note) { store in
                var random = SeededRandom(seed: seed)
                let graph = RandomGraph(&random, rollback: .preserve, failFast: true, failures: 0.1)
                var lockstep = try await RunLockstep(store, graph, seed: seed)
                lockstep.controls = 0.05
                try await lockstep.drive()
                #expect(try await store.remove(lockstep.run) == .removed)
            }
            if Self.ofRuns.isSubset(of: called.names) { return }
        }
        Issue.record("never called: \(Self.ofRuns.subtracting(called.names))")
    }
}

/// Names of scripts that were called.
private final class Calls: Sendable {
    private let all = Mutex<Set<String>>([])

    var names: Set<String> { all.withLock { $0 } }
    func add(_ name: String) { all.withLock { _ = $0.insert(name) } }
}
