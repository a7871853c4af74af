import ArgumentParser
import Penstock

struct WorkflowGraph: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "graph", abstract: "A picture of a workflow, in Mermaid's language.",
        discussion: "Paste it into a Markdown file in a block that is marked mermaid, or into mermaid.live.")

    @Argument(help: WorkflowCommand.nameHelp, transform: RunText.workflow) var name: String

    @Option(parsing: .unconditional, help: WorkflowCommand.versionHelp, transform: RunText.version) var version: Int?

    @Option(parsing: .unconditional, help: RunText.directionHelp, transform: RunText.direction)
    var direction: DiagramDirection = .topToBottom

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let shape = try await Session.run(connection) { try await $0.shape(workflow: name, version: version).shape }
        let mermaid = shape.mermaid(direction: direction)
        Console.write(
            connection.json
                ? JSONText.line(View(name: shape.name, version: shape.version, mermaid: mermaid)) : mermaid)
    }

    private struct View: Encodable {
        let name: String
        let version: Int
        let mermaid: String
    }
}
