/// A job is data: a value that says what is to be done. Producers need only this type; the code that does it is a handler
/// registered with a `Worker`.
///
///     struct SendWelcome: Job {
///         static let name = "send-welcome"
///         var userID: String
///     }
public protocol Job: Codable, Sendable {
    /// The stable name under which jobs of this type are stored, their kind. Letters, digits and `. _ - : / @`.
    static var name: String { get }

    /// Keys of limits that this job is subject to, beside those that its enqueue names; none by default.
    ///
    ///     var limitKeys: [String] { ["account:\(accountID)"] }
    var limitKeys: [String] { get }
}

extension Job {
    public var limitKeys: [String] { [] }
}

/// A job that brings its own code, for when producer and worker are one program.
public protocol RunnableJob: Job {
    associatedtype Output: Encodable & Sendable = NoOutput

    /// Does the work. Throw to fail the attempt; `JobFailure` says what to do about it.
    func run(_ context: JobContext) async throws -> Output
}

/// The result of a job that has none.
public struct NoOutput: Codable, Sendable, Hashable {
    public init() {}
}
