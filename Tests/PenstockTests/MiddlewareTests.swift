import Logging
import Penstock
import PenstockStore
import PenstockTesting
import Synchronization
import Testing

/// Says when it is entered and left.
private struct Marker: EnqueueMiddleware, ExecutionMiddleware {
    let name: String
    let notes: Notes<String>

    func enqueue(_ jobs: [JobRequest], next: NextEnqueue) async throws -> [Enqueued] {
        notes.post("\(name) \(jobs.count)")
        defer { notes.post("\(name) end") }
        return try await next(jobs)
    }

    func execute(_ payload: [UInt8], _ context: JobContext, next: NextAttempt) async throws -> [UInt8]? {
        notes.post("\(name) \(context.kind)")
        defer { notes.post("\(name) end") }
        return try await next(payload, context)
    }
}

/// Does what the test says.
private struct Custom: EnqueueMiddleware, ExecutionMiddleware {
    var around: @Sendable ([JobRequest], NextEnqueue) async throws -> [Enqueued] = { try await $1($0) }
    var attempt: @Sendable ([UInt8], JobContext, NextAttempt) async throws -> [UInt8]? = { try await $2($0, $1) }

    func enqueue(_ jobs: [JobRequest], next: NextEnqueue) async throws -> [Enqueued] { try await around(jobs, next) }

    func execute(_ payload: [UInt8], _ context: JobContext, next: NextAttempt) async throws -> [UInt8]? {
        try await attempt(payload, context, next)
    }
}

private struct Sum: Job {
    static let name = "sum"
    var terms: [Int]
}

private struct Refusal: Error {}

extension Rig {
    /// Another client of the same Redis, with middleware, while `body` runs.
    fileprivate func withClient(
        _ middleware: [any EnqueueMiddleware], url: String? = nil, _ body: (Penstock) async throws -> Void
    ) async throws {
        let client = try Penstock(
            .init(url: url ?? redis.url, namespace: "t", enqueueMiddleware: middleware), logger: Rig.quiet)
        do {
            try await body(client)
            await client.shutdown()
        } catch {
            await client.shutdown()
            throw error
        }
    }
}

