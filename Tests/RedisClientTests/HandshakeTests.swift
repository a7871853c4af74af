import Testing

@testable import RedisClient

@Suite("Handshake") struct HandshakeTests {
    private func configuration(_ url: String, name: String? = nil) throws -> RedisConfiguration {
        var configuration = try RedisConfiguration(url: url)
        configuration.clientName = name
        return configuration
    }

    private func info(_ version: String) -> RedisReply {
        .string(Array("# Server\r\nredis_version:\(version)\r\nredis_mode:standalone\r\nrun_id:abc\r\n".utf8))
    }

    @Test func asksForWhatTheURLSays() throws {
        let plain = Handshake(configuration: try configuration("redis://h"))
        #expect(plain.commands.map(\.name) == ["INFO", "PING"])
        let full = Handshake(configuration: try configuration("redis://u:p@h/3", name: "n"))
        #expect(full.commands.map(\.name) == ["AUTH", "SELECT", "CLIENT", "INFO", "PING"])
        #expect(full.commands[0].arguments.count == 2)
    }

    @Test func readsWhoAnswers() throws {
        var handshake = Handshake(configuration: try configuration("redis://h/1", name: "n"))
        #expect(handshake.receive(.status("OK")) == .wait)
        #expect(handshake.receive(.error(RedisServerError(message: "NOPERM no"))) == .wait, "a name is a nicety")
        #expect(handshake.receive(info("7.2.4")) == .wait)
        guard case .ready(let info) = handshake.receive(.status("PONG")) else {
            Issue.record("not ready")
            return
        }
        #expect(info.version == "7.2.4" && info.majorVersion == 7 && info.minorVersion == 2)
        #expect(info.runID == "abc" && info.mode == "standalone" && info.program == "redis")
    }

    @Test(arguments: ["6.2.14", "5.0", "0.1"]) func namesBothVersionsOfAnOldServer(_ version: String) throws {
        var handshake = Handshake(configuration: try configuration("redis://h"))
        guard case .fail(.refused(.invalidConfiguration(let message))) = handshake.receive(info(version)) else {
            Issue.record("accepted")
            return
        }
        #expect(message.contains(version) && message.contains("7.0"))
    }

    @Test(arguments: [RedisReply.integer(1), .string(Array("hello".utf8)), .null, .array([])])
    func refusesWhatIsNoRedis(_ reply: RedisReply) throws {
        var handshake = Handshake(configuration: try configuration("redis://h"))
        #expect(handshake.receive(reply) == .fail(.refused(Handshake.notRedis)))
    }

    @Test func tellsTroubleThatPassesFromTroubleThatStays() throws {
        let loading = RedisServerError(message: "LOADING Redis is loading")
        var handshake = Handshake(configuration: try configuration("redis://h"))
        _ = handshake.receive(info("7.0.15"))
        #expect(handshake.receive(.error(loading)) == .fail(.notReady(loading)))

        let wrong = RedisServerError(message: "WRONGPASS invalid")
        handshake = Handshake(configuration: try configuration("redis://:p@h"))
        #expect(handshake.receive(.error(wrong)) == .fail(.refused(.server(wrong))))

        handshake = Handshake(configuration: try configuration("redis://h/99"))
        guard
            case .fail(.refused(.invalidConfiguration)) = handshake.receive(
                .error(RedisServerError(message: "ERR DB index is out of range")))
        else {
            Issue.record("accepted")
            return
        }
    }
}
