import ArgumentParser

/// `penstock queue`: the queues, in numbers, and what steers them.
struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue", abstract: "List queues, look at one, pause, resume, purge it, weigh its tenants.",
        subcommands: [
            QueueList.self, QueueShow.self, QueuePause.self, QueueResume.self, QueuePurge.self, QueueWeight.self,
        ])

    static let nameHelp = ArgumentHelp("The name of the queue.", valueName: "name")
}
