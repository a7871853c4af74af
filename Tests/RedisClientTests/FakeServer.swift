import Foundation
import NIOCore
import NIOPosix
import RedisClient

/// A listener on a unix socket that answers the handshake, and then every further piece of bytes with what it was given:
/// nothing, garbage, a hang-up.
final class FakeServer: Sendable {
    enum Habit: Sendable {
        /// Takes everything and says nothing.
        case silence
        /// Says this after the first command.
        case answer(String)
        /// Says this at once, in place of the handshake.
        case greet(String)
    }

    let path: String
    private let channel: any Channel

    init(_ habit: Habit) async throws {
        path = FileManager.default.temporaryDirectory.appending(path: "fake-\(UUID().uuidString.prefix(13))").path
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(FakeServerHandler(habit))
                }
            }
            .bind(unixDomainSocketPath: path).get()
    }

    func stop() async {
        try? await channel.close()
        try? FileManager.default.removeItem(atPath: path)
    }
}

private final class FakeServerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let habit: FakeServer.Habit
    private var isGreeted = false
    private var received = ""

    init(_ habit: FakeServer.Habit) { self.habit = habit }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received += String(buffer: unwrapInboundIn(data))
        if !isGreeted {
            if case .greet(let text) = habit { return write(text, context) }
            guard received.contains("PING") else { return }
            isGreeted = true
            let info = "redis_version:7.0.15\r\nrun_id:fake\r\n"
            write("$\(info.utf8.count)\r\n\(info)\r\n+PONG\r\n", context)
        } else if case .answer(let text) = habit {
            write(text, context)
        }
    }

    private func write(_ text: String, _ context: ChannelHandlerContext) {
        context.writeAndFlush(NIOAny(ByteBuffer(string: text)), promise: nil)
    }
}

/// Runs `body` with a client of a fake server, and ends both whatever happens.
func withFakeServer(
    _ habit: FakeServer.Habit,
    settings: Settings = Settings(),
    _ body: (RedisClient) async throws -> Void
) async throws {
    let server = try await FakeServer(habit)
    var configuration = RedisConfiguration(address: .unixSocket(path: server.path))
    settings.apply(to: &configuration)
    let client = RedisClient(configuration: configuration, logger: quietLogger)
    var failure: (any Error)?
    do { try await body(client) } catch { failure = error }
    await client.shutdown()
    await server.stop()
    if let failure { throw failure }
}
