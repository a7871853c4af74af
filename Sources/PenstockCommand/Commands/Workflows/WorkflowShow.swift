import ArgumentParser
import Penstock
import PenstockModel

struct WorkflowShow: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "What a workflow is made of: its steps, or its statuses.",
        discussion: "Exit code 1 if no worker has made it known.")

    @Argument(help: WorkflowCommand.nameHelp, transform: RunText.workflow) var name: String

    @Option(parsing: .unconditional, help: WorkflowCommand.versionHelp, transform: RunText.version) var version: Int?

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let (shape, versions) = try await Session.run(connection) { penstock in
            try await penstock.shape(workflow: name, version: version)
        }
        let view = WorkflowView(shape, versions: versions)
        Console.write(connection.json ? JSONText.line(view) : view.forPeople)
    }
}
