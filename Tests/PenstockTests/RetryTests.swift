import EmbeddedRedis
import Penstock
import PenstockStore
import PenstockTesting
import Testing

@Suite("Retries", .timeLimit(.minutes(10))) struct RetryTests {
    struct Execution: Sendable {
        var number: Int
        var attempt: Int
        var at: ContinuousClock.Instant
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var backoff: Backoff
        var waits: [Int]
        var testDescription: String { "\(backoff.shape)" }
    }

    @Test(
        "come as often and as late as the policy says",
        arguments: [
            Row(backoff: .constant(.milliseconds(60)), waits: [60, 60, 60]),
            Row(backoff: .linear(from: .milliseconds(40), jitter: 0), waits: [40, 80, 120]),
            Row(
                backoff: .exponential(from: .milliseconds(40), cap: .milliseconds(100), jitter: 0),
                waits: [40, 80, 100]),
        ])
    func policies(row: Row) async throws {
        try await Rig.with { rig in
            let seen = Notes<Execution>("executions")
            let id = try await rig.penstock.enqueue(Work()).id
            try await RunningWorker.with(rig.penstock, options: .draining) { worker in
                worker.handle(Work.self, retry: RetryPolicy(attempts: 4, backoff: row.backoff)) { job, context in
                    seen.post(Execution(number: job.number, attempt: context.attempt, at: .now))
                    #expect(context.maxAttempts == 4 && context.recoveries == 0)
                    if context.attempt < 4 { throw JobFailure.retryable("not yet") }
                }
            } _: { running in
                let executions = try await seen.next(4)
                #expect(executions.map(\.attempt) == [1, 2, 3, 4])
                for (place, wait) in row.waits.enumerated() {
                    let gap = executions[place + 1].at - executions[place].at
                    // Redis counts whole milliseconds.
                    #expect(gap >= .milliseconds(wait - 1) && gap < .milliseconds(wait + 5000), "\(place): \(gap)")
                }
                try await running.events.next("the end") { $0 == .stopped }
                #expect(running.worker.statistics.retried == 3 && running.worker.statistics.completed == 1)
            }
            #expect(try await rig.penstock.status(id).state == .unknown)
            let queue = try await rig.queue()
            #expect(queue.retried == 3 && queue.completed == 1)
            try await rig.expectNothingLeft()
        }
    }

    @Test("a wait of hours is the clock's, and a job's own policy replaces the handler's")
    func longWaits() async throws {
        try await Rig.with { rig in
            let seen = Notes<Int>("attempts")
            let id = try await rig.penstock.enqueue(
                Work(), .init(maxAttempts: 2, backoff: .constant(.seconds(7200)))
            ).id
            try await RunningWorker.with(rig.penstock, options: .draining) { worker in
                worker.handle(Work.self, retry: .never) { _, context in
                    seen.post(context.attempt)
                    throw JobFailure.retryable("attempt \(context.attempt) failed")
                }
            } _: { _ in
                #expect(try await seen.next() == 1)
                try await eventually("the retry to wait") { try await rig.penstock.status(id).state == .delayed }
                let status = try await rig.penstock.status(id)
                #expect(status.isRetrying && status.failedAttempts == 1)
                #expect(seen.pending.isEmpty)
                try await rig.advanceClock(by: .seconds(7201))
                #expect(try await seen.next() == 2)
                try await eventually("the end of it") { try await rig.penstock.status(id).state == .dead }
            }
            let dead = try #require(try await rig.penstock.deadLetters(queue: "default").first)
            #expect(dead.id == id && dead.failedAttempts == 2 && dead.recoveries == 0)
            #expect(dead.history.map(\.attempt) == [1, 2])
            #expect(dead.history.last?.message == "attempt 2 failed (all attempts used up)")
        }
    }

    @Test("the error decides: permanent, ignorable, at a time of its own")
    func dispositions() async throws {
        try await Rig.with { rig in
            let seen = Notes<Execution>("executions")
            let ids = try await rig.penstock.enqueue(many: (0..<3).map { Work(number: $0) }).map(\.id)
            try await RunningWorker.with(rig.penstock, options: .draining) { worker in
                let state = Occupancy()
                worker.handle(Work.self, retry: .fixed(.milliseconds(10), attempts: 2)) { job, context in
                    seen.post(Execution(number: job.number, attempt: context.attempt, at: .now))
                    switch job.number {
                    case 0: throw JobFailure.permanent("never")
                    case 1:
                        state.enter()
                        if state.total <= 5 { throw JobFailure.ignorable("not my fault") }
                    default: if context.attempt == 1 { throw JobFailure.retry(after: .milliseconds(150), "later") }
                    }
                }
            } _: { running in
                try await running.events.next("the end", within: .seconds(30)) { $0 == .stopped }
            }
            let executions = seen.pending
            func attempts(_ number: Int) -> [Int] { executions.filter { $0.number == number }.map(\.attempt) }
            #expect(attempts(0) == [1])
            #expect(attempts(1) == [1, 1, 1, 1, 1, 1], "ignored attempts do not count")
            #expect(attempts(2) == [1, 2])
            let later = executions.filter { $0.number == 2 }
            #expect(later[1].at - later[0].at >= .milliseconds(149))
            #expect(try await rig.states(ids) == [.dead, .unknown, .unknown])
            let dead = try await rig.penstock.status(ids[0])
            #expect(dead.history.map(\.message) == ["never (permanent failure)"])
        }
    }

    @Test("a total deadline ends the retries, and an attempt that is under way")
    func deadline() async throws {
        try await Rig.with { rig in
            let seen = Notes<Int>("attempts")
            let retried = try await rig.penstock.enqueue(Work(number: 1), .init(deadline: .seconds(6))).id
            let running = try await rig.penstock.enqueue(Work(number: 2), .init(deadline: .seconds(6))).id
            try await RunningWorker.with(rig.penstock, options: .draining) { worker in
                worker.handle(Work.self, retry: .fixed(.seconds(2), attempts: 100)) { job, context in
                    if job.number == 2 {
                        do { try await untilCancelled() } catch {
                            #expect(context.cancellation == .timedOut)
                            throw error
                        }
                    }
                    seen.post(context.attempt)
                    throw JobFailure.retryable("no")
                }
            } _: { running in
                try await running.events.next("the end", within: .seconds(30)) { $0 == .stopped }
            }
            #expect((1...3).contains(seen.pending.count))
            #expect(try await rig.states([retried, running]) == [.dead, .dead])
            let first = try await rig.penstock.status(retried)
            #expect(first.history.last?.message.contains("deadline passed") == true)
            #expect(try await rig.penstock.status(running).history.map(\.message) == ["deadline passed while it ran"])
        }
    }

    @Test("a payload that is not what the kind says is a dead letter, with the reason; others go on")
    func undecodable() async throws {
        try await Rig.with { rig in
            let done = Notes<Int>("done")
            let bad = try await rig.penstock.enqueue(kind: Work.name, payload: Array("{\"number\":\"seven\"}".utf8)).id
            let torn = try await rig.penstock.enqueue(kind: Work.name, payload: [0, 255]).id
            try await rig.penstock.enqueue(Work(number: 7))
            try await RunningWorker.with(rig.penstock, options: .draining) { worker in
                worker.handle(Work.self) { job, _ in done.post(job.number) }
            } _: { running in
                #expect(try await done.next() == 7)
                try await running.events.next("the end") { $0 == .stopped }
            }
            #expect(done.pending.isEmpty)
            for id in [bad, torn] {
                let status = try await rig.penstock.status(id)
                #expect(status.state == .dead && status.failedAttempts == 1)
                #expect(status.history.last?.message.hasPrefix("payload is no work: ") == true)
            }
            #expect(try await rig.penstock.status(bad).payload == Array("{\"number\":\"seven\"}".utf8))
        }
    }

    @Test("a dead letter that is retried by hand has all its attempts again")
    func byHand() async throws {
        try await Rig.with { rig in
            let attempts = Notes<Int>("attempts")
            let id = try await rig.penstock.enqueue(Work()).id
            try await RunningWorker.with(rig.penstock) { worker in
                worker.handle(Work.self, retry: .fixed(.milliseconds(5), attempts: 2)) { _, context in
                    attempts.post(context.attempt)
                    throw JobFailure.retryable("no")
                }
            } _: { _ in
                #expect(try await attempts.next(2) == [1, 2])
                try await eventually("the dead letter") { try await rig.penstock.status(id).state == .dead }
                #expect(try await rig.penstock.retry([id]) == [.ready])
                #expect(try await attempts.next(2) == [1, 2])
                try await eventually("the dead letter") { try await rig.penstock.status(id).state == .dead }
                #expect(try await rig.penstock.status(id).history.count == 4)
                #expect(try await rig.penstock.discard([id]) == [.discarded])
            }
            try await rig.expectNothingLeft()
        }
    }
}
