import ArgumentParser
import Penstock

struct RunRerun: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "rerun", abstract: "Execute a step of a run that has ended again, and all that depends on it.")

    @Argument(help: RunText.idHelp, transform: RunText.id) var id: RunID

    @Argument(help: ArgumentHelp("The step to begin with.", valueName: "step")) var step: String

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        try await RunSteering.perform(connection, id) { run in
            try await run.expectStep(step)
            try await run.rerun(from: step)
        }
    }
}
