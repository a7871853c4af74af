import ArgumentParser
import Penstock

struct WorkflowList: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "All workflows that workers have made known, in all versions.")

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let workflows = try await Session.run(connection) { try await $0.workflows() }
            .sorted { ($0.name, $0.version) < ($1.name, $1.version) }
        Console.write(connection.json ? JSONText.line(workflows.map(View.init)) : Self.table(workflows))
    }

    private static func table(_ workflows: [WorkflowInfo]) -> String {
        if workflows.isEmpty { return "No workflow is known: start a worker that has one." }
        var table = Table([.text("workflow"), .number("version"), .text("kind"), .text("steps")])
        for workflow in workflows {
            let names = workflow.steps.prefix(6).joined(separator: ", ")
            let more = workflow.steps.count > 6 ? ", and \(workflow.steps.count - 6) more" : ""
            table.add([
                Table.Cell(workflow.name, paint: Style.output.bold), Table.Cell("\(workflow.version)"),
                Table.Cell(workflow.isStateMachine ? "state machine" : "graph"), Table.Cell(names + more),
            ])
        }
        return table.render()
    }

    private struct View: Encodable {
        let name: String
        let version: Int
        /// "graph" or "state_machine".
        let kind: String
        /// Steps, or statuses.
        let steps: [String]

        init(_ info: WorkflowInfo) {
            name = info.name
            version = info.version
            kind = info.isStateMachine ? "state_machine" : "graph"
            steps = info.steps
        }
    }
}
