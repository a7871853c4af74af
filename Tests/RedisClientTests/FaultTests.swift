import Foundation
import RedisClient
import Synchronization
import Testing

@Suite("Faults") struct FaultTests {
    private func isOutcomeUnknown(_ error: RedisError?) -> Bool {
        if case .outcomeUnknown = error { true } else { false }
    }

    private func isUnavailable(_ error: RedisError?) -> Bool {
        if case .unavailable = error { true } else { false }
    }

    @Test func aServerThatFallsSilentIsFoundByTheDeadline() async throws {
        try await withFakeServer(.silence, settings: Settings(commandTimeout: .milliseconds(200))) { client in
            await withTaskGroup(of: RedisError?.self) { group in
                for _ in 0..<10 {
                    group.addTask { await redisError { try await client.send(RedisCommand("GET", "k")) } }
                }
                for await error in group { #expect(isOutcomeUnknown(error), "\(String(describing: error))") }
            }
        }
    }

    @Test(arguments: ["what?\r\n", "*1\r\n!\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n"])
    func garbageEndsTheConnectionAndNotTheProcess(_ garbage: String) async throws {
        try await withFakeServer(.answer(garbage)) { client in
            for _ in 0..<3 {
                let error = await redisError { try await client.send(RedisCommand("GET", "k")) }
                #expect(isOutcomeUnknown(error), "\(String(describing: error))")
            }
        }
    }

    @Test func aReplyThatNobodyAskedForEndsTheConnection() async throws {
        try await withFakeServer(.answer("+1\r\n+2\r\n")) { client in
            let first = try await client.send(RedisCommand("GET", "k"))
            #expect(first == .status("1"))
            // The next one gets a connection of its own and never the spare reply.
            let second = try await client.send(RedisCommand("GET", "k"))
            #expect(second == .status("1"))
        }
    }

    @Test func aPeerThatIsNoRedisIsNamed() async throws {
        try await withFakeServer(.greet("HTTP/1.1 400 Bad Request\r\n\r\n")) { client in
            let error = await redisError { try await client.send(RedisCommand("PING")) }
            guard case .invalidReply(let message) = error else { throw try #require(error) }
            #expect(message.contains("port"))
        }
    }

    @Test func anOldServerIsRefused() async throws {
        let info = "redis_version:6.2.14\r\n"
        try await withFakeServer(.greet("$\(info.utf8.count)\r\n\(info)\r\n+PONG\r\n")) { client in
            let error = await redisError { try await client.send(RedisCommand("PING")) }
            guard case .invalidConfiguration(let message) = error else { throw try #require(error) }
            #expect(message.contains("6.2.14") && message.contains("7.0"))
        }
    }

    @Test func aServerThatNeverSaysHelloIsUnavailable() async throws {
        try await withFakeServer(.greet(""), settings: Settings(connectTimeout: .milliseconds(100))) { client in
            #expect(isUnavailable(await redisError { try await client.send(RedisCommand("PING")) }))
        }
    }

    @Test func aLoadingServerIsWaitedForUntilTheDeadline() async throws {
        let info = "redis_version:7.0.15\r\n"
        let greeting = "$\(info.utf8.count)\r\n\(info)\r\n-LOADING Redis is loading the dataset in memory\r\n"
        try await withFakeServer(.greet(greeting), settings: Settings(commandTimeout: .milliseconds(200))) { client in
            let error = await redisError { try await client.send(RedisCommand("PING")) }
            guard case .unavailable(let reason) = error else { throw try #require(error) }
            #expect(reason.contains("LOADING"))
        }
    }

    @Test(arguments: ["unix:///nowhere/at/all.sock", "redis://127.0.0.1:1", "redis://no-such-host.invalid"])
    func nobodyThere(_ url: String) async throws {
        let client = RedisClient(configuration: try RedisConfiguration(url: url), logger: quietLogger)
        let error = await redisError { try await client.send(RedisCommand("PING")) }
        #expect(isUnavailable(error), "\(String(describing: error))")
        #expect(try #require(error).description.contains("safe to try again"))
        await client.shutdown()
    }

    @Test func anInvalidConfigurationIsToldByEveryCall() async throws {
        var configuration = RedisConfiguration(address: .tcp(host: "127.0.0.1", port: 1))
        configuration.database = -1
        let client = RedisClient(configuration: configuration, logger: quietLogger)
        for _ in 0..<2 {
            let error = await redisError { try await client.send(RedisCommand("PING")) }
            guard case .invalidConfiguration(let message) = error else { throw try #require(error) }
            #expect(message.contains("database"))
        }
        await client.shutdown()
    }

    @Test func aKilledConnectionIsToldAndReplaced() async throws {
        try await withRedis { _, client in
            _ = try await client.send(RedisCommand("PING"))
            let killer = RedisCommand("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no")
            // The killer and those behind it are in flight on the connection that it kills.
            let outcomes = await withTaskGroup(of: RedisError?.self) { group in
                group.addTask { await redisError { try await client.pipeline([killer, RedisCommand("PING")]) } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.allSatisfy(isOutcomeUnknown), "\(outcomes)")
            let pong = try await client.send(RedisCommand("PING"))
            #expect(pong == .status("PONG"))
        }
    }

    @Test func aServerKilledUnderLoadIsFoundAgain() async throws {
        try await withRedis(settings: Settings(reconnectMaximum: .milliseconds(50))) { server, client in
            _ = try await client.send(RedisCommand("PING"))
            let isBack = Flag()
            let (answered, signal) = AsyncStream<Void>.makeStream()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        // Goes on through the kill until it is served by the new server.
                        for round in 0... {
                            let wasBack = isBack.isRaised
                            do throws(RedisError) {
                                let reply = try await client.send(RedisCommand("ECHO", "\(number)-\(round)"))
                                #expect(reply.text == "\(number)-\(round)")
                                signal.yield()
                                if wasBack { return }
                            } catch {
                                guard isOutcomeUnknown(error) else { throw error }
                            }
                        }
                    }
                }
                var count = 0
                for await _ in answered {
                    count += 1
                    if count == 1000 { break }
                }
                server.suspend()
                server.kill()
                try server.launch()
                isBack.raise()
                try await group.waitForAll()
            }
            let answer = try await client.serverInfo.mode
            #expect(answer == "standalone")
        }
    }

    @Test func shuttingDownLeavesNobodyWaiting() async throws {
        try await withFakeServer(.silence) { client in
            async let sent = redisError { try await client.send(RedisCommand("GET", "k")) }
            async let second: Void = client.shutdown()
            await client.shutdown()
            await second
            let error = await sent
            #expect(error == .closed || isOutcomeUnknown(error), "\(String(describing: error))")
            #expect(await redisError { try await client.send(RedisCommand("PING")) } == .closed)
            #expect(await redisError { try await client.pipeline([RedisCommand("PING")]) } == .closed)
        }
    }
}

/// Something that happens once, visible to every task.
private final class Flag: Sendable {
    private let value = Atomic(false)
    var isRaised: Bool { value.load(ordering: .acquiring) }
    func raise() { value.store(true, ordering: .releasing) }
}
