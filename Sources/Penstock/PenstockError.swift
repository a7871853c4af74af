import PenstockStore
import RedisClient

/// What the library throws: a code to decide by, a message for people that says what to do, and the cause. Where a code says
/// that nothing was done, `enqueued` tells of the one exception.
public struct PenstockError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable {
        /// A value is not allowed; nothing was done. The message names the field.
        case invalidArgument
        /// Redis could not be reached, is too old, refused the password, or has no means to do it now (it is read-only, is
        /// loading, or cannot write to its disk); nothing was done.
        case unavailable
        /// Redis has no memory left for new work; nothing was done.
        case outOfMemory
        /// A length cap is reached; nothing was done.
        case full
        /// Redis is fuller than `Penstock.Configuration.memoryMark` allows; nothing was done. `retryAfter` says when to try
        /// again.
        case backPressure
        /// The jobs are stored on the primary, but fewer replicas than asked for have confirmed that: a failover may lose
        /// them. Repeat only with an idempotency key.
        case notReplicated
        /// A middleware around enqueue threw (`cause` is its error), or did not answer each job in its place.
        case middleware
        /// The reply was lost: it may or may not have happened.
        case outcomeUnknown
        /// There is no such job or batch, or it is no longer known.
        case notFound
        /// What was waited for did not happen in time.
        case timedOut
        /// The job whose result was asked for did not complete.
        case jobFailed
        /// The run whose output was asked for did not succeed.
        case runFailed
        /// The state of a run or step does not allow it; nothing was done.
        case notNow
        /// The role that the call acts for is not held any more, see `Penstock.withRole(_:lease:_:)`; nothing was done.
        case roleLost
        /// Redis answered with an error.
        case server
        /// A payload or result cannot be encoded or decoded.
        case codec
        /// The client was shut down.
        case closed
    }

    public let code: Code
    public let message: String
    public let cause: (any Error)?
    /// With `backPressure`: before this time has passed, another try gets the same answer. Nil otherwise.
    public let retryAfter: Duration?
    /// Of a call that enqueues more than a thousand jobs: so many of the first ones are stored all the same. 0 otherwise.
    public private(set) var enqueued = 0

    public init(_ code: Code, _ message: String, cause: (any Error)? = nil, retryAfter: Duration? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
        self.retryAfter = retryAfter
    }

    /// The same, of a call that had stored so many jobs before.
    func after(_ enqueued: Int) -> PenstockError {
        if enqueued == 0 { return self }
        let told = "\(message); the first \(enqueued) jobs of the call are enqueued"
        var error = PenstockError(code, told, cause: cause, retryAfter: retryAfter)
        error.enqueued = enqueued
        return error
    }

    public var description: String { message }
}

extension PenstockError {
    init(_ error: StoreError) {
        let code: Code
        var retryAfter: Duration?
        switch error {
        case .invalid: code = .invalidArgument
        case .outOfMemory: code = .outOfMemory
        case .full: code = .full
        case .backPressure(_, _, _, let wait):
            code = .backPressure
            retryAfter = wait
        case .noReplicas: code = .unavailable
        case .notReplicated: code = .notReplicated
        case .outcomeUnknown: code = .outcomeUnknown
        case .roleLost: code = .roleLost
        case .unexpectedReply: code = .server
        case .redis(let redis): code = Self.code(redis)
        }
        self.init(code, error.description, cause: error, retryAfter: retryAfter)
    }

    init(_ error: RedisError) { self.init(Self.code(error), "\(error)", cause: error) }

    private static func code(_ error: RedisError) -> Code {
        switch error {
        case .unavailable: .unavailable
        case .invalidConfiguration: .unavailable
        case .outcomeUnknown: .outcomeUnknown
        case .server(let answer) where answer.kind == .noAuth || answer.kind == .wrongPassword: .unavailable
        // What the server had no means to do it did not begin.
        case .server(let answer) where answer.isServerTrouble && answer.kind != .unblocked: .unavailable
        case .server, .invalidReply: .server
        case .closed, .cancelled: .closed
        }
    }
}

/// Runs a call of the store and gives its error the public form.
func publicly<Value>(_ body: () async throws(StoreError) -> Value) async throws(PenstockError) -> Value {
    do throws(StoreError) { return try await body() } catch { throw PenstockError(error) }
}
