import ArgumentParser

/// `penstock dead`: the dead letters, jobs that have used up their attempts and wait for a person.
struct DeadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead", abstract: "List dead letters, look at one, retry or discard them.",
        subcommands: [DeadList.self, DeadShow.self, DeadRetry.self, DeadDiscard.self])
}
