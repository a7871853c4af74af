import EmbeddedRedis
import PenstockTesting
import Testing

@Suite("A start that cannot work", .timeLimit(.minutes(10)))
struct StartFailureTests {
    @Test("names the package when the binary is missing")
    func missingBinary() async throws {
        let error = try await failure(.init(binary: "/nowhere/redis-server"))
        #expect(error.code == .binaryMissing)
        #expect(error.message.contains("apt-get install redis-server"))
        #expect(error.message.contains("/nowhere/redis-server"))
    }

    @Test(
        "follows $PENSTOCK_REDIS_SERVER, and finds the server when PATH leads nowhere",
        arguments: [("/nowhere/server", Int32(1)), ("redis-server", 0), ("", 0)])
    func environment(server: String, code: Int32) async throws {
        let environment: [String: String?] = ["PENSTOCK_REDIS_SERVER": server, "PATH": "/nowhere"]
        try await TestProcess.withProcess(ownerProgram(), environment: environment) { owner in
            let line = try await owner.output.line()
            if code == 0 {
                #expect(line.contains("/redis.sock"), "\(line)")
            } else {
                #expect(line.contains("$PENSTOCK_REDIS_SERVER names /nowhere/server"), "\(line)")
                #expect(try await owner.exit() == .code(code))
            }
        }
    }

    @Test("shows the end of Redis's log")
    func badArgument() async throws {
        let error = try await failure(.init(extraArguments: ["--no-such-option", "yes"]))
        #expect(error.code == .startFailed)
        #expect(error.log.contains { $0.contains("no-such-option") }, "\(error)")
    }

    @Test("says so when the program is no Redis")
    func otherProgram() async throws {
        let error = try await failure(.init(binary: "true"))
        #expect(error.code == .startFailed)
    }

    @Test("gives up on a server that stays silent")
    func silence() async throws {
        try await withTemporaryDirectory { elsewhere in
            let arguments = ["--unixsocket", elsewhere + "/other.sock"]
            let error = try await failure(.init(extraArguments: arguments, startTimeout: .milliseconds(300)))
            #expect(error.code == .startFailed)
            #expect(error.message.contains("did not answer"))
            #expect(!error.log.isEmpty)
        }
    }

    @Test("refuses a second server on one directory, and frees it with the first")
    func directoryInUse() async throws {
        try await withTemporaryDirectory { directory in
            let first = try await EmbeddedRedis.start(.init(directory: directory))
            let error = try await failure(.init(directory: directory))
            #expect(error.code == .directoryInUse)
            #expect(error.message.contains(directory))
            #expect(try await redisCall(first.socketPath, "PING") == "+PONG")
            await first.kill()
            #expect(try await failure(.init(directory: directory)).code == .directoryInUse)
            await first.stop()
            try await EmbeddedRedis.withRedis(.init(directory: directory)) { _ in
                await #expect(throws: EmbeddedRedisError.self) { try await first.restart() }
            }
        }
    }

    @Test("names what is wrong with an option or a directory")
    func badOptions() async throws {
        #expect(try await failure(.init(maxMemory: -1)).message.contains("maxMemory"))
        #expect(try await failure(.init(password: "")).message.contains("password"))
        #expect(try await failure(.init(port: 70_000)).message.contains("port"))
        #expect(try await failure(.init(directory: "/proc/nowhere")).code == .directoryUnusable)
        #expect(try await failure(.init(directory: "/dev/null")).code == .directoryUnusable)
    }

    @Test("leaves nothing behind when it is cancelled")
    func cancelled() async throws {
        let task = Task { () async -> EmbeddedRedisError? in
            withUnsafeCurrentTask { $0?.cancel() }
            return try? await failure(.init())
        }
        #expect(await task.value?.code == .cancelled)
    }

    private func failure(_ options: EmbeddedRedis.Options) async throws -> EmbeddedRedisError {
        try #require(
            await #expect(throws: EmbeddedRedisError.self) {
                let redis = try await EmbeddedRedis.start(options)
                await redis.stop()
            })
    }
}
