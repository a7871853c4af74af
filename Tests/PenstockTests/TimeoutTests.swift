import Penstock
import PenstockTesting
import Testing

@Suite("Handlers that do not end", .timeLimit(.minutes(10))) struct TimeoutTests {
    @Test("one that honours cancellation fails its attempt, and knows why")
    func honoured() async throws {
        try await Rig.with { rig in
            let reasons = Notes<JobContext.Cancellation?>("reasons")
            let id = try await rig.penstock.enqueue(Work(), .init(timeout: .milliseconds(60))).id
            try await RunningWorker.with(rig.penstock, options: .draining) { worker in
                worker.handle(Work.self, retry: .fixed(.milliseconds(10), attempts: 2), timeout: .seconds(50)) {
                    _, context in
                    do { try await untilCancelled() } catch {
                        reasons.post(context.cancellation)
                        throw error
                    }
                }
            } _: { running in
                #expect(try await reasons.next(2) == [.timedOut, .timedOut])
                try await running.events.next("the end") { $0 == .stopped }
            }
            let status = try await rig.penstock.status(id)
            #expect(status.state == .dead && status.failedAttempts == 2)
            #expect(
                status.history.map(\.message) == [
                    "timed out after 0.06 seconds", "timed out after 0.06 seconds (all attempts used up)",
                ])
        }
    }

    @Test("one that is deaf loses its slot after the grace time; its late return changes nothing; others go on")
    func deaf() async throws {
        try await Rig.with { rig in
            let door = Door()
            let done = Notes<Int>("done")
            let inside = Occupancy()
            let deaf = try await rig.penstock.enqueue(
                Work(number: -1), .init(maxAttempts: 1, timeout: .milliseconds(50))
            ).id
            let options = Worker.Options.quick.with { $0.cancellationGrace = .milliseconds(50) }
            // One slot: whatever runs after the deaf one runs in the slot that was given away.
            try await RunningWorker.with(rig.penstock, concurrency: 1, options: options) { worker in
                worker.handle(Work.self) { job, _ in
                    inside.enter()
                    if job.number < 0 { await door.pass() }
                    inside.leave()
                    done.post(job.number)
                }
            } _: { running in
                try await eventually("the dead letter") { try await rig.penstock.status(deaf).state == .dead }
                #expect(inside.now == 1, "its handler still runs")
                try await rig.penstock.enqueue(many: (1...50).map { Work(number: $0) })
                #expect(try await done.next(50, within: .seconds(30)) == Array(1...50))
                #expect(inside.most == 2, "the deaf one and one at a time")
                door.open()
                #expect(try await done.next() == -1)
                try await rig.penstock.enqueue(many: (51...100).map { Work(number: $0) })
                #expect(try await done.next(50, within: .seconds(30)) == Array(51...100))
                #expect(inside.most == 2)
                try await eventually("the commits") { running.worker.statistics.completed == 100 }
                #expect(running.worker.statistics.dead == 1)
            }
            let status = try await rig.penstock.status(deaf)
            #expect(status.state == .dead && status.history.count == 1, "its return was not heard")
            #expect(try await rig.queue().completed == 100)
        }
    }

    @Test("one that spins hurts only its own job")
    func spinning() async throws {
        try await Rig.with { rig in
            let stop = TestSignal("the end of the spin")
            let done = Notes<Int>("done")
            let spinning = try await rig.penstock.enqueue(
                Work(number: -1), .init(maxAttempts: 1, timeout: .milliseconds(50))
            ).id
            let options = Worker.Options.quick.with {
                $0.cancellationGrace = .milliseconds(50)
                $0.lease = .milliseconds(900)
            }
            try await RunningWorker.with(rig.penstock, concurrency: 2, options: options) { worker in
                worker.handle(Work.self) { job, _ in
                    while job.number < 0 && stop.count == 0 {}
                    done.post(job.number)
                }
            } _: { running in
                try await eventually("the dead letter") { try await rig.penstock.status(spinning).state == .dead }
                try await rig.penstock.enqueue(many: (1...20).map { Work(number: $0) })
                #expect(Set(try await done.next(20, within: .seconds(30))) == Set(1...20))
                #expect(running.events.pending.allSatisfy { if case .incarnationLost = $0 { false } else { true } })
                stop.raise()
                #expect(try await done.next() == -1)
            }
            #expect(try await rig.penstock.status(spinning).state == .dead)
            #expect(try await rig.queue().completed == 20)
        }
    }

    @Test("one that returns while it is being cancelled has succeeded")
    func late() async throws {
        try await Rig.with { rig in
            let id = try await rig.penstock.enqueue(Work(), .init(timeout: .milliseconds(50), retention: .seconds(60)))
                .id
            try await RunningWorker.with(rig.penstock, options: .draining) { worker in
                worker.handle(Work.self) { _, context in
                    try? await untilCancelled()
                    #expect(context.cancellation == .timedOut)
                    return "late, and done"
                }
            } _: { running in
                try await running.events.next("the end") { $0 == .stopped }
                #expect(running.worker.statistics.completed == 1 && running.worker.statistics.retried == 0)
            }
            let status = try await rig.penstock.status(id)
            #expect(status.state == .completed && status.result == Array("\"late, and done\"".utf8))
        }
    }
}
