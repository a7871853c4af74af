import ArgumentParser
import Penstock

struct RunShow: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Where a run and its steps are, what went wrong, and what it waits for.",
        discussion: """
            Steps stand below what they wait for, with the time from their start to their end and the attempts that they \
            took. Of a state machine: its object, and the statuses that it went through. Exit code 1 if the run is not known.
            """)

    @Argument(help: RunText.idHelp, transform: RunText.id) var id: RunID

    @Flag(help: "Show input and output whole. Default: the first 2 KiB of each.") var full = false

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let view = try await Session.run(connection) { penstock in
            let run = penstock.run(id)
            var view = try await RunView(run, shape: try await run.shape(), now: Moment.now)
            view.input = try await run.input().flatMap { $0.isEmpty ? nil : $0 }
            if view.status.state == .succeeded || view.graph == nil {
                view.output = try await run.output().flatMap { $0.isEmpty ? nil : $0 }
            }
            view.why = try await run.why()
            return view
        }
        let limit = full ? Int.max : 2 << 10
        Console.write(connection.json ? JSONText.line(view.json(limit: limit)) : view.forPeople(limit: limit))
    }
}
