import Penstock
import PenstockTesting
import Testing

/// Row G4 of the features: what was done is undone, in reverse order.
@Suite("Rollback", .timeLimit(.minutes(10))) struct RollbackTests {
    @Test("G4: in reverse order, branches side by side, the failing step included, what never started without a call")
    func reverse() async throws {
        let journal = Journal()
        let flow = try Workflow("rollback", input: NoInput.self) { flow in
            func step(_ name: String, _ before: Step<String>..., fails: Bool = false) -> Step<String> {
                flow.step(name, after: before, retry: .never) { _, _ in
                    if fails { throw Broken("broken") }
                    return name
                }.rollback { output, _ in journal.note("\(name) \(output ?? "nothing")") }
            }
            let a = step("a")
            let left = step("left", a)
            let right = step("right", a)
            let bad = step("bad", left, right, fails: true)
            _ = step("late", bad)
        }
        try await withWorkflows {
            $0.handle(flow)
        } _: { rig in
            let status = try await rig.penstock.start(flow).run.wait()
            #expect(status.state == .rolledBack)
            #expect(status.states.values.allSatisfy { $0 == .rolledBack })
            #expect(journal.all.first == "bad nothing" && journal.all.last == "a a" && journal.all.count == 4)
            #expect(Set(journal.all) == ["bad nothing", "left left", "right right", "a a"])
        }
    }

    @Test("G4: a failure while siblings run: they go on to their end, and are undone then")
    func siblings() async throws {
        let journal = Journal()
        let door = Door()
        let flow = try Workflow("siblings", input: NoInput.self) { flow in
            let slow = flow.step("slow") { _, _ in
                journal.note("slow begins")
                await door.pass()
                journal.note("slow ends")
            }.rollback { _, _ in journal.note("slow undone") }
            flow.step("after-slow", after: slow) { _, _ in journal.note("after-slow") }
            flow.step("bad", retry: .never) { _, _ in throw Broken() }
        }
        try await withWorkflows {
            $0.handle(flow)
        } _: { rig in
            let run = try await rig.penstock.start(flow).run
            try await eventually("the slow step to run") { journal.all == ["slow begins"] }
            let failed = try await run.wait(forStep: "bad")
            #expect(failed.state == .running && failed.isFailing)
            door.open()
            let status = try await run.wait()
            #expect(status.state == .rolledBack)
            #expect(journal.all == ["slow begins", "slow ends", "slow undone"])
            #expect(status.state("after-slow") == .rolledBack)
        }
    }

    @Test(
        "G4: a rollback that fails for good, under both policies, and retried or skipped by hand",
        arguments: [
            RollbackPolicy.preserve, .always,
        ])
    func incomplete(policy: RollbackPolicy) async throws {
        let journal = Journal()
        let works = Switch()
        let flow = try Workflow("incomplete", input: NoInput.self, rollback: policy) { flow in
            let first = flow.step("first") { _, _ in }.rollback { _, _ in journal.note("first") }
            let stubborn = flow.step("stubborn", after: first) { _, _ in }
                .rollback(retry: .quick(2)) { _, _ in
                    journal.note("stubborn")
                    if !works.isOn { throw Broken("stays") }
                }
            let aside = flow.step("aside") { _, _ in }.rollback { _, _ in journal.note("aside") }
            flow.step("bad", after: stubborn, aside, retry: .never) { _, _ in throw Broken("broken") }
        }
        try await withWorkflows {
            $0.handle(flow)
        } _: { rig in
            let run = try await rig.penstock.start(flow).run
            let status = try await run.wait()
            #expect(journal.count("stubborn") == 2 && journal.count("aside") == 1)
            #expect(status.state("stubborn") == .rollbackFailed)
            #expect(
                status.errors.contains(
                    .init(step: "bad", message: "broken (all attempts used up)", isOfRollback: false)))
            #expect(
                status.errors.contains { $0.step == "stubborn" && $0.isOfRollback && $0.message.hasPrefix("stays") })
            guard policy == .preserve else {
                #expect(status.state == .rolledBack && journal.count("first") == 1)
                await expectNotNow { try await run.retryRollback(of: "stubborn") }
                return
            }
            #expect(status.state == .failed && journal.count("first") == 0 && status.state("first") == .succeeded)
            await expectNotNow { try await run.retry() }
            // Once more in vain, then it works.
            try await run.retryRollback(of: "stubborn")
            try await eventually("it to fail again") { journal.count("stubborn") == 4 }
            #expect(try await run.wait().state == .failed)
            works.turnOn()
            try await run.retryRollback(of: "stubborn")
            #expect(try await run.wait(for: .rolledBack).state == .rolledBack && journal.count("first") == 1)

            works.turnOff()
            let other = try await rig.penstock.start(flow).run
            _ = try await other.wait()
            try await other.skipRollback(of: "stubborn")
            #expect(try await other.wait(for: .rolledBack).state == .rolledBack && journal.count("first") == 2)
        }
    }

    @Test("a run is cancelled, with and without rollback; a rollback cannot be cancelled")
    func cancelled() async throws {
        let journal = Journal()
        let started = TestSignal("the second step")
        let (door, gate) = (Door(), Door())
        let flow = try Workflow("cancelled", input: Bool.self) { flow in
            let first = flow.step("first") { _, _ in }
                .rollback { _, _ in
                    journal.note("undoing")
                    await gate.pass()
                    journal.note("undone")
                }
            flow.step("second", after: first) { _, _ in
                started.raise()
                await door.pass()
            }
        }
        try await withWorkflows {
            $0.handle(flow)
        } _: { rig in
            let plain = try await rig.penstock.start(flow, false).run
            let undone = try await rig.penstock.start(flow, true).run
            try await started.wait()
            for run in [plain, undone] { _ = try await run.wait(forStep: "first") }
            try await plain.cancel()
            try await undone.cancel(rollBack: true)
            #expect(try await plain.status().state == .cancelling, "what runs goes on")
            door.open()
            #expect(try await plain.wait().state == .cancelled)
            try await eventually("the rollback to run") { journal.all == ["undoing"] }
            await expectNotNow { try await undone.cancel() }
            gate.open()
            #expect(try await undone.wait().state == .rolledBack)
            #expect(journal.all == ["undoing", "undone"])
            await expectNotNow { try await undone.cancel() }
        }
    }
}

/// A switch that code and test share.
final class Switch: Sendable {
    private let state = Lockbox(false)
    var isOn: Bool { state.value }
    func turnOn() { state.set(true) }
    func turnOff() { state.set(false) }
}

func expectNotNow(_ body: () async throws -> Void) async {
    let error = await #expect(throws: PenstockError.self) { try await body() }
    #expect(error?.code == .notNow, "\(error.map { "\($0)" } ?? "")")
}
