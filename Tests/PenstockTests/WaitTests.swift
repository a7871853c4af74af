import Penstock
import PenstockModel
import PenstockStore
import PenstockTesting
import RedisClient
import Synchronization
import Testing

@Suite("Waiting for an end", .timeLimit(.minutes(10))) struct WaitTests {
    @Test("the result of a job comes to another client, by push")
    func result() async throws {
        try await Rig.with { rig in
            let other = try Rig.client(rig.redis.url)
            try await RunningWorker.with(rig.penstock) { worker in
                worker.handle(Work.self) { job, _ in job.number * 2 }
            } _: { _ in
                let id = try await other.enqueue(
                    Work(number: 21), .init(delay: .milliseconds(50), retention: .seconds(60))
                ).id
                let began = ContinuousClock.now
                #expect(try await other.result(of: id, as: Int.self) == 42)
                // Well before the next look of a fallback poll.
                #expect(ContinuousClock.now - began < .seconds(4))
                // Also when it has ended before.
                #expect(try await other.result(of: id, as: Int.self) == 42)
            }
            await other.shutdown()
            try await rig.expectNothingLeft()
        }
    }

    @Test("each end is told as what it is, without retention too")
    func ends() async throws {
        try await Rig.with { rig in
            try await RunningWorker.with(rig.penstock) { worker in
                worker.handle(Work.self, retry: .fixed(.milliseconds(1), attempts: 1)) { job, _ in
                    if job.number == 1 { throw JobFailure.permanent("no good") }
                }
            } _: { _ in
                // One after the other waits before the job is there to end.
                func end(_ number: Int, _ act: @Sendable (TaskID) async throws -> Void) async throws -> JobEnd {
                    let id = try await rig.penstock.enqueue(
                        Work(number: number), .init(delay: .milliseconds(number == 0 || number == 1 ? 30 : 3_600_000))
                    ).id
                    async let end = rig.penstock.wait(for: id, timeout: .seconds(20))
                    try await eventually("the waiter to be known") {
                        let bonds = try await rig.command("HGET", "{t:0}:bonds", id.rawValue)
                        return bonds.text?.contains("wclient-") == true || number < 2
                    }
                    try await act(id)
                    return try await end
                }
                let completed = try await end(0) { _ in }
                #expect(completed.state == .completed && completed.result == nil)
                let dead = try await end(1) { _ in }
                #expect(dead.state == .dead && dead.reason?.contains("no good") == true)
                let cancelled = try await end(2) { try await rig.penstock.cancel($0, reason: "why not") }
                #expect(cancelled.state == .cancelled)
                let purged = try await end(3) { _ in _ = try await rig.penstock.purge(queue: "default") }
                #expect(purged.state == .discarded && purged.reason == "purged")
            }
        }
    }

    @Test("many wait for many, and for the same one")
    func crowd() async throws {
        try await Rig.with { rig in
            try await RunningWorker.with(rig.penstock) { worker in
                worker.handle(Work.self) { job, _ in job.number }
            } _: { _ in
                let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                    for number in 0..<200 {
                        group.addTask {
                            let id = try await rig.penstock.enqueue(
                                Work(number: number), .init(retention: .seconds(60))
                            ).id
                            async let twin = rig.penstock.result(of: id, as: Int.self)
                            return try await rig.penstock.result(of: id, as: Int.self) + twin
                        }
                    }
                    return try await group.reduce(0, +)
                }
                #expect(sum == 2 * (0..<200).reduce(0, +))
            }
            #expect(try await KeyspaceAudit.check(rig.penstock.store) == [])
        }
    }

    @Test("a hint that gets lost is found by looking again")
    func lostHint() async throws {
        try await Rig.with { rig in
            let id = try await rig.penstock.enqueue(Work(), .init(retention: .seconds(60))).id
            async let end = rig.penstock.wait(for: id, timeout: .seconds(30))
            try await eventually("the waiter to be known") {
                try await rig.command("HGET", "{t:0}:bonds", id.rawValue).text?.contains("wclient-") == true
            }
            // The bond is lost, as by an older version that does not know it.
            try await rig.command("HDEL", "{t:0}:bonds", id.rawValue)
            #expect(try await rig.penstock.cancel(id, reason: "gone") == .cancelled)
            #expect(try await end.state == .cancelled)
        }
    }

    @Test("what cannot be waited for says why")
    func refusals() async throws {
        try await Rig.with { rig in
            let nobody = try #require(TaskID("nobody"))
            let unknown = await #expect(throws: PenstockError.self) { try await rig.penstock.wait(for: nobody) }
            #expect(unknown?.code == .notFound && unknown?.message.contains("retention") == true)
            let id = try await rig.penstock.enqueue(Work()).id
            let late = await #expect(throws: PenstockError.self) {
                try await rig.penstock.wait(for: id, timeout: .milliseconds(50))
            }
            #expect(late?.code == .timedOut)
            // Another job: the first goes on being bound to the client that gave up.
            let other = try await rig.penstock.enqueue(Work()).id
            // Unstructured: the expectation below cannot capture an `async let`; it is awaited there.
            let failed = Task { try await rig.penstock.result(of: other, as: Int.self) }
            try await eventually("the waiter to be known") {
                try await rig.command("HGET", "{t:0}:bonds", other.rawValue).text?.contains("wclient-") == true
            }
            try await rig.penstock.cancel(other, reason: "no")
            let error = await #expect(throws: PenstockError.self) { try await failed.value }
            #expect(error?.code == .jobFailed && error?.message.contains("cancelled") == true)
        }
    }
}

