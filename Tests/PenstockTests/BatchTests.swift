import Glibc
import Penstock
import PenstockModel
import PenstockTesting
import Synchronization
import Testing

/// Counts what ran, by kind.
private final class Tally: Sendable {
    private let counts = Mutex<[String: Int]>([:])
    func add(_ name: String) { counts.withLock { $0[name, default: 0] += 1 } }
    subscript(name: String) -> Int { counts.withLock { $0[name, default: 0] } }
}

@Suite("Batches", .timeLimit(.minutes(10))) struct BatchTests {
    private func callbacks() -> BatchOptions {
        BatchOptions(
            onSuccess: .raw(kind: "success", payload: []), onFailure: .raw(kind: "failure", payload: []),
            onDone: .raw(kind: "done", payload: []))
    }

    /// A worker for members, which fail if they are odd, and for callbacks.
    private func worker(_ rig: Rig, _ tally: Tally, _ body: (RunningWorker) async throws -> Void) async throws {
        try await RunningWorker.with(rig.penstock) { worker in
            worker.handle(Work.self, retry: .fixed(.milliseconds(1), attempts: 1)) { job, _ in
                tally.add("work")
                if job.number % 2 == 1 { throw JobFailure.permanent("odd") }
            }
            worker.handleAnyKind { _, context in
                tally.add(context.kind)
                return nil
            }
        } _: {
            try await body($0)
        }
    }

    @Test("when all members succeed, success and done fire, once each")
    func success() async throws {
        try await Rig.with { rig in
            let tally = Tally()
            try await worker(rig, tally) { _ in
                let batch = try await rig.penstock.batch("all good", callbacks()) { batch in
                    try await batch.add(many: (0..<50).map { Work(number: 2 * $0) })
                }
                try await eventually("the callbacks") { tally["done"] == 1 && tally["success"] == 1 }
                let status = try await batch.status()
                #expect(status.name == "all good" && status.total == 50 && status.succeeded == 50 && status.failed == 0)
                #expect(status.pending == 0 && !status.isOpen && status.ended != nil)
                #expect(tally["failure"] == 0 && tally["work"] == 50)
                let late = await #expect(throws: PenstockError.self) { try await batch.add(Work()) }
                #expect(late?.code == .invalidArgument && late?.message.contains("has ended") == true)
            }
            #expect(try await KeyspaceAudit.check(rig.penstock.store) == [])
        }
    }

    @Test("the first failure fires at once, done at the end, success never")
    func failure() async throws {
        try await Rig.with { rig in
            let tally = Tally()
            let batch = try await rig.penstock.openBatch("mixed", callbacks())
            try await batch.add(many: [Work(number: 1), Work(number: 2), Work(number: 3)])
            try await worker(rig, tally) { _ in
                try await eventually("the failure, before the batch is sealed") { tally["failure"] == 1 }
                #expect(tally["done"] == 0)
                try await batch.seal()
                try await batch.seal()
                try await eventually("the end") { tally["done"] == 1 }
                #expect(tally["failure"] == 1 && tally["success"] == 0)
                let status = try await batch.status()
                #expect(status.succeeded == 1 && status.failed == 2)
            }
            #expect(try await KeyspaceAudit.check(rig.penstock.store) == [])
        }
    }

    @Test("an empty batch succeeds when it is sealed")
    func empty() async throws {
        try await Rig.with { rig in
            let tally = Tally()
            try await worker(rig, tally) { _ in
                let batch = try await rig.penstock.batch("nothing", callbacks()) { _ in }
                try await eventually("the callbacks") { tally["success"] == 1 && tally["done"] == 1 }
                #expect(try await batch.status().total == 0)
            }
        }
    }

    @Test("every way to end is an end: cancel, purge, expiry, discarded by a cap")
    func otherEnds() async throws {
        try await Rig.with { rig in
            let batch = try await rig.penstock.openBatch("ends", callbacks())
            let first = try await batch.add(Work(number: 0), .init(queue: "other"))
            try await batch.add(Work(number: 2), .init(queue: "other"))
            try await batch.seal()
            #expect(try await rig.penstock.cancel(first.id) == .cancelled)
            #expect(try await batch.status().failed == 1)
            _ = try await rig.penstock.purge(queue: "other")
            let status = try await batch.status()
            #expect(status.failed == 2 && status.ended != nil)
            let ready = try await rig.queue().ready
            #expect(ready == 2, "failure and done")
        }
    }

    @Test("a batch in a batch ends it, members add members")
    func nested() async throws {
        try await Rig.with { rig in
            let tally = Tally()
            try await RunningWorker.with(rig.penstock) { worker in
                worker.handle(Work.self) { job, context in
                    tally.add("work")
                    guard job.number > 0, let id = context.batch else { return }
                    try await rig.penstock.batch(id).add(Work(number: job.number - 1))
                }
                worker.handleAnyKind { _, context in
                    tally.add(context.kind)
                    return nil
                }
            } _: { _ in
                let outer = try await rig.penstock.openBatch("outer", callbacks())
                let inner = try await outer.open("inner", .init(onDone: .raw(kind: "inner-done", payload: [])))
                try await inner.add(Work(number: 3))
                try await outer.add(Work(number: 0))
                try await outer.seal()
                #expect(try await outer.status().ended == nil)
                try await inner.seal()
                try await eventually("the end of the outer one") { tally["done"] == 1 && tally["success"] == 1 }
                #expect(tally["inner-done"] == 1 && tally["work"] == 5)
                let status = try await inner.status()
                #expect(status.total == 4 && status.parent == outer.id)
                #expect(try await outer.status().total == 2)
            }
            #expect(try await KeyspaceAudit.check(rig.penstock.store) == [])
        }
    }

    @Test("10,000 members and a worker that is killed again and again: each callback fires once")
    func crashes() async throws {
        try await withTemporaryDirectory { directory in
            try await Rig.with { rig in
                let ledger = Ledger(in: directory)
                let count = 10_000
                let batch = try await rig.penstock.openBatch(
                    "big",
                    .init(
                        onSuccess: .job(LedgerJob(number: -1)), onFailure: .job(LedgerJob(number: -2)),
                        onDone: .job(LedgerJob(number: -3))))
                try await batch.add(many: (0..<count).map { LedgerJob(number: $0) })
                try await batch.seal()
                for round in 1...5 {
                    try await WorkerProgram.run(rig, ledger: ledger, concurrency: 8, lease: .milliseconds(500)) {
                        worker in
                        try await eventually("progress", within: .seconds(30)) {
                            ledger.ended.count >= round * count / 8 || ledger.begun[-3] != nil
                        }
                        worker.signal(SIGKILL)
                        _ = try await worker.exit()
                    }
                }
                try await WorkerProgram.run(rig, ledger: ledger, concurrency: 8, lease: .milliseconds(500)) { worker in
                    try await eventually("the end", within: .seconds(60)) { ledger.ended.isSuperset(of: [-3, -1]) }
                    worker.signal(SIGTERM)
                    #expect(try await worker.exit() == .code(0))
                }
                let status = try await batch.status()
                #expect(status.total == count && status.succeeded == count && status.failed == 0)
                // A callback is a job: enqueued once, run at least once.
                #expect(ledger.begun[-2] == nil)
                #expect(try await rig.queue().completed == count + 2)
                #expect(try await KeyspaceAudit.check(rig.penstock.store) == [])
            }
        }
    }

    @Test("what cannot be is refused, and says why")
    func refusals() async throws {
        try await Rig.with { rig in
            let unknown = try #require(BatchID("nobody"))
            let cases: [(String, PenstockError.Code, @Sendable () async throws -> Void)] = [
                ("is not known", .invalidArgument, { try await rig.penstock.batch(unknown).add(Work()) }),
                ("is not known", .notFound, { try await rig.penstock.batch(unknown).seal() }),
                ("is not known", .notFound, { _ = try await rig.penstock.batch(unknown).status() }),
                ("is not known", .invalidArgument, { _ = try await rig.penstock.batch(unknown).open("inner") }),
                (
                    "starts at once", .invalidArgument,
                    {
                        _ = try await rig.penstock.openBatch(
                            "x", .init(onDone: .raw(kind: "k", payload: [], .init(delay: .seconds(1)))))
                    }
                ),
                (
                    "is no member", .invalidArgument,
                    {
                        var member = EnqueueOptions()
                        member.batch = unknown
                        _ = try await rig.penstock.openBatch("x", .init(onDone: .raw(kind: "k", payload: [], member)))
                    }
                ),
                (
                    "1 s to 366 days", .invalidArgument,
                    { _ = try await rig.penstock.openBatch("x", .init(retention: .zero)) }
                ),
            ]
            for (text, code, body) in cases {
                let error = await #expect(throws: PenstockError.self) { try await body() }
                #expect(error?.code == code && error?.message.contains(text) == true, "\(error?.message ?? "")")
            }
            #expect(try await KeyspaceAudit.read(rig.penstock.store).batches.isEmpty)
        }
    }
}
