import Penstock
import PenstockTesting
import Testing

@Suite("Unique jobs", .timeLimit(.minutes(10))) struct UniqueTests {
    @Test("a duplicate answers with the id of the job that holds the key, until that has ended")
    func untilFinished() async throws {
        try await Rig.with { rig in
            let door = Door()
            let started = Notes<Int>("started")
            let options = EnqueueOptions(unique: .init("sync-42"))
            let first = try await rig.penstock.enqueue(Work(number: 1), options)
            let second = try await rig.penstock.enqueue(Work(number: 2), options)
            #expect(!first.isDuplicate && second.isDuplicate && second.id == first.id)
            #expect(try await rig.penstock.why(first.id).uniqueKeys == ["sync-42"])
            try await RunningWorker.with(rig.penstock) {
                $0.handle(Work.self) { job, _ in
                    started.post(job.number)
                    await door.pass()
                }
            } _: { running in
                #expect(try await started.next() == 1)
                #expect(try await rig.penstock.enqueue(Work(number: 3), options).id == first.id)
                door.open()
                try await eventually("the commit") { running.worker.statistics.completed == 1 }
                let next = try await rig.penstock.enqueue(Work(number: 4), options)
                #expect(!next.isDuplicate && next.id != first.id)
                #expect(try await started.next() == 4)
                try await eventually("the commit") { running.worker.statistics.completed == 2 }
            }
            try await rig.expectNothingLeft()
        }
    }

    @Test("a key until the start is free while the job runs")
    func untilStarted() async throws {
        try await Rig.with { rig in
            let door = Door()
            let started = Notes<Int>("started")
            let options = EnqueueOptions(unique: .init("k", until: .started))
            try await RunningWorker.with(rig.penstock) {
                $0.handle(Work.self) { job, _ in
                    started.post(job.number)
                    await door.pass()
                }
            } _: { _ in
                let first = try await rig.penstock.enqueue(Work(number: 1), options)
                #expect(try await started.next() == 1)
                let second = try await rig.penstock.enqueue(Work(number: 2), options)
                #expect(!second.isDuplicate && second.id != first.id)
                #expect(try await started.next() == 2)
                door.open()
            }
        }
    }

    @Test("a dead letter keeps the key or lets it go, and a discarded one has none", arguments: [true, false])
    func dead(keeps: Bool) async throws {
        try await Rig.with { rig in
            let options = EnqueueOptions(unique: .init("k", until: keeps ? .finished : .died))
            let first = try await rig.penstock.enqueue(Work(), options).id
            try await RunningWorker.with(rig.penstock) {
                $0.handle(Work.self) { _, _ in throw JobFailure.permanent("no") }
            } _: { running in
                try await eventually("the death") { running.worker.statistics.dead == 1 }
            }
            let second = try await rig.penstock.enqueue(Work(), options)
            #expect(second.isDuplicate == keeps)
            try await rig.penstock.discard([first])
            #expect(try await rig.penstock.enqueue(Work(), options).isDuplicate != keeps)
        }
    }

    @Test("a cancelled and a purged job let the key go")
    func cancelled() async throws {
        try await Rig.with { rig in
            let options = EnqueueOptions(unique: .init("k"))
            let first = try await rig.penstock.enqueue(Work(), options)
            #expect(try await rig.penstock.cancel(first.id) == .cancelled)
            let second = try await rig.penstock.enqueue(Work(), options)
            #expect(!second.isDuplicate)
            #expect(try await rig.penstock.purge(queue: "default") == 1)
            #expect(try await !rig.penstock.enqueue(Work(), options).isDuplicate)
        }
    }

    @Test("a throttle lets one job through in each period, also when it has ended long ago")
    func throttle() async throws {
        try await Rig.with { rig in
            let options = EnqueueOptions(unique: .throttle("k", per: .milliseconds(1500)))
            try await RunningWorker.with(rig.penstock) {
                $0.handle(Work.self) { _, _ in }
            } _: { running in
                let began = ContinuousClock.now
                let first = try await rig.penstock.enqueue(Work(), options)
                try await eventually("the commit") { running.worker.statistics.completed == 1 }
                let second = try await rig.penstock.enqueue(Work(), options)
                if ContinuousClock.now - began < .seconds(1) { #expect(second.isDuplicate && second.id == first.id) }
                try await eventually("the next period") { try await !rig.penstock.enqueue(Work(), options).isDuplicate }
                #expect(ContinuousClock.now - began >= .milliseconds(1490))
            }
        }
    }

    @Test("a debounced job starts once, after the last enqueue, with its payload")
    func debounce() async throws {
        try await Rig.with { rig in
            let done = Notes<(Int, ContinuousClock.Instant)>("done")
            let options = EnqueueOptions(unique: .debounce("doc", wait: .milliseconds(700)))
            try await RunningWorker.with(rig.penstock) {
                $0.handle(Work.self) { job, _ in done.post((job.number, .now)) }
            } _: { running in
                let first = try await rig.penstock.enqueue(Work(number: 1), options)
                var last = ContinuousClock.now
                for number in 2...5 {
                    last = .now
                    #expect(try await rig.penstock.enqueue(Work(number: number), options).id == first.id)
                }
                let (number, at) = try await done.next()
                #expect(number == 5)
                #expect(at - last >= .milliseconds(690))
                try await eventually("the commit") { running.worker.statistics.completed == 1 }
                // The next one begins anew.
                #expect(try await !rig.penstock.enqueue(Work(number: 6), options).isDuplicate)
                #expect(try await done.next().0 == 6)
            }
        }
    }

    @Test("a debounce waits no longer than it says after the first")
    func debounceAtMost() async throws {
        try await Rig.with { rig in
            let options = EnqueueOptions(unique: .debounce("doc", wait: .seconds(60), atMost: .seconds(90)))
            let id = try await rig.penstock.enqueue(Work(), options).id
            let due = try #require(try await rig.penstock.status(id).at)
            try await rig.advanceClock(by: .seconds(50))
            #expect(try await rig.penstock.enqueue(Work(), options).id == id)
            let later = try #require(try await rig.penstock.status(id).at)
            // 30 s after the first moment, not 50.
            #expect((29_900...30_100).contains(later - due), "\(later - due)")
        }
    }

    @Test("a job that has not started in time ends, also in a paused queue, if a worker is alive")
    func expiry() async throws {
        try await Rig.with { rig in
            try await rig.penstock.pause(queue: "default")
            let options = EnqueueOptions(unique: .init("k"), expiry: .milliseconds(400), retention: .seconds(60))
            let id = try await rig.penstock.enqueue(Work(), options).id
            let delayed = try await rig.penstock.enqueue(
                Work(), .init(delay: .milliseconds(100), expiry: .milliseconds(400), retention: .seconds(60))
            ).id
            #expect(try await rig.penstock.why(id).expiresAt != nil)
            try await RunningWorker.with(rig.penstock) {
                $0.handle(Work.self) { _, _ in }
            } _: { running in
                try await eventually("the expiry") { try await rig.states([id, delayed]) == [.expired, .expired] }
                #expect(running.worker.statistics.claimed == 0)
            }
            let queue = try await rig.queue()
            #expect(queue.expired == 2 && queue.ready + queue.delayed == 0)
            #expect(try await !rig.penstock.enqueue(Work(), options).isDuplicate)
        }
    }

    @Test("without a live worker a job outlives its expiry, and ends unstarted when one comes")
    func expiryWithoutWorkers() async throws {
        try await Rig.with { rig in
            let done = Notes<Int>("done")
            let late = EnqueueOptions(expiry: .seconds(60), retention: .seconds(600))
            let id = try await rig.penstock.enqueue(Work(number: 1), late).id
            let retried = try await rig.penstock.enqueue(Work(number: 2), .init(expiry: .seconds(3600))).id
            try await rig.advanceClock(by: .seconds(120))
            #expect(try await rig.penstock.status(id).state == .queued)
            try await RunningWorker.with(rig.penstock) {
                $0.handle(Work.self) { job, context in
                    done.post(job.number)
                    if context.attempt == 1 { throw JobFailure.retry(after: .seconds(7200), "later") }
                }
            } _: { _ in
                #expect(try await done.next() == 2)
                try await eventually("the expiry") { try await rig.penstock.status(id).state == .expired }
                // Once it has started, it does not expire any more.
                try await eventually("the retry to wait") { try await rig.penstock.status(retried).state == .delayed }
                #expect(try await rig.penstock.why(retried).expiresAt == nil)
            }
        }
    }
}
