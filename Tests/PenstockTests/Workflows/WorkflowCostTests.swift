import Penstock
import PenstockRuntime
import PenstockStore
import PenstockTesting
import Testing

/// What workflows cost a worker in round trips.
@Suite("Cost of workflows", .timeLimit(.minutes(10))) struct WorkflowCostTests {
    /// What a worker asks Redis for while `body` runs, apart from waiting.
    private func requests(_ proxy: FaultProxy, _ body: () async throws -> Void) async throws -> Int {
        func count() -> Int {
            proxy.requests.filter { name, _ in name == "EVALSHA \(Scripts.cycle.digest)" || name == "HMGET" }
                .reduce(0) { $0 + $1.value }
        }
        let before = count()
        try await body()
        return count() - before
    }

    @Test("a chain of five steps adds at most two round trips a step to what five jobs take, one after the other")
    func chain() async throws {
        let chain = try Workflow("chain", input: NoInput.self) { flow in
            var last = flow.step("s1") { _, _ in 1 }
            for number in 2...5 {
                let before = last
                last = flow.step("s\(number)", after: before) { _, context in try await context[before] + 1 }
            }
            return last
        }
        try await Rig.with { rig in
            try await rig.load(Scripts.cycle)
            try await FaultProxy.withProxy(to: rig.redis) { proxy in
                let client = try Rig.client(proxy.url)
                let options = Worker.Options.quick.with { $0.lease = .seconds(60) }
                try await RunningWorker.with(client, concurrency: 4, options: options) { worker in
                    worker.handle(chain)
                    worker.handle(Work.self) { _, _ in }
                } _: { _ in
                    func run() async throws { #expect(try await rig.penstock.start(chain).output() == 5) }
                    func jobs() async throws {
                        for number in 0..<5 {
                            let id = try await rig.penstock.enqueue(
                                Work(number: number), .init(retention: .seconds(60))
                            ).id
                            _ = try await rig.penstock.wait(for: id)
                        }
                    }
                    try await run()
                    try await jobs()
                    var (best, plain) = (Int.max, Int.max)
                    for _ in 0..<5 {
                        best = min(best, try await requests(proxy, run))
                        plain = min(plain, try await requests(proxy, jobs))
                    }
                    #expect(best <= plain + 10, "\(best) for a chain, \(plain) for five jobs")
                }
                await client.shutdown()
            }
        }
    }

    @Test("items of a fan-out read their run once for many claims, not with each")
    func items() async throws {
        let fan = try Workflow("fan", input: Int.self) { flow in
            flow.forEach("items", concurrency: 50) { count, _ in
                Array(0..<count)
            } run: { _, _ in
            }
        }
        try await Rig.with { rig in
            try await rig.load(Scripts.cycle)
            try await FaultProxy.withProxy(to: rig.redis) { proxy in
                let client = try Rig.client(proxy.url)
                let options = Worker.Options.quick.with { $0.lease = .seconds(60) }
                try await RunningWorker.with(client, concurrency: 4, options: options) {
                    $0.handle(fan)
                } _: { _ in
                    _ = try await rig.penstock.start(fan, 10).output()
                    let before = proxy.hits(of: .command("HMGET"))
                    let claims = proxy.hits(of: .script(Scripts.cycle.digest))
                    let status = try await rig.penstock.start(fan, 2000).run.wait()
                    #expect(status.state == .succeeded && status.steps[0].fanOut?.done == 2000)
                    let reads = proxy.hits(of: .command("HMGET")) - before
                    let calls = proxy.hits(of: .script(Scripts.cycle.digest)) - claims
                    #expect(calls > 10 && reads < calls / 2, "\(reads) reads in \(calls) calls")
                }
                await client.shutdown()
            }
        }
    }
}
