import EmbeddedRedis
import Penstock
import PenstockTesting
import RedisClient
import Testing

/// A private Redis with replicas. They reach it through a proxy, which has a free port for them.
struct ReplicatedRig: Sendable {
    let rig: Rig
    let replicas: [EmbeddedRedis]

    static func with(replicas count: Int = 1, _ body: (ReplicatedRig) async throws -> Void) async throws {
        // A replica is served at once, and not after the five seconds in which others might join it.
        let options = EmbeddedRedis.Options(extraArguments: ["--repl-diskless-sync-delay", "0"])
        try await Rig.with(options) { rig in
            try await FaultProxy.withProxy(to: rig.redis, listeningOn: .loopback) { proxy in
                let port = try #require(proxy.port)
                var replicas: [EmbeddedRedis] = []
                do {
                    for _ in 0..<count {
                        replicas.append(
                            try await EmbeddedRedis.start(
                                .init(extraArguments: ["--replicaof", "127.0.0.1", "\(port)"])))
                    }
                    let replicated = ReplicatedRig(rig: rig, replicas: replicas)
                    try await replicated.attached(count)
                    try await body(replicated)
                } catch {
                    for replica in replicas { await replica.stop() }
                    throw error
                }
                for replica in replicas { await replica.stop() }
            }
        }
    }

    /// Waits until the primary counts so many replicas.
    func attached(_ count: Int) async throws {
        try await eventually("\(count) replicas to be attached", within: .seconds(30)) {
            try await rig.command("ROLE").array?[2].array?.count == count
        }
    }

    /// Waits until somebody's WAIT holds up its connection.
    func waiting(_ count: Int = 1) async throws {
        try await eventually("a WAIT to wait") {
            try await rig.command("INFO", "clients").text?.contains("blocked_clients:\(count)\r\n") == true
        }
    }

    /// What a replica answers to a plain command.
    func ask(_ replica: Int = 0, _ name: String, _ arguments: String...) async throws -> RedisReply {
        let client = RedisClient(
            configuration: try RedisConfiguration(url: replicas[replica].url), logger: Rig.quiet)
        do {
            let reply = try await client.send(RedisCommand(name, RedisArguments(arguments)))
            await client.shutdown()
            return reply
        } catch {
            await client.shutdown()
            throw error
        }
    }
}
