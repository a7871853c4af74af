import ArgumentParser

/// `penstock job`: one job, by its id.
struct JobCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "job",
        abstract: "Look at a job, ask why it waits, wait for its end, cancel it, retry it, discard it.",
        subcommands: [
            JobShow.self, JobWhy.self, JobWait.self, JobLog.self, JobCancel.self, JobRetry.self, JobDiscard.self,
        ])
}
