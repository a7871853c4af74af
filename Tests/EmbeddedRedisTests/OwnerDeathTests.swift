import EmbeddedRedis
import Glibc
import PenstockTesting
import Testing

/// With a real owner (the program EmbeddedRedisOwner) and a real SIGKILL.
@Suite("When the owner is killed", .timeLimit(.minutes(10)))
struct OwnerDeathTests {
    struct Server {
        var pid: Int32
        var socketPath: String
        var directory: String
    }

    @Test("its server, the guard and the temporary directory go", arguments: [false, true])
    func temporary(suspended: Bool) async throws {
        let (server, group) = try await killOwner(directory: nil) { server in
            if suspended { Glibc.kill(server.pid, SIGSTOP) }
        }
        try await eventually("the server to end") { !ProcessTable.isAlive(server.pid) }
        try await eventually("the guard to end") { ProcessTable.members(ofGroup: group).isEmpty }
        #expect(!fileExists(server.directory))
    }

    @Test("a server with data writes it out and ends; the next owner waits for that and finds it")
    func kept() async throws {
        try await withTemporaryDirectory { directory in
            let (server, group) = try await killOwner(directory: directory) { server in
                _ = try await redisCall(server.socketPath, "SET", "key", "value")
            }
            try await EmbeddedRedis.withRedis(.init(directory: directory)) { redis in
                #expect(!ProcessTable.isAlive(server.pid))
                let value = try await redisCall(redis.socketPath, "GET", "key")
                #expect(value == "$5\r\nvalue")
            }
            try await eventually("the guard to end") { ProcessTable.members(ofGroup: group).isEmpty }
            let log = readFile(directory + "/redis.log.1") ?? ""
            #expect(log.contains("ready to exit"), "\(log)")
        }
    }

    @Test("a server that is stuck is killed, and its directory is free again")
    func keptAndSuspended() async throws {
        try await withTemporaryDirectory { directory in
            let (server, _) = try await killOwner(directory: directory) { server in
                // A script without end: Redis cannot obey a SIGTERM.
                try await RawConnection.withConnection(server.socketPath) { connection in
                    await connection.send(["EVAL", "while true do end", "0"])
                    try await eventually("Redis to be busy") { try await isBusy(server) }
                }
            }
            #expect(ProcessTable.isAlive(server.pid))
            try await EmbeddedRedis.withRedis(.init(directory: directory)) { _ in
                #expect(!ProcessTable.isAlive(server.pid))
            }
        }
    }

    @Test("by a signal that asks politely, the same holds")
    func terminated() async throws {
        let (server, _) = try await killOwner(directory: nil, signal: SIGTERM) { _ in }
        try await eventually("the server to end") { !ProcessTable.isAlive(server.pid) }
        try await eventually("the directory to go") { !fileExists(server.directory) }
    }

    /// It has run on the processor for a while, so it is in the script.
    private func isBusy(_ server: Server) async throws -> Bool {
        do {
            return try await RawConnection.withConnection(server.socketPath) { connection in
                await connection.send(["PING"])
                return try await connection.reply(within: .milliseconds(100)).hasPrefix("-BUSY")
            }
        } catch is WaitTimedOut {
            return true
        }
    }

    private func killOwner(
        directory: String?, signal: Int32 = SIGKILL, before: (Server) async throws -> Void
    ) async throws -> (Server, group: Int32) {
        try await TestProcess.withProcess(ownerProgram(), directory.map { [$0] } ?? []) { owner in
            let words = try await owner.output.line("the server's address").split(separator: " ").map(String.init)
            let server = Server(
                pid: try #require(Int32(words[0])), socketPath: words[1], directory: words[2])
            let group = try #require(ProcessTable.group(of: server.pid))
            #expect(try await redisCall(server.socketPath, "PING") == "+PONG")
            try await before(server)
            owner.signal(signal)
            #expect(try await owner.exit() == .signal(signal))
            return (server, group)
        }
    }
}
