/// Code around every enqueue of a client, whatever call it comes from: adds headers, measures, changes, refuses.
///
///     struct Stamp: EnqueueMiddleware {
///         func enqueue(_ jobs: [JobRequest], next: NextEnqueue) async throws -> [Enqueued] {
///             var jobs = jobs
///             for i in jobs.indices { jobs[i].options.headers["sent-by"] = "shop" }
///             return try await next(jobs)
///         }
///     }
///
/// `Penstock.Configuration.enqueueMiddleware` lists them; the first is the outermost. Concurrent enqueues of single jobs
/// pass through it on their own, and share round trips behind it.
///
/// It does not see what is enqueued without a call of the client: prepared enqueues (`Penstock.prepare`), entries of the
/// inbox, and callbacks of batches.
public protocol EnqueueMiddleware: Sendable {
    /// What comes behind this middleware: the next one, and at last Redis.
    typealias NextEnqueue = @Sendable ([JobRequest]) async throws -> [Enqueued]

    /// Passes jobs on to `next`, and returns an answer for each of `jobs`, in their order.
    ///
    /// It may change the jobs, and pass on fewer or more of them, as long as the answers fit the jobs that it got; anything
    /// else is refused with the code `middleware`. It may call `next` more than once, and enqueues each time.
    ///
    /// - Throws: Whatever the caller should get. A `PenstockError` reaches the caller as it is; any other error as the
    ///   `cause` of one with the code `middleware`.
    func enqueue(_ jobs: [JobRequest], next: NextEnqueue) async throws -> [Enqueued]
}

/// Middleware and what lies behind it. Without middleware nobody makes one.
struct EnqueueChain: Sendable {
    let middleware: [any EnqueueMiddleware]
    /// The end of the chain: Redis.
    let store: EnqueueMiddleware.NextEnqueue

    func enqueue(_ jobs: [JobRequest]) async throws(PenstockError) -> [Enqueued] {
        do {
            return try await pass(jobs, from: 0)
        } catch let error as PenstockError {
            throw error
        } catch {
            throw PenstockError(.middleware, "a middleware around enqueue threw: \(error)", cause: error)
        }
    }

    private func pass(_ jobs: [JobRequest], from place: Int) async throws -> [Enqueued] {
        guard place < middleware.count else { return try await store(jobs) }
        let answers = try await middleware[place].enqueue(jobs) { try await pass($0, from: place + 1) }
        guard answers.count == jobs.count else {
            throw PenstockError(
                .middleware,
                "\(type(of: middleware[place])) returned \(answers.count) answers for \(jobs.count) jobs: an enqueue middleware has to answer each job in its place. What it passed on is enqueued."
            )
        }
        return answers
    }
}
