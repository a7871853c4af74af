import Foundation
import Logging
import NIOCore
import NIOPosix
import RedisClient
import Testing

/// A private redis-server on a unix socket in a directory of its own, for these tests only: nothing is kept on disk.
/// It ends with `stop()`, and with the test process even when that one is killed: a watcher beside it reads a pipe whose
/// other end is here.
final class LocalRedis {
    let directory: URL
    private let options: [String]
    private var server: Process?
    private var lifeline = Pipe()

    var socketPath: String { directory.appending(path: "redis.sock").path }
    var configuration: RedisConfiguration {
        var configuration = RedisConfiguration(address: .unixSocket(path: socketPath))
        configuration.clientName = "penstock-test"
        return configuration
    }

    init(options: [String] = []) throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "pst-\(UUID().uuidString.prefix(13))")
        self.options = options
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try launch()
    }

    /// The shell becomes the server and leaves a watcher behind, which ends it when the lifeline is closed.
    private static let script = """
        exec 3<&0
        (cat <&3; kill -KILL $$) >/dev/null 2>&1 &
        exec redis-server "$@" 3<&- </dev/null
        """

    /// Starts the server and returns once it listens.
    func launch() throws {
        let server = Process()
        server.executableURL = URL(filePath: "/bin/sh")
        server.arguments =
            [
                "-c", Self.script, "sh", "--port", "0", "--unixsocket", socketPath, "--save", "", "--appendonly", "no",
                "--daemonize", "no", "--dir", directory.path,
            ] + options
        let output = Pipe()
        lifeline = Pipe()
        server.standardInput = lifeline
        server.standardOutput = output
        try server.run()
        self.server = server
        var log = ""
        while !log.contains("eady to accept connections") {
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { throw LocalRedisError(log: log) }
            log += String(decoding: more, as: UTF8.self)
        }
    }

    /// SIGKILL, and waits for the end.
    func kill() {
        guard let server else { return }
        try? lifeline.fileHandleForWriting.close()
        server.waitUntilExit()
        self.server = nil
    }

    /// SIGSTOP: the socket stays, nobody answers.
    func suspend() { if let server { Foundation.kill(server.processIdentifier, SIGSTOP) } }

    func stop() {
        kill()
        try? FileManager.default.removeItem(at: directory)
    }
}

struct LocalRedisError: Error { let log: String }

/// What a test sets apart from the defaults of a configuration.
struct Settings {
    var password: String?
    var connectTimeout: Duration?
    var commandTimeout: Duration?
    var reconnectMaximum: Duration?

    func apply(to configuration: inout RedisConfiguration) {
        configuration.password = password
        if let connectTimeout { configuration.connectTimeout = connectTimeout }
        if let commandTimeout { configuration.commandTimeout = commandTimeout }
        if let reconnectMaximum { configuration.reconnectMaximum = reconnectMaximum }
    }
}

/// Runs `body` with a server and a client, and ends both whatever happens.
func withRedis(
    options: [String] = [],
    settings: Settings = Settings(),
    _ body: (LocalRedis, RedisClient) async throws -> Void
) async throws {
    let server = try LocalRedis(options: options)
    defer { server.stop() }
    var configuration = server.configuration
    settings.apply(to: &configuration)
    let client = RedisClient(configuration: configuration, logger: quietLogger)
    do {
        try await body(server, client)
    } catch {
        await client.shutdown()
        throw error
    }
    await client.shutdown()
}

let quietLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// The error that `body` throws, or nil.
func redisError<T>(_ body: () async throws -> T) async -> RedisError? {
    do {
        _ = try await body()
        return nil
    } catch {
        if let error = error as? RedisError { return error }
        Issue.record(error)
        return nil
    }
}

func freePort() async throws -> Int {
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .bind(host: "127.0.0.1", port: 0).get()
    let port = channel.localAddress?.port ?? 0
    try await channel.close()
    return port
}
