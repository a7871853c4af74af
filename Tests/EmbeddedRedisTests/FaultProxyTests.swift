import EmbeddedRedis
import PenstockTesting
import Testing

@Suite("A fault proxy in front of a real Redis", .timeLimit(.minutes(10)))
struct FaultProxyTests {
    @Test("passes everything through, and counts it", arguments: [FaultProxy.Listener.unixSocket, .loopback])
    func passThrough(listener: FaultProxy.Listener) async throws {
        try await withProxy(listener) { redis, proxy, client in
            await client.send(
                ["SET", "k", "a\r\n\0b"], ["GET", "k"], ["HGETALL", "none"], ["LRANGE", "k", "0", "1"])
            #expect(try await client.reply() == "+OK")
            #expect(try await client.reply() == "$5\r\na\r\n\0b")
            #expect(try await client.reply() == "*0")
            #expect(try await client.reply().hasPrefix("-WRONGTYPE"))
            let digest = try await client.call("SCRIPT", "LOAD", "return {1, {2, 'x'}, false}").suffix(40)
            #expect(try await client.call("EVALSHA", String(digest), "0") == "*3\r\n:1\r\n*2\r\n:2\r\n$1\r\nx\r\n$-1")
            #expect(proxy.requests["SET"] == 1)
            #expect(proxy.requests["EVALSHA \(digest)"] == 1)
            #expect(proxy.hits(of: .script(String(digest))) == 1)
            #expect(proxy.hits(of: .any) == 6)
            #expect(proxy.acceptedConnections == 1)
            #expect(proxy.socketPath == nil || proxy.url == "unix://\(proxy.socketPath!)")
        }
    }

    @Test("carries a reply of many megabytes unharmed")
    func bigReply() async throws {
        try await withProxy { redis, proxy, client in
            let big = String(repeating: "0123456789abcdef", count: 10 * 65_536)
            #expect(try await client.call("SET", "big", big) == "+OK")
            let reply = try await client.call("GET", "big")
            #expect(reply == "$\(big.utf8.count)\r\n" + big)
        }
    }

    @Test("loses the reply of one request of a pipeline: executed, not answered, connection closed")
    func droppedReply() async throws {
        try await withProxy { redis, proxy, client in
            let rule = proxy.apply(.dropReply(), to: .containing("victim"))
            await client.send(["INCR", "before"], ["INCR", "victim"], ["INCR", "after"])
            #expect(try await client.reply() == ":1")
            await #expect(throws: RawConnection.Lost(partial: "")) { try await client.reply() }
            try await proxy.applied(rule)
            #expect(try await redisCall(redis.socketPath, "MGET", "before", "victim") == "*2\r\n$1\r\n1\r\n$1\r\n1")
            // A new connection is none the wiser.
            #expect(try await redisCall(proxy.socketPath!, "INCR", "victim") == ":2")
        }
    }

    @Test("loses a reply and leaves the connection half-open")
    func droppedReplyHanging() async throws {
        try await withProxy { redis, proxy, client in
            let rule = proxy.apply(.dropReply(then: .hang), to: .command("incr"), sparing: 1)
            #expect(try await client.call("INCR", "k") == ":1")
            await client.send(["INCR", "k"])
            try await proxy.applied(rule)
            await client.send(["INCR", "k"], ["PING"])
            try await proxy.waitForHits(of: .command("PING"), count: 1)
            #expect(try await redisCall(redis.socketPath, "GET", "k") == "$1\r\n2")
            #expect(!client.hasNews)
            await redis.stop()
            #expect(!client.hasNews)
        }
    }

    @Test("loses a request: never executed")
    func droppedRequest() async throws {
        try await withProxy { redis, proxy, client in
            let rule = proxy.apply(.dropRequest(), to: .command("INCR"), times: 2)
            await #expect(throws: RawConnection.Lost(partial: "")) { try await client.call("INCR", "k") }
            try await proxy.applied(rule)
            #expect(try await redisCall(redis.socketPath, "EXISTS", "k") == ":0")
            await #expect(throws: RawConnection.Lost.self) { try await redisCall(proxy.socketPath!, "INCR", "k") }
            try await proxy.applied(rule, times: 2)
            #expect(try await redisCall(proxy.socketPath!, "INCR", "k") == ":1")
        }
    }

    @Test("cuts a reply in the middle of its frame", arguments: [FaultProxy.Listener.unixSocket, .loopback])
    func cutReply(listener: FaultProxy.Listener) async throws {
        try await withProxy(listener) { redis, proxy, client in
            _ = try await client.call("SET", "k", "0123456789")
            proxy.apply(.cutReply(afterBytes: 8), to: .command("GET"))
            await #expect(throws: RawConnection.Lost(partial: "$10\r\n012")) { try await client.call("GET", "k") }
        }
    }

