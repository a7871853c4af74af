import Foundation
import Penstock
import PenstockModel
import PenstockRuntime
import PenstockStore
import PenstockTesting
import Testing

/// Random graphs on worker processes that are killed all the time, against a pure model of the outcome. `PENSTOCK_SEED` repeats a
/// run, `PENSTOCK_LONG_TESTS` makes it 2,000 graphs.
@Suite("A storm of kills on workflows", .timeLimit(.minutes(20))) struct RunStormTests {
    private static let environment = ProcessInfo.processInfo.environment
    static let count = environment["PENSTOCK_LONG_TESTS"] == "1" ? 2000 : 60
    static let seed = environment["PENSTOCK_SEED"].flatMap { UInt64($0) } ?? .random(in: 0..<1_000_000)

    struct Started: Sendable {
        let seed: UInt64
        let graph: RandomGraph
        let run: Run
    }

    @Test("random graphs end as the model says, whoever is killed", arguments: [false, true])
    func storm(kills: Bool) async throws {
        try await Rig.with { rig in
            let first = Self.seed
            print("PENSTOCK_SEED=\(first)")
            let storm = Storm(rig, workers: 3, kills: kills)
            try await storm.rage {
                var open: [Started] = []
                var seed = first
                for _ in 0..<Self.count {
                    let graph: RandomGraph
                    (graph, seed) = Self.graph(after: seed)
                    open.append(Started(seed: seed, graph: graph, run: try await start(graph, rig)))
                    if open.count >= 40 { try await check(open.removeFirst()) }
                }
                for started in open { try await check(started) }
            }
            #expect(!kills || storm.killed >= (Self.count < 1000 ? 1 : 100))
            // What was abandoned, and health checks, go on or are dropped when their turn comes.
            try await RunWorkerProgram.run(rig.redis.url) { _ in
                try await eventually("all children to end", within: .seconds(60)) {
                    try await rig.penstock.runs(
                        .init(states: [.pending, .running, .paused, .cancelling, .rollingBack])
                    )
                    .entries.isEmpty
                }
                try await eventually("nothing to be held", within: .seconds(60)) { try await rig.queue().running == 0 }
            }
            let findings = try await KeyspaceAudit.read(rig.penstock.store).findings
            #expect(findings == [], "\(findings.prefix(10))")
        }
    }

    /// The next seed whose graph the code can play: branches are decided by plain steps.
    private static func graph(after seed: UInt64) -> (RandomGraph, UInt64) {
        var seed = seed
        while true {
            seed &+= 1
            var random = SeededRandom(seed: seed)
            let kind = Int.random(in: 0..<4, using: &random)
            let rollback: RollbackPolicy? = [nil, nil, .preserve, .always][kind]
            var graph = RandomGraph(&random, rollback: rollback, failFast: kind != 0, failures: 0.15)
            let isPlayable = graph.shape.steps.allSatisfy {
                $0.branches.isEmpty || ($0.kind == .work && $0.fanOut == nil)
            }
            guard isPlayable else { continue }
            for place in graph.shape.steps.indices {
                let name = graph.shape.steps[place].name
                graph.shape.steps[place].isConditional = graph.fates[name] == .skip
                graph.shape.steps[place].longRunning?.syncInterval = .milliseconds(20)
                if case .child(var child) = graph.shape.steps[place].kind {
                    child.workflow = "random-child"
                    graph.shape.steps[place].kind = .child(child)
                }
            }
            return (graph, seed)
        }
    }

    private func start(_ graph: RandomGraph, _ rig: Rig) async throws -> Run {
        let store = rig.penstock.store
        let shape = WorkflowShape(RandomFates.workflow, body: .graph(graph.shape))
        let planner = try RunPlanner(shape)
        let digest = try await store.keepShape(shape.encoded, workflow: shape.name, version: shape.version)
        let head = TaskRecord(kind: shape.kind, queue: "default", payload: [])
        let new = NewRun(
            id: store.makeRunID(), workflow: shape.name, shapeDigest: digest,
            input: try JSONCodec().encode(RandomFates(graph)), head: head)
        guard case .graph(let graphPlanner) = planner.body else { throw Broken("no graph") }
        let commit = try RunCommit(
            graphPlanner.start(new.facts), run: new.id, revision: 0, head: planner.head(head))
        _ = try await store.start(new, commit, by: "test")
        let run = rig.penstock.run(new.id)
        for step in graph.shape.steps {
            guard case .signal(let signal) = step.kind else { continue }
            // The run may have failed before.
            _ = try await store.signal(new.id, signal, [], by: "test")
        }
        return run
    }

    private func check(_ started: Started) async throws {
        let (seed, graph) = (started.seed, started.graph)
        let status: RunStatus
        do {
            status = try await started.run.wait(timeout: .seconds(30))
        } catch {
            let why = try await started.run.why()
            let states = try await started.run.status().states
            let facts = try await started.run.penstock.store.read(RunQuery(started.run.id))?.summary
            Issue.record(
                "PENSTOCK_SEED=\(seed &- 1): \(error)\n\(why)\n\(states) \(String(describing: facts))")
            return
        }
        try await started.run.expectLegalHistory("PENSTOCK_SEED=\(seed &- 1)")
        // A worker that is killed three times over one step is its failure, and no other's.
        if try await wasLostThreeTimes(status, started.run) { return }
        let fails = status.steps.contains { $0.state == .failed && !graph.isCaught($0.name) }
        let expected = graph.undisturbed()
        if graph.shape.rollback == nil {
            #expect(status.state == (fails ? .failed : .succeeded), "PENSTOCK_SEED=\(seed &- 1)")
        }
        if status.state == .succeeded || (graph.shape.rollback == nil && !graph.shape.failFast) {
            for step in status.steps {
                #expect(step.state == expected[step.name]?.state, "PENSTOCK_SEED=\(seed &- 1) \(step.name)")
                #expect(step.branch == expected[step.name]?.branch, "PENSTOCK_SEED=\(seed &- 1) \(step.name)")
            }
        } else if graph.shape.rollback != nil {
            let isStuck =
                graph.shape.rollback == .preserve && status.steps.contains { $0.state == .rollbackFailed }
            #expect(status.state == (isStuck ? .failed : .rolledBack), "PENSTOCK_SEED=\(seed &- 1)")
            var forward: [String: StepState] = [:]
            for case .step(let step, let state, _) in try await started.run.history().flatMap(\.moves)
            where state.isEnded { forward[step] = state }
            for step in status.steps {
                guard forward[step.name] != nil else {
                    #expect(step.state == .rolledBack, "PENSTOCK_SEED=\(seed &- 1) \(step.name) never started")
                    continue
                }
                // What nothing that started depends on any more is undone, or has failed to be.
                let next = graph.dependents(of: step.name).filter { forward[$0.name] != nil }
                    .compactMap { status.state($0.name) }
                let isFree = next.allSatisfy {
                    $0 == .rolledBack || (graph.shape.rollback == .always && $0 == .rollbackFailed)
                }
                let isDone = step.state == .rolledBack || step.state == .rollbackFailed
                #expect(isFree == isDone, "PENSTOCK_SEED=\(seed &- 1) \(step.name) \(step.state)")
                let mayFail = graph.rollbackFails.contains(step.name) && graph.step(step.name)?.hasRollback == true
                #expect(step.state != .rollbackFailed || mayFail, "PENSTOCK_SEED=\(seed &- 1) \(step.name)")
            }
        }
    }
}

