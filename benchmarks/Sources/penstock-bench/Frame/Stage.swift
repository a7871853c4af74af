import EmbeddedRedis
import Penstock
import RedisClient

/// A private Redis with a client, and what scenarios do on it again and again.
struct Stage: Sendable {
    static let namespace = "bench"

    let plan: Plan
    let server: EmbeddedRedis
    let redis: RedisClient
    let penstock: Penstock

    static func key(_ name: String) -> String { "{\(namespace):0}:\(name)" }

    /// Jobs, tasks of runs and delayed ones that have not ended.
    func live() async throws -> Int { try await redis.send(RedisCommand("HLEN", Stage.key("tasks"))).int ?? 0 }

    // MARK: Work

    /// Enqueues so many, a thousand a call.
    func fill<J: Job>(_ count: Int, _ options: EnqueueOptions = .init(), _ job: (Int) -> J) async throws {
        for start in stride(from: 0, to: count, by: 1000) {
            try await penstock.enqueue(many: (start..<min(start + 1000, count)).map(job), options)
        }
    }

    /// Enqueues bytes, a thousand a call, or fewer if they are large.
    func fill(raw payload: [UInt8], _ count: Int, _ options: EnqueueOptions = .init()) async throws {
        let chunk = max(1, min(1000, (8 << 20) / payload.count))
        for start in stride(from: 0, to: count, by: chunk) {
            let job = JobRequest(kind: RawNoop.kind, payload: payload, options: options)
            try await penstock.enqueue(raw: Array(repeating: job, count: min(chunk, count - start)))
        }
    }

    /// Does `body` so many times, 64 of them in flight.
    func inFlight(_ count: Int, most: Int = 64, _ body: @escaping @Sendable (Int) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                if number >= most { try await group.next() }
                group.addTask { try await body(number) }
            }
            try await group.waitForAll()
        }
    }

    // MARK: Workers

    /// Runs `body` beside worker processes that have signed on, and kills them after it.
    func withWorkers<T>(
        _ count: Int? = nil, _ options: WorkerChild.Options = .init(), _ body: (Crew) async throws -> T
    ) async throws -> T {
        var options = options
        options.slots = options.slots ?? plan.concurrency
        let present = try await penstock.workers().count
        let crew = try Crew(count ?? plan.workers, url: server.url, options)
        defer { crew.kill() }
        try await until("the workers have signed on", every: .milliseconds(10)) {
            try crew.check()
            return try await penstock.workers().count >= present + crew.children.count
        }
        // Connections for waiting, schedules and the inbox come after the first claim.
        try await Task.sleep(for: .milliseconds(200))
        return try await body(crew)
    }

    /// Lets a crew go at a paused queue until nothing is live any more, and tells what that took.
    func drain(
        by crew: Crew, queue: String = "default", every pause: Duration = .milliseconds(5)
    ) async throws -> Meter.Reading {
        let meter = try await Meter(self, crew)
        try await penstock.resume(queue: queue)
        let polls = try await until("the queue is empty", every: pause) {
            try crew.check()
            return try await live() == 0
        }
        return try await meter.read(withoutCalls: polls + 1)
    }

    /// Waits until something holds, and returns how often it was looked at.
    @discardableResult
    func until(
        _ what: String, every pause: Duration, limit: Duration = .seconds(120),
        _ condition: () async throws -> Bool
    ) async throws -> Int {
        let deadline = ContinuousClock.now + limit
        var looks = 1
        while !(try await condition()) {
            guard ContinuousClock.now < deadline else {
                throw BenchmarkError("after \(limit): not yet true that \(what)")
            }
            try await Task.sleep(for: pause)
            looks += 1
        }
        return looks
    }

    // MARK: Checks

    /// Throws unless so many jobs of the queue were completed since it is there.
    func expectCompleted(_ count: Int, queue: String = "default") async throws {
        let done = try await penstock.queues([queue]).first?.completed ?? 0
        guard done == count else { throw BenchmarkError("\(done) of \(count) jobs were completed") }
    }

    /// Throws unless so many runs of the workflow are in this state.
    func expectRuns(_ count: Int, of workflow: String, _ state: RunState) async throws {
        var found = 0
        var place: String?
        repeat {
            let page = try await penstock.runs(.init(workflow: workflow, states: [state]), after: place, limit: 500)
            found += page.entries.count
            place = page.next
        } while place != nil
        guard found == count else { throw BenchmarkError("\(found) of \(count) runs of \(workflow) are \(state)") }
    }
}

/// What the machine's work cost between two moments.
struct Meter {
    struct Reading: Sendable {
        var seconds: Double
        /// CPU in microseconds.
        var redis: Double
        var workers: Double
        /// Commands, those of scripts included.
        var calls: Double
    }

    private let stage: Stage
    private let crew: Crew?
    private let moment: ContinuousClock.Instant
    private let redis: Double
    private let workers: Double
    private let calls: Int

    init(_ stage: Stage, _ crew: Crew? = nil) async throws {
        self.stage = stage
        self.crew = crew
        workers = try crew?.cpu() ?? 0
        calls = try await redisCalls(stage.redis)
        redis = try await redisCPU(stage.redis)
        moment = .now
    }

    /// - Parameter withoutCalls: those of the harness itself.
    func read(withoutCalls own: Int = 0) async throws -> Reading {
        let seconds = (ContinuousClock.now - moment) / .seconds(1)
        let redis = try await redisCPU(stage.redis) - redis
        // INFO is counted once it is over: the two of `init` and the one above.
        let calls = try await redisCalls(stage.redis) - calls - own - 3
        return Reading(
            seconds: seconds, redis: redis, workers: (try crew?.cpu() ?? 0) - workers, calls: Double(max(0, calls)))
    }
}
