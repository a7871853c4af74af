import ArgumentParser
import Penstock

struct DeadRetry: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Give dead letters a new start with all their attempts.",
        discussion: "EXAMPLES\n  penstock dead retry ID ID\n  penstock dead retry --all --queue mail")

    @OptionGroup var selection: DeadSelection

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let answers = try await Session.run(connection) { penstock in
            try await Revival.retry(try await selection.resolve(penstock), penstock)
        }
        try selection.report(answers, verb: "ready again", json: connection.json)
    }
}
