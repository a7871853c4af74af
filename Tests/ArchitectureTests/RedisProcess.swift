import Foundation
import ScriptRendering
import Subprocess
import SystemPackage

/// A redis-server of our own, reached by redis-cli: as little as it takes, so that nothing of ours stands between a
/// script and the server that judges it.
struct RedisProcess {
    private let client: URL
    private let socket: String

    static func with(_ body: (RedisProcess) async throws -> Void) async throws {
        let server = try Command.locate("redis-server", package: "redis-server")
        let client = try Command.locate("redis-cli", package: "redis-tools")
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let socket = folder.url.appendingPathComponent("redis.sock").path
        let arguments = [
            "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", folder.url.path,
        ]
        let result = try await Subprocess.run(
            .path(FilePath(server.path)), arguments: Arguments(arguments), input: .none, output: .sequence,
            error: .discarded
        ) { server in
            let outcome: Result<Void, any Error>
            do {
                try await untilReady(server.standardOutput)
                outcome = .success(try await body(RedisProcess(client: client, socket: socket)))
            } catch {
                outcome = .failure(error)
            }
            await server.teardown(using: [.gracefulShutDown(allowedDurationToNextStep: .seconds(5))])
            return outcome
        }
        try result.closureResult.get()
    }

    struct NotStarted: Error {
        let log: [String]
    }

    private static func untilReady(_ output: SubprocessOutputSequence) async throws {
        var log: [String] = []
        for try await line in output.strings() {
            if line.lowercased().contains("ready to accept connections") { return }
            log.append(line)
        }
        throw NotStarted(log: log)
    }

    /// The reply as redis-cli prints it to a pipe; `input` becomes the last argument.
    func call(_ arguments: [String], input: String? = nil) async throws -> String {
        let options = ["-s", socket] + (input == nil ? [] : ["-x"])
        let result = try await Command.run(client, options + arguments, input: input ?? "")
        let reply = result.output + result.errorOutput
        return reply.trimmingCharacters(in: .newlines)
    }
}
