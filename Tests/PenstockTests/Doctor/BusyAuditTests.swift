import Penstock
import PenstockModel
import PenstockStore
import PenstockTesting
import Synchronization
import Testing

/// A namespace that is in order has no findings, however busy it is while it is read.
@Suite(.timeLimit(.minutes(5))) struct BusyAuditTests {
    private struct Shaky: Job {
        static let name = "shaky"
        var number: Int
    }

    private static func flow() throws -> Workflow<Shaky, Int> {
        try Workflow("busy", input: Shaky.self) { flow in
            let first = flow.step("first") { input, _ in input.number }
            return flow.step("second", after: first) { input, context in try await input.number + context[first] }
        }
    }

    @Test func `workers that run, retry and park make no false findings`() async throws {
        let flow = try Self.flow()
        try await Rig.with { rig in
            try await rig.penstock.setLimit("account:*", LimitTerms(concurrency: 2))
            try await rig.penstock.setLimit("tenant:t1", LimitTerms(jobs: 200, burst: 5))
            let prepare: (Worker) -> Void = { worker in
                worker.handle(Shaky.self, retry: .fixed(.milliseconds(20), attempts: 3)) { job, _ in
                    if job.number % 7 == 0 { throw JobFailure.retryable("shaky") }
                }
                worker.handle(Work.self) { _, _ in }
                worker.handle(flow)
            }
            try await RunningWorker.with(rig.penstock, concurrency: 8, prepare: prepare) { _ in
                try await RunningWorker.with(rig.penstock, concurrency: 3, prepare: prepare) { _ in
                    let isOver = Mutex(false)
                    async let feeding: Int = Self.feed(rig.penstock, flow) { isOver.withLock { $0 } }
                    var looked = 0
                    for round in 0..<12 {
                        var settings = AuditSettings()
                        // Small chunks and a shallow search: as much as possible moves meanwhile.
                        settings.chunk = round % 2 == 0 ? 5 : 200
                        settings.depth = round % 3 == 0 ? 2 : 500
                        var audit = NamespaceAudit(rig.penstock.store, settings)
                        try await audit.run()
                        #expect(audit.faults == [], "round \(round)")
                        looked += audit.tally.tasks
                    }
                    isOver.withLock { $0 = true }
                    let fed = try await feeding
                    #expect(looked > 100 && fed > 500, "\(looked) tasks were seen, of \(fed) that were made")
                }
            }
            // A run after all is done finds what was left behind.
            var audit = NamespaceAudit(rig.penstock.store)
            try await audit.run()
            #expect(audit.faults == [])
        }
    }

    @Test func `what is damaged while workers run is repaired, and every job runs`() async throws {
        try await Rig.with { rig in
            try await rig.penstock.setLimit("account:*", LimitTerms(concurrency: 2))
            let ran = Mutex<[Int: Int]>([:])
            let prepare: (Worker) -> Void = { worker in
                worker.handle(Work.self) { job, _ in
                    // Sleeps because: it is the work of a job, and damage must find it running.
                    try await Task.sleep(for: .milliseconds(3))
                    ran.withLock { $0[job.number, default: 0] += 1 }
                }
            }
            let total = 1500
            var jobs: [Penstock.RawJob] = []
            for i in 0..<total {
                let limits = i % 3 == 0 ? ["account:\(i % 7)"] : []
                let options = EnqueueOptions(tenant: "t\(i % 3)", limits: limits)
                jobs.append(.init(kind: "work", payload: Array("{\"number\":\(i)}".utf8), options: options))
            }
            try await RunningWorker.with(rig.penstock, concurrency: 4, prepare: prepare) { _ in
                let ids = try await rig.penstock.enqueue(raw: jobs).map(\.id.rawValue)
                var options = AuditOptions(repairs: true, ignores: ["server.durability"])
                options.patience = .milliseconds(20)
                var repaired = 0
                for round in 0..<6 {
                    let tenant = "default\tt\(round % 3)"
                    for id in ids.shuffled().prefix(20) {
                        try await rig.command("LREM", "{t:0}:lane:\(tenant)", "1", id)
                    }
                    try await rig.command("ZREM", "{t:0}:turn:default", "t\(round % 3)")
                    try await rig.command("SADD", "{t:0}:holders:account:\(round)", "ghost")
                    try await rig.command("DEL", "{t:0}:contended")
                    repaired += try await rig.penstock.audit(options).findings.count { $0.repair == .repaired }
                }
                #expect(repaired >= 6)
                try await eventually("every job to have run", within: .seconds(60)) {
                    ran.withLock { $0.count } == total
                }
                try await eventually("the queue to be empty") {
                    let queue = try await rig.queue()
                    return queue.ready + queue.limited + queue.running == 0
                }
            }
            let left = try await rig.penstock.audit(.init(ignores: ["server.durability"]))
            #expect(left.isClean, "\(left.findings.map(\.text))")
        }
    }

    /// Enqueues and starts things of every sort until it is over; tells how many.
    private static func feed(
        _ penstock: Penstock, _ flow: Workflow<Shaky, Int>, _ isOver: @Sendable () -> Bool
    ) async throws -> Int {
        var made = 0
        while !isOver() {
            var jobs: [Penstock.RawJob] = []
            for i in 0..<200 {
                var options = EnqueueOptions(tenant: "t\(i % 5)", priority: Priority(clamping: i % 11 == 0 ? 3 : 0))
                if i % 6 == 0 { options.delay = .milliseconds(i) }
                if i % 9 == 0 { options.limits = ["account:\(i % 4)"] }
                jobs.append(
                    .init(
                        kind: i % 3 == 0 ? "shaky" : "work", payload: Array("{\"number\":\(i)}".utf8), options: options)
                )
            }
            made += try await penstock.enqueue(raw: jobs).count
            for i in 0..<5 { _ = try await penstock.start(flow, Shaky(number: i)) }
            // Feeds as fast as it is worked, so that there is always something, and not ever more.
            try await eventually("the queue to drain", within: .seconds(60)) {
                let queues = try await penstock.queues(["default"])
                return queues.first.map { $0.ready + $0.limited < 400 } ?? true
            }
        }
        return made
    }
}
