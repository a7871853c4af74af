import RedisClient
import Testing

@Suite("Against a real server") struct ServerTests {
    @Test func bytesComeBackAsTheyWere() async throws {
        try await withRedis { _, client in
            let large = (0..<(10 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            for value in [[], [0], [0xFF, 0xFE, 13, 10], large] {
                var arguments: RedisArguments = ["key"]
                arguments.append(value)
                let set = try await client.send(RedisCommand("SET", arguments))
                #expect(set == .status("OK"))
                let back = try await client.send(RedisCommand("GET", "key"))
                #expect(back.bytes == value)
            }
        }
    }

    @Test func aThousandCallersGetTheirOwnReplies() async throws {
        try await withRedis { _, client in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<1000 {
                    group.addTask {
                        for round in 0..<5 {
                            let text = "\(number)-\(round)"
                            guard try await client.send(RedisCommand("ECHO", text)).text == text else { return false }
                        }
                        return true
                    }
                }
                for try await isOwn in group { #expect(isOwn) }
            }
        }
    }

    @Test func aBatchIsAnsweredInOrderWithErrorsAsValues() async throws {
        try await withRedis { _, client in
            let replies = try await client.pipeline([
                RedisCommand("SET", "k", "v"), RedisCommand("INCR", "k"), RedisCommand("GET", "k"),
                RedisCommand("LPUSH", "k", "x"),
            ])
            #expect(replies.count == 4)
            #expect(replies[0] == .status("OK"))
            #expect(replies[1].error?.kind == .other("ERR"))
            #expect(replies[2].text == "v")
            #expect(replies[3].error?.kind == .wrongType)
            let nothing = try await client.pipeline([])
            #expect(nothing == [])
            let error = await redisError { try await client.send(RedisCommand("INCR", "k")) }
            guard case .server(let answer) = error else { throw try #require(error) }
            #expect(answer.message == "ERR value is not an integer or out of range")
        }
    }

    @Test func aScriptIsSentInFullOnlyToAServerThatLacksIt() async throws {
        try await withRedis { _, client in
            let script = RedisScript(
                name: "echo", digest: "98fe65896b61b785c5ed328a5a0a1421f4f1490c", source: "return {KEYS[1],ARGV[1],1}")
            let digest = try await client.send(RedisCommand("SCRIPT", "LOAD", script.source)).text
            let right = RedisScript(name: script.name, digest: try #require(digest), source: script.source)
            for _ in 0..<2 {
                _ = try await client.send(RedisCommand("SCRIPT", "FLUSH", "SYNC"))
                _ = try await client.send(RedisCommand("CONFIG", "RESETSTAT"))
                for _ in 0..<3 {
                    var arguments = RedisArguments()
                    arguments.append([0, 255] as [UInt8])
                    let reply = try await client.evaluate(right, keys: ["k"], arguments: arguments)
                    #expect(reply == .array([.string([107]), .string([0, 255]), .integer(1)]))
                }
                let stats = try await client.send(RedisCommand("INFO", "commandstats")).text ?? ""
                #expect(stats.contains("cmdstat_eval:calls=1,"), "\(stats)")
                #expect(stats.contains("cmdstat_evalsha:calls=3,"), "\(stats)")
            }
        }
    }

    @Test func serverInfoIsCaptured() async throws {
        try await withRedis { _, client in
            let info = try await client.serverInfo
            #expect(info.majorVersion >= 7 && info.mode == "standalone" && info.runID.count == 40)
            let list = try await client.send(RedisCommand("CLIENT", "LIST")).text ?? ""
            #expect(list.contains("name=penstock-test"))
        }
    }

    @Test func passwordsAndDatabases() async throws {
        try await withRedis(options: ["--requirepass", "sesame"], settings: Settings(password: "sesame")) {
            server, client in
            _ = try await client.send(RedisCommand("SET", "k", "v"))
            let attempts: [(RedisServerError.Kind, (inout RedisConfiguration) -> Void)] = [
                (.wrongPassword, { $0.password = "open" }), (.noAuth, { _ in }),
                (
                    .wrongPassword,
                    {
                        $0.username = "ann"
                        $0.password = "sesame"
                    }
                ),
            ]
            for (kind, change) in attempts {
                var configuration = server.configuration
                change(&configuration)
                let other = RedisClient(configuration: configuration, logger: quietLogger)
                let error = await redisError { try await other.send(RedisCommand("PING")) }
                await other.shutdown()
                guard case .server(let answer) = error else { throw try #require(error) }
                #expect(answer.kind == kind)
                #expect(!answer.isServerTrouble)
                #expect(answer.description.contains("password"))
            }
            for (database, value) in [(1, nil), (0, "v")] as [(Int, String?)] {
                var configuration = server.configuration
                configuration.password = "sesame"
                configuration.database = database
                let other = RedisClient(configuration: configuration, logger: quietLogger)
                let answer = try await other.send(RedisCommand("GET", "k")).text
                #expect(answer == value)
                await other.shutdown()
            }
        }
    }

    @Test func serverTroubleIsTyped() async throws {
        try await withRedis { _, client in
            _ = try await client.send(RedisCommand("CONFIG", "SET", "maxmemory", "1"))
            var error = await redisError { try await client.send(RedisCommand("SET", "k", "v")) }
            guard case .server(let full) = error else { throw try #require(error) }
            #expect(full.kind == .outOfMemory && full.isServerTrouble)
            _ = try await client.send(RedisCommand("CONFIG", "SET", "maxmemory", "0"))
            _ = try await client.send(RedisCommand("REPLICAOF", "127.0.0.1", "1"))
            error = await redisError { try await client.send(RedisCommand("SET", "k", "v")) }
            guard case .server(let replica) = error else { throw try #require(error) }
            #expect(replica.kind == .readOnly && replica.isServerTrouble)
        }
    }

    @Test func overTCP() async throws {
        // A port that was free a moment ago; the server says in its log when it could not have it, and the test fails.
        let port = try await freePort()
        try await withRedis(options: ["--port", String(port), "--bind", "127.0.0.1"]) { _, client in
            _ = try await client.send(RedisCommand("SET", "k", "v"))
            for host in ["127.0.0.1", "localhost"] {
                let other = RedisClient(
                    configuration: try RedisConfiguration(url: "redis://\(host):\(port)"), logger: quietLogger)
                let answer = try await other.send(RedisCommand("GET", "k")).text
                #expect(answer == "v")
                await other.shutdown()
            }
        }
    }
}
