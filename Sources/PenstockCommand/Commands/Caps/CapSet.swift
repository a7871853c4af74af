import ArgumentParser
import Penstock

struct CapSet: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Cap the length of a queue or tenant; it replaces the cap before.")

    @OptionGroup var target: CapTarget

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("So many live jobs, 1 to 1000000000.", valueName: "number"), transform: LimitText.most)
    var most: Int

    @Flag(help: "The oldest jobs that wait make way, and end as discarded. Default: the enqueue is refused.")
    var dropOldest = false

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let overflow: CapOverflow = dropOldest ? .dropOldest : .reject
        try await Session.run(connection) {
            try await $0.setCap(queue: target.queue, tenant: target.tenant, most: most, overflow: overflow)
        }
        let beyond = dropOldest ? "beyond that the oldest is dropped" : "beyond that enqueues are refused"
        Console.write(
            connection.json
                ? JSONText.line(
                    View(
                        queue: target.queue, tenant: target.tenant, most: most,
                        overflow: snakeCase(overflow.rawValue)))
                : "\(target.words) may hold \(HumanText.plural(most, "job")); \(beyond)")
    }

    private struct View: Encodable {
        let queue: String
        let tenant: String?
        let most: Int
        let overflow: String
    }
}
