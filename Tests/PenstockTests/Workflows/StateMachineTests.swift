import Logging
import Penstock
import PenstockTesting
import Testing

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Rows S1 to S7 of the features: state machines.
@Suite("State machines", .timeLimit(.minutes(10))) struct StateMachineTests {
    struct Account: Codable, Sendable, Hashable {
        var name = "ann"
        var visits = 0
    }

    enum Status: String, CaseIterable, Codable, Sendable { case created, verifying, active, expired }

    @Test("S1: a step returns the next status, skip, or save-and-repeat; what is not declared is an error")
    func transitions() async throws {
        let machine = try StateMachine("transitions", object: Account.self, initial: Status.created) { machine in
            machine.step(.created, to: .verifying, retry: .never) { account, _ in
                account.visits += 1
                if account.name == "wrong" { return .to(.active) }
                return account.visits < 3 ? .saveAndRepeat : .to(.verifying)
            }
            machine.step(.verifying, to: .active, .expired) { account, _ in
                account.name = "not saved"
                return .skip
            }
            machine.callback("confirm", in: .verifying, to: .active, payload: String.self) { account, text, _ in
                account.name += " \(text)"
                return .to(.active)
            }
        }
        try await withWorkflows {
            $0.handle(machine)
        } _: { rig in
            let run = try await rig.penstock.start(machine, Account())
            _ = try await run.run.wait(forStatus: "verifying")
            try await eventually("the step to have skipped") {
                try await run.run.status().status == "verifying"
            }
            try await run.run.callback("confirm", "confirmed")
            #expect(try await run.output() == Account(name: "ann confirmed", visits: 3))
            #expect(
                try await run.run.history().flatMap(\.moves).compactMap { move in
                    if case .status(let status) = move { status } else { nil }
                } == ["created", "verifying", "active"])
            let wrong = try await rig.penstock.start(machine, Account(name: "wrong")).run.wait()
            #expect(wrong.state == .failed)
        }
        let error = #expect(throws: InvalidShape.self) {
            try StateMachine("stuck", object: Account.self, initial: Status.created) { machine in
                machine.step(.created, to: .verifying) { _, _ in .skip }
            }
        }
        #expect(error?.description.contains("state \"active\" cannot be reached") == true)
    }

    @Test("S2: callbacks bring a payload; a wrong status is a clear answer, a wrong payload does not harm the run")
    func callbacks() async throws {
        let machine = try StateMachine("callbacks", object: Account.self, initial: Status.verifying) { machine in
            machine.callback("confirm", in: .verifying, to: .active, payload: Int.self) { account, number, _ in
                account.visits = number
                return number > 0 ? .to(.active) : .skip
            }
            machine.callback("expire", in: .active, to: .expired, payload: NoInput.self) { _, _, _ in .to(.expired) }
            machine.step(.created, to: .verifying) { _, _ in .to(.verifying) }
            machine.callback("again", in: .verifying, to: .created, payload: NoInput.self) { _, _, _ in .to(.created) }
        }
        try await withWorkflows {
            $0.handle(machine)
        } _: { rig in
            let run = try await rig.penstock.start(machine, Account())
            let error = await #expect(throws: PenstockError.self) { try await run.run.callback("expire", NoInput()) }
            #expect(error?.code == .notNow)
            #expect(error?.message.contains("state \"verifying\" takes no callback \"expire\"") == true)
            try await run.run.callback("confirm", "no number")
            try await run.run.callback("confirm", 0)
            try await run.run.callback("confirm", 7)
            #expect(try await run.run.wait(forStatus: "active").status == "active")
            try await run.run.callback("expire", NoInput())
            #expect(try await run.output().visits == 7)
            await expectNotNow { try await run.run.callback("confirm", 1) }
            let graph = try Workflow("graph", input: NoInput.self) { $0.signal("go", of: Int.self) }
            let other = try await rig.penstock.start(graph)
            await expectNotNow { try await other.run.callback("confirm", 1) }
            await expectNotNow { try await run.run.signal("confirm", 1) }
            try await other.run.cancel()
        }
    }

    @Test("S2: a callback saves the object and stays, in a status that has no code to repeat")
    func callbackThatStays() async throws {
        let machine = try StateMachine("stays", object: Account.self, initial: Status.verifying) { machine in
            machine.callback("count", in: .verifying, to: .active, payload: NoInput.self) { account, _, _ in
                account.visits += 1
                return account.visits < 3 ? .saveAndRepeat : .to(.active)
            }
            machine.step(.created, to: .verifying) { _, _ in .to(.verifying) }
            machine.callback("back", in: .active, to: .created, .expired, payload: NoInput.self) { _, _, _ in
                .to(.expired)
            }
        }
        try await withWorkflows {
            $0.handle(machine)
        } _: { rig in
            let run = try await rig.penstock.start(machine, Account())
            for _ in 0..<2 { try await run.run.callback("count", NoInput()) }
            try await eventually("nothing to be left to do") {
                let queue = try await rig.queue()
                return queue.ready + queue.running + queue.delayed == 0
            }
            let saved = try #require(try await run.run.output())
            #expect(try JSONCodec().decode(Account.self, from: saved).visits == 2)
            try await run.run.callback("count", NoInput())
            #expect(try await run.run.wait(forStatus: "active").status == "active")
            try await run.run.callback("back", NoInput())
            #expect(try await run.output().visits == 3)
        }
    }

    @Test("S3: time-outs by duration, computed or absolute; gone when the status changes, kept while paused")
    func timeouts() async throws {
        let journal = Journal()
        let machine = try StateMachine("timeouts", object: Account.self, initial: Status.created) { machine in
            machine.timeout(in: .created, after: .seconds(60), to: .verifying) { _, _ in
                journal.note("created")
                return .to(.verifying)
            }
            machine.callback("go", in: .created, to: .verifying, payload: NoInput.self) { _, _, _ in .to(.verifying) }
            machine.timeout(
                in: .verifying, after: { account in .seconds(account.visits) }, to: .active
            ) { _, _ in
                journal.note("verifying")
                return .to(.active)
            }
            machine.timeout(in: .active, at: { _ in Date(timeIntervalSince1970: 1) }, to: .expired) { _, _ in
                journal.note("active")
                return .to(.expired)
            }
        }
        try await withWorkflows {
            $0.handle(machine)
        } _: { rig in
            let run = try await rig.penstock.start(machine, Account(visits: 3600)).run
            let other = try await rig.penstock.start(machine, Account(visits: 3600)).run
            try await run.callback("go", NoInput())
            _ = try await run.wait(forStatus: "verifying")
            try await other.pause()
            try await rig.advanceClock(by: .seconds(120))
            // The time-out of the first status is gone with it; that of the paused run waits.
            try await eventually("the time-out to be put aside") {
                try await rig.command("LLEN", "{t:0}:shelf:\(other.id)").int == 1
            }
            #expect(journal.all == [])
            try await other.resume()
            _ = try await other.wait(forStatus: "verifying")
            #expect(journal.all == ["created"])
            try await rig.advanceClock(by: .seconds(3600))
            for run in [run, other] { #expect(try await run.wait().status == "expired") }
            #expect(journal.count("verifying") == 2 && journal.count("active") == 2 && journal.count("created") == 1)
        }
    }

    @Test("S4: a run is paused after so many errors in a row, counted durably, and goes on by hand or by itself")
    func pauseAfterErrors() async throws {
        let journal = Journal()
        let works = Switch()
        let machine = try StateMachine("pauses", object: Account.self, initial: Status.created) { machine in
            machine.step(
                .created, to: .verifying, retry: .fixed(.milliseconds(1), attempts: 2), pauseAfterErrors: 3
            ) { _, _ in
                journal.note("created")
                if !works.isOn { throw Broken() }
                works.turnOff()
                return .to(.verifying)
            }
            machine.step(
                .verifying, to: .active, .expired, retry: .quick(1000), pauseAfterErrors: 2, resumeAfter: .seconds(60)
            ) { _, _ in
                journal.note("verifying")
                if !works.isOn { throw Broken() }
                return .to(.active)
            }
            machine.hook(.paused) { account, context in journal.note("paused \(account.name)") }
        }
        try await Rig.with { rig in
            let run = try await rig.penstock.start(machine, Account()).run
            // Each worker lives for one attempt: what is counted is in Redis.
            try await RunningWorker.with(rig.penstock) {
                $0.handle(machine)
            } _: { _ in
                _ = try await run.wait(for: .paused)
                #expect(journal.count("created") <= 3)
                try await eventually("the hook") { journal.count("paused ann") == 1 }
                works.turnOn()
                try await run.resume()
                _ = try await run.wait(forStatus: "verifying")
                try await eventually("two errors and a pause") {
                    try await run.status().state == .paused && journal.count("verifying") == 2
                }
                works.turnOn()
                try await rig.advanceClock(by: .seconds(61))
                #expect(try await run.wait().state == .succeeded)
                #expect(journal.count("verifying") == 3)
            }
        }
    }

    @Test("S5: parallel count by a limit, error back-off, and a lag that is told of")
    func options() async throws {
        let occupancy = Occupancy()
        let machine = try StateMachine("options", object: Account.self, initial: Status.created) { machine in
            machine.step(
                .created, to: .active, .verifying, .expired, retry: .exponential(from: .milliseconds(1), attempts: 3),
                limits: ["step:sign-up"], lagAlert: .milliseconds(1)
            ) { _, context in
                occupancy.enter()
                defer { occupancy.leave() }
                await Task.yield()
                if context.attempt < 3 { throw Broken() }
                return .to(.active)
            }
        }
        try await withWorkflows {
            $0.handle(machine)
        } _: { rig in
            try await rig.penstock.setLimit("step:sign-up", LimitTerms(concurrency: 2))
            var runs: [TypedRun<Account>] = []
            for _ in 0..<10 { runs.append(try await rig.penstock.start(machine, Account())) }
            for run in runs { #expect(try await run.run.wait().state == .succeeded) }
            #expect(occupancy.most <= 2 && occupancy.total == 30)
        }
    }

    @Test("S5: code is held back until its status is old enough, and a late start is told of")
    func lag() async throws {
        let machine = try StateMachine("lag", object: Account.self, initial: Status.created) { machine in
            machine.step(.created, to: .verifying, consumeLag: .seconds(60), lagAlert: .seconds(90)) { _, _ in
                .to(.verifying)
            }
            machine.step(.verifying, to: .active, .expired, lagAlert: .seconds(3600)) { _, _ in .to(.active) }
        }
        try await Rig.with { rig in
            let run = try await rig.penstock.start(machine, Account())
            try await RunningWorker.with(rig.penstock) {
                $0.handle(machine)
            } _: { _ in
                try await eventually("the visit to be held back") { try await rig.queue().delayed == 1 }
                #expect(try await run.run.status().status == "created")
                try await rig.advanceClock(by: .seconds(60))
                #expect(try await run.run.wait().state == .succeeded)
            }
        }
        let told = Journal()
        try await Rig.with { rig in
            let late = try await rig.penstock.start(machine, Account())
            try await rig.advanceClock(by: .seconds(120))
            let worker = Worker(
                rig.penstock, options: .quick, logger: Logger(label: "test") { _ in RecordingLog(journal: told) })
            worker.handle(machine)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await worker.run() }
                let status = try await late.run.wait()
                #expect(status.state == .succeeded)
                group.cancelAll()
                try? await group.waitForAll()
            }
            #expect(told.all.count { $0.contains("waits longer for its code") && $0.contains("created") } == 1)
        }
    }

    @Test("S6: started with a foreign id, a status and a value; the states of a run; deletion of its data")
    func start() async throws {
        let machine = try StateMachine("start", object: Account.self, initial: Status.created) { machine in
            machine.step(.created, to: .verifying) { _, _ in .to(.verifying) }
            machine.callback("confirm", in: .verifying, to: .active, .expired, payload: NoInput.self) { _, _, _ in
                .to(.active)
            }
            machine.scrub { _ in Account(name: "scrubbed") }
        }
        try await withWorkflows {
            $0.handle(machine)
        } _: { rig in
            let run = try await rig.penstock.start(machine, Account(name: "eve"), in: .verifying, .init(foreignID: "7"))
            #expect(try await run.run.status().status == "verifying")
            #expect(try await rig.penstock.start(machine, Account(), .init(foreignID: "7")).isExisting)
            let wrong = await #expect(throws: PenstockError.self) {
                try await rig.penstock.start(workflow: "start", input: [], .init(status: "nowhere"))
            }
            #expect(wrong?.message.contains("has no status \"nowhere\"") == true)
            try await run.run.pause()
            #expect(try await run.run.status().state == .paused)
            await expectNotNow { try await run.run.callback("confirm", NoInput()) }
            try await run.run.resume()
            try await run.run.callback("confirm", NoInput())
            #expect(try await run.output() == Account(name: "eve"))
            try await run.run.deleteData()
            #expect(try await run.run.wait(for: .dataDeleted).state == .dataDeleted)
            #expect(try await run.output() == Account(name: "scrubbed"))
            let cancelled = try await rig.penstock.start(machine, Account(), in: .verifying)
            try await cancelled.run.cancel()
            #expect(try await cancelled.run.wait().state == .cancelled)
        }
    }

    @Test("S7: of a step, a callback and a time-out that end the same visit one wins; the others find it over")
    func oneWins() async throws {
        let journal = Journal()
        let door = Door()
        let started = TestSignal("the step")
        let machine = try StateMachine("wins", object: Account.self, initial: Status.created) { machine in
            machine.step(.created, to: .verifying) { account, _ in
                started.raise()
                await door.pass()
                account.name = "step"
                journal.note("step")
                return .to(.verifying)
            }
            machine.callback("go", in: .created, to: .active, .expired, payload: NoInput.self) { account, _, _ in
                account.name = "callback"
                return .to(.active)
            }
            machine.step(.verifying, to: .active) { _, _ in .to(.active) }
        }
        try await withWorkflows {
            $0.handle(machine)
        } _: { rig in
            let run = try await rig.penstock.start(machine, Account())
            try await started.wait()
            try await run.run.callback("go", NoInput())
            #expect(try await run.output() == Account(name: "callback"))
            door.open()
            try await eventually("the step to end") { journal.all == ["step"] }
            try await eventually("nothing to run") { try await rig.queue().running == 0 }
            #expect(try await run.output() == Account(name: "callback"))
            #expect(try await run.run.status().status == "active")
        }
    }
}

/// Keeps what is logged.
private struct RecordingLog: LogHandler {
    let journal: Journal
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { journal.note("\(event.level) \(event.message) \(event.metadata ?? [:])") }
}
