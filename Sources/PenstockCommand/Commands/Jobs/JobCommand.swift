import ArgumentParser

/// `penstock job`: one job, by its id.
struct JobCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "job", abstract: "Look at a job, cancel it, retry it, discard it.",
        subcommands: [JobShow.self, JobCancel.self, JobRetry.self, JobDiscard.self])
}