@Suite("Middleware around enqueue", .timeLimit(.minutes(10))) struct EnqueueMiddlewareTests {
    struct Road: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let jobs: Int
        let enqueue: @Sendable (Penstock, EnqueueOptions) async throws -> [Enqueued]
    }

    static let roads = [
        Road(testDescription: "typed", jobs: 1) { [try await $0.enqueue(Work(number: 1), $1)] },
        Road(testDescription: "many", jobs: 3) { try await $0.enqueue(many: (0..<3).map { Work(number: $0) }, $1) },
        Road(testDescription: "bytes", jobs: 1) { [try await $0.enqueue(kind: "work", payload: [1], $1)] },
        Road(testDescription: "raw", jobs: 2) { client, options in
            try await client.enqueue(
                raw: [
                    .init(kind: "work", payload: [1], options: options),
                    .init(kind: "other", payload: [2], options: options),
                ])
        },
    ]

    @Test("every road leads through it, in order, and what it changes is stored", arguments: roads)
    func everyRoad(road: Road) async throws {
        try await Rig.with { rig in
            let notes = Notes<String>("notes")
            let stamp = Custom(around: { jobs, next in
                var jobs = jobs
                for i in jobs.indices {
                    jobs[i].options.headers["place"] = "\(i)"
                    jobs[i].options.queue = "stamped"
                    jobs[i].payload.append(UInt8(ascii: " "))
                }
                return try await next(jobs)
            })
            let chain: [any EnqueueMiddleware] = [
                Marker(name: "a", notes: notes), stamp, Marker(name: "b", notes: notes),
            ]
            try await rig.withClient(chain) { client in
                let answers = try await road.enqueue(client, .init(tenant: "acme", headers: ["own": "1"]))
                #expect(answers.count == road.jobs)
                #expect(notes.pending == ["a \(road.jobs)", "b \(road.jobs)", "b end", "a end"])
                for (place, answer) in answers.enumerated() {
                    let status = try await rig.penstock.status(answer.id)
                    #expect(status.queue == "stamped" && status.tenant == "acme" && status.payload.last == 32)
                    #expect(status.options.headers == ["own": "1", "place": "\(place)"])
                }
            }
        }
    }

    @Test("it may drop jobs and pass on others, as long as each is answered in its place")
    func dropping() async throws {
        try await Rig.with { rig in
            let known = rig.penstock.store.makeID()
            // Jobs with an even payload are not passed on; the others twice.
            let middleware = Custom(around: { jobs, next in
                let odd = jobs.filter { $0.payload[0] % 2 == 1 }
                var stored = try await next(odd + odd).prefix(odd.count)
                return jobs.map {
                    $0.payload[0] % 2 == 1 ? stored.removeFirst() : Enqueued(id: known, isDuplicate: true)
                }
            })
            try await rig.withClient([middleware]) { client in
                let answers = try await client.enqueue(raw: (0..<5).map { .init(kind: "work", payload: [$0]) })
                #expect(answers.map { $0.id == known } == [true, false, true, false, true])
                for place in [1, 3] {
                    #expect(try await rig.penstock.status(answers[place].id).payload == [UInt8(place)])
                }
                #expect(try await rig.queue().ready == 4)
                #expect(try await client.enqueue(kind: "work", payload: [2]).id == known)
                #expect(try await rig.queue().ready == 4)
            }
        }
    }

    @Test("answers that do not fit the jobs are refused and name the middleware", arguments: [-1, 1])
    func misfit(by difference: Int) async throws {
        try await Rig.with { rig in
            let middleware = Custom(around: { jobs, next in
                let answers = try await next(jobs)
                return difference < 0 ? answers.dropLast() : answers + answers.prefix(1)
            })
            try await rig.withClient([Marker(name: "a", notes: Notes("notes")), middleware]) { client in
                for road in Self.roads {
                    let error = await #expect(throws: PenstockError.self) { try await road.enqueue(client, .init()) }
                    #expect(error?.code == .middleware)
                    #expect(error?.message.contains("Custom returned \(road.jobs + difference) answers") == true)
                }
            }
        }
    }

    @Test("its errors reach the caller, and nothing is enqueued", arguments: roads)
    func errors(road: Road) async throws {
        try await Rig.with { rig in
            let own = Custom(around: { _, _ in throw PenstockError(.closed, "for today") })
            try await rig.withClient([own]) { client in
                let error = await #expect(throws: PenstockError.self) { try await road.enqueue(client, .init()) }
                #expect(error?.code == .closed && error?.message == "for today")
            }
            let other = Custom(around: { _, _ in throw Refusal() })
            try await rig.withClient([other]) { client in
                let error = await #expect(throws: PenstockError.self) { try await road.enqueue(client, .init()) }
                #expect(error?.code == .middleware && error?.cause is Refusal)
                #expect(error?.message.contains("Refusal") == true)
            }
            // What Redis or the store refuses passes through it unchanged.
            let notes = Notes<String>("notes")
            try await rig.withClient([Marker(name: "a", notes: notes)]) { client in
                let error = await #expect(throws: PenstockError.self) {
                    try await road.enqueue(client, .init(queue: "a b"))
                }
                #expect(error?.code == .invalidArgument)
                #expect(notes.pending == ["a \(road.jobs)", "a end"])
            }
            #expect(try await rig.penstock.queues().isEmpty)
        }
    }

    @Test("single enqueues still share round trips")
    func sharing() async throws {
        try await Rig.with { rig in
            try await rig.load(Scripts.enqueue)
            try await FaultProxy.withProxy(to: rig.redis) { proxy in
                try await rig.withClient([Marker(name: "a", notes: Notes("notes"))], url: proxy.url) { client in
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for number in 0..<200 { group.addTask { _ = try await client.enqueue(Work(number: number)) } }
                        try await group.waitForAll()
                    }
                    #expect(try await rig.queue().ready == 200)
                    #expect(proxy.hits(of: .script(Scripts.enqueue.digest)) < 100)
                }
            }
        }
    }
}

