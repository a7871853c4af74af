/// Code around every attempt of a worker, whatever handler it calls: measures, traces, unpacks payloads, refuses.
///
///     struct OnlyAtNight: ExecutionMiddleware {
///         func execute(_ payload: [UInt8], _ context: JobContext, next: NextAttempt) async throws -> [UInt8]? {
///             guard isNight() else { throw JobFailure.retry(after: .seconds(3600), "it is day") }
///             return try await next(payload, context)
///         }
///     }
///
/// `Worker.Options.executionMiddleware` lists them; the first is the outermost.
public protocol ExecutionMiddleware: Sendable {
    /// What comes behind this middleware: the next one, and at last the handler.
    typealias NextAttempt = @Sendable ([UInt8], JobContext) async throws -> [UInt8]?

    /// Passes the attempt on to `next`, and returns the result: nil for none. It is kept if the job asks for that.
    ///
    /// It may change the payload, the logger of the context, and the result. Typed handlers decode what they are given, so
    /// a payload that was packed at enqueue can be unpacked here. An attempt that is not passed on has ended well.
    ///
    /// - Throws: An error fails the attempt as one of the handler's would: `JobFailure`, or any `FailureDisposing` error,
    ///   says what follows. Errors of the handler come out of `next`; pass them on.
    func execute(_ payload: [UInt8], _ context: JobContext, next: NextAttempt) async throws -> [UInt8]?
}

extension [any ExecutionMiddleware] {
    /// A handler with these around it. Put together once, when a worker starts: an attempt allocates nothing for it.
    func around(_ handler: @escaping ExecutionMiddleware.NextAttempt) -> ExecutionMiddleware.NextAttempt {
        reversed().reduce(handler) { next, middleware in
            { payload, context in try await middleware.execute(payload, context, next: next) }
        }
    }
}