extension RunStormTests {
    /// Whether a step, an item or a child run has failed because its workers were killed again and again.
    private func wasLostThreeTimes(_ status: RunStatus, _ run: Run) async throws -> Bool {
        func says(_ message: String) -> Bool { message.contains("lost three times") }
        for step in status.steps {
            if says(step.error ?? "") || says(step.rollbackError ?? "") { return true }
            if let items = step.fanOut, items.failed > 0 {
                let results = try await run.penstock.store.results(run.id, step.name, items: 0..<items.total)
                for case .failure(let error) in results.compactMap(\.self) where says(error.message) { return true }
            }
            if let child = step.child, step.state != .succeeded {
                let end = try await run.penstock.run(child).status()
                if end.errors.contains(where: { says($0.message) }) { return true }
            }
        }
        return false
    }
}

/// Worker processes, of which one is killed every now and then and replaced.
private final class Storm: Sendable {
    private let rig: Rig
    private let workers: Int
    private let kills: Bool
    private let count = Lockbox(0)
    var killed: Int { count.value }

    init(_ rig: Rig, workers: Int, kills: Bool) {
        self.kills = kills
        self.rig = rig
        self.workers = workers
    }

    func rage(_ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<workers {
                group.addTask {
                    while !Task.isCancelled {
                        try await RunWorkerProgram.run(self.rig.redis.url, lease: .seconds(1), concurrency: 4) {
                            worker in
                            let life: Duration =
                                self.kills
                                ? .milliseconds(Int.random(in: 100...800) * (number == 0 ? 3 : 1)) : .seconds(3600)
                            // Sleeps because: a life has a length; the kill has to come in the middle of something.
                            try? await Task.sleep(for: life)
                            guard !Task.isCancelled else { return }
                            worker.signal(SIGKILL)
                            _ = try await worker.exit()
                            self.count.change { $0 += 1 }
                        }
                    }
                    return false
                }
            }
            group.addTask {
                try await body()
                return true
            }
            while let isDone = try await group.next(), !isDone {}
            group.cancelAll()
            do { try await group.waitForAll() } catch is CancellationError {}
        }
    }
}
