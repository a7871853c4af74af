import ArgumentParser
import Penstock

struct RunWhy: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "Why a run does not go on: what it waits for, a sentence for each.",
        discussion: "Nothing, where it has ended. Exit code 1 if the run is not known.")

    @Argument(help: RunText.idHelp, transform: RunText.id) var id: RunID

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let (state, why) = try await Session.run(connection) { penstock in
            let run = penstock.run(id)
            return (try await run.status().state, try await run.why())
        }
        if connection.json {
            Console.write(JSONText.line(View(id: id.rawValue, state: snakeCase(state.rawValue), why: why)))
        } else if why.isEmpty {
            Console.write(state.isTerminal ? "run \(id) has ended: \(state.words)" : "run \(id) goes on")
        } else {
            for sentence in why { Console.write(printableLines(sentence)) }
        }
    }

    private struct View: Encodable {
        let id: String
        let state: String
        let why: [String]
    }
}
