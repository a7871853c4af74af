import InMemoryTracing
import Penstock
import PenstockObservability
import PenstockTesting
import Testing
import Tracing

@Suite(.timeLimit(.minutes(10))) struct TracingMiddlewareTests {
    @Test func `the attempts of a job are children of its enqueue, and linked to it`() async throws {
        let tracer = InMemoryTracer()
        let middleware = TracingMiddleware(tracer: tracer)
        try await withPenstock(enqueueMiddleware: [middleware]) { penstock in
            let id = try await tracer.withSpan("request") { _ in
                try await penstock.enqueue(Sample(), .init(queue: "mail", tenant: "acme", headers: ["own": "1"])).id
            }
            let inside = EventBox<String?>("contexts inside the handler")
            try await drain(penstock, queue: "mail", [middleware]) { worker in
                worker.handle(Sample.self, retry: .fixed(.zero, attempts: 2)) { _, context in
                    inside.post(ServiceContext.current?.inMemorySpanContext?.spanID)
                    #expect(context.headers["own"] == "1")
                    if context.attempt == 1 { throw JobFailure.retryable("no") }
                }
            }
            let spans = tracer.finishedSpans
            let request = try #require(spans.first { $0.operationName == "request" })
            let send = try #require(spans.first { $0.operationName == "send mail" })
            let attempts = spans.filter { $0.operationName == "process mail" }
            #expect(send.spanContext.parentSpanID == request.spanContext.spanID && send.kind == .producer)
            #expect(attempts.count == 2)
            #expect(inside.pending == attempts.map(\.spanContext.spanID))
            for (number, attempt) in attempts.enumerated() {
                #expect(attempt.kind == .consumer)
                #expect(attempt.spanContext.traceID == request.spanContext.traceID)
                #expect(attempt.spanContext.parentSpanID == send.spanContext.spanID)
                #expect(attempt.links.map(\.context.inMemorySpanContext?.spanID) == [send.spanContext.spanID])
                #expect(attempt.attributes.get("penstock.attempt") == .int64(Int64(number + 1)))
            }
            #expect(
                attempts.map { $0.attributes.get("penstock.outcome") } == [.string("failed"), .string("completed")])
            #expect(attempts.map { $0.status?.code } == [.error, nil])
            #expect(attempts.map(\.errors.count) == [1, 0])
            for (span, operation) in [(send, "send"), (attempts[0], "process")] {
                let expected = [
                    "messaging.system": "penstock", "messaging.destination.name": "mail", "penstock.kind": "sample",
                    "messaging.operation.type": operation, "penstock.tenant": "acme",
                    "messaging.message.id": id.rawValue,
                ]
                for (key, value) in expected { #expect(span.attributes.get(key) == .string(value), "\(key)") }
            }
        }
    }

    @Test func `many jobs have one producer, and each its consumer`() async throws {
        let tracer = InMemoryTracer()
        let middleware = TracingMiddleware(tracer: tracer)
        try await withPenstock(enqueueMiddleware: [middleware]) { penstock in
            try await penstock.enqueue(many: [Sample(), Sample(), Sample()])
            try await drain(penstock, [middleware]) { $0.handle(Sample.self) { _, _ in } }
            let send = try #require(tracer.finishedSpans.first { $0.kind == .producer })
            #expect(send.attributes.get("messaging.batch.message_count") == .int64(3))
            let consumers = tracer.finishedSpans.filter { $0.kind == .consumer }
            #expect(
                consumers.map(\.spanContext.parentSpanID) == [String?](repeating: send.spanContext.spanID, count: 3))
        }
    }

    @Test func `a job that nobody traced begins a trace of its own`() async throws {
        let tracer = InMemoryTracer()
        try await withPenstock { penstock in
            try await penstock.enqueue(Sample())
            try await drain(penstock, [TracingMiddleware(tracer: tracer)]) { $0.handle(Sample.self) { _, _ in } }
            let span = try #require(tracer.finishedSpans.first)
            #expect(span.spanContext.parentSpanID == nil && span.links.isEmpty)
        }
    }

    @Test func `headers without room for a trace are left as they are, and the job is enqueued`() async throws {
        let tracer = InMemoryTracer()
        try await withPenstock(enqueueMiddleware: [TracingMiddleware(tracer: tracer)]) { penstock in
            let headers = ["large": String(repeating: "x", count: 4090)]
            let id = try await penstock.enqueue(Sample(), .init(headers: headers)).id
            #expect(try await penstock.status(id).options.headers == headers)
        }
    }

    @Test func `a failed enqueue is an error of its span`() async throws {
        let tracer = InMemoryTracer()
        try await withPenstock(enqueueMiddleware: [TracingMiddleware(tracer: tracer)]) { penstock in
            await #expect(throws: PenstockError.self) { try await penstock.enqueue(Sample(), .init(tenant: "a\tb")) }
            let span = try #require(tracer.finishedSpans.first)
            #expect(span.status?.code == .error && span.errors.count == 1)
        }
    }
}
