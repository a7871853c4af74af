import ArgumentParser
import Penstock

struct RunWatch: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Follow a run until it has ended.",
        discussion: """
            On a terminal its steps, drawn anew whenever something moves; elsewhere, and with --json, a line for each \
            entry of its history, those that were there first. Exit code 1 if it ends otherwise than with success.
            """)

    @Argument(help: RunText.idHelp, transform: RunText.id) var id: RunID

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let end = try await Session.run(connection) { penstock in
            let run = penstock.run(id)
            let shape = try await run.shape()
            let draws = Console.outputIsTerminal && !connection.json
            var told = 0
            var last: RunStatus?
            for try await status in run.updates() {
                last = status
                if draws {
                    let view = try await RunView(run, shape: shape)
                    // Home, and clear what was there.
                    Console.draw("\u{1B}[H\u{1B}[2J")
                    Console.write(view.headline + "\n\n" + view.drawing())
                } else {
                    let history = try await run.history()
                    for entry in history.dropFirst(told) {
                        let view = RunEntryView(entry)
                        Console.write(connection.json ? JSONText.line(view) : view.line)
                    }
                    told = max(told, history.count)
                }
            }
            return last
        }
        try end?.expectSuccess()
    }
}
