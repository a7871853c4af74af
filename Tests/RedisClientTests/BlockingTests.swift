import RedisClient
import Testing

@Suite("Blocking connections") struct BlockingTests {
    /// Returns once `count` clients are blocked in Redis; each look is a round trip.
    private func waitUntilBlocked(_ client: RedisClient, count: Int = 1) async throws {
        while true {
            let info = try await client.send(RedisCommand("INFO", "clients")).text ?? ""
            if info.contains("blocked_clients:\(count)\r\n") { return }
            await Task.yield()
        }
    }

    private let pop = RedisCommand("BLPOP", "list", "0")

    @Test func getsWhatOthersPushAndLeavesTheSharedConnectionFree() async throws {
        try await withRedis { _, client in
            let blocking = client.makeBlockingConnection()
            for _ in 0..<3 {
                async let reply = blocking.send(pop, deadline: .seconds(20))
                try await waitUntilBlocked(client)
                _ = try await client.send(RedisCommand("RPUSH", "list", "x"))
                let answer = try await reply.array?.map(\.text)
                #expect(answer == ["list", "x"])
            }
            let none = try await blocking.send(RedisCommand("BLPOP", "list", "0.01"), deadline: .seconds(20))
            #expect(none.isNull)
            await blocking.close()
            await blocking.close()
            #expect(await redisError { try await blocking.send(pop, deadline: .seconds(1)) } == .closed)
        }
    }

    @Test func theDeadlineIsItsOwn() async throws {
        try await withRedis { _, client in
            let blocking = client.makeBlockingConnection()
            let error = await redisError { try await blocking.send(pop, deadline: .milliseconds(50)) }
            guard case .outcomeUnknown = error else { throw try #require(error) }
            try await waitUntilBlocked(client, count: 0)
            let pong = try await blocking.send(RedisCommand("PING"), deadline: .seconds(20))
            #expect(pong == .status("PONG"))
            await blocking.close()
        }
    }

    @Test func cancellationThrowsTheConnectionAway() async throws {
        try await withRedis { _, client in
            let blocking = client.makeBlockingConnection()
            let (errors, sink) = AsyncStream<RedisError?>.makeStream()
            await withTaskGroup(of: Void.self) { group in
                group.addTask { sink.yield(await redisError { try await blocking.send(pop, deadline: .seconds(600)) }) }
                try? await waitUntilBlocked(client)
                group.cancelAll()
                for await error in errors {
                    #expect(error == .cancelled)
                    break
                }
            }
            try await waitUntilBlocked(client, count: 0)
            let pong = try await blocking.send(RedisCommand("PING"), deadline: .seconds(20))
            #expect(pong == .status("PONG"))
            await blocking.close()
        }
    }

    @Test func aCancelledTaskSendsNothing() async throws {
        try await withRedis { _, client in
            let blocking = client.makeBlockingConnection()
            let error = await withTaskGroup(of: RedisError?.self) { group in
                group.cancelAll()
                group.addTask { await redisError { try await blocking.send(pop, deadline: .seconds(600)) } }
                return await group.next() ?? nil
            }
            #expect(error == .cancelled)
            await blocking.close()
        }
    }

    @Test func cancellationAtAnyMomentLeavesAUsableConnection() async throws {
        try await withRedis { _, client in
            let blocking = client.makeBlockingConnection()
            for yields in 0..<60 {
                await withTaskGroup(of: Void.self) { group in
                    group.addTask {
                        let error = await redisError { try await blocking.send(pop, deadline: .seconds(600)) }
                        #expect(error == .cancelled)
                    }
                    for _ in 0..<yields { await Task.yield() }
                    group.cancelAll()
                }
            }
            let pong = try await blocking.send(RedisCommand("PING"), deadline: .seconds(20))
            #expect(pong == .status("PONG"))
            await blocking.close()
        }
    }

    @Test func aSecondCallerIsTurnedAway() async throws {
        try await withRedis { _, client in
            let blocking = client.makeBlockingConnection()
            async let first = redisError { try await blocking.send(pop, deadline: .seconds(600)) }
            try await waitUntilBlocked(client)
            let second = await redisError { try await blocking.send(pop, deadline: .seconds(600)) }
            guard case .unavailable = second else { throw try #require(second) }
            await blocking.close()
            guard case .outcomeUnknown = await first else { throw try #require(await first) }
        }
    }

    @Test func aServerKilledWhileBlockingIsNoticedAndFoundAgain() async throws {
        try await withRedis { server, client in
            let blocking = client.makeBlockingConnection()
            async let error = redisError { try await blocking.send(pop, deadline: .seconds(600)) }
            try await waitUntilBlocked(client)
            server.kill()
            guard case .outcomeUnknown = await error else { throw try #require(await error) }
            try server.launch()
            let pong = try await blocking.send(RedisCommand("PING"), deadline: .seconds(20))
            #expect(pong == .status("PONG"))
            await blocking.close()
        }
    }
}
