import ArgumentParser
import Penstock

/// `penstock cap`: how many jobs a queue or tenant may hold.
struct CapCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cap", abstract: "List, set and remove length caps of queues and tenants.",
        discussion: """
            A cap counts the live jobs of a queue, or of a tenant in it, that were enqueued since it was set; dead letters \
            do not count. An enqueue beyond it is refused, or the oldest jobs that wait make way.

            EXAMPLES
              penstock cap set mail --most 100000
              penstock cap set mail --tenant '*' --most 1000 --drop-oldest
            """,
        subcommands: [CapList.self, CapSet.self, CapRemove.self])
}

/// What a cap is on.
struct CapTarget: ParsableArguments {
    @Argument(help: QueueCommand.nameHelp, transform: NameText.queue) var queue: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The cap of this tenant; '*' for each tenant that has none of its own. Default: the whole queue.",
            valueName: "tenant"),
        transform: NameText.tenant)
    var tenant: String?

    var words: String { Self.words(queue: queue, tenant: tenant) }

    static func words(queue: String, tenant: String?) -> String {
        switch tenant {
        case nil: "queue \(queue)"
        case "*": "each tenant of queue \(queue)"
        case "": "jobs without a tenant in queue \(queue)"
        case let tenant?: "tenant \(printable(tenant)) of queue \(queue)"
        }
    }
}
