import Penstock
import PenstockStore
import PenstockTesting
import RedisClient
import Testing

@Suite(.timeLimit(.minutes(10))) struct RunConnectionTests {
    enum Phase: String, CaseIterable, Sendable { case open, paid, closed }

    let shipping: Workflow<Int, Int>
    let checkout: Workflow<Order, Int>
    let account: StateMachine<Order, Phase>

    init() throws {
        shipping = try Workflow("shipping", input: Int.self) { flow in
            flow.step("ship") { weight, _ in weight * 2 }
        }
        checkout = try Workflow("checkout", input: Order.self) { flow in
            let charge = flow.step("charge", retry: .never) { order, _ in
                if order.number < 0 { throw JobFailure.permanent("no money") }
                return order.number
            }
            return flow.step("pack", after: charge) { _, context in try await context[charge] + 1 }
        }
        account = try StateMachine("account", object: Order.self, initial: Phase.open) { machine in
            machine.step(.open, to: .paid) { _, _ in .to(.paid) }
            machine.step(.paid, to: .closed) { _, _ in .to(.closed) }
        }
    }

    @Test func `the end of a run starts another, where the filter says so, once`() async throws {
        try await withWorkflows {
            $0.handle(checkout)
            $0.handle(shipping)
            $0.connect(
                "ship", from: checkout, on: .succeeded,
                where: (.tagged("eu") || .foreignID { $0 == "must" }) && .not(.tagged("test"))
            ) { moment in
                [.start(shipping, try await moment.output(), .init(foreignID: "of \(moment.foreignID ?? "-")"))]
            }
        } _: { rig in
            let cases: [(StartOptions, Int)] = [
                (.init(foreignID: "a", tags: ["eu"]), 1), (.init(foreignID: "b", tags: ["us"]), 2),
                (.init(foreignID: "c", tags: ["eu", "test"]), 3), (.init(foreignID: "must"), 4),
                (.init(foreignID: "d", tags: ["eu"]), -1),
            ]
            for (options, number) in cases {
                let run = try await rig.penstock.start(checkout, Order(number: number), options).run
                _ = try await run.wait()
            }
            try await drained(rig)
            let started = try await rig.penstock.runs(.init(workflow: "shipping")).entries
            #expect(Set(started.map(\.foreignID)) == ["of a", "of must"] && started.count == 2)
            for entry in started {
                let run = rig.penstock.run(entry.id)
                _ = try await run.wait(for: .succeeded)
                let expected = entry.foreignID == "of a" ? 2 : 5
                #expect(try await run.input() == Array("\(expected)".utf8))
            }
            #expect(try await rig.penstock.connections().map(\.name) == ["ship"])
        }
    }

    /// Nothing is ready, delayed or running any more.
    private func drained(_ rig: Rig) async throws {
        try await eventually("nothing to be left to do") {
            let queue = try await rig.queue()
            return queue.ready + queue.running + queue.delayed == 0
        }
    }

    @Test func `steps, statuses and failures are told, each in its commit`() async throws {
        let told = Notes<String>("moments")
        try await withWorkflows {
            $0.handle(checkout)
            $0.handle(account)
            $0.connect("steps", from: checkout, on: .step("charge", .succeeded), .step("charge", .failed), .failed) {
                moment in
                told.post("\(moment.foreignID ?? "") \(moment.move)")
                return []
            }
            $0.connect("paid", from: account, on: .status(Phase.paid), .succeeded) { moment in
                told.post("\(moment.workflow) \(moment.move) \(try await moment.output().number)")
                return []
            }
        } _: { rig in
            _ = try await rig.penstock.start(checkout, Order(number: 1), .init(foreignID: "good")).run.wait()
            _ = try await rig.penstock.start(checkout, Order(number: -1), .init(foreignID: "bad")).run.wait()
            _ = try await rig.penstock.start(account, Order(number: 5)).run.wait()
            try await drained(rig)
            let all = told.pending.sorted()
            let expected = [
                "account \(RunEntry.Move.run(.succeeded)) 5", "account \(RunEntry.Move.status("paid")) 5",
                "bad \(RunEntry.Move.run(.failed))", "bad \(RunEntry.Move.step("charge", .failed, branch: nil))",
                "good \(RunEntry.Move.step("charge", .succeeded, branch: nil))",
            ]
            #expect(all == expected.sorted())
        }
    }

    @Test func `a moment whose effects fail is tried again, from the first that was not done`() async throws {
        let (calls, isRepaired) = (TestSignal("calls"), Lockbox(false))
        try await withWorkflows {
            $0.handle(checkout)
            $0.connect("log", from: checkout, on: .succeeded, retry: .quick(5)) { _ in
                calls.raise()
                if calls.count == 3 { isRepaired.set(true) }
                return [
                    .enqueue(Work(number: 1), .init(queue: "log")),
                    .enqueue(Work(number: 2), .init(queue: isRepaired.value ? "log" : "no queue")),
                ]
            }
        } _: { rig in
            _ = try await rig.penstock.start(checkout, Order()).run.wait()
            try await calls.wait(times: 3)
            try await drained(rig)
            #expect(try await rig.queue("log").ready == 2)
        }
    }

    @Test func `a connection counts until it is ended, and why tells who is missing`() async throws {
        try await Rig.with { rig in
            try await RunningWorker.with(rig.penstock, queues: ["other"]) {
                $0.connect("ship", from: checkout, on: .succeeded, queue: "moments") { _ in [] }
            } _: { worker in
                try await worker.started()
            }
            try await RunningWorker.with(rig.penstock) {
                $0.handle(checkout)
            } _: { worker in
                _ = try await rig.penstock.start(checkout, Order()).run.wait()
                #expect(try await rig.queue("moments").ready == 1)
                let id = try await rig.command("LINDEX", "{t:0}:lane:moments\t", "0").text.flatMap { TaskID($0) }
                let why = try await rig.penstock.why(try #require(id))
                #expect(why.kind == "connection:ship" && why.causes == [.noWorker(.queue)], "\(why.causes)")
                #expect(try await rig.penstock.disconnect("ship", from: "checkout"))
                #expect(try await !rig.penstock.disconnect("ship", from: "checkout"))
                _ = try await rig.penstock.start(checkout, Order()).run.wait()
                #expect(try await rig.queue("moments").ready == 1)
                try await worker.started()
            }
            #expect(try await KeyspaceAudit.check(rig.penstock.store) == [])
        }
    }

    @Test func `where nothing is connected, a commit makes no call more`() async throws {
        try await Rig.with { rig in
            func calls() async throws -> Int {
                let stats = try await rig.command("INFO", "commandstats").text ?? ""
                return stats.split(whereSeparator: \.isNewline).reduce(0) { sum, line in
                    // Those of scripts that connections could add to.
                    guard line.hasPrefix("cmdstat_exists:") || line.hasPrefix("cmdstat_hgetall:") else { return sum }
                    return sum + (line.split(separator: ",")[0].split(separator: "=").last.flatMap { Int($0) } ?? 0)
                }
            }
            let before = try await calls()
            for _ in 0..<20 { try await rig.penstock.start(checkout, Order()) }
            let started = try await calls() - before
            // One EXISTS for the run's id, one for limits and connections together.
            #expect(started == 40)
        }
    }

    @Test(arguments: [
        ("a b", [RunTrigger.succeeded], "kind"), ("x", [], "on"), ("x", [.step("none", .failed)], "none"),
        ("x", [.status(Phase.paid)], "status"),
    ])
    func `wrong connections are refused`(name: String, triggers: [RunTrigger], words: String) async throws {
        try await Rig.with { rig in
            let worker = Worker(rig.penstock)
            switch triggers.first {
            case let trigger?: worker.connect(name, from: checkout, on: trigger) { _ in [] }
            case nil: worker.connect(name, from: checkout) { _ in [] }
            }
            let error = await #expect(throws: PenstockError.self) { try await worker.run() }
            #expect(error?.code == .invalidArgument && error?.message.contains(words) == true)
        }
    }
}
