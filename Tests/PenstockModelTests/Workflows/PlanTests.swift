import PenstockModel
import Testing

/// What follows, said in full for small graphs.
@Suite struct PlanTests {
    static func planner(
        _ steps: [StepShape], failFast: Bool = true, rollback: RollbackPolicy? = nil, hooks: [HookMoment] = []
    )
        throws -> GraphPlanner
    {
        GraphPlanner(try GraphIndex(GraphShape(steps, failFast: failFast, rollback: rollback)), hooks: hooks)
    }

    static let running = RunFacts(state: .running, revision: 1)
    static func facts(_ state: StepState, _ run: RunFacts = running, after: [StepState] = [], attempted: Bool = false)
        -> StepFacts
    {
        StepFacts(
            run: run, round: run.round, state: state, dependencies: after.map { StepStanding($0) },
            wasAttempted: attempted)
    }

    @Test("a run of two steps, from start to end")
    func line() throws {
        let planner = try Self.planner([StepShape("a"), StepShape("b", after: [.init("a")])])
        #expect(
            planner.start(RunFacts(state: .pending)).effects == [
                .moveRun(from: .pending, to: .running), .launch(.step("a")),
            ])
        let end = Effect.whenIdle([.moveRun(from: .running, to: .succeeded)])
        let arrival = Arrival(
            join: .forward("b"), taken: 1, missed: 0, need: 1, edges: 1, launch: .step("b"))
        #expect(
            planner.ended(.step("a"), .succeeded(), Self.facts(.active)).effects == [
                .moveStep("a", from: .active, to: .succeeded), .keepOutput("a"), .arrive(arrival), .close, end,
            ])
        #expect(
            planner.ended(.step("b"), .succeeded(), Self.facts(.active, after: [.succeeded])).effects == [
                .moveStep("b", from: .active, to: .succeeded), .keepOutput("b"), .close, end,
            ])
    }

    @Test("a failure makes the run fail, and with rollback the rollback begins when nothing is open")
    func failure() throws {
        let steps = [StepShape("a", hasRollback: true), StepShape("b", after: [.init("a")])]
        let planner = try Self.planner(steps, rollback: .preserve)
        #expect(
            planner.ended(.step("a"), .failed, Self.facts(.active)).effects == [
                .moveStep("a", from: .active, to: .failed), .setFact(.isFailing(true)), .close,
                .whenIdle([.moveRun(from: .running, to: .rollingBack), .schedule(.planRollback(from: 0), opens: true)]),
            ])
        let back = RunFacts(state: .rollingBack, revision: 3, isFailing: true)
        let standing = { (name: String) in StepStanding(name == "a" ? .failed : .pending) }
        #expect(
            planner.planRollback(from: 0, back, standing: standing).effects == [
                .launch(.rollBack("a", call: true)), .moveStep("b", from: .pending, to: .rolledBack), .close,
                .whenIdle([.moveRun(from: .rollingBack, to: .rolledBack)]),
            ])
        #expect(
            planner.ended(.rollBack("a", call: true), .failed, Self.facts(.rollingBack, back)).effects == [
                .moveStep("a", from: .rollingBack, to: .rollbackFailed), .setFact(.stuckRollbacks(1)), .close,
                .whenIdle([.moveRun(from: .rollingBack, to: .failed)]),
            ])
    }

    @Test("a failed rollback is retried or skipped by hand, and the run ends rolled back")
    func rollbackByHand() throws {
        let steps = [StepShape("a", hasRollback: true), StepShape("b", after: [.init("a")], hasRollback: true)]
        let planner = try Self.planner(steps, rollback: .preserve)
        let stuck = RunFacts(state: .failed, revision: 9, isFailing: true, stuckRollbacks: 1)
        let facts = Self.facts(.rollbackFailed, stuck, after: [.succeeded])
        #expect(
            try planner.retryRollback("b", facts).effects == [
                .moveRun(from: .failed, to: .rollingBack), .setFact(.stuckRollbacks(0)),
                .launch(Launch(task: .rollBack("b", call: true), step: "b", from: [.rollbackFailed], to: .rollingBack)),
            ])
        let back = Arrival(
            join: .backward("a"), taken: 1, missed: 0, need: 1, edges: 1, launch: .rollBack("a", call: true))
        #expect(
            try planner.skipRollback("b", facts).effects == [
                .moveRun(from: .failed, to: .rollingBack), .setFact(.stuckRollbacks(0)),
                .moveStep("b", from: .rollbackFailed, to: .rolledBack), .arrive(back),
                .whenIdle([.moveRun(from: .rollingBack, to: .rolledBack)]),
            ])
        #expect(throws: RunControlError.rollbackIncomplete) { try planner.retry(stuck) }
        #expect(throws: RunControlError.stepNotNow(step: "a", .succeeded)) {
            try planner.retryRollback("a", Self.facts(.succeeded, stuck))
        }
    }

    @Test("G6: a step that has started is synced, completes, and is then looked after")
    func longRunning() throws {
        let long = LongRunning(syncInterval: .seconds(10), healthCheck: true)
        let planner = try Self.planner([StepShape("a", longRunning: long, waitLimit: .seconds(60))])
        #expect(
            planner.ended(.step("a"), .started, Self.facts(.active)).effects == [
                .moveStep("a", from: .active, to: .waiting), .arm(.sync("a"), after: .seconds(10)),
                .arm(.waitLimit("a"), after: .seconds(60)),
            ])
        #expect(
            planner.ended(.sync("a"), .started, Self.facts(.waiting)).effects == [.arm(.sync("a"), after: .seconds(10))]
        )
        #expect(
            planner.ended(.sync("a"), .succeeded(), Self.facts(.waiting)).effects == [
                .moveStep("a", from: .waiting, to: .succeeded), .keepOutput("a"), .disarm(.sync("a")),
                .disarm(.waitLimit("a")), .arm(.health("a"), after: .seconds(10)), .close,
                .whenIdle([.moveRun(from: .running, to: .succeeded)]),
            ])
        #expect(planner.begin(.waitLimit("a"), Self.facts(.waiting)) == .end(.failed))
        #expect(planner.begin(.waitLimit("a"), Self.facts(.succeeded)) == .drop)
        #expect(planner.ended(.sync("a"), .succeeded(), Self.facts(.succeeded)) == .nothing)
        #expect(
            planner.ended(.health("a"), .succeeded(), Self.facts(.succeeded)).effects
                == [.arm(.health("a"), after: .seconds(10))])
        #expect(
            planner.ended(.health("a"), .failed, Self.facts(.succeeded)).effects == [
                .moveStep("a", from: .succeeded, to: .failed), .setFact(.isFailing(true)),
                .whenIdle([.moveRun(from: .running, to: .failed)]),
            ])
    }

    @Test("G7, G9: hooks and callbacks are tasks of the commit that they tell of; the parent is told too")
    func told() throws {
        let planner = try Self.planner([StepShape("a")], hooks: [.completed, .cancelled])
        let run = RunFacts(state: .running, hasCallback: true, hasParent: true)
        #expect(
            planner.ended(.step("a"), .succeeded(), Self.facts(.active, run)).effects == [
                .moveStep("a", from: .active, to: .succeeded), .keepOutput("a"),
                .schedule(.callback(CallbackMoment(.succeeded, step: "a")), opens: false), .close,
                .whenIdle([
                    .moveRun(from: .running, to: .succeeded), .schedule(.hook(.completed), opens: false),
                    .schedule(.callback(CallbackMoment(.succeeded)), opens: false), .tellParent(.succeeded),
                ]),
            ])
        #expect(
            try planner.cancel(run).effects == [
                .moveRun(from: .running, to: .cancelling),
                .whenIdle([
                    .moveRun(from: .cancelling, to: .cancelled), .schedule(.hook(.cancelled), opens: false),
                    .schedule(.callback(CallbackMoment(.cancelled)), opens: false), .tellParent(.cancelled),
                ]),
            ])
    }

    struct Control: Sendable, CustomTestStringConvertible {
        var state: RunState
        var pausedFrom: RunState?
        var pause: RunControlError?
        var resume: RunControlError?
        var cancel: RunControlError?
        var retry: RunControlError?
        var testDescription: String { state.rawValue }
    }

    @Test(
        "G8: what may be asked of a run in which state",
        arguments: [
            Control(
                state: .pending, pause: .notNow(.pending), resume: .notNow(.pending), retry: .hasNotEnded(.pending)),
            Control(state: .running, retry: .hasNotEnded(.running)),
            Control(state: .paused, retry: .hasNotEnded(.paused)),
            Control(state: .paused, pausedFrom: .rollingBack, cancel: .rollsBack, retry: .hasNotEnded(.paused)),
            Control(
                state: .cancelling, pause: .notNow(.cancelling), resume: .notNow(.cancelling),
                retry: .hasNotEnded(.cancelling)),
            Control(state: .rollingBack, cancel: .rollsBack, retry: .hasNotEnded(.rollingBack)),
            Control(
                state: .succeeded, pause: .hasEnded(.succeeded), resume: .hasEnded(.succeeded),
                cancel: .hasEnded(.succeeded), retry: .nothingToRetry),
            Control(state: .failed, pause: .hasEnded(.failed), resume: .hasEnded(.failed), cancel: .hasEnded(.failed)),
            Control(
                state: .rolledBack, pause: .hasEnded(.rolledBack), resume: .hasEnded(.rolledBack),
                cancel: .hasEnded(.rolledBack)),
            Control(
                state: .cancelled, pause: .hasEnded(.cancelled), resume: .hasEnded(.cancelled),
                cancel: .hasEnded(.cancelled)),
            Control(
                state: .dataDeleted, pause: .hasEnded(.dataDeleted), resume: .hasEnded(.dataDeleted),
                cancel: .hasEnded(.dataDeleted), retry: .dataDeleted),
        ])
    func controls(row: Control) throws {
        let planner = try Self.planner([StepShape("a")])
        let run = RunFacts(state: row.state, pausedFrom: row.pausedFrom)
        func error(_ ask: () throws(RunControlError) -> Plan) -> RunControlError? {
            do {
                let moves = try ask().effects
                if case .moveRun(let from, let to)? = moves.first { #expect(from.canMove(to: to)) }
                return nil
            } catch { return error }
        }
        #expect(error { () throws(RunControlError) in try planner.pause(run) } == row.pause)
        #expect(error { () throws(RunControlError) in try planner.resume(run) } == row.resume)
        #expect(error { () throws(RunControlError) in try planner.cancel(run) } == row.cancel)
        #expect(error { () throws(RunControlError) in try planner.retry(run) } == row.retry)
        #expect(throws: RunControlError.noRollback) { try planner.cancel(run, rollBack: true) }
        #expect(throws: RunControlError.unknownStep("x")) { try planner.rerun(from: "x", run) }
    }

    @Test("a paused run parks what is claimed, and ends only when it is resumed")
    func paused() throws {
        let planner = try Self.planner([StepShape("a")])
        let paused = RunFacts(state: .paused, revision: 2, pausedFrom: .running)
        #expect(planner.begin(.step("a"), Self.facts(.active, paused)) == .park)
        #expect(
            planner.ended(.step("a"), .succeeded(), Self.facts(.active, paused)).effects == [
                .moveStep("a", from: .active, to: .succeeded), .keepOutput("a"), .close,
            ])
        #expect(
            try planner.resume(paused).effects == [
                .moveRun(from: .paused, to: .running), .releaseParked,
                .whenIdle([.moveRun(from: .running, to: .succeeded)]),
            ])
    }

    @Test("tasks of an earlier round, of an ended run or of a step that has moved on are dropped")
    func stale() throws {
        let planner = try Self.planner([StepShape("a")])
        var old = Self.facts(.active)
        old.round = 0
        #expect(planner.begin(.step("a"), old) == .drop && planner.ended(.step("a"), .succeeded(), old) == .nothing)
        let ended = Self.facts(.active, RunFacts(state: .failed))
        #expect(planner.begin(.step("a"), ended) == .drop && planner.ended(.step("a"), .succeeded(), ended) == .nothing)
        let waived = Self.facts(.waived)
        #expect(
            planner.begin(.step("a"), waived) == .drop && planner.ended(.step("a"), .succeeded(), waived) == .nothing)
        #expect(planner.begin(.step("x"), Self.facts(.active)) == .drop)
    }

    @Test("in a run that stops, what was never executed is cancelled, and what may have acted is interrupted")
    func stopping() throws {
        let planner = try Self.planner([StepShape("a"), StepShape("b", after: [.init("a", phase: .end)])])
        let failing = RunFacts(state: .running, isFailing: true)
        #expect(planner.begin(.step("a"), Self.facts(.active, failing)) == .end(.stopped))
        #expect(planner.begin(.step("a"), Self.facts(.active, failing, attempted: true)) == .end(.interrupted))
        #expect(planner.begin(.step("b"), Self.facts(.active, failing, after: [.failed])) == .execute)
        let cancelling = RunFacts(state: .cancelling)
        #expect(planner.begin(.step("b"), Self.facts(.active, cancelling, after: [.failed])) == .end(.stopped))
    }

    @Test("G15: a run that stops cancels, awaits or leaves its child runs, and waits for no signal")
    func sweep() throws {
        let planner = try Self.planner([
            StepShape("cancelled", kind: .child(ChildWorkflow("w", whenStopped: .cancel))),
            StepShape("awaited", kind: .child(ChildWorkflow("w", whenStopped: .finish))),
            StepShape("left", kind: .child(ChildWorkflow("w", whenStopped: .abandon))),
            StepShape("signal", kind: .signal("go"), waitLimit: .seconds(1)),
            StepShape("long", longRunning: LongRunning()),
            StepShape("items", fanOut: FanOut()),
        ])
        let waiting = { (_: String) in StepStanding(.waiting) }
        let ends: [Effect] = [
            .cancelChild("cancelled"), .moveStep("left", from: .waiting, to: .interrupted), .close,
            .moveStep("signal", from: .waiting, to: .interrupted), .disarm(.waitLimit("signal")), .close,
        ]
        let failing = RunFacts(state: .running, isFailing: true)
        #expect(
            planner.sweep(from: 0, failing, standing: waiting).effects
                == ends + [.close, .whenIdle([.moveRun(from: .running, to: .failed)])])
        #expect(
            planner.sweep(from: 0, RunFacts(state: .cancelling), standing: waiting).effects
                == ends + [
                    .moveStep("long", from: .waiting, to: .interrupted), .disarm(.sync("long")), .close, .close,
                    .whenIdle([.moveRun(from: .cancelling, to: .cancelled)]),
                ])
        let asked = try planner.cancel(Self.running).effects
        #expect(asked.contains(.schedule(.sweep(from: 0), opens: true)))
        let arm = Effect.arm(.sync("long"), after: .seconds(10))
        #expect(planner.ended(.step("long"), .started, Self.facts(.active, failing)).effects.contains(arm))
        let cancelling = Self.facts(.active, RunFacts(state: .cancelling))
        #expect(
            planner.ended(.step("long"), .started, cancelling).effects.first
                == .moveStep("long", from: .active, to: .interrupted))
        #expect(
            planner.ended(.step("awaited"), .started, cancelling).effects.first
                == .moveStep("awaited", from: .active, to: .cancelled))
    }

    @Test("G18: data are deleted in parts of the graph, the last of which takes what no step has; nobody is told")
    func deletion() throws {
        let steps = (0..<5).map { StepShape("s\($0)") }
        let planner = GraphPlanner(try GraphIndex(GraphShape(steps)), hooks: HookMoment.allCases, chunk: 2)
        var run = RunFacts(state: .failed, revision: 4, hasCallback: true, hasParent: true)
        #expect(
            try planner.deleteData(run).effects == [
                .moveRun(from: .failed, to: .deletingData), .schedule(.deleteData(from: 0), opens: false),
            ])
        run.state = .deletingData
        #expect(planner.begin(.deleteData(from: 2), run: run, round: 1) == .execute)
        #expect(planner.begin(.deleteData(from: 2), run: run, round: 2) == .drop)
        #expect(try planner.deleteData(run) == .nothing)
        #expect(
            planner.erase(from: 2, run, leavesInput: true).effects == [
                .eraseStep("s2"), .eraseStep("s3"), .schedule(.deleteData(from: 4), opens: false),
            ])
        #expect(
            planner.erase(from: 4, run, leavesInput: true).effects == [
                .eraseStep("s4"), .erase(leaving: .input), .moveRun(from: .deletingData, to: .dataDeleted),
            ])
        #expect(
            planner.erase(from: 4, run).effects == [
                .eraseStep("s4"), .erase(leaving: .nothing), .moveRun(from: .deletingData, to: .dataDeleted),
            ])
        run.state = .dataDeleted
        #expect(planner.erase(from: 4, run) == .nothing)
        #expect(planner.begin(.deleteData(from: 4), run: run, round: 1) == .drop)
        #expect(planner.begin(.hook(.failed), run: run, round: 1) == .drop)
        for state in [RunState.pending, .running, .paused, .cancelling, .rollingBack] {
            run.state = state
            #expect(throws: RunControlError.hasNotEnded(state)) { try planner.deleteData(run) }
        }
    }
}
