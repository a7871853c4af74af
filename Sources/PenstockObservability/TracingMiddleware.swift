import Penstock
import Tracing

/// Carries traces from those who enqueue to those who execute, through the job's headers.
///
/// Enqueue makes a producer span, `send QUEUE`, and injects its context into the headers of each job. An attempt makes a
/// consumer span, `process QUEUE`, that is a child of the producer's and linked to it; retries make one each. Attributes
/// follow OpenTelemetry's conventions for messaging, with `penstock.` for what they do not name.
///
/// What does not fit the bounds of headers is left out: a job is never refused because it is traced.
public struct TracingMiddleware: EnqueueMiddleware, ExecutionMiddleware {
    private let given: (any Tracer)?

    /// - Parameter tracer: Makes the spans; that of `InstrumentationSystem` by default.
    public init(tracer: (any Tracer)? = nil) { given = tracer }

    private var tracer: any Tracer { given ?? InstrumentationSystem.tracer }

    public func enqueue(_ jobs: [JobRequest], next: NextEnqueue) async throws -> [Enqueued] {
        guard let first = jobs.first else { return try await next(jobs) }
        let tracer = tracer
        return try await tracer.withSpan("send \(first.options.queue)", ofKind: .producer) { span in
            describe(span, operation: "send", kind: first.kind, queue: first.options.queue, first.options.tenant)
            if jobs.count > 1 { span.attributes["messaging.batch.message_count"] = jobs.count }
            var injected: [String: String] = [:]
            tracer.inject(span.context, into: &injected, using: HeaderAccess())
            var jobs = jobs
            for i in jobs.indices { Self.add(injected, to: &jobs[i].options.headers) }
            do {
                let answers = try await next(jobs)
                if answers.count == 1 { span.attributes["messaging.message.id"] = answers[0].id.rawValue }
                return answers
            } catch {
                span.setStatus(SpanStatus(code: .error))
                throw error
            }
        }
    }

    public func execute(_ payload: [UInt8], _ context: JobContext, next: NextAttempt) async throws -> [UInt8]? {
        let tracer = tracer
        var producer = ServiceContext.topLevel
        tracer.extract(context.headers, into: &producer, using: HeaderAccess())
        return try await tracer.withSpan("process \(context.queue)", context: producer, ofKind: .consumer) { span in
            describe(span, operation: "process", kind: context.kind, queue: context.queue, context.tenant)
            span.attributes["messaging.message.id"] = context.id.rawValue
            span.attributes["penstock.attempt"] = context.attempt
            if !context.headers.isEmpty { span.addLink(SpanLink(context: producer, attributes: [:])) }
            do {
                let result = try await next(payload, context)
                span.attributes["penstock.outcome"] = "completed"
                return result
            } catch {
                span.attributes["penstock.outcome"] = context.cancellation?.word ?? "failed"
                if context.cancellation != .shutdown { span.setStatus(SpanStatus(code: .error)) }
                throw error
            }
        }
    }

    private func describe(
        _ span: some Span, operation: String, kind: String, queue: String, _ tenant: String
    ) {
        span.attributes["messaging.system"] = "penstock"
        span.attributes["messaging.operation.type"] = operation
        span.attributes["messaging.destination.name"] = queue
        span.attributes["penstock.kind"] = kind
        if !tenant.isEmpty { span.attributes["penstock.tenant"] = tenant }
    }

    /// The span's own headers replace older ones of a trace that were passed on by hand.
    private static func add(_ injected: [String: String], to headers: inout [String: String]) {
        for (name, value) in injected.sorted(by: { $0.key < $1.key }) {
            var more = headers
            more[name] = value
            if (try? Headers.check(more)) != nil { headers = more }
        }
    }
}

private struct HeaderAccess: Injector, Extractor {
    func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
    func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
}
