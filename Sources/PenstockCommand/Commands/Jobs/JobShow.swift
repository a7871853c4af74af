import ArgumentParser
import Penstock

struct JobShow: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Where a job is, what has happened to it, its payload and result.",
        discussion: "Exit code 1 if nothing is known of it: it never was, or has ended and was not retained.")

    @Argument(help: IDText.help, transform: IDText.parse) var id: TaskID

    @Flag(help: "Show payload and result whole. Default: the first 2 KiB of each.") var full = false

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let (status, why) = try await Session.run(connection) { penstock in
            let status = try await penstock.status(id)
            let isLive = !status.state.isTerminal && status.state != .unknown
            return (status, isLive ? try await penstock.why(id) : nil)
        }
        let view = JobView(status, why: why, limit: full ? .max : 2 << 10)
        Console.write(connection.json ? JSONText.line(view) : view.forPeople)
        if status.state == .unknown {
            throw CommandFailure.notFound(
                "job \(id) is not known: it was never enqueued, or has ended and was not retained")
        }
    }
}
