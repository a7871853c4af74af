import ArgumentParser
import Penstock

/// `penstock workflow`: what workers have made known.
struct WorkflowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workflow", abstract: "List the workflows that workers have made known, look at one, draw it.",
        subcommands: [WorkflowList.self, WorkflowShow.self, WorkflowGraph.self])

    static let nameHelp = ArgumentHelp("The workflow's name.", valueName: "name")
    static let versionHelp = ArgumentHelp("Which version. Default: the latest that is known.", valueName: "number")
}
