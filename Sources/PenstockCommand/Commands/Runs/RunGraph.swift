import ArgumentParser
import Penstock

struct RunGraph: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "graph", abstract: "A picture of a run's present state, in Mermaid's language.",
        discussion: "Paste it into a Markdown file in a block that is marked mermaid, or into mermaid.live.")

    @Argument(help: RunText.idHelp, transform: RunText.id) var id: RunID

    @Option(parsing: .unconditional, help: RunText.directionHelp, transform: RunText.direction)
    var direction: DiagramDirection = .topToBottom

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let mermaid = try await Session.run(connection) { try await $0.run(id).mermaid(direction: direction) }
        Console.write(connection.json ? JSONText.line(View(id: id.rawValue, mermaid: mermaid)) : mermaid)
    }

    private struct View: Encodable {
        let id: String
        let mermaid: String
    }
}
