import ArgumentParser
import Logging
import Penstock

/// What every command takes: where the jobs are, and how to talk about them.
struct ConnectionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where Redis is: redis://[user:password@]host[:port][/db] or unix:///path. Default: PENSTOCK_REDIS_URL, else redis://127.0.0.1:6379.",
            valueName: "url"))
    var redis: String?

    @Option(
        help: ArgumentHelp(
            "Separates applications that share a Redis. Default: PENSTOCK_NAMESPACE, else penstock.", valueName: "name")
    )
    var namespace: String?

    @Option(
        name: .customLong("embedded"),
        help: ArgumentHelp(
            "Use a private Redis that ends with this command; with a directory its data stays there, without one it does not. A directory is told by a slash in it (./data), or written --embedded=DIR.",
            valueName: "dir"))
    var embeddedDirectory: String?

    @Flag(name: .customLong(EmbeddedArgument.aloneName), help: .hidden)
    var embeddedTemporary = false

    @Flag(help: "Print JSON: one object or array on standard output; errors as an object on standard error.")
    var json = false

    @Flag(help: "Log what happens to standard error (level info; warnings otherwise).")
    var verbose = false

    func validate() throws {
        if redis != nil && isEmbedded {
            throw ValidationError("--redis and --embedded exclude each other: leave one out.")
        }
        if embeddedDirectory?.isEmpty == true {
            throw ValidationError("--embedded: the directory is empty; leave it out for a temporary one.")
        }
    }

    var isEmbedded: Bool { embeddedTemporary || embeddedDirectory != nil }

    /// For a program that goes on: warnings, and more with --verbose.
    var logger: Logger { logger(level: .warning) }

    /// For a command that ends with its first error, and says it: nothing, and more with --verbose.
    var quietLogger: Logger { logger(level: .critical) }

    private func logger(level: Logger.Level) -> Logger {
        var logger = Logger(label: "penstock") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = verbose ? .info : level
        return logger
    }
}

/// A command that talks to Redis.
protocol ConnectedCommand: AsyncParsableCommand {
    var connection: ConnectionOptions { get }
}
