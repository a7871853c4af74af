import ArgumentParser
import Penstock

struct RunCancel: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Stop a run: what runs goes on to its end, nothing else starts.",
        discussion: "Exit code 1 if there is nothing to cancel: the run has ended, or rolls back.")

    @Argument(help: RunText.idHelp, transform: RunText.id) var id: RunID

    @Flag(help: "Undo what was done; the run then ends as rolled back.") var rollback = false

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        try await RunSteering.perform(connection, id) { try await $0.cancel(rollBack: rollback) }
    }
}
