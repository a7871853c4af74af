import PenstockTesting
import Testing

@testable import PenstockRuntime

@Suite("Gate, interrupt and alarm", .timeLimit(.minutes(1))) struct SignalTests {
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

    // MARK: Interrupt

    @Test func `an interruption reaches the waiter, be it raised before or after`() async {
        for early in [true, false] {
            let interrupt = Interrupt()
            if early { interrupt.raise(.shutdown) }
            async let reason = interrupt.wait()
            interrupt.raise(.shutdown)
            #expect(await reason == .shutdown)
        }
    }

    @Test func `a cancelled wait ends with nothing, and races end one way or the other`() async {
        var raised = 0
        for _ in 0..<2000 {
            let interrupt = Interrupt()
            let waiting = Task { await interrupt.wait() }
            async let raising = interrupt.raise(.leaseLost)
            waiting.cancel()
            let first = await raising
            #expect(first)
            if await waiting.value != nil { raised += 1 }
            #expect(interrupt.reason == .leaseLost)
        }
        let interrupt = Interrupt()
        let waiting = Task { await interrupt.wait() }
        waiting.cancel()
        #expect(await waiting.value == nil)
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
                    if number < 200 { alarm.set(.now + .microseconds(number * 7 % 300)) }
                }
            }
            alarm.set(.now)
            try await rings.next { $0 == 200 }
            group.cancelAll()
            try await group.waitForAll()
        }
    }
}
