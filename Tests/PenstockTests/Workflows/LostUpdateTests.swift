import Penstock
import PenstockTesting
import Testing

/// Several who change the object of one machine at once.
@Suite("Lost updates", .timeLimit(.minutes(10))) struct LostUpdateTests {
    enum Status: String, CaseIterable, Codable, Sendable { case open, closed }

    @Test("S7: code whose object was changed meanwhile runs again on the new one: nobody undoes what another has saved")
    func callbacks() async throws {
        let (started, door) = (TestSignal("the slow one"), Door())
        let calls = Journal()
        let machine = try StateMachine("sum", object: Int.self, initial: Status.open) { machine in
            machine.callback("add", in: .open, to: .closed, payload: Int.self) { sum, number, _ in
                calls.note("\(sum) + \(number)")
                if number == 1 {
                    started.raise()
                    await door.pass()
                }
                sum += number
                return sum == 111 ? .to(.closed) : .saveAndRepeat
            }
        }
        let prepare: @Sendable (Worker) -> Void = { $0.handle(machine) }
        try await withWorkflows(prepare) { rig in
            let run = try await rig.penstock.start(machine, 0)
            try await run.run.callback("add", 1)
            try await started.wait()
            for number in [10, 100] {
                let before = try await run.run.output()
                try await run.run.callback("add", number)
                try await eventually("\(number) to be added") { try await run.run.output() != before }
            }
            door.open()
            #expect(try await run.output() == 111)
            #expect(calls.all == ["0 + 1", "0 + 10", "10 + 100", "110 + 1"])
        }
    }

    @Test("S7: a pause in between is no other object: the end of code that ran before it counts, and it runs once")
    func pause() async throws {
        let (started, door) = (TestSignal("the code"), Door())
        let calls = Journal()
        let machine = try StateMachine("paused", object: Int.self, initial: Status.open) { machine in
            machine.step(.open, to: .closed) { sum, _ in
                calls.note("step")
                started.raise()
                await door.pass()
                sum += 1
                return .to(.closed)
            }
        }
        let prepare: @Sendable (Worker) -> Void = { $0.handle(machine) }
        try await withWorkflows(prepare) { rig in
            let run = try await rig.penstock.start(machine, 0)
            try await started.wait()
            try await run.run.pause()
            door.open()
            _ = try await run.run.wait(forStatus: "closed")
            try await run.run.resume()
            #expect(try await run.output() == 1)
            #expect(calls.all == ["step"])
        }
    }
}
