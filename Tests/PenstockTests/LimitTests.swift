import Penstock
import PenstockTesting
import Testing

/// A job that brings the limit key of its account.
struct AccountCall: Job {
    static let name = "account-call"
    var account: Int
    var number = 0

    var limitKeys: [String] { ["account:\(account)"] }
}

@Suite("Limits", .timeLimit(.minutes(10))) struct LimitTests {
    @Test("a rate that is changed while workers run takes effect without a restart")
    func changedWhileRunning() async throws {
        try await Rig.with { rig in
            let done = Notes<Int>("done")
            try await rig.penstock.setLimit("queue:default", LimitTerms(jobs: 1, per: .seconds(3600)))
            try await RunningWorker.with(rig.penstock) {
                $0.handle(Work.self) { job, _ in done.post(job.number) }
            } _: { _ in
                try await rig.penstock.enqueue(many: (0..<20).map { Work(number: $0) })
                #expect(try await done.next() == 0)
                try await eventually("the lane to be parked") {
                    let queue = try await rig.queue(withTenants: true)
                    return queue.limited == 19 && queue.ready == 0 && queue.tenants.first?.limited == 19
                }
                let limit = try #require(try await rig.penstock.limits().first)
                #expect(limit.name.rawValue == "queue:default" && limit.tokens == 0 && limit.parkedLanes == 1)
                #expect(limit.holders == nil && "\(limit.terms)" == "1/h, burst 1")
                let asked = ContinuousClock.now
                try await rig.penstock.setLimit("queue:default", LimitTerms(jobs: 1000, burst: 5))
                #expect(try await Set(done.next(19)) == Set(1..<20))
                #expect(ContinuousClock.now - asked < .seconds(3))

                try await rig.penstock.setLimit("queue:default", LimitTerms(jobs: 1, per: .seconds(3600)))
                try await rig.penstock.enqueue(many: (20..<25).map { Work(number: $0) })
                try await eventually("the lane to be parked again") { try await rig.queue().limited >= 4 }
                #expect(try await rig.penstock.removeLimit("queue:default"))
                #expect(try await Set(done.next(5)) == Set(20..<25))
                #expect(try await !rig.penstock.removeLimit("queue:default"))
                #expect(try await rig.penstock.limits() == [])
            }
        }
    }

    @Test("a lower concurrency never ends what runs: it counts, and nothing starts until fewer run")
    func lowered() async throws {
        try await Rig.with { rig in
            let door = Door()
            let starts = Notes<Int>("starts")
            let later = Occupancy()
            try await RunningWorker.with(rig.penstock, concurrency: 8) { worker in
                worker.handle(Work.self) { job, _ in
                    starts.post(job.number)
                    if job.number < 4 { return await door.pass() }
                    later.enter()
                    await Task.yield()
                    later.leave()
                }
            } _: { running in
                let first = try await rig.penstock.enqueue(many: (0..<4).map { Work(number: $0) }).map(\.id)
                #expect(try await Set(starts.next(4)) == Set(0..<4))
                try await rig.penstock.setLimit("kind:work", LimitTerms(concurrency: 1))
                let limit = try #require(try await rig.penstock.limits().first)
                #expect(limit.holders == first.sorted() && limit.tokens == nil)
                try await rig.penstock.enqueue(many: (4..<10).map { Work(number: $0) })
                try await eventually("the rest to be parked") { try await rig.queue().limited == 6 }
                #expect(try await rig.states(first).allSatisfy { $0 == .running })
                #expect(starts.pending.isEmpty)
                door.open()
                #expect(try await starts.next(6) == Array(4..<10))
                try await eventually("the commits") { running.worker.statistics.completed == 10 }
                #expect(later.most == 1)
                #expect(running.worker.statistics.cancelled + running.worker.statistics.retried == 0)
            }
        }
    }

    @Test("keys that jobs compute or bring are held to the limit of their scope, each by itself")
    func computedKeys() async throws {
        try await Rig.with { rig in
            let door = Door()
            let starts = Notes<Int>("starts")
            try await rig.penstock.setLimit("account:*", LimitTerms(concurrency: 1))
            try await RunningWorker.with(rig.penstock, concurrency: 8) { worker in
                worker.handle(AccountCall.self) { job, _ in
                    starts.post(job.account)
                    await door.pass()
                }
                worker.handle(Work.self) { _, _ in starts.post(0) }
            } _: { running in
                let jobs = (0..<6).map { AccountCall(account: 1 + $0 % 2, number: $0) }
                let ids = try await rig.penstock.enqueue(many: jobs).map(\.id)
                #expect(try await Set(starts.next(2)) == [1, 2])
                try await eventually("the others to be parked") { try await rig.queue().limited == 4 }
                #expect(try await rig.penstock.status(ids[0]).options.limits.map(\.rawValue) == ["account:1"])
                let limit = try #require(try await rig.penstock.limits().first)
                #expect(limit.name.isWildcard && limit.parkedLanes == 2 && limit.holders == ids[..<2].sorted())
                // The same key twice is one.
                let both = AccountCall(account: 1)
                let held = try await rig.penstock.enqueue(both, .init(limits: ["account:1", "region:eu"])).id
                #expect(
                    try await rig.penstock.status(held).options.limits.map(\.rawValue) == ["account:1", "region:eu"])
                // Without the key it is not concerned.
                try await rig.penstock.enqueue(Work())
                #expect(try await starts.next() == 0)
                door.open()
                _ = try await starts.next(5)
                try await eventually("the commits") { running.worker.statistics.completed == 8 }
            }
        }
    }

    @Test("a declared limit is stored where none is set, and what is set otherwise stays")
    func declared() async throws {
        func start(_ rig: Rig, _ limits: [String: LimitTerms]) async throws {
            try await RunningWorker.with(rig.penstock, options: .quick.with { $0.limits = limits }) {
                $0.handle(Work.self) { _, _ in }
            } _: {
                try await $0.started()
            }
        }
        func terms(_ rig: Rig) async throws -> [String: LimitTerms] {
            Dictionary(uniqueKeysWithValues: try await rig.penstock.limits().map { ($0.name.rawValue, $0.terms) })
        }
        try await Rig.with { rig in
            let (old, new) = (try LimitTerms(jobs: 10), try LimitTerms(jobs: 20, concurrency: 2))
            try await start(rig, ["account:*": old, "kind:work": old])
            #expect(try await terms(rig) == ["account:*": old, "kind:work": old])
            // Another version of the service: no fight, whichever starts last.
            try await start(rig, ["account:*": new, "queue:default": new])
            #expect(try await terms(rig) == ["account:*": old, "kind:work": old, "queue:default": new])
            try await rig.penstock.setLimit("account:*", new)
            try await start(rig, ["account:*": old])
            #expect(try await terms(rig)["account:*"] == new)
            try await rig.penstock.removeLimit("account:*")
            #expect(try await terms(rig)["account:*"] == nil)
            try await start(rig, ["account:*": old])
            #expect(try await terms(rig)["account:*"] == old)

            let wrong = Worker(rig.penstock, options: .quick.with { $0.limits = ["nonsense": old] }, logger: Rig.quiet)
            wrong.handle(Work.self) { _, _ in }
            let error = await #expect(throws: PenstockError.self) { try await wrong.run() }
            #expect(error?.code == .invalidArgument && error?.message.contains("nonsense") == true)
        }
    }

    @Test("a worker starts and declares its limits when memory is full")
    func declaredInFullMemory() async throws {
        try await Rig.with { rig in
            try await rig.command("CONFIG", "SET", "maxmemory", "1")
            let terms = try LimitTerms(concurrency: 3)
            for _ in 0..<2 {
                let options = Worker.Options.quick.with { $0.limits = ["account:*": terms] }
                try await RunningWorker.with(rig.penstock, options: options) {
                    $0.handle(Work.self) { _, _ in }
                } _: {
                    try await $0.started()
                }
                #expect(try await rig.penstock.limits().map(\.terms) == [terms])
            }
        }
    }

    @Test("a declared concurrency counts what runs already, and frees what the limit of the scope had parked")
    func declaredOverWildcard() async throws {
        try await Rig.with { rig in
            let door = Door()
            let starts = Notes<Int>("starts")
            try await rig.penstock.setLimit("account:*", LimitTerms(concurrency: 1))
            try await RunningWorker.with(rig.penstock, concurrency: 8) { worker in
                worker.handle(AccountCall.self) { job, _ in
                    starts.post(job.number)
                    await door.pass()
                }
            } _: { _ in
                try await rig.penstock.enqueue(many: (0..<5).map { AccountCall(account: 1, number: $0) })
                #expect(try await starts.next() == 0)
                try await eventually("the others to be parked") { try await rig.queue().limited == 4 }
                let terms = try LimitTerms(concurrency: 3)
                try await RunningWorker.with(rig.penstock, options: .quick.with { $0.limits = ["account:1": terms] }) {
                    $0.handle(Other.self) { _, _ in }
                } _: { _ in
                    #expect(try await Set(starts.next(2)) == [1, 2])
                    try await eventually("three holders") {
                        try await rig.penstock.limits().first { $0.name.rawValue == "account:1" }?.holders?.count == 3
                    }
                    try await eventually("the rest to be parked") { try await rig.queue().limited == 2 }
                }
                door.open()
                #expect(try await Set(starts.next(2)) == [3, 4])
            }
        }
    }

    @Test("draining waits for what limits hold back")
    func drains() async throws {
        try await Rig.with { rig in
            let done = Notes<Int>("done")
            try await rig.penstock.setLimit("queue:default", LimitTerms(jobs: 10, burst: 1))
            try await rig.penstock.enqueue(many: (0..<6).map { Work(number: $0) })
            try await RunningWorker.with(rig.penstock, options: .draining) {
                $0.handle(Work.self) { job, _ in done.post(job.number) }
            } _: {
                try await $0.events.next("the end", within: .seconds(20)) { $0 == .stopped }
            }
            #expect(done.pending.sorted() == Array(0..<6))
        }
    }

    @Test("a length cap refuses, or lets the oldest make way")
    func caps() async throws {
        try await Rig.with { rig in
            try await rig.penstock.setCap(queue: "a", most: 2)
            try await rig.penstock.setCap(queue: "b", tenant: "*", most: 2, overflow: .dropOldest)
            let caps = try await rig.penstock.caps()
            #expect(caps.map(\.queue) == ["a", "b"] && caps.map(\.tenant) == [nil, "*"])
            #expect(caps.map(\.overflow) == [.reject, .dropOldest] && caps.map(\.length) == [0, nil])
            try await rig.penstock.enqueue(many: [Work(), Work()], .init(queue: "a"))
            let error = await #expect(throws: PenstockError.self) {
                try await rig.penstock.enqueue(Work(), .init(queue: "a"))
            }
            #expect(error?.code == .full && error?.message.contains("queue a") == true)
            #expect(try await rig.penstock.caps().first?.length == 2)

            var ids: [TaskID] = []
            for number in 0..<3 {
                let options = EnqueueOptions(queue: "b", tenant: "t", retention: .seconds(60))
                ids.append(try await rig.penstock.enqueue(Work(number: number), options).id)
            }
            #expect(try await rig.states(ids) == [.discarded, .queued, .queued])
            #expect(try await rig.penstock.removeCap(queue: "a"))
            #expect(try await !rig.penstock.removeCap(queue: "a"))
            try await rig.penstock.enqueue(Work(), .init(queue: "a"))
            await #expect(throws: PenstockError.self) { try await rig.penstock.setCap(queue: "a", most: 0) }
        }
    }
}

