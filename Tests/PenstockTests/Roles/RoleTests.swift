import EmbeddedRedis
import Penstock
import PenstockStore
import PenstockTesting
import RedisClient
import ServiceLifecycle
import Testing

@Suite(.timeLimit(.minutes(10))) struct RoleTests {
    @Test func `one holds it at a time, the next has it at once, and each has a greater fence`() async throws {
        try await Rig.with { rig in
            let others = try (0..<3).map { _ in try Rig.client(rig.redis.url) }
            let (inside, fences) = (Occupancy(), Lockbox<[Int64]>([]))
            let start = ContinuousClock.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                for client in others + others {
                    group.addTask {
                        // A lease that nobody could wait for.
                        try await client.withRole("export", lease: .seconds(3600)) { role in
                            inside.enter()
                            fences.change { $0.append(role.fence) }
                            await Task.yield()
                            inside.leave()
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(inside.most == 1 && inside.total == 6)
            #expect(fences.value == Set(fences.value).sorted())
            #expect(ContinuousClock.now - start < .seconds(30))
            let status = try #require(try await rig.penstock.role("export"))
            #expect(status.holder == nil && status.fence == fences.value.last)
            for client in others { await client.shutdown() }
            #expect(try await KeyspaceAudit.check(rig.penstock.store) == [])
        }
    }

    @Test func `the role of a holder that has died is free at the end of its lease`() async throws {
        try await Rig.with { rig in
            let dead = try await rig.penstock.store.takeRole(
                "export", holder: "dead", lease: .milliseconds(500), waiter: "dead", by: "nowhere")
            guard case .held(let fence) = dead else { throw Broken("not held") }
            #expect(try await rig.penstock.role("export")?.holder == "nowhere")
            let next = try await rig.penstock.withRole("export") { $0.fence }
            #expect(next > fence)
        }
    }

    @Test func `fences grow also where Redis was emptied`() async throws {
        try await Rig.with { rig in
            let first = try await rig.penstock.withRole("export") { $0.fence }
            try await rig.command("FLUSHALL")
            try await eventually("a millisecond to pass") { try await rig.now() > first }
            let second = try await rig.penstock.withRole("export") { $0.fence }
            #expect(second > first)
        }
    }

    enum Call: String, CaseIterable { case one, many, start, signal, prepared }

    @Test("calls for a role that is lost are refused, and change nothing", arguments: Call.allCases, [true, false])
    func refused(call: Call, isTakenByAnother: Bool) async throws {
        let waits = try Workflow("waits", input: Order.self) { flow in flow.signal("go", of: Int.self) }
        try await withWorkflows {
            $0.handle(waits)
        } _: { rig in
            let penstock = rig.penstock
            let run = try await penstock.start(waits, Order()).run
            let before = try await snapshot(rig, run)
            let refusal = await #expect(throws: PenstockError.self) {
                try await penstock.withRole("export", lease: .seconds(60)) { role in
                    try await rig.advanceClock(by: .seconds(61))
                    if isTakenByAnother {
                        _ = try await penstock.store.takeRole(
                            "export", holder: "other", lease: .seconds(60), waiter: "", by: "")
                    }
                    switch call {
                    case .one: try await penstock.enqueue(Work(), .init(queue: "q", role: role))
                    case .many: try await penstock.enqueue(many: [Work(), Work()], .init(queue: "q", role: role))
                    case .start: try await penstock.start(waits, Order(), .init(role: role))
                    case .signal: try await run.signal("go", 1, role: role)
                    case .prepared:
                        let command = try penstock.prepare(Work(), .init(queue: "q", role: role)).command
                        var words = RedisArguments()
                        for word in command.dropFirst() { words.append(word) }
                        do { _ = try await penstock.store.redis.send(RedisCommand("EVAL", words)) } catch {
                            #expect("\(error)".contains("ROLELOST export"))
                            throw PenstockError(.roleLost, "prepared")
                        }
                    }
                }
            }
            let isRefused = refusal?.code == .roleLost
            #expect(isRefused, "\(String(describing: refusal))")
            #expect(try await snapshot(rig, run) == before)
        }
    }

    /// What is there, but for the clock and workers.
    private func snapshot(_ rig: Rig, _ run: Run) async throws -> [Int] {
        let jobs = try await rig.command("ZCARD", "{t:0}:turn:q").int ?? -1
        let runs = try await rig.command("ZCARD", "{t:0}:runs:waits:r").int ?? -1
        let signals = try await rig.command("HLEN", "{t:0}:signals:\(run.id)").int ?? -1
        return [jobs, runs, signals]
    }

    @Test func `calls for a role that is held pass`() async throws {
        let waits = try Workflow("waits", input: Order.self) { flow in flow.signal("go", of: Int.self) }
        try await withWorkflows {
            $0.handle(waits)
        } _: { rig in
            let penstock = rig.penstock
            let output = try await penstock.withRole("export") { role in
                try await penstock.enqueue(Work(), .init(queue: "q", role: role))
                let run = try await penstock.start(waits, Order(), .init(role: role))
                try await run.run.signal("go", 7, role: role)
                return try await run.output()
            }
            #expect(output == 7)
            #expect(try await rig.queue("q").ready == 1)
        }
    }

    @Test func `who has lost the role is cancelled, and told`() async throws {
        try await Rig.with { rig in
            let isHeld = TestSignal("held")
            async let outcome: PenstockError? = #expect(throws: PenstockError.self) {
                try await rig.penstock.withRole("export", lease: .milliseconds(900)) { _ in
                    isHeld.raise()
                    try await untilCancelled()
                }
            }
            try await isHeld.wait()
            try await rig.advanceClock(by: .seconds(2))
            _ = try await rig.penstock.store.takeRole(
                "export", holder: "other", lease: .seconds(60), waiter: "", by: "other")
            #expect(await outcome?.code == .roleLost)
            #expect(try await rig.penstock.role("export")?.holder == "other")
        }
    }

    @Test func `who cannot renew the role is cancelled before others can have it`() async throws {
        try await Rig.with { rig in
            try await FaultProxy.withProxy(to: rig.redis) { proxy in
                let client = try Rig.client(proxy.url)
                let other = rig.penstock
                let (isHeld, ended) = (TestSignal("held"), Lockbox(false))
                async let outcome: PenstockError? = #expect(throws: PenstockError.self) {
                    try await client.withRole("export", lease: .milliseconds(900)) { _ in
                        proxy.setTraffic(.blackHole)
                        isHeld.raise()
                        do { try await untilCancelled() } catch {
                            ended.set(true)
                            throw error
                        }
                    }
                }
                try await isHeld.wait()
                let wasOver = try await other.withRole("export") { _ in ended.value }
                #expect(wasOver)
                #expect(await outcome?.code == .roleLost)
                await client.shutdown()
            }
        }
    }

    @Test func `cancelled waiters leave nothing, and what the body throws passes`() async throws {
        try await Rig.with { rig in
            let penstock = rig.penstock
            await #expect(throws: Broken.self) { try await penstock.withRole("export") { _ in throw Broken() } }
            let (isHeld, door) = (TestSignal("held"), Door())
            async let holder: Void = penstock.withRole("export") { _ in
                isHeld.raise()
                await door.pass()
            }
            try await isHeld.wait()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let isHeld: Bool = try await penstock.withRole("export") { _ in true }
                    #expect(!isHeld, "two hold it")
                }
                try await eventually("the other to wait") {
                    let fields = try await rig.command("HKEYS", "{t:0}:role:export").array ?? []
                    return fields.contains { $0.text?.hasPrefix("w:") == true }
                }
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.next() }
            }
            door.open()
            try await holder
            #expect(try await penstock.role("export")?.holder == nil)
        }
    }

    @Test func `a graceful shutdown ends the work, and the role is free`() async throws {
        struct Exporter: Service {
            let penstock: Penstock
            let isHeld: TestSignal
            func run() async throws {
                try? await penstock.withRole("export", lease: .seconds(3600)) { _ in
                    isHeld.raise()
                    try await untilCancelled()
                }
            }
        }
        try await Rig.with { rig in
            let isHeld = TestSignal("held")
            let service = Exporter(penstock: rig.penstock, isHeld: isHeld)
            let group = ServiceGroup(
                configuration: .init(
                    services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
                    logger: Rig.quiet))
            async let running: Void = withDeadline(.seconds(20), for: "the end") { try await group.run() }
            try await isHeld.wait()
            await group.triggerGracefulShutdown()
            try await running
            #expect(try await rig.penstock.role("export")?.holder == nil)
        }
    }

    @Test(arguments: [("", Duration.seconds(1)), ("a b", .seconds(1)), ("x", .zero), ("x", .seconds(86_401))])
    func `bad names and leases are refused with the reason`(name: String, lease: Duration) async throws {
        try await Rig.with { rig in
            let error = await #expect(throws: PenstockError.self) {
                try await rig.penstock.withRole(name, lease: lease) { _ in }
            }
            #expect(error?.code == .invalidArgument && error?.message.contains("role") == true)
        }
    }

    @Test func `starts and signals with a known key change nothing, long after the call`() async throws {
        let waits = try Workflow("waits", input: Order.self) { flow in
            let first = flow.signal("go", of: Int.self)
            return flow.signal("on", of: Int.self, after: first)
        }
        try await withWorkflows {
            $0.handle(waits)
        } _: { rig in
            let first = try await rig.penstock.start(waits, Order(), .init(idempotencyKey: "7"))
            for token in try await rig.command("KEYS", "{t:0}:sent:*").array ?? [] {
                try await rig.command("DEL", token.text ?? "")
            }
            let second = try await rig.penstock.start(waits, Order(), .init(idempotencyKey: "7"))
            #expect(second.id == first.id && second.isExisting && !first.isExisting)
            for _ in 0..<3 { try await first.run.signal("on", 1, idempotencyKey: "s") }
            #expect(try await rig.command("HGET", "{t:0}:signals:\(first.id)", "on").text == "1 1")
            try await first.run.signal("go", 2, idempotencyKey: "s2")
            #expect(try await first.output() == 1)
            // Also where the run has ended.
            try await first.run.signal("go", 2, idempotencyKey: "s2")
            let job = try await rig.penstock.enqueue(Work(), .init(queue: "q", idempotencyKey: "7"))
            #expect(!job.isDuplicate, "keys of jobs are others")
        }
    }
}