@Suite("Middleware around execution", .timeLimit(.minutes(10))) struct ExecutionMiddlewareTests {
    /// Runs what is enqueued with this middleware until the queue is empty.
    private func drain(
        _ rig: Rig, _ middleware: [any ExecutionMiddleware], _ prepare: (Worker) -> Void
    ) async throws {
        let options = Worker.Options.draining.with { $0.executionMiddleware = middleware }
        try await RunningWorker.with(rig.penstock, options: options, prepare: prepare) { running in
            try await running.events.next("the end", within: .seconds(30)) { $0 == .stopped }
        }
    }

    @Test("in order, around typed handlers, those for bytes and the one for any kind; headers arrive")
    func order() async throws {
        try await Rig.with { rig in
            for (kind, payload) in [("work", #"{"number":7}"#), ("bytes", "x"), ("unheard", "y")] {
                let notes = Notes<String>("notes")
                try await rig.penstock.enqueue(
                    kind: kind, payload: Array(payload.utf8), .init(headers: ["id": "a\tb", "kind": kind]))
                let middleware = [Marker(name: "a", notes: notes), Marker(name: "b", notes: notes)]
                try await drain(rig, middleware) { worker in
                    worker.handle(Work.self) { job, context in
                        #expect(context.headers == ["id": "a\tb", "kind": "work"])
                        notes.post("handler \(job.number)")
                    }
                    worker.handle(kind: "bytes") { _, context in
                        notes.post("handler \(context.headers["kind"] ?? "")")
                        return nil
                    }
                    worker.handleAnyKind { _, context in
                        notes.post("handler \(context.headers["kind"] ?? "")")
                        return nil
                    }
                }
                let said = kind == "work" ? "7" : kind
                #expect(notes.pending == ["a \(kind)", "b \(kind)", "handler \(said)", "b end", "a end"])
            }
        }
    }

    @Test("it may change the payload, the logger and the result")
    func changes() async throws {
        try await Rig.with { rig in
            let id = try await rig.penstock.enqueue(
                kind: "sum", payload: Array("{\"terms\":[1,2]}".utf8.reversed()), .init(retention: .seconds(60))
            ).id
            let middleware = Custom(attempt: { payload, context, next in
                var context = context
                context.logger = Logger(label: "made") { _ in SwiftLogNoOpLogHandler() }
                let result = try await next(payload.reversed(), context)
                return (result ?? []) + Array("!".utf8)
            })
            try await drain(rig, [middleware]) { worker in
                worker.handle(Sum.self) { job, context in
                    #expect(context.logger.label == "made")
                    return job.terms.reduce(0, +)
                }
            }
            #expect(try await rig.penstock.status(id).result == Array("3!".utf8))
        }
    }

    @Test("an attempt that it does not pass on has ended well")
    func shortcut() async throws {
        try await Rig.with { rig in
            let id = try await rig.penstock.enqueue(Work(), .init(retention: .seconds(60))).id
            try await drain(rig, [Custom(attempt: { _, _, _ in [42] })]) { worker in
                worker.handle(Work.self) { _, _ in Issue.record("the handler was called") }
            }
            let status = try await rig.penstock.status(id)
            #expect(status.state == .completed && status.result == [42])
        }
    }

    @Test("its errors act as the handler's do", arguments: [true, false])
    func errors(before: Bool) async throws {
        try await Rig.with { rig in
            let attempts = Notes<Int>("attempts")
            let ids = try await rig.penstock.enqueue(many: [Work(number: 0)]).map(\.id)
            let middleware = Custom(attempt: { payload, context, next in
                attempts.post(context.attempt)
                if !before { _ = try await next(payload, context) }
                if context.attempt == 1 { throw JobFailure.retry(after: .zero, "once more") }
                throw JobFailure.permanent("never")
            })
            try await drain(rig, [Marker(name: "a", notes: Notes("notes")), middleware]) { worker in
                worker.handle(Work.self, retry: .fixed(.seconds(3600), attempts: 5)) { _, _ in }
            }
            let status = try await rig.penstock.status(ids[0])
            #expect(status.state == .dead && status.history.count == 2)
            #expect(status.history.last?.message.contains("never") == true)
            #expect(attempts.pending == [1, 2])
        }
    }

    @Test("it sees the handler's error, and may swallow it")
    func swallowing() async throws {
        try await Rig.with { rig in
            let seen = Notes<String>("seen")
            let id = try await rig.penstock.enqueue(Work(), .init(retention: .seconds(60))).id
            let middleware = Custom(attempt: { payload, context, next in
                do { return try await next(payload, context) } catch {
                    seen.post("\(error)")
                    return nil
                }
            })
            try await drain(rig, [middleware]) { worker in
                worker.handle(Work.self) { _, _ in throw JobFailure.permanent("handler") }
            }
            #expect(seen.pending == ["handler"])
            #expect(try await rig.penstock.status(id).state == .completed)
        }
    }

    @Test("a time-out cancels it with the handler")
    func timeout() async throws {
        try await Rig.with { rig in
            let id = try await rig.penstock.enqueue(Work(), .init(maxAttempts: 1, timeout: .milliseconds(50))).id
            let middleware = Custom(attempt: { payload, context, next in
                try await untilCancelled()
                return try await next(payload, context)
            })
            try await drain(rig, [middleware]) { worker in worker.handle(Work.self) { _, _ in } }
            let status = try await rig.penstock.status(id)
            #expect(status.state == .dead && status.history.last?.message.contains("timed out") == true)
        }
    }
}

@Suite("Logging middleware", .timeLimit(.minutes(10))) struct LoggingMiddlewareTests {
    struct Line: Sendable {
        let level: Logger.Level
        let message: String
        let metadata: Logger.Metadata
    }

    private struct Recorder: LogHandler {
        let lines: Notes<Line>
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.debug

        init(_ lines: Notes<Line>) { self.lines = lines }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            lines.post(Line(level: event.level, message: "\(event.message)", metadata: all))
        }
    }

    @Test("both sides: ids, names, attempt, duration, outcome; failures as warnings")
    func lines() async throws {
        try await Rig.with { rig in
            let lines = Notes<Line>("lines")
            let logging = LoggingMiddleware(logger: Logger(label: "x") { _ in Recorder(lines) }, level: .info)
            try await rig.withClient([logging]) { client in
                let id = try await client.enqueue(Work(), .init(tenant: "acme", maxAttempts: 2)).id
                let enqueued = try await lines.next()
                #expect(enqueued.level == .info && enqueued.message == "job enqueued")
                let names: Logger.Metadata = [
                    "job": "\(id)", "kind": "work", "queue": "default", "tenant": "acme",
                ]
                for (key, value) in names { #expect(enqueued.metadata[key] == value) }
                #expect(enqueued.metadata["outcome"] == "enqueued" && enqueued.metadata["duration"] != nil)

                await #expect(throws: PenstockError.self) { try await client.enqueue(Work(), .init(queue: "a b")) }
                let refused = try await lines.next()
                #expect(refused.level == .warning && refused.metadata["outcome"] == "failed")
                #expect(refused.metadata["error"] != nil && refused.metadata["jobs"] == "1")

                let options = Worker.Options.draining.with { $0.executionMiddleware = [logging] }
                try await RunningWorker.with(client, options: options) { worker in
                    worker.handle(Work.self, retry: .fixed(.zero, attempts: 2)) { _, context in
                        context.logger.notice("inside")
                        if context.attempt == 1 { throw JobFailure.retryable("no") }
                    }
                } _: { running in
                    try await running.events.next("the end", within: .seconds(30)) { $0 == .stopped }
                }
                let told = lines.pending
                #expect(told.map(\.message) == ["inside", "attempt failed", "inside", "attempt completed"])
                #expect(told.map(\.level) == [.notice, .warning, .notice, .info])
                #expect(told.map { $0.metadata["attempt"] } == ["1", "1", "2", "2"])
                #expect(told.map { $0.metadata["outcome"] } == [nil, "failed", nil, "completed"])
                for line in told {
                    for (key, value) in names { #expect(line.metadata[key] == value, "\(line.message) \(key)") }
                }
                #expect(told[1].metadata["error"] == "no")
            }
        }
    }
}