@Suite("Progress and logs", .timeLimit(.minutes(10))) struct ProgressTests {
    @Test("are seen while it runs, bounded, and go with the job or after its retention")
    func life() async throws {
        try await Rig.with { rig in
            let door = Door()
            try await RunningWorker.with(rig.penstock) { worker in
                worker.handle(Work.self) { job, context in
                    #expect(await context.progress(0.25, "a quarter"))
                    #expect(await context.progress(7, String(repeating: "ä", count: 5000)))
                    for line in 0..<1010 { await context.log("line \(line)") }
                    #expect(await context.log("last", String(repeating: "x", count: 10_000)))
                    await door.pass()
                }
            } _: { _ in
                let kept = try await rig.penstock.enqueue(Work(number: 1), .init(retention: .seconds(60))).id
                let plain = try await rig.penstock.enqueue(Work(number: 2)).id
                for id in [kept, plain] {
                    try await eventually("the log", within: .seconds(20)) {
                        try await rig.penstock.log(of: id, last: 2).first == "last"
                    }
                    #expect(try await rig.penstock.log(of: id, last: 5000).count == 1000)
                    #expect(try await rig.penstock.log(of: id, last: 1)[0].utf8.count == 4096)
                    let progress = try await rig.penstock.progress(of: id)
                    #expect(progress?.fraction == 1 && progress?.message.count == 2048)
                }
                #expect(try await KeyspaceAudit.check(rig.penstock.store) == [])
                door.open()
                try await eventually("their end") { try await rig.queue().completed == 2 }
                #expect(try await rig.penstock.log(of: kept, last: 1).count == 1)
                let life = try await rig.command("PTTL", "{t:0}:log:\(kept)").int ?? -1
                #expect((1...60_000).contains(life))
                #expect(try await rig.penstock.log(of: plain).isEmpty)
                #expect(try await rig.penstock.progress(of: kept) == nil)
            }
            try await rig.expectNothingLeft()
        }
    }

    @Test("are fenced by the lease: who has lost the job notes nothing")
    func fence() async throws {
        try await Rig.with { rig in
            let store = rig.penstock.store
            let door = Door()
            try await RunningWorker.with(rig.penstock) { worker in
                worker.handle(Work.self) { _, _ in await door.pass() }
            } _: { running in
                let id = try await rig.penstock.enqueue(Work()).id
                try await running.started()
                try await eventually("it to run") { try await rig.penstock.status(id).state == .running }
                let holder = try #require(try await rig.penstock.status(id).worker)
                for (worker, claim) in [("somebody", 1), (holder, 999)] {
                    let noted = try await store.note(
                        worker: worker, id: id, claim: claim, progress: "1\tx", lines: ["x"])
                    #expect(!noted)
                }
                #expect(try await rig.penstock.log(of: id).isEmpty)
                #expect(try await rig.penstock.progress(of: id) == nil)
                door.open()
            }
        }
    }
}
