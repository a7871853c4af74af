import EmbeddedRedis
import Penstock
import PenstockStore
import PenstockTesting
import Testing

@Suite("Enqueue confirmed by replicas", .timeLimit(.minutes(10))) struct ReplicaTests {
    private static let one = EnqueueOptions(replicas: .replicas(1, within: .seconds(20)))
    /// For what nobody will confirm.
    private static let brief = EnqueueOptions(replicas: .replicas(1, within: .milliseconds(50)))

    @Test("the replicas have the job when the call returns, on every road", arguments: EnqueueMiddlewareTests.roads)
    func confirmed(road: EnqueueMiddlewareTests.Road) async throws {
        try await ReplicatedRig.with(replicas: 2) { replicated in
            let rig = replicated.rig
            var options = Self.one
            for count in [1, 2] {
                options.replicas = .replicas(count, within: .seconds(20))
                let answers = try await road.enqueue(rig.penstock, options)
                #expect(answers.count == road.jobs)
                for answer in answers {
                    #expect((answer.confirmedReplicas ?? 0) >= count && !answer.isDuplicate)
                    var have = 0
                    for replica in 0..<2 {
                        have += try await replicated.ask(replica, "HEXISTS", "{t:0}:tasks", answer.id.rawValue).int ?? 0
                    }
                    #expect(have >= count)
                }
            }
            #expect(try await road.enqueue(rig.penstock, .init()).allSatisfy { $0.confirmedReplicas == nil })
        }
    }

    @Test("too few: the error says how many, that the job exists, and how to repeat", arguments: [true, false])
    func tooFew(suspended: Bool) async throws {
        try await ReplicatedRig.with(replicas: 2) { replicated in
            let rig = replicated.rig
            let replica = replicated.replicas[0]
            // One stands still, or both do: what the other confirms is counted.
            replica.suspend()
            if suspended { replicated.replicas[1].suspend() }
            let options = EnqueueOptions(
                idempotencyKey: "k", replicas: .replicas(2, within: .milliseconds(suspended ? 50 : 1000)))
            let error = await #expect(throws: PenstockError.self) { try await rig.penstock.enqueue(Work(), options) }
            #expect(error?.code == .notReplicated)
            let id = try #require(try await rig.command("GET", "{t:0}:dedupe:k").text.flatMap { TaskID($0) })
            for word in ["job \(id) ", suspended ? "0 of 2" : "1 of 2", "primary", "promoted", "idempotency key"] {
                #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
            }
            #expect(try await rig.states([id]) == [.queued])
            // Repeating with the key stores nothing, and waits for the job that is there.
            replica.resume()
            replicated.replicas[1].resume()
            let again = try await rig.penstock.enqueue(
                Work(), .init(idempotencyKey: "k", replicas: .replicas(2, within: .seconds(20))))
            #expect(again == Enqueued(id: id, isDuplicate: true, confirmedReplicas: 2))
            #expect(try await rig.queue().ready == 1)
        }
    }

    @Test("those who wait for replicas hold up nobody else, and share calls among themselves")
    func apart() async throws {
        try await ReplicatedRig.with { replicated in
            let rig = replicated.rig
            replicated.replicas[0].suspend()
            async let first = rig.penstock.enqueue(Work(), Self.one)
            try await replicated.waiting()
            // These come while the first waits; one call will do for all of them.
            async let others = withThrowingTaskGroup(of: Enqueued.self) { group in
                for number in 1...100 {
                    group.addTask { try await rig.penstock.enqueue(Work(number: number), Self.one) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for number in 0..<20 { try await rig.penstock.enqueue(Work(number: number), .init(queue: "plain")) }
            #expect(try await rig.queue("plain").ready == 20)
            replicated.replicas[0].resume()
            #expect(try await first.confirmedReplicas == 1)
            let confirmed = try await others
            #expect(confirmed.allSatisfy { $0.confirmedReplicas == 1 } && Set(confirmed.map(\.id)).count == 100)
            #expect(try await rig.queue().ready == 101)
            let stats = try await rig.command("INFO", "commandstats").text ?? ""
            let waits = stats.firstMatch(of: /cmdstat_wait:calls=(\d+)/).flatMap { Int($0.1) } ?? 0
            #expect((1...50).contains(waits), "\(waits)")
        }
    }

    @Test("calls that wait take turns on a bounded number of connections, which end with the client")
    func connections() async throws {
        try await ReplicatedRig.with { replicated in
            let rig = replicated.rig
            let client = try Rig.client(rig.redis.url)
            func connections() async throws -> Int {
                try await rig.command("CLIENT", "LIST", "TYPE", "normal").text?.split(separator: "\n").count ?? 0
            }
            let before = try await connections()
            try await client.enqueue(Work())
            #expect(try await connections() == before + 1, "none of its own before it is needed")
            let jobs = (0..<30).map { _ in JobRequest(kind: "work", payload: [], options: Self.one) }
            try await withThrowingTaskGroup(of: [Enqueued].self) { group in
                for _ in 0..<20 { group.addTask { try await client.enqueue(raw: jobs) } }
                for try await answers in group { #expect(answers.allSatisfy { $0.confirmedReplicas == 1 }) }
            }
            #expect(try await rig.queue().ready == 601)
            #expect((before + 2...before + 9).contains(try await connections()))
            replicated.replicas[0].suspend()
            async let cut = refusal {
                try await client.enqueue(Work(), .init(replicas: .replicas(1, within: .seconds(60))))
            }
            try await replicated.waiting()
            await client.shutdown()
            #expect(await cut?.code == .notReplicated)
            try await eventually("the connections to be closed") { try await connections() == before }
            let late = await #expect(throws: PenstockError.self) { try await client.enqueue(Work(), Self.one) }
            #expect(late?.code == .closed)
            replicated.replicas[0].resume()
        }
    }

    @Test("what cannot succeed is refused before anything is stored, at once", arguments: EnqueueMiddlewareTests.roads)
    func lone(road: EnqueueMiddlewareTests.Road) async throws {
        try await Rig.with { rig in
            let began = ContinuousClock.now
            let error = await #expect(throws: PenstockError.self) {
                try await road.enqueue(rig.penstock, .init(replicas: .replicas(1, within: .seconds(60))))
            }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("no replica attached") == true, "\(error?.message ?? "")")
            #expect(ContinuousClock.now - began < .seconds(30))
            let queues = try await rig.penstock.queues()
            #expect(queues.isEmpty)
        }
    }

    @Test("more than are attached: nothing is stored")
    func tooMany() async throws {
        try await ReplicatedRig.with { replicated in
            let error = await #expect(throws: PenstockError.self) {
                try await replicated.rig.penstock.enqueue(Work(), .init(replicas: .replicas(2)))
            }
            #expect(error?.code == .unavailable && error?.message.contains("1 of the 2 replicas") == true)
            // One that went away does not count either.
            await replicated.replicas[0].kill()
            try await replicated.attached(0)
            let lost = await #expect(throws: PenstockError.self) {
                try await replicated.rig.penstock.enqueue(Work(), Self.one)
            }
            #expect(lost?.code == .unavailable)
            #expect(try await replicated.rig.penstock.queues().isEmpty)
        }
    }

    @Test(
        "wrong numbers and times are refused with their bounds",
        arguments: [
            (.replicas(0), "1 to 100"), (.replicas(-1), "1 to 100"), (.replicas(101), "1 to 100"),
            (.replicas(1, within: .zero), "1 ms to 60 s"), (.replicas(1, within: .microseconds(999)), "1 ms to 60 s"),
            (.replicas(1, within: .milliseconds(60_001)), "1 ms to 60 s"),
        ] as [(ReplicaConfirmation, String)])
    func bounds(replicas: ReplicaConfirmation, says: String) async throws {
        try await Rig.with { rig in
            for road in EnqueueMiddlewareTests.roads {
                let error = await #expect(throws: PenstockError.self) {
                    try await road.enqueue(rig.penstock, .init(replicas: replicas))
                }
                #expect(error?.code == .invalidArgument && error?.message.contains(says) == true)
            }
        }
    }

    @Test("jobs of one call cannot ask for different confirmations")
    func different() async throws {
        try await Rig.with { rig in
            let error = await #expect(throws: PenstockError.self) {
                try await rig.penstock.enqueue(
                    raw: [
                        .init(kind: "work", payload: [], options: Self.one), .init(kind: "work", payload: []),
                    ])
            }
            #expect(error?.code == .invalidArgument && error?.message.contains("replicas") == true)
            let queues = try await rig.penstock.queues()
            #expect(queues.isEmpty)
        }
    }

    // MARK: Faults

    /// What `body` throws; an issue and nil if it does not.
    private func refusal(_ body: @Sendable () async throws -> Enqueued) async -> PenstockError? {
        await #expect(throws: PenstockError.self) { try await body() }
    }

    @Test(
        "a reply that is lost on the way: stored once, and confirmed all the same",
        arguments: ["ROLE", "EVALSHA", "EXPIRE", "WAIT"])
    func lostReply(command: String) async throws {
        try await ReplicatedRig.with { replicated in
            let rig = replicated.rig
            try await rig.load(Scripts.enqueue)
            try await FaultProxy.withProxy(to: rig.redis) { proxy in
                let client = try Rig.client(proxy.url)
                let rule = proxy.apply(.dropReply(then: .close), to: .command(command), times: 2)
                let answer = try await client.enqueue(Work(), Self.one)
                try await proxy.applied(rule)
                #expect(answer.confirmedReplicas == 1 && !answer.isDuplicate)
                #expect(try await replicated.ask(0, "HEXISTS", "{t:0}:tasks", answer.id.rawValue).int == 1)
                #expect(try await rig.queue().ready == 1)
                await client.shutdown()
            }
        }
    }

    /// A new connection has written nothing that a replica could lack: WAIT alone would count all of them.
    @Test("a call that was sent again on a new connection does not take silence for consent")
    func sentAgain() async throws {
        try await ReplicatedRig.with { replicated in
            let rig = replicated.rig
            try await rig.load(Scripts.enqueue)
            try await FaultProxy.withProxy(to: rig.redis) { proxy in
                let client = try Rig.client(proxy.url)
                replicated.replicas[0].suspend()
                let rule = proxy.apply(.dropReply(then: .close), to: .script(Scripts.enqueue.digest))
                let error = await #expect(throws: PenstockError.self) { try await client.enqueue(Work(), Self.brief) }
                try await proxy.applied(rule)
                #expect(error?.code == .notReplicated && error?.message.contains("0 of 1") == true)
                #expect(try await rig.queue().ready == 1)
                replicated.replicas[0].resume()
                await client.shutdown()
            }
        }
    }

    @Test("a server that does not know of the call any more is told from one that has it")
    func promoted() async throws {
        try await ReplicatedRig.with { replicated in
            let rig = replicated.rig
            try await FaultProxy.withProxy(to: rig.redis) { proxy in
                let client = try Rig.client(proxy.url)
                let rule = proxy.apply(.dropRequest(then: .close), to: .command("EXPIRE"), times: 100_000)
                async let refused = refusal { try await client.enqueue(Work(), Self.one) }
                try await proxy.applied(rule)
                // As a replica that was promoted before it had the call.
                for key in try await rig.command("KEYS", "{t:0}:sent:*").array?.compactMap(\.text) ?? [] {
                    try await rig.command("DEL", key)
                }
                proxy.clearFaults()
                let error = await refused
                #expect(error?.code == .notReplicated)
                #expect(error?.message.contains("unknown number of 1") == true, "\(error?.message ?? "")")
                #expect(error?.message.contains("was promoted") == true)
                await client.shutdown()
            }
        }
    }
}
