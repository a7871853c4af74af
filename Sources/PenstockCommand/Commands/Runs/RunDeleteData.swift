import ArgumentParser
import Penstock

struct RunDeleteData: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete-data", abstract: "Delete what a run that has ended was about: input, outputs, errors.",
        discussion: """
            What happened when is left, and what the workflow's own scrubber leaves of the input. A worker that has the \
            workflow does it.
            """)

    @Argument(help: RunText.idHelp, transform: RunText.id) var id: RunID

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws { try await RunSteering.perform(connection, id) { try await $0.deleteData() } }
}
