import ArgumentParser
import Penstock

struct CapRemove: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a length cap. Exit code 1 if it is not set.")

    @OptionGroup var target: CapTarget

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let removed = try await Session.run(connection) {
            try await $0.removeCap(queue: target.queue, tenant: target.tenant)
        }
        guard removed else {
            throw CommandFailure.notFound("no cap is set for \(target.words); penstock cap list shows those that are")
        }
        Console.write(
            connection.json
                ? JSONText.line(View(queue: target.queue, tenant: target.tenant, removed: true))
                : "\(target.words) has no cap any more")
    }

    private struct View: Encodable {
        let queue: String
        let tenant: String?
        let removed: Bool
    }
}
