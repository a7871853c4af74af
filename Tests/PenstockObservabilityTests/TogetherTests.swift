import InMemoryTracing
import Logging
import MetricsTestKit
import Penstock
import PenstockObservability
import PenstockTesting
import Testing
import Tracing

@Suite(.timeLimit(.minutes(10))) struct TogetherTests {
    /// As the README has it.
    @Test func `logging, tracing and metrics stand around the same jobs`() async throws {
        let (tracer, factory) = (InMemoryTracer(), TestMetrics())
        let logging = LoggingMiddleware(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let tracing = TracingMiddleware(tracer: tracer)
        let metrics = MetricsMiddleware(factory: factory)
        try await withPenstock(enqueueMiddleware: [logging, tracing, metrics]) { penstock in
            let done = EventBox<JobContext>("jobs")
            try await penstock.enqueue(Sample(), .init(headers: ["request-id": "7"]))
            try await drain(penstock, [logging, tracing, metrics]) {
                $0.handle(Sample.self) { _, job in done.post(job) }
            }
            let context = try await done.next()
            #expect(context.headers["request-id"] == "7" && context.headers.count > 1)
        }
        #expect(tracer.finishedSpans.map(\.kind) == [.producer, .consumer])
        let dimensions = [("kind", "sample"), ("queue", "default")]
        #expect(try factory.expectCounter("penstock_completed", dimensions).totalValue == 1)
    }

    /// Where nobody has set up a tracer or metrics, nothing happens and nothing fails.
    @Test func `without a backend they do nothing`() async throws {
        let tracing = TracingMiddleware()
        let metrics = MetricsMiddleware()
        try await withPenstock(enqueueMiddleware: [tracing, metrics]) { penstock in
            let id = try await penstock.enqueue(Sample()).id
            #expect(try await penstock.status(id).options.headers.isEmpty)
            try await drain(penstock, [tracing, metrics]) { $0.handle(Sample.self) { _, _ in } }
            #expect(try await penstock.queues(["default"])[0].completed == 1)
        }
    }
}
