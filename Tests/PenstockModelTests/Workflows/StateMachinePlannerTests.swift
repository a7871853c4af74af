import PenstockModel
import PenstockTesting
import Testing

@Suite struct StateMachinePlannerTests {
    static let shape = StateMachineShape(
        [
            MachineState("created", next: ["verifying", "rejected"]),
            MachineState(
                "verifying", next: ["done", "rejected", "verifying"], hasStep: false, callbacks: ["code"],
                hasTimeout: true),
            MachineState("rejected", hasStep: false),
            MachineState("done", hasStep: false),
            MachineState("flaky", next: ["done"], pauseAfterErrors: 3, resumeAfter: .seconds(60)),
            MachineState("entry", next: ["created", "flaky"]),
        ], initial: "entry")

    static func planner() throws -> StateMachinePlanner { try StateMachinePlanner(shape, hooks: [.paused]) }
    static func facts(_ state: String, visit: Int = 1, _ run: RunState = .running) -> MachineFacts {
        MachineFacts(run: RunFacts(state: run, pausedFrom: run == .paused ? .running : nil), state: state, visit: visit)
    }

    @Test("S1: a state's code names the next declared state, skips, or saves and repeats; anything else is an error")
    func next() throws {
        let planner = try Self.planner()
        let task = RunTask.visit("created", 1)
        #expect(
            try planner.ended(task, .next("verifying"), Self.facts("created")).effects == [
                .keepObject, .enterState("verifying"), .armAtCarriedMoment(.visitTimeout("verifying", 2)),
            ])
        #expect(
            try planner.ended(task, .next("rejected"), Self.facts("created")).effects == [
                .keepObject, .enterState("rejected"), .moveRun(from: .running, to: .succeeded),
            ])
        #expect(try planner.ended(task, .stay, Self.facts("created")).effects == [.close])
        #expect(
            try planner.ended(task, .saveAndRepeat, Self.facts("created")).effects == [
                .keepObject, .schedule(.visit("created", 1), opens: true), .close,
            ])
        #expect(throws: RunControlError.undeclaredState(state: "created", next: "done")) {
            try planner.ended(task, .next("done"), Self.facts("created"))
        }
        #expect(throws: RunControlError.undeclaredState(state: "created", next: "x")) {
            try planner.ended(task, .next("x"), Self.facts("created"))
        }
    }

    @Test("S6: a run starts in the initial state or in another, which must be declared")
    func start() throws {
        let planner = try Self.planner()
        let pending = MachineFacts(run: RunFacts(state: .pending))
        #expect(
            try planner.start(pending).effects == [
                .moveRun(from: .pending, to: .running), .enterState("entry"),
                .schedule(.visit("entry", 1), opens: true),
            ])
        #expect(
            try planner.start(in: "verifying", pending).effects == [
                .moveRun(from: .pending, to: .running), .enterState("verifying"),
                .armAtCarriedMoment(.visitTimeout("verifying", 1)),
            ])
        #expect(throws: RunControlError.undeclaredState(state: "", next: "x")) { try planner.start(in: "x", pending) }
    }

    @Test("S2: a callback is taken by the state that declares it, and refused with reasons by any other")
    func callback() throws {
        let planner = try Self.planner()
        #expect(
            try planner.callback("code", Self.facts("verifying", visit: 2)).effects == [
                .schedule(.event("code", "verifying", 2), opens: true)
            ])
        #expect(
            try planner.ended(.event("code", "verifying", 2), .next("done"), Self.facts("verifying", visit: 2)).effects
                == [.keepObject, .enterState("done"), .moveRun(from: .running, to: .succeeded)])
        #expect(
            try planner.ended(.event("code", "verifying", 2), .stay, Self.facts("verifying", visit: 2)).effects == [
                .close
            ])
        #expect(throws: RunControlError.wrongState(event: "code", state: "created")) {
            try planner.callback("code", Self.facts("created"))
        }
        #expect(throws: RunControlError.notNow(.paused)) {
            try planner.callback("code", Self.facts("verifying", .paused))
        }
        #expect(throws: RunControlError.hasEnded(.succeeded)) {
            try planner.callback("code", Self.facts("done", .succeeded))
        }
    }

    @Test("S3: a time-out acts on its own visit only, waits while the run is paused, and closes nothing")
    func timeout() throws {
        let planner = try Self.planner()
        let task = RunTask.visitTimeout("verifying", 2)
        #expect(planner.begin(task, Self.facts("verifying", visit: 2), round: 1) == .execute)
        #expect(planner.begin(task, Self.facts("verifying", visit: 3), round: 1) == .drop)
        #expect(planner.begin(task, Self.facts("done", visit: 3, .succeeded), round: 1) == .drop)
        #expect(planner.begin(task, Self.facts("verifying", visit: 2), round: 2) == .drop)
        #expect(planner.begin(task, Self.facts("verifying", visit: 2, .paused), round: 1) == .park)
        #expect(try planner.ended(task, .stay, Self.facts("verifying", visit: 2)).effects.isEmpty)
        #expect(
            try planner.ended(task, .next("verifying"), Self.facts("verifying", visit: 2)).effects == [
                .keepObject, .enterState("verifying"), .armAtCarriedMoment(.visitTimeout("verifying", 3)),
            ])
    }

    @Test("S4: so many errors in a row pause the run; it resumes by itself where asked to")
    func pauses() throws {
        let planner = try Self.planner()
        let task = RunTask.visit("flaky", 1)
        for errors in [1, 2, 4, 5] {
            #expect(planner.failed(task, errors: errors, isLast: false, Self.facts("flaky")) == nil)
        }
        for (errors, isLast) in [(3, false), (6, false), (1, true)] {
            let plan = try #require(planner.failed(task, errors: errors, isLast: isLast, Self.facts("flaky")))
            #expect(plan.task == .parked)
            #expect(
                plan.effects == [
                    .moveRun(from: .running, to: .paused), .schedule(.hook(.paused), opens: false),
                    .arm(.resume(1), after: .seconds(60)),
                ])
        }
        #expect(planner.failed(task, errors: 3, isLast: false, Self.facts("flaky", .paused)) == .park)
        #expect(planner.begin(.resume(1), Self.facts("flaky", .paused), round: 1) == .execute)
        #expect(planner.begin(.resume(1), Self.facts("flaky", visit: 2, .paused), round: 1) == .drop)
        #expect(planner.begin(.resume(1), Self.facts("flaky"), round: 1) == .drop)
        let created = RunTask.visit("created", 1)
        #expect(planner.failed(created, errors: 9, isLast: false, Self.facts("created")) == nil)
        #expect(
            planner.failed(created, errors: 10, isLast: true, Self.facts("created"))?.effects == [
                .close, .moveRun(from: .running, to: .failed),
            ])
    }

    @Test("S7: whoever comes second to a visit changes nothing")
    func optimistic() throws {
        let planner = try Self.planner()
        var interpreter = RunInterpreter()
        func commit(_ plan: Plan, _ facts: MachineFacts, _ id: Int?) -> RunInterpreter.Answer {
            interpreter.commit(plan, revision: facts.run.revision, task: id)
        }
        #expect(
            commit(try planner.start(in: "verifying", interpreter.machineFacts), interpreter.machineFacts, nil)
                == .applied)
        let read = interpreter.machineFacts
        #expect(commit(try planner.callback("code", read), read, nil) == .applied)
        interpreter.fire(0)
        let event = interpreter.claim(0)
        let timeout = interpreter.claim(0)
        #expect(commit(try planner.ended(event.task, .next("done"), read), read, event.id) == .applied)
        #expect(commit(try planner.ended(timeout.task, .next("rejected"), read), read, timeout.id) == .conflict)
        let now = interpreter.machineFacts
        #expect(planner.begin(timeout.task, now, round: 1) == .drop)
        #expect(try planner.ended(timeout.task, .next("rejected"), now) == .nothing)
        #expect(commit(.nothing, now, timeout.id) == .applied)
        #expect(interpreter.run.state == .succeeded && interpreter.machineState == "done" && interpreter.open == 0)
    }

    @Test("G8: a run that is paused or cancelled lets the code that runs come to its end, and starts nothing")
    func stopping() throws {
        let planner = try Self.planner()
        let task = RunTask.visit("created", 1)
        let cancelled = Effect.whenIdle([.moveRun(from: .cancelling, to: .cancelled)])
        #expect(
            try planner.cancel(Self.facts("created")).effects == [.moveRun(from: .running, to: .cancelling), cancelled])
        let cancelling = Self.facts("created", .cancelling)
        #expect(planner.begin(task, cancelling, round: 1) == .end(.stopped))
        #expect(
            try planner.ended(task, .next("verifying"), cancelling).effects == [
                .keepObject, .enterState("verifying"), cancelled,
            ])
        #expect(try planner.ended(task, .saveAndRepeat, cancelling).effects == [.keepObject, .close, cancelled])
        #expect(planner.failed(task, errors: 1, isLast: false, cancelling)?.effects == [.close, cancelled])
        // The end is reached, and is told when somebody resumes the run.
        #expect(
            try planner.ended(task, .next("rejected"), Self.facts("created", .paused)).effects == [
                .keepObject, .enterState("rejected"),
            ])
        #expect(
            try planner.resume(Self.facts("rejected", visit: 2, .paused)).effects == [
                .moveRun(from: .paused, to: .running), .releaseParked, .moveRun(from: .running, to: .succeeded),
            ])
    }

    @Test("S6: the data of a run that has ended are deleted by the one task that it still has")
    func deletion() throws {
        let planner = try Self.planner()
        let task = RunTask.deleteData(from: 0)
        let ended = Self.facts("done", visit: 3, .succeeded)
        #expect(
            try planner.deleteData(ended).effects == [
                .moveRun(from: .succeeded, to: .deletingData), .schedule(task, opens: false),
            ])
        #expect(throws: RunControlError.hasNotEnded(.running)) { try planner.deleteData(Self.facts("created")) }
        let deleting = Self.facts("done", visit: 3, .deletingData)
        #expect(try planner.deleteData(deleting) == .nothing)
        #expect(planner.begin(task, deleting, round: 1) == .execute)
        #expect(planner.begin(task, deleting, round: 2) == .drop)
        #expect(planner.begin(task, ended, round: 1) == .drop && planner.erase(ended) == .nothing)
        for (leaves, remains) in [(true, RunRemains.object), (false, .nothing)] {
            #expect(
                planner.erase(deleting, leavesObject: leaves).effects == [
                    .erase(leaving: remains), .moveRun(from: .deletingData, to: .dataDeleted),
                ])
        }
        // What hooks and callbacks would tell is there until then.
        let deleted = Self.facts("done", visit: 3, .dataDeleted)
        #expect(planner.begin(.hook(.completed), deleting, round: 1) == .execute)
        #expect(planner.begin(.hook(.completed), deleted, round: 1) == .drop)
        #expect(planner.begin(.callback(CallbackMoment(.succeeded)), deleted, round: 1) == .drop)
        #expect(
            try planner.deleteData(deleted).effects == [
                .moveRun(from: .dataDeleted, to: .deletingData), .schedule(task, opens: false),
            ])
    }

    /// Steps, callbacks and time-outs of a machine that may wander for ever, in any order, with pauses, faults and a cancel.
    @Test(
        "a machine under everything at once visits only declared states, ends once and leaves nothing",
        arguments: 0..<300)
    func random(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let names = (0..<6).map { "s\($0)" }
        let shape = StateMachineShape(
            names.map {
                MachineState(
                    $0, next: names + ["end"], hasStep: random.chance(0.7), callbacks: ["go"], hasTimeout: true)
            }
                + [MachineState("end", hasStep: false)], initial: "s0")
        let planner = try StateMachinePlanner(shape)
        var interpreter = RunInterpreter()
        var held: [(RunInterpreter.LiveTask, MachineFacts)] = []
        _ = interpreter.commit(try planner.start(interpreter.machineFacts), revision: 0, task: nil)
        for turn in 0..<400 {
            let facts = interpreter.machineFacts
            let control: Plan?
            switch Int.random(in: 0..<40, using: &random) {
            case 0: control = try? planner.pause(facts)
            case 1, 2: control = try? planner.resume(facts)
            case 3 where turn > 200: control = try? planner.cancel(facts)
            case 4...8: control = try? planner.callback("go", facts)
            default: control = nil
            }
            if let control { _ = interpreter.commit(control, revision: facts.run.revision, task: nil) }
            if !interpreter.timers.isEmpty && random.chance(0.1) { interpreter.fire(0) }
            if !interpreter.queue.isEmpty && random.chance(0.6) {
                let task = interpreter.claim(Int.random(in: 0..<interpreter.queue.count, using: &random))
                held.append((task, interpreter.machineFacts))
            } else if let index = held.indices.randomElement(using: &random) {
                let (task, read) = held.remove(at: index)
                if random.chance(0.1) {
                    interpreter.giveBack(task.id, wasAttempted: true)
                    continue
                }
                let plan: Plan
                switch planner.begin(task.task, read, round: task.round) {
                case .drop: plan = .nothing
                case .park: plan = .park
                case .end: plan = try planner.ended(task.task, .stopped, read)
                case .execute:
                    let next = random.chance(0.03) ? "end" : names.randomElement(using: &random) ?? "s0"
                    plan = try planner.ended(
                        task.task, random.chance(0.2) ? .saveAndRepeat : .next(next), read)
                }
                switch interpreter.commit(plan, revision: read.run.revision, task: task.id) {
                case .applied: break
                case .conflict: held.append((task, interpreter.machineFacts))
                case .stale: Issue.record("a held task is unknown")
                }
            }
        }
        // To the end.
        if interpreter.run.state == .paused {
            _ = interpreter.commit(
                try planner.resume(interpreter.machineFacts), revision: interpreter.run.revision, task: nil)
        }
        if !interpreter.run.state.isTerminal {
            _ = interpreter.commit(
                try planner.cancel(interpreter.machineFacts), revision: interpreter.run.revision, task: nil)
        }
        while !interpreter.queue.isEmpty || !held.isEmpty {
            let task = held.popLast()?.0 ?? interpreter.claim(0)
            let facts = interpreter.machineFacts
            let isDropped = planner.begin(task.task, facts, round: task.round) == .drop
            let plan = isDropped ? .nothing : try planner.ended(task.task, .stopped, facts)
            #expect(interpreter.commit(plan, revision: facts.run.revision, task: task.id) == .applied)
        }
        #expect(interpreter.run.state == .succeeded || interpreter.run.state == .cancelled, "seed \(seed)")
        #expect(interpreter.open == 0 && interpreter.parked.isEmpty, "seed \(seed): \(interpreter.open)")
        #expect(interpreter.runMoves.count { $0.isTerminal } == 1, "seed \(seed)")
    }
}
