import PenstockModel
import PenstockTesting
import Testing

@testable import PenstockStore

/// Whatever moves a run, those connected to its workflow get a task for each move that they want, once.
@Suite(.timeLimit(.minutes(10))) struct RunConnectionCallTests {
    private static func connection(_ name: String, _ moves: [RunEvent.Move], to workflow: String = "flow")
        -> RunConnection
    {
        RunConnection(
            workflow: workflow, name: name, head: TaskRecord(kind: name, queue: "told", payload: []), moves: moves)
    }

    /// One that was told: who wanted it, the run's foreign id, and the move.
    private struct Told: Hashable {
        let name: String
        let foreignID: String?
        let move: RunEvent.Move
    }

    /// What was told since the last time.
    private static func told(_ reader: inout Player) async throws -> Set<Told> {
        let claimed = try await reader.turn(100).claimed
        try await reader.turn(ended: claimed.map { $0.ended(.completed) })
        let told = try claimed.map { task in
            let move = try #require(ConnectedMove(task.record.payload))
            #expect(move.workflow == "flow")
            return Told(name: task.record.kind, foreignID: move.foreignID, move: move.move)
        }
        #expect(Set(told).count == told.count)
        return Set(told)
    }

    private func ends(_ state: RunState, foreignID: String? = "f") -> Told {
        Told(name: "ends", foreignID: foreignID, move: .run(state))
    }

    private func steps(_ step: String, _ state: StepState) -> Told {
        Told(name: "steps", foreignID: "f", move: .step(step, state, branch: nil))
    }

    @Test(arguments: [false, true])
    func `moves are told by every call that makes them`(isLimited: Bool) async throws {
        try await withStore { store in
            if isLimited { try await store.setLimit(.queue("q"), LimitTerms(concurrency: 5)) }
            var reader = try await Player(store, "reader", queues: ["told"])
            var worker = try await Player(store)
            let wanted: [RunEvent.Move] = [.step("a", .succeeded, branch: nil), .step("b", .active, branch: nil)]
            try await store.connect([
                Self.connection("ends", [.run(.running), .run(.succeeded)]), Self.connection("steps", wanted),
                Self.connection("other", [.run(.running)], to: "elsewhere"),
            ])
            // By its start,
            let run = try await RunBench(store, foreignID: "f", effects: [.launch(.step("a")), .launch(.step("b"))])
            #expect(try await Self.told(&reader) == [ends(.running), steps("b", .active)])
            // by a worker,
            let claimed = try await worker.turn(9).claimed
            let task = try #require(claimed.first { RunTaskPayload($0.record.payload)?.task == .step("a") })
            let end: [Effect] = [.moveStep("a", from: .active, to: .succeeded), .close]
            let revision = try #require(try await store.read(RunQuery(run.id))).facts.revision
            let payload = try #require(RunTaskPayload(task.record.payload))
            try await worker.turn(committed: [
                EndedRunTask(
                    id: task.id, claim: task.claim, task: payload.task,
                    commit: try RunBench.commit(run.id, end, revision: revision))
            ])
            #expect(try await Self.told(&reader) == [steps("a", .succeeded)])
            // and by hand; what nobody wants, and what is of other workflows, is told to nobody.
            try await run.apply([.moveRun(from: .running, to: .paused)])
            _ = try await RunBench(store, workflow: "third")
            #expect(try await Self.told(&reader) == [])
            try await run.apply([.moveRun(from: .paused, to: .running), .moveRun(from: .running, to: .succeeded)])
            #expect(try await Self.told(&reader) == [ends(.running), ends(.succeeded)])
            // Without its foreign id, and to nobody when nobody is connected any more.
            _ = try await RunBench(store)
            #expect(try await Self.told(&reader) == [ends(.running, foreignID: nil)])
            for name in ["ends", "steps"] { #expect(try await store.disconnect(name, from: "flow")) }
            _ = try await RunBench(store)
            #expect(try await Self.told(&reader) == [])
        }
    }
}
