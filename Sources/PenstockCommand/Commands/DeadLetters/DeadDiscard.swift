import ArgumentParser
import Penstock

struct DeadDiscard: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "discard", abstract: "Remove dead letters for good.",
        discussion: "EXAMPLES\n  penstock dead discard ID ID\n  penstock dead discard --all --queue mail")

    @OptionGroup var selection: DeadSelection

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let answers = try await Session.run(connection) { penstock in
            try await Revival.discard(try await selection.resolve(penstock), penstock)
        }
        try selection.report(answers, verb: "discarded", json: connection.json)
    }
}
