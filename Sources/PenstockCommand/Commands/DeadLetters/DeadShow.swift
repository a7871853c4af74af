import ArgumentParser
import Penstock

struct DeadShow: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "A dead letter: what was tried, what went wrong, its payload.")

    @Argument(help: IDText.help, transform: IDText.parse) var id: TaskID

    @Flag(help: "Show the payload whole. Default: the first 2 KiB.") var full = false

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let status = try await Session.run(connection) { try await $0.status(id) }
        guard status.state == .dead else {
            throw CommandFailure.notFound(
                status.state == .unknown
                    ? "job \(id) is not known" : "job \(id) is no dead letter: it is \(status.state.rawValue)")
        }
        let view = JobView(status, limit: full ? .max : 2 << 10)
        Console.write(connection.json ? JSONText.line(view) : view.forPeople)
    }
}
