import Penstock
import PenstockRuntime
import PenstockStore
import PenstockTesting
import Testing

@Suite("Jobs that wait", .timeLimit(.minutes(10))) struct WaitingTests {
    private func idle(_ rig: Rig, workers: Int = 1) async throws {
        try await eventually("idle workers") { try await rig.command("SCARD", "{t:0}:idle:default").int == workers }
    }

    @Test("a paused queue starts nothing, and its waiting worker is woken by the end of the pause")
    func pausedQueue() async throws {
        try await Rig.with { rig in
            let done = Notes<Int>("done")
            #expect(try await rig.penstock.pause(queue: "default", by: "ops"))
            #expect(try await !rig.penstock.pause(queue: "default"))
            try await RunningWorker.with(rig.penstock) {
                $0.handle(Work.self) { job, _ in done.post(job.number) }
            } _: { _ in
                try await idle(rig)
                try await rig.penstock.enqueue(many: (0..<5).map { Work(number: $0) })
                let queue = try await rig.queue()
                #expect(queue.isPaused && queue.pausedBy == "ops" && queue.ready == 5)
                #expect(done.pending.isEmpty)
                let asked = ContinuousClock.now
                #expect(try await rig.penstock.resume(queue: "default"))
                #expect(Set(try await done.next(5)) == Set(0..<5))
                // Without the news it would look after five seconds.
                #expect(ContinuousClock.now - asked < .seconds(3))
                #expect(try await !rig.penstock.resume(queue: "default"))
            }
        }
    }

    @Test("a paused kind starts nothing, others go on, and the end of the pause wakes the worker")
    func pausedKind() async throws {
        try await Rig.with { rig in
            let done = Notes<Int>("done")
            try await rig.penstock.pause(kind: Work.name)
            try await RunningWorker.with(rig.penstock) { worker in
                worker.handle(Work.self) { job, _ in done.post(job.number) }
                worker.handle(Other.self) { job, _ in done.post(100 + job.number) }
            } _: { running in
                try await rig.penstock.enqueue(many: (0..<5).map { Work(number: $0) })
                try await rig.penstock.enqueue(Other(number: 1))
                #expect(try await done.next() == 101)
                try await eventually("the commit") { running.worker.statistics.completed == 1 }
                try await eventually("the kind to be set aside") { try await rig.queue().kindsSetAside == [Work.name] }
                try await idle(rig)
                #expect(done.pending.isEmpty)
                let asked = ContinuousClock.now
                #expect(try await rig.penstock.resume(kind: Work.name))
                #expect(Set(try await done.next(5)) == Set(0..<5))
                #expect(ContinuousClock.now - asked < .seconds(3))
                try await eventually("the commits") { running.worker.statistics.completed == 6 }
            }
            #expect(try await rig.queue().kindsSetAside == [])
        }
    }

    @Test("delayed jobs start on time: never early, and not much late")
    func delayed() async throws {
        try await Rig.with { rig in
            let starts = Notes<(Int, ContinuousClock.Instant)>("starts")
            try await RunningWorker.with(rig.penstock) { worker in
                worker.handle(Work.self) { job, _ in starts.post((job.number, .now)) }
            } _: { _ in
                try await idle(rig)
                var before: [ContinuousClock.Instant] = []
                var after: [ContinuousClock.Instant] = []
                for number in 0..<30 {
                    before.append(.now)
                    try await rig.penstock.enqueue(
                        Work(number: number), .init(delay: .milliseconds(100 + 53 * number % 700)))
                    after.append(.now)
                }
                var lateness: [Duration] = []
                for (number, start) in try await starts.next(30, within: .seconds(20)) {
                    let delay = Duration.milliseconds(100 + 53 * number % 700)
                    // Redis counts whole milliseconds.
                    #expect(start >= before[number] + delay - .milliseconds(1), "job \(number) was early")
                    lateness.append(start - (after[number] + delay))
                }
                lateness.sort()
                print("delayed jobs: lateness median \(lateness[15]), worst \(lateness[29])")
                #expect(lateness[29] < .seconds(2))
            }
        }
    }

    @Test("a delayed job starts on time although the worker that was told of it is full")
    func dueWhileFull() async throws {
        try await Rig.with { rig in
            let door = Door()
            let starts = Notes<(Int, ContinuousClock.Instant)>("starts")
            let prepare: @Sendable (Worker) -> Void = { worker in
                worker.handle(Work.self) { job, _ in
                    starts.post((job.number, .now))
                    if job.number < 0 { await door.pass() }
                }
            }
            let idleKey = "{t:0}:idle:default"
            try await RunningWorker.with(rig.penstock, concurrency: 1, prepare: prepare) { _ in
                try await idle(rig)
                try await RunningWorker.with(rig.penstock, concurrency: 1, prepare: prepare) { second in
                    try await idle(rig, workers: 2)
                    // The first worker alone is told of the job that is due later, and of the long one.
                    let event = try await second.events.next { if case .registered = $0 { true } else { false } }
                    guard case .registered(let name) = event else { return }
                    try await rig.command("SREM", idleKey, name)
                    try await rig.penstock.enqueue(Work(number: 1), .init(delay: .milliseconds(1200)))
                    let due = ContinuousClock.now + .milliseconds(1200)
                    try await idle(rig)
                    try await rig.penstock.enqueue(Work(number: -1))
                    #expect(try await starts.next().0 == -1)
                    try await rig.command("SADD", idleKey, name)
                    // The second would look by itself after five seconds.
                    let (number, start) = try await starts.next()
                    #expect(number == 1)
                    #expect(start - due < .milliseconds(1500), "\(start - due)")
                    door.open()
                }
            }
        }
    }

    @Test("draining waits for what is delayed, and ends")
    func drains() async throws {
        try await Rig.with { rig in
            let done = Notes<Int>("done")
            try await rig.penstock.enqueue(Work(number: 1), .init(queue: "a"))
            try await rig.penstock.enqueue(Work(number: 2), .init(queue: "b", delay: .milliseconds(600)))
            try await rig.penstock.enqueue(Work(number: 3), .init(queue: "elsewhere"))
            try await RunningWorker.with(rig.penstock, queues: ["a", "b"], options: .draining) { worker in
                worker.handle(Work.self) { job, context in
                    done.post(job.number)
                    if job.number == 1 && context.attempt == 1 {
                        throw JobFailure.retry(after: .milliseconds(300), "again")
                    }
                }
            } _: { running in
                try await running.events.next("the end", within: .seconds(20)) { $0 == .stopped }
            }
            #expect(done.pending.sorted() == [1, 1, 2])
            #expect(try await rig.queue("elsewhere").ready == 1)
        }
    }

    @Test("what became of a job is known for as long as it asked, and no longer")
    func retention() async throws {
        try await Rig.with { rig in
            struct Answer: Codable, Sendable { var text: String }
            let kept = try await rig.penstock.enqueue(Work(number: 1), .init(retention: .milliseconds(800))).id
            let silent = try await rig.penstock.enqueue(Other(number: 1), .init(retention: .seconds(60))).id
            let forgotten = try await rig.penstock.enqueue(Work(number: 2)).id
            try await RunningWorker.with(rig.penstock, options: .draining) { worker in
                worker.handle(Work.self) { job, _ in Answer(text: "number \(job.number)") }
                worker.handle(Other.self) { _, _ in }
            } _: { running in
                try await running.events.next("the end") { $0 == .stopped }
            }
            let status = try await rig.penstock.status(kept)
            if status.state == .completed { #expect(status.result == Array(#"{"text":"number 1"}"#.utf8)) }
            #expect(try await rig.penstock.status(silent).state == .completed)
            #expect(try await rig.penstock.status(silent).result == [])
            #expect(try await rig.penstock.status(forgotten).state == .unknown)
            try await eventually("it to be forgotten") { try await rig.penstock.status(kept).state == .unknown }
            try await rig.expectNothingLeft()
        }
    }
}
