import Penstock
import PenstockStore
import PenstockTesting
import Testing

@Suite("Cancelling", .timeLimit(.minutes(10))) struct CancelTests {
    /// Runs one job until it is cancelled by another client; returns how long the news took.
    private func cancelRunning(_ rig: Rig, through url: String, options: Worker.Options) async throws -> Duration {
        let started = TestSignal("the start")
        let reasons = Notes<(JobContext.Cancellation?, ContinuousClock.Instant)>("reasons")
        let other = try Rig.client(rig.redis.url)
        let own = try Rig.client(url)
        let id = try await rig.penstock.enqueue(Work(), .init(retention: .seconds(60))).id
        let took = try await RunningWorker.with(own, options: options) { worker in
            worker.handle(Work.self) { _, context in
                started.raise()
                do { try await untilCancelled() } catch {
                    reasons.post((context.cancellation, .now))
                    throw error
                }
            }
        } _: { running in
            try await started.wait()
            let asked = ContinuousClock.now
            #expect(try await other.cancel(id, reason: "changed my mind") == .requested)
            let (reason, heard) = try await reasons.next()
            #expect(reason == .requested(reason: "changed my mind"))
            try await eventually("the acknowledgement") { try await other.status(id).state == .cancelled }
            #expect(try await other.cancel(id) == .unknown)
            try await eventually("the worker to know") { running.worker.statistics.cancelled == 1 }
            #expect(running.worker.statistics.retried == 0)
            return heard - asked
        }
        #expect(try await other.status(id).cancelReason == "changed my mind")
        #expect(try await rig.queue().cancelled == 1)
        await own.shutdown()
        await other.shutdown()
        try await rig.expectNothingLeft()
        return took
    }

    @Test("reaches the handler from another client within a second")
    func push() async throws {
        try await Rig.with { rig in
            // With this lease the heartbeat comes every five seconds: it is not what is measured.
            let took = try await cancelRunning(rig, through: rig.redis.url, options: .quick)
            #expect(took < .seconds(1), "\(took)")
            print("cancel by push: \(took)")
        }
    }

    @Test("reaches the handler by the heartbeat when the hint is lost")
    func heartbeat() async throws {
        try await Rig.with { rig in
            try await FaultProxy.withProxy(to: rig.redis) { proxy in
                proxy.apply(.dropReply(), to: .command("BLMPOP"), times: 100_000)
                let options = Worker.Options.quick.with { $0.lease = .milliseconds(900) }
                let took = try await cancelRunning(rig, through: proxy.url, options: options)
                print("cancel by heartbeat: \(took)")
            }
        }
    }

    @Test("of a deaf handler ends the job when the slot is given away")
    func deaf() async throws {
        try await Rig.with { rig in
            let door = Door()
            let started = TestSignal("the start")
            let id = try await rig.penstock.enqueue(Work(), .init(retention: .seconds(60))).id
            let options = Worker.Options.quick.with { $0.cancellationGrace = .milliseconds(50) }
            try await RunningWorker.with(rig.penstock, options: options) { worker in
                worker.handle(Work.self) { _, _ in
                    started.raise()
                    await door.pass()
                }
            } _: { _ in
                try await started.wait()
                #expect(try await rig.penstock.cancel(id) == .requested)
                try await eventually("the end of it") { try await rig.penstock.status(id).state == .cancelled }
                door.open()
            }
            #expect(try await rig.penstock.status(id).state == .cancelled)
            try await rig.expectNothingLeft()
        }
    }

    @Test("a job that fails while it is being cancelled is not tried again, and one that waits for a retry is gone")
    func retrying() async throws {
        try await Rig.with { rig in
            let attempts = Notes<Int>("attempts")
            let id = try await rig.penstock.enqueue(Work(), .init(retention: .seconds(60))).id
            try await RunningWorker.with(rig.penstock) { worker in
                worker.handle(Work.self, retry: .fixed(.seconds(3600), attempts: 9)) { _, context in
                    attempts.post(context.attempt)
                    throw JobFailure.retryable("no")
                }
            } _: { _ in
                #expect(try await attempts.next() == 1)
                try await eventually("the retry to wait") { try await rig.penstock.status(id).state == .delayed }
                #expect(try await rig.penstock.cancel(id, reason: "enough") == .cancelled)
                #expect(try await rig.penstock.status(id).cancelReason == "enough")
            }
            try await rig.expectNothingLeft()
        }
    }
}
