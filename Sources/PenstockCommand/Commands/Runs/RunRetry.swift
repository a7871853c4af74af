import ArgumentParser
import Penstock

struct RunRetry: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Execute once more what failed, did not start or was rolled back, and all that depends on it.",
        discussion: """
            For a run that has ended otherwise than with success. With --rollback STEP: try the rollback of that step \
            again, which failed for good; those before it follow.
            """)

    @Argument(help: RunText.idHelp, transform: RunText.id) var id: RunID

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Try the rollback of this step again instead.", valueName: "step"))
    var rollback: String?

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        try await RunSteering.perform(connection, id) { run in
            guard let rollback else { return try await run.retry() }
            try await run.expectStep(rollback)
            try await run.retryRollback(of: rollback)
        }
    }
}
