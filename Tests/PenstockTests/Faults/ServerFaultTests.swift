import EmbeddedRedis
import Penstock
import PenstockRuntime
import PenstockStore
import PenstockTesting
import RedisClient
import Synchronization
import Testing

/// What happens to Redis, and to what it knows, while two workers and a producer are at it.
@Suite("A server in trouble", .timeLimit(.minutes(10))) struct ServerFaultTests {
    /// Two workers and a producer that enqueues without a pause while `trouble` goes on; afterwards everything that was
    /// enqueued has been done, and nothing twice but what may be.
    private func underLoad(
        _ rig: Rig, lease: Duration = .seconds(3), _ trouble: (Progress) async throws -> Void
    ) async throws -> Progress {
        let progress = Progress()
        let options = Worker.Options.quick.with { $0.lease = lease }
        let prepare: @Sendable (Worker) -> Void = { worker in
            worker.handle(Work.self, retry: .fixed(.milliseconds(20), attempts: 3)) { job, context in
                progress.began(job.number, recoveries: context.recoveries)
                // Sleeps because: it is the job's work.
                try await Task.sleep(for: .milliseconds(job.number % 5))
                progress.ended(job.number)
            }
        }
        let clients = [try Rig.client(rig.redis.url), try Rig.client(rig.redis.url)]
        let producer = try Rig.client(rig.redis.url)
        try await RunningWorker.with(clients[0], concurrency: 8, options: options, prepare: prepare) { first in
            try await RunningWorker.with(clients[1], concurrency: 8, options: options, prepare: prepare) { second in
                async let producing: Void = produce(producer, progress)
                do {
                    try await trouble(progress)
                } catch {
                    progress.stop()
                    try? await producing
                    throw error
                }
                progress.stop()
                try await producing
                do {
                    try await eventually("all that was enqueued to be done", within: .seconds(60), retryingErrors: true)
                    {
                        progress.missing.isEmpty
                    }
                } catch {
                    let queue = try await rig.queue()
                    Issue.record("\(progress.missing.count) of \(progress.enqueuedCount) are not done; \(queue)")
                }
                try await eventually("the last commits", within: .seconds(20), retryingErrors: true) {
                    let queue = try await rig.queue()
                    return queue.running == 0 && queue.ready == 0 && queue.delayed == 0
                }
                progress.lives = [first, second].map { worker in
                    worker.events.pending.filter { if case .registered = $0 { true } else { false } }.count
                }
            }
        }
        for client in clients + [producer] { await client.shutdown() }
        try await rig.expectNothingLeft()
        #expect(try await rig.queue().dead == 0)
        #expect(try await rig.penstock.workers().isEmpty)
        return progress
    }

    private func produce(_ client: Penstock, _ progress: Progress) async throws {
        while let numbers = progress.next(20) {
            do {
                try await client.enqueue(many: numbers.map { Work(number: $0) })
                progress.enqueued(numbers)
            } catch {
                switch error.code {
                // Nothing was stored.
                case .unavailable: progress.dropped(numbers)
                case .outcomeUnknown: progress.doubtful(numbers)
                default: throw error
                }
            }
            // Keeps the backlog, and so the length of the test, bounded.
            try await eventually("the workers to follow", within: .seconds(60)) { progress.missing.count < 400 }
        }
    }

    @Test("that forgets its scripts again and again: nobody notices")
    func scriptFlush() async throws {
        try await Rig.with { rig in
            let progress = try await underLoad(rig) { progress in
                for round in 1...100 {
                    try await rig.command("SCRIPT", "FLUSH")
                    try await progress.wait(forDone: round * 10)
                }
            }
            #expect(progress.doneCount >= 1000 && progress.repeated.isEmpty && progress.doubtfulCount == 0)
            #expect(try await rig.queue().completed == progress.enqueuedCount)
            #expect(progress.lives == [1, 1])
        }
    }

    @Test("that drops its clients again and again: nothing is lost, nothing runs twice")
    func clientKill() async throws {
        try await Rig.with { rig in
            let progress = try await underLoad(rig) { progress in
                for round in 1...60 {
                    try await rig.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                    try await progress.wait(forDone: round * 20)
                }
            }
            #expect(progress.doneCount >= 1200 && progress.repeated.isEmpty, "ran again: \(progress.repeated)")
            #expect(try await rig.queue().completed == progress.doneCount, "each is committed once")
            #expect(progress.lives == [1, 1])
        }
    }

    @Test("that is killed and comes back with what it wrote: nothing is lost, workers go on by themselves")
    func restart() async throws {
        try await withTemporaryDirectory { directory in
            let options = EmbeddedRedis.Options(directory: directory + "/redis", appendFsync: .always)
            try await Rig.with(options) { rig in
                let progress = try await underLoad(rig) { progress in
                    for round in 1...4 {
                        try await progress.wait(forDone: round * 150)
                        await rig.redis.kill()
                        try await rig.redis.restart()
                    }
                    try await progress.wait(forDone: 900)
                }
                #expect(try await rig.queue().completed == progress.doneCount, "each is committed once")
                #expect(progress.repeated.allSatisfy { $0.value <= 5 })
                print(
                    "4 restarts: \(progress.doneCount) done, \(progress.repeated.count) ran again, \(progress.lives) lives"
                )
                await rig.redis.stop()
                try await rig.redis.restart()
            }
        }
    }

    @Test("that stands still for longer than the leases: no living worker is taken over")
    func standstill() async throws {
        try await Rig.with { rig in
            // Half a lease is the time in which the living have to report afterwards, on a machine that other tests keep busy.
            let progress = try await underLoad(rig, lease: .seconds(10)) { progress in
                for round in 1...2 {
                    try await progress.wait(forDone: round * 200)
                    rig.redis.suspend()
                    // Sleeps because: the standstill has to outlast the leases.
                    try await Task.sleep(for: .milliseconds(11_500))
                    rig.redis.resume()
                }
                try await progress.wait(forDone: 600)
            }
            #expect(progress.lives == [1, 1], "no incarnation was lost")
            #expect(progress.recovered == 0)
            #expect(progress.repeated.isEmpty, "ran again: \(progress.repeated)")
            let queue = try await rig.queue()
            #expect(queue.recovered == 0 && queue.completed == progress.doneCount)
        }
    }

    /// A producer's call is the first that Redis hears after the standstill: it must not hide the silence.
    @Test("that stands still, and hears a producer first")
    func standstillAndProducer() async throws {
        try await Rig.with { rig in
            let store = rig.penstock.store
            let facts = WorkerFacts(queues: ["default"], kinds: nil, concurrency: 1, host: "", pid: 0)
            for name in ["one", "two"] { try await store.register(worker: name, lease: .seconds(10), facts: facts) }
            try await rig.penstock.enqueue(Work())
            var request = CycleRequest(worker: "one", lease: .seconds(10), claim: 1, room: 1, queues: ["default"])
            guard case .turn(let turn) = try await store.cycle(request), turn.claimed.count == 1 else {
                Issue.record("the job was not claimed")
                return
            }
            try await rig.advanceClock(by: .seconds(30))
            try await rig.penstock.enqueue(Work())
            // `two` is heard next, and finds the lease of `one` expired; but `one` has had no time to speak.
            request = CycleRequest(worker: "two", lease: .seconds(10), claim: 1, room: 0, queues: ["default"])
            _ = try await store.cycle(request)
            #expect(try await store.heartbeat(worker: "one", lease: .seconds(10)).isAlive)
            #expect(try await rig.queue().recovered == 0)
            // When it stays silent, it is given up.
            for _ in 0..<5 {
                try await rig.advanceClock(by: .seconds(4))
                request.claim += 1
                _ = try await store.cycle(request)
            }
            #expect(try await !store.heartbeat(worker: "one", lease: .seconds(10)).isAlive)
            #expect(try await rig.queue().recovered == 1)
        }
    }

    @Test("that is gone for a while: the worker keeps trying, also when it comes back empty")
    func gone() async throws {
        try await Rig.with { rig in
            let done = Notes<Int>("done")
            let options = Worker.Options.quick.with { $0.lease = .milliseconds(900) }
            try await RunningWorker.with(rig.penstock, options: options) { worker in
                worker.handle(Work.self) { job, _ in done.post(job.number) }
            } _: { running in
                try await running.started()
                await rig.redis.kill()
                try await rig.redis.restart()
                // It had no append-only file: nobody knows the worker any more.
                try await running.events.next("the loss", within: .seconds(20)) {
                    if case .incarnationLost = $0 { true } else { false }
                }
                try await running.started()
                try await rig.penstock.enqueue(Work(number: 3))
                #expect(try await done.next() == 3)
            }
            try await rig.expectNothingLeft()
        }
    }

    @Test("that may not write for now: an enqueue says that nothing was done, and that is so")
    func readOnly() async throws {
        try await Rig.with { rig in
            try await rig.penstock.enqueue(Work(number: 1))
            // A replica of nobody, and so read-only.
            try await rig.command("REPLICAOF", "127.0.0.1", "1")
            let error = await #expect(throws: PenstockError.self) { try await rig.penstock.enqueue(Work(number: 2)) }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("READONLY") == true, "\(error?.message ?? "")")
            try await rig.command("REPLICAOF", "NO", "ONE")
            #expect(try await rig.queue().ready == 1)
        }
    }

    @Test("an idle worker sends at most two commands a second")
    func idle() async throws {
        try await Rig.with { rig in
            try await RunningWorker.with(rig.penstock) {
                $0.handle(Work.self) { _, _ in }
            } _: { running in
                try await running.started()
                try await eventually("it to be idle") { try await rig.command("SCARD", "{t:0}:idle:default").int == 1 }
                try await rig.command("CONFIG", "RESETSTAT")
                // Sleeps because: it is a rate that is measured.
                try await Task.sleep(for: .seconds(6))
                let info = try await rig.command("INFO", "commandstats").text ?? ""
                var calls: [String: Int] = [:]
                for line in info.split(whereSeparator: \.isNewline) {
                    guard let match = line.firstMatch(of: /cmdstat_([^:]+):calls=(\d+)/) else { continue }
                    calls[String(match.1)] = Int(match.2)
                }
                // What scripts call inside Redis is no command of the worker's.
                let sent = ["evalsha", "eval", "blmpop", "ping", "info", "hello"].reduce(0) {
                    $0 + calls[$1, default: 0]
                }
                print("idle worker: \(sent) commands in 6 s: \(calls)")
                #expect(sent <= 12)
            }
        }
    }
}

