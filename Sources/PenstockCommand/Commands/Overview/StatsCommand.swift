import ArgumentParser
import Penstock

/// `penstock stats`: all queues in numbers, once or every second.
struct StatsCommand: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "All queues in numbers.",
        discussion: """
            ready, limited (parked by a limit), delayed, running and dead are jobs now; completed, retried and recovered count since the namespace \
            began. With --json: {"queues": {NAME: {...}}}, with --watch one such line a second.
            """)

    @Flag(help: "Again every second, until Ctrl-C.") var watch = false

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        try await Session.run(connection) { penstock in
            var queues = try await penstock.queues()
            guard watch else { return show(queues) }
            let draws = Console.outputIsTerminal && !connection.json
            while true {
                // Home, and clear what was there.
                if draws { Console.draw("\u{1B}[H\u{1B}[2J" + "\(Style.output.dim(Moment.text(Moment.now)))\n\n") }
                show(queues)
                if !draws && !connection.json { Console.write("") }
                try await Task.sleep(for: .seconds(1))
                queues = try await penstock.queues()
            }
        }
    }

    private func show(_ queues: [QueueStatus]) {
        Console.write(connection.json ? JSONText.line(QueuesView(queues)) : QueueTable.render(queues))
    }
}
