import ArgumentParser
import Penstock

struct JobRetry: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract:
            "Give dead letters a new start with all attempts, and jobs that wait for their next attempt a start now.")

    @Argument(help: IDText.severalHelp, transform: IDText.parse) var ids: [TaskID]

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let ids = ids
        let answers = try await Session.run(connection) { try await Revival.retry(ids, $0) }
        try Answers.print(answers, json: connection.json)
    }
}