@Suite("Options that cannot be", .timeLimit(.minutes(10))) struct WrongOptionsTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let options: EnqueueOptions
        let mentions: [String]

        init(_ options: EnqueueOptions, _ mentions: String...) {
            self.options = options
            self.mentions = mentions
        }

        var testDescription: String { mentions.joined(separator: ", ") }
    }

    static var cases: [Case] {
        let debounce = Uniqueness.debounce("k", wait: .seconds(5))
        return [
            Case(.init(limits: ["nonsense"]), "nonsense", "SCOPE:NAME"),
            Case(.init(limits: [""]), "SCOPE:NAME"),
            Case(.init(limits: ["a b:c"]), "a b:c", "letters"),
            Case(.init(limits: ["account:\(String(repeating: "4", count: 505))"]), "513 bytes", "512"),
            Case(.init(limits: ["a:\n"]), "control character"),
            Case(.init(limits: ["queue:mail"]), "queue:mail", "by themselves"),
            Case(.init(limits: ["kind:work"]), "by themselves"),
            Case(.init(limits: ["tenant:acme"]), "by themselves"),
            Case(.init(limits: ["account:*"]), "account:*", "one name"),
            Case(.init(limits: (0..<9).map { "account:\($0)" }), "at most 8", "9"),
            Case(.init(limits: ["a:1", "a:1"]), "twice"),
            Case(.init(delay: .seconds(1), at: .now), "delay", "not both", "leave one out"),
            Case(.init(delay: .seconds(-1)), "delay", "negative"),
            Case(.init(idempotencyKey: ""), "key", "empty"),
            Case(.init(idempotencyKey: String(repeating: "k", count: 513)), "key", "513 bytes", "512"),
            Case(.init(idempotencyKey: "k", keyLifetime: .zero), "lifetime of the idempotency key", "longer than zero"),
            Case(.init(tenant: String(repeating: "t", count: 513)), "tenant", "513 bytes", "512"),
            Case(.init(maxAttempts: 0), "attempts", "1 to 1000000"),
            Case(.init(timeout: .zero), "attempt timeout", "longer than zero"),
            Case(.init(deadline: .zero), "deadline", "longer than zero"),
            Case(.init(retention: .zero), "retention", "longer than zero"),
            Case(.init(unique: .init("")), "key", "empty"),
            Case(.init(unique: .init(String(repeating: "k", count: 513))), "key", "512"),
            Case(.init(unique: .throttle(String(repeating: "k", count: 513), per: .seconds(1))), "key", "512"),
            Case(.init(unique: .debounce(String(repeating: "k", count: 513), wait: .seconds(1))), "key", "512"),
            Case(.init(unique: .throttle("k", per: .zero)), "period", "longer than zero"),
            Case(.init(unique: .debounce("k", wait: .zero)), "wait", "longer than zero"),
            Case(.init(unique: .debounce("k", wait: .seconds(5), atMost: .seconds(1))), "longest wait", "at least"),
            Case(.init(delay: .seconds(1), unique: debounce), "debounced", "leave out delay"),
            Case(.init(at: .now, unique: debounce), "debounced", "leave out at"),
            Case(.init(idempotencyKey: "i", unique: debounce), "idempotency key", "debounce", "leave one out"),
            Case(.init(expiry: .zero), "expiry", "longer than zero"),
            Case(.init(delay: .seconds(10), expiry: .seconds(10)), "expiry", "longer than the wait"),
            Case(.init(unique: debounce, expiry: .seconds(5)), "expiry", "longer than the wait"),
        ]
    }

    @Test("are refused, and the message says what to do")
    func refused() async throws {
        try await Rig.with { rig in
            for wrong in Self.cases {
                let error = await #expect(throws: PenstockError.self, "\(wrong.mentions)") {
                    try await rig.penstock.enqueue(Work(), wrong.options)
                }
                #expect(error?.code == .invalidArgument)
                for word in wrong.mentions {
                    #expect(error?.message.contains(word) == true, "\(word): \(error as Any)")
                }
            }
            let many = await #expect(throws: PenstockError.self) {
                try await rig.penstock.enqueue(many: [Work()], .init(unique: .init("k")))
            }
            #expect(many?.code == .invalidArgument && many?.message.contains("one by one") == true)
            for name in ["", "queue", "queue:", ":x", "a b:c"] {
                let error = await #expect(throws: PenstockError.self) {
                    try await rig.penstock.setLimit(name, LimitTerms(jobs: 1))
                }
                #expect(error?.code == .invalidArgument)
                await #expect(throws: PenstockError.self) { try await rig.penstock.removeLimit(name) }
            }
            let long = await #expect(throws: PenstockError.self) {
                try await rig.penstock.setLimit("a:" + String(repeating: "k", count: 511), LimitTerms(jobs: 1))
            }
            #expect(long?.code == .invalidArgument && long?.message.contains("513 bytes") == true)
            // A name that no limit has is no mistake of the caller: two may remove it at a time.
            #expect(try await rig.penstock.removeLimit("account:nobody") == false)
            let (queues, limits) = (try await rig.penstock.queues(), try await rig.penstock.limits())
            #expect(queues == [] && limits == [])
        }
    }

    @Test("terms that no limit can have")
    func terms() {
        func refused(_ word: String, _ make: () throws -> LimitTerms) {
            let error = #expect(throws: InvalidLimit.self) { try make() }
            #expect(error?.problem.contains(word) == true, "\(error as Any)")
        }
        refused("pause it") { try LimitTerms(jobs: 0) }
        refused("pause it") { try LimitTerms(concurrency: 0) }
        refused("period") { try LimitTerms(jobs: 1, per: .zero) }
        refused("burst must") { try LimitTerms(jobs: 1, burst: 0) }
        refused("burst needs") { try LimitTerms(burst: 1, concurrency: 1) }
        refused("needs a rate") { try LimitTerms() }
    }

    @Test("terms read as people write them")
    func texts() throws {
        #expect("\(try LimitTerms(jobs: 10))" == "10/s, burst 1")
        #expect(
            "\(try LimitTerms(jobs: 600, per: .seconds(60), burst: 9, concurrency: 5))" == "600/m, burst 9, 5 at once")
        #expect("\(try LimitTerms(jobs: 3, per: .seconds(10)))" == "3/10s, burst 1")
        #expect("\(try LimitTerms(jobs: 3, per: .milliseconds(250)))" == "3/250ms, burst 1")
        #expect("\(try LimitTerms(jobs: 5, per: .seconds(86_400)))" == "5/d, burst 1")
        #expect("\(try LimitTerms(concurrency: 5))" == "5 at once")
    }
}
