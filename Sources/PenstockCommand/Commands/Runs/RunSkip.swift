import ArgumentParser
import Penstock

struct RunSkip: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "skip", abstract: "Count a step of a run as a success without output, and go on after it.",
        discussion: """
            For a step that waits, or failed for good. With --rollback: count the rollback of the step as done, which \
            failed for good; those before it follow.
            """)

    @Argument(help: RunText.idHelp, transform: RunText.id) var id: RunID

    @Argument(help: ArgumentHelp("The step.", valueName: "step")) var step: String

    @Flag(help: "Skip the step's rollback, not the step.") var rollback = false

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        try await RunSteering.perform(connection, id) { run in
            try await run.expectStep(step)
            if rollback { try await run.skipRollback(of: step) } else { try await run.skip(step) }
        }
    }
}
