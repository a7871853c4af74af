import ArgumentParser
import Penstock

struct JobDiscard: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "discard", abstract: "Remove dead letters for good.")

    @Argument(help: IDText.severalHelp, transform: IDText.parse) var ids: [TaskID]

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let ids = ids
        let answers = try await Session.run(connection) { try await Revival.discard(ids, $0) }
        try Answers.print(answers, json: connection.json)
    }
}
