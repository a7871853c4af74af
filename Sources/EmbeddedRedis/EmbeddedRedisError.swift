/// Why an embedded Redis could not be started: a code to switch on, and a message that says what to do.
public struct EmbeddedRedisError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// There is no `redis-server` on this machine, or not where it was said to be.
        case binaryMissing
        /// The directory cannot be created, written or turned into a path.
        case directoryUnusable
        /// Another embedded Redis uses the directory.
        case directoryInUse
        /// An option makes no sense.
        case invalidOption
        /// The server ended, or stayed silent, before it answered.
        case startFailed
        /// The task that was starting it was cancelled; nothing is left behind.
        case cancelled
        /// `restart` was called while the server runs.
        case alreadyRunning
    }

    public let code: Code
    public let message: String
    /// The last lines that the server wrote, if it got that far.
    public let log: [String]

    init(_ code: Code, _ message: String, log: [String] = []) {
        self.code = code
        self.message = message
        self.log = log
    }

    public var description: String {
        log.isEmpty
            ? message : message + "\nThe last lines of its log:\n" + log.map { "  " + $0 }.joined(separator: "\n")
    }
}
