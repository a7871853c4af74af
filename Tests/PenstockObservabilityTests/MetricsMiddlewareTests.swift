import MetricsTestKit
import Penstock
import PenstockObservability
import PenstockTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct MetricsMiddlewareTests {
    @Test func `both sides are counted and timed by kind and queue`() async throws {
        let metrics = TestMetrics()
        let middleware = MetricsMiddleware(factory: metrics)
        try await withPenstock(enqueueMiddleware: [middleware]) { penstock in
            try await penstock.enqueue(Sample(), .init(idempotencyKey: "k"))
            try await penstock.enqueue(Sample(), .init(idempotencyKey: "k"))
            try await penstock.enqueue(many: [Sample(), Sample()])
            try await penstock.enqueue(kind: "other", payload: [], .init(queue: "default"))
            await #expect(throws: PenstockError.self) { try await penstock.enqueue(Sample(), .init(tenant: "a\tb")) }
            try await drain(penstock, [middleware]) { worker in
                worker.handle(Sample.self, retry: .fixed(.zero, attempts: 2)) { _, context in
                    if context.attempt == 1 { throw JobFailure.retryable("no") }
                }
                worker.handle(kind: "other") { _, _ in nil }
            }
        }
        func count(_ label: String, _ kind: String) throws -> Int64 {
            try metrics.expectCounter("penstock_\(label)", [("kind", kind), ("queue", "default")]).totalValue
        }
        let expected: [(String, Int64, Int64)] = [
            ("enqueued", 3, 1), ("duplicates", 1, 0), ("enqueue_failed", 1, 0), ("completed", 3, 1), ("failed", 3, 0),
            ("released", 0, 0),
        ]
        for (label, samples, others) in expected {
            #expect(try count(label, "sample") == samples, "\(label)")
            #expect(try count(label, "other") == others, "\(label)")
        }
        func times(_ label: String, _ kind: String) throws -> [Int64] {
            try metrics.expectTimer("penstock_\(label)", [("kind", kind), ("queue", "default")]).values
        }
        #expect(try times("execution_duration", "sample").count == 6)
        #expect(try times("execution_duration", "sample").allSatisfy { $0 > 0 && $0 < 60_000_000_000 })
        // Retries waited for nobody.
        #expect(try times("wait_duration", "sample").count == 3)
        #expect(try times("wait_duration", "other").allSatisfy { $0 >= 0 && $0 < 60_000_000_000 })
    }

    @Test func `a wait counts the delay`() async throws {
        let metrics = TestMetrics()
        try await withPenstock { penstock in
            try await penstock.enqueue(Sample(), .init(delay: .milliseconds(300)))
            try await drain(penstock, [MetricsMiddleware(factory: metrics)]) { $0.handle(Sample.self) { _, _ in } }
        }
        let timer = try metrics.expectTimer("penstock_wait_duration", [("kind", "sample"), ("queue", "default")])
        // Clocks are Redis's, as far as producer and worker knew it.
        #expect(timer.values.count == 1 && timer.values.allSatisfy { $0 > 200_000_000 })
    }

    @Test func `what a shutdown hands back is released and not failed`() async throws {
        let metrics = TestMetrics()
        try await withPenstock { penstock in
            try await penstock.enqueue(Sample())
            let started = TestSignal("the start")
            var options = Worker.Options()
            options.executionMiddleware = [MetricsMiddleware(factory: metrics)]
            let worker = Worker(penstock, options: options)
            worker.handle(Sample.self) { _, _ in
                started.raise()
                // Sleeps because: it is a job that has no end.
                try await Task.sleep(for: .seconds(3600))
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await worker.run() }
                try await started.wait()
                group.cancelAll()
                try? await group.waitForAll()
            }
            #expect(try await penstock.queues(["default"])[0].ready == 1)
        }
        for (label, value) in [("released", Int64(1)), ("failed", 0), ("completed", 0)] {
            let counter = try metrics.expectCounter(
                "penstock_\(label)", [("kind", "sample"), ("queue", "default")])
            #expect(counter.totalValue == value, "\(label)")
        }
    }
}