    @Test("delays one reply, and keeps the order")
    func delayedReply() async throws {
        try await withProxy { redis, proxy, client in
            let rule = proxy.apply(.delayReply(by: .milliseconds(150)), to: .containing("slow"))
            let clock = ContinuousClock()
            let start = clock.now
            await client.send(["ECHO", "slow"], ["ECHO", "fast"])
            try await proxy.applied(rule)
            #expect(try await client.reply() == "$4\r\nslow")
            #expect(clock.now - start >= .milliseconds(150))
            #expect(try await client.reply() == "$4\r\nfast")
        }
    }

    @Test("delays and trickles all traffic while told to")
    func traffic() async throws {
        try await withProxy { redis, proxy, client in
            let clock = ContinuousClock()
            proxy.setTraffic(.delayed(by: .milliseconds(100)))
            let delayed = try await clock.measure { _ = try await client.call("PING") }
            #expect(delayed >= .milliseconds(100))
            proxy.setTraffic(.trickle(bytesPerSecond: 200))
            // 46 bytes at 200 a second.
            let trickled = try await clock.measure {
                _ = try await client.call("ECHO", String(repeating: "x", count: 39))
            }
            #expect(trickled >= .milliseconds(200))
            proxy.setTraffic(.passThrough)
            #expect(try await client.call("PING") == "+PONG")
        }
    }

    @Test("is a black hole while told to: connects, never answers, hangs for good")
    func blackHole() async throws {
        try await withProxy { redis, proxy, client in
            proxy.setTraffic(.blackHole)
            await client.send(["SET", "k", "v"])
            try await proxy.waitForHits(of: .command("SET"), count: 1)
            try await RawConnection.withConnection(proxy.socketPath!) { other in
                await other.send(["PING"])
                try await proxy.waitForHits(of: .any, count: 2)
                #expect(!other.hasNews)
            }
            proxy.setTraffic(.passThrough)
            #expect(try await redisCall(proxy.socketPath!, "EXISTS", "k") == ":0")
            #expect(!client.hasNews)
            proxy.setTraffic(.refused)
            await #expect(throws: RawConnection.Lost.self) { try await redisCall(proxy.socketPath!, "PING") }
        }
    }

    @Test("closes all connections, and reports those that come and go")
    func closing() async throws {
        try await withProxy { redis, proxy, client in
            #expect(try await client.call("PING") == "+PONG")
            await proxy.closeAllConnections()
            try await proxy.waitForOpenConnections(0)
            await #expect(throws: RawConnection.Lost.self) { try await client.reply() }
            #expect(try await redisCall(proxy.socketPath!, "PING") == "+PONG")
            try await proxy.waitForAcceptedConnections(2)
        }
    }

    @Test("shows the client when Redis goes, and carries on when it is back")
    func redisRestart() async throws {
        try await withProxy { redis, proxy, client in
            #expect(try await client.call("PING") == "+PONG")
            await redis.kill()
            await #expect(throws: RawConnection.Lost.self) { try await client.reply() }
            await #expect(throws: RawConnection.Lost.self) { try await redisCall(proxy.socketPath!, "PING") }
            try await redis.restart()
            #expect(try await redisCall(proxy.socketPath!, "PING") == "+PONG")
        }
    }

    @Test("passes subscriptions through")
    func subscription() async throws {
        try await withProxy { redis, proxy, client in
            #expect(try await client.call("SUBSCRIBE", "news") == "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1")
            _ = try await redisCall(redis.socketPath, "PUBLISH", "news", "hello")
            #expect(try await client.reply() == "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello")
        }
    }

    @Test("tells a test whose event does not come what it was")
    func timeout() async throws {
        try await withProxy { redis, proxy, client in
            let error = await #expect(throws: WaitTimedOut.self) {
                try await proxy.nextHit(of: .script("abc"), within: .milliseconds(20))
            }
            #expect(error?.description.contains("script abc") == true)
        }
    }

    private func withProxy(
        _ listener: FaultProxy.Listener = .unixSocket,
        _ body: (EmbeddedRedis, FaultProxy, RawConnection) async throws -> Void
    ) async throws {
        try await EmbeddedRedis.withRedis { redis in
            try await FaultProxy.withProxy(to: redis, listeningOn: listener) { proxy in
                try await RawConnection.withConnection(proxy.socketPath ?? "", port: proxy.port) { client in
                    try await body(redis, proxy, client)
                }
            }
        }
    }
}
