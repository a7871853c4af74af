import PenstockTesting
import Testing

@testable import PenstockRuntime

@Suite("Gate, interruption and alarm", .timeLimit(.minutes(10))) struct SignalTests {
    // MARK: Gate

    @Test func `an announcement that nobody waits for is kept, once`() async throws {
        let gate = Gate()
        gate.open()
        gate.open()
        await gate.wait()
        let passed = TestSignal("the second wait")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await gate.wait()
                passed.raise()
            }
            // Whether it waits already or not, one more announcement lets it pass, and none has before.
            #expect(passed.count == 0)
            gate.open()
            try await passed.wait()
            try await group.waitForAll()
        }
    }

    @Test func `a wait ends with the cancellation of its task, in whatever order they come`() async throws {
        for _ in 0..<2000 {
            let gate = Gate()
            let waiting = Task { await gate.wait() }
            waiting.cancel()
            await waiting.value
        }
    }

    @Test func `no announcement is lost between a waiter and an announcer`() async throws {
        let gate = Gate()
        let opened = TestSignal("openings")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for _ in 0..<20_000 {
                    opened.raise()
                    gate.open()
                    await Task.yield()
                }
            }
            group.addTask {
                while opened.count < 20_000 { await gate.waitIgnoringCancellation() }
            }
            try await group.waitForAll()
        }
    }

    // MARK: Interruption

    @Test func `an interruption cancels its own attempt, or comes too late and cancels nothing`() async {
        for _ in 0..<2000 {
            let cancellation = Gate()
            let attempt = makeAttempt(task("a"), 1, cancellation: cancellation)
            async let raising = attempt.interrupt(.leaseLost)
            let hasFinished = attempt.finish()
            #expect(await raising == !hasFinished)
            #expect(attempt.interruption == (hasFinished ? nil : .leaseLost))
            // What would cancel the handler's task was opened exactly if the attempt was interrupted.
            #expect(cancellation.isOpen == !hasFinished)
        }
    }

    // MARK: Alarm

    private func withAlarm(_ body: (Alarm, EventBox<ContinuousClock.Instant>) async throws -> Void) async throws {
        let alarm = Alarm()
        let rings = EventBox<ContinuousClock.Instant>("rings")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await alarm.run { rings.post(.now) } }
            try await body(alarm, rings)
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    @Test func `rings at the earliest moment that was set, and forgets the others`() async throws {
        try await withAlarm { alarm, rings in
            let now = ContinuousClock.now
            alarm.set(now + .seconds(3600))
            alarm.set(now + .milliseconds(30))
            alarm.set(now + .milliseconds(900))
            let ring = try await rings.next()
            #expect(ring >= now + .milliseconds(30))
            // An earlier moment while it sleeps for a later one.
            alarm.set(.now + .seconds(3600))
            alarm.set(.now - .seconds(1))
            try await rings.next()
            #expect(rings.pending.isEmpty)
        }
    }

    @Test func `what is set while it rings is kept`() async throws {
        let alarm = Alarm()
        let rings = EventBox<Int>("rings")
        let rung = TestSignal("rings so far")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await alarm.run {
                    rung.raise()
                    let number = rung.count
                    rings.post(number)
                    if number < 60 { alarm.set(.now + .microseconds(number * 7 % 300)) }
                }
            }
            alarm.set(.now)
            try await rings.next(within: .seconds(40)) { $0 == 60 }
            group.cancelAll()
            try await group.waitForAll()
        }
    }
}