/// What the producer sent and the handlers did.
final class Progress: Sendable {
    private struct State {
        var isStopped = false
        var next = 0
        var enqueued: Set<Int> = []
        var dropped = 0
        var doubtful: Set<Int> = []
        var begun: [Int: Int] = [:]
        var done: Set<Int> = []
        var recovered = 0
        var lives: [Int] = []
    }

    private let state = Watched(State())

    func next(_ count: Int) -> [Int]? {
        state.change { state in
            guard !state.isStopped else { return nil }
            defer { state.next += count }
            return Array(state.next..<(state.next + count))
        }
    }

    func stop() { state.change { $0.isStopped = true } }
    func enqueued(_ numbers: [Int]) { state.change { $0.enqueued.formUnion(numbers) } }
    func dropped(_ numbers: [Int]) { state.change { $0.dropped += numbers.count } }
    func doubtful(_ numbers: [Int]) { state.change { $0.doubtful.formUnion(numbers) } }

    func began(_ number: Int, recoveries: Int) {
        state.change {
            $0.begun[number, default: 0] += 1
            if recoveries > 0 { $0.recovered += 1 }
        }
    }

    func ended(_ number: Int) { state.change { _ = $0.done.insert(number) } }

    func wait(forDone count: Int) async throws {
        try await state.wait(for: "\(count) jobs done", within: .seconds(60)) { $0.done.count >= count ? () : nil }
    }

    var missing: Set<Int> { state.change { $0.enqueued.subtracting($0.done) } }
    var enqueuedCount: Int { state.value.enqueued.count }
    var doneCount: Int { state.value.done.count }
    var doubtfulCount: Int { state.value.doubtful.count }
    var recovered: Int { state.value.recovered }
    /// Jobs that were begun more than once, and how often.
    var repeated: [Int: Int] { state.value.begun.filter { $0.value > 1 } }
    var lives: [Int] {
        get { state.value.lives }
        set { state.change { $0.lives = newValue } }
    }
}
