import ArgumentParser
import Penstock

struct LimitRemove: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a limit; what it held back starts at once.",
        discussion: """
            Exit code 1 if it is not set. A limit that a worker's code declares is set again when such a worker starts.
            """)

    @Argument(help: LimitCommand.nameHelp, transform: LimitText.name) var name: String

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        guard try await Session.run(connection, { try await $0.removeLimit(name) }) else {
            throw CommandFailure.notFound("limit \(name) is not set; penstock limit list shows those that are")
        }
        Console.write(
            connection.json ? JSONText.line(View(name: name, removed: true)) : "limit \(printable(name)) is removed")
    }

    private struct View: Encodable {
        let name: String
        let removed: Bool
    }
}
