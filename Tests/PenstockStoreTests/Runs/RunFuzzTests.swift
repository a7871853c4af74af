import PenstockModel
import PenstockTesting
import Testing

@testable import PenstockStore

/// Random graphs on Redis in lockstep with the model. `PENSTOCK_SEED` repeats a run, `PENSTOCK_FUZZ_RUNS` makes it longer.
@Suite(.timeLimit(.minutes(30))) struct RunFuzzTests {
    enum Kind: String, CaseIterable { case plain, failFast, rollback, controls, again }

    static let count = ProcessEnvironment.value("PENSTOCK_FUZZ_RUNS").flatMap { Int($0) } ?? 12
    static let seed = ProcessEnvironment.value("PENSTOCK_SEED").flatMap { UInt64($0) } ?? .random(in: 0..<1_000_000_000)

    @Test(arguments: Kind.allCases)
    func `random graphs do in Redis what the model says`(kind: Kind) async throws {
        for number in 0..<Self.count {
            let seed = Self.seed &+ UInt64(number)
            var random = SeededRandom(seed: seed)
            let rollback: RollbackPolicy? =
                switch kind {
                case .plain, .failFast: nil
                case .rollback: random.chance(0.5) ? .preserve : .always
                case .controls, .again: [nil, .preserve, .always].randomElement(using: &random) ?? nil
                }
            let graph = RandomGraph(
                &random, rollback: rollback, failFast: kind != .plain, failures: kind == .controls ? 0.1 : 0.2)
            do {
                try await withStore { store in
                    var lockstep = try await RunLockstep(store, graph, seed: seed)
                    if kind == .controls || kind == .again { lockstep.controls = 0.05 }
                    try await lockstep.drive()
                    if kind == .again { try await again(&lockstep) }
                    #expect(lockstep.interpreter.run.state.isTerminal)
                    // What is left then is for the audit to see.
                    for _ in 0..<2 where lockstep.random.chance(0.5) {
                        try await lockstep.control(try lockstep.planner.deleteData(lockstep.interpreter.run))
                        try await lockstep.drive()
                    }
                    // What was abandoned goes on, and tells nobody.
                    while try await lockstep.childTurn() {}
                    var audit = try await KeyspaceAudit.read(store)
                    for run in audit.runs.keys {
                        #expect(try await store.remove(try #require(RunID(run))) == .removed)
                    }
                    // The end of a child that came after that of its parent.
                    while let task = try await lockstep.players[0].turn(1).claimed.first {
                        try await lockstep.players[0].end(task, .completed)
                    }
                    audit = try await KeyspaceAudit.read(store)
                    #expect(audit.runs.isEmpty && audit.heads.isEmpty && audit.timers.isEmpty && audit.items.isEmpty)
                    #expect(audit.histories.isEmpty && audit.foreign.isEmpty && audit.broken.isEmpty)
                }
            } catch {
                Issue.record("PENSTOCK_SEED=\(seed) \(kind): \(error)")
                return
            }
            if Task.isCancelled { return }
        }
    }

    /// Twice more: retried, or a step executed again or skipped by hand.
    private func again(_ lockstep: inout RunLockstep) async throws {
        // What failed succeeds now, items of fan-outs among it.
        if lockstep.random.chance(0.7) {
            lockstep.graph.failingItems = [:]
            for (name, fate) in lockstep.graph.fates where fate == .failure {
                lockstep.graph.fates[name] = .success(
                    branch: lockstep.graph.shape.steps.first { $0.name == name }?.branches.first)
            }
        }
        for _ in 0..<2 where lockstep.interpreter.run.state.isTerminal {
            let run = lockstep.interpreter.run
            guard let step = lockstep.graph.shape.steps.randomElement(using: &lockstep.random) else { return }
            do {
                switch Int.random(in: 0..<3, using: &lockstep.random) {
                case 0: try await lockstep.control(try lockstep.planner.retry(run))
                case 1: try await lockstep.control(try lockstep.planner.rerun(from: step.name, run))
                default:
                    try await lockstep.control(
                        try lockstep.planner.skip(step.name, lockstep.interpreter.facts(step)))
                }
            } catch is RunControlError {
                continue
            }
            try await lockstep.drive()
        }
    }
}
