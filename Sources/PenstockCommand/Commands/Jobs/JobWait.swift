import ArgumentParser
import Penstock

struct JobWait: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait", abstract: "Wait until a job has ended, and print its result.",
        discussion:
            "Prints the result as it is, where the job completed and was enqueued with --retain. Exit code 1 if it ended otherwise, is not known, or has not ended in time."
    )

    @Argument(help: IDText.help, transform: IDText.parse) var id: TaskID

    @Option(
        parsing: .unconditional, help: ArgumentHelp("How long to wait. Default: 1m.", valueName: "duration"),
        transform: DurationText.parsePositive)
    var timeout: Duration = .seconds(60)

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let end = try await Session.run(connection) { try await $0.wait(for: id, timeout: timeout) }
        if connection.json {
            let view = View(
                id: id.rawValue, state: end.state.rawValue, reason: end.reason,
                result: end.result.map { BytesPreview($0, limit: .max) })
            Console.write(JSONText.line(view))
        } else if let result = end.result, !result.isEmpty {
            Console.write(bytes: result)
        } else if end.state == .completed {
            Console.writeError("\(id) is completed; it has no result.")
        }
        guard end.state == .completed else {
            let state = end.state == .unknown ? "has ended; how was not retained" : "is \(end.state.rawValue)"
            throw CommandFailure.refused("\(id) \(state)" + (end.reason.map { ": \($0)" } ?? ""))
        }
    }

    private struct View: Encodable {
        let id: String
        let state: String
        let reason: String?
        let result: BytesPreview?
    }
}
