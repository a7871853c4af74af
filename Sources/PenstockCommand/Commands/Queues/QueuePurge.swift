import ArgumentParser
import Penstock

struct QueuePurge: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge", abstract: "Remove all waiting jobs of a queue, ready and delayed, for good.",
        discussion: """
            What runs goes on, and dead letters stay; so do steps of runs: cancel their runs. It goes in chunks and never \
            blocks Redis for long.
            """)

    @Argument(help: QueueCommand.nameHelp, transform: NameText.queue) var name: String

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let removed = try await Session.run(connection) { penstock in
            var progress = ProgressLine()
            let removed = try await penstock.purge(queue: name) { removed in
                progress.show("\(HumanText.count(removed)) removed", fraction: nil)
            }
            progress.clear()
            return removed
        }
        Console.write(
            connection.json
                ? JSONText.line(View(queue: name, removed: removed))
                : "\(HumanText.plural(removed, "job")) removed from queue \(name)")
    }

    private struct View: Encodable {
        let queue: String
        let removed: Int
    }
}
