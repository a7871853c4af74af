import ArgumentParser
import Penstock

/// `penstock connector`: sources outside whose events become jobs and runs.
struct ConnectorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connector", abstract: "Look at connectors, and at the events that they have set aside.",
        discussion: """
            A connector is served by services (ConnectorService in the library); this shows what they tell, and steers what they
            could not let take effect.

            EXAMPLES
              penstock connector list
              penstock connector show orders
              penstock connector retry orders 1712345678901-0
              penstock connector discard orders --all
            """,
        subcommands: [ConnectorList.self, ConnectorShow.self, ConnectorRetry.self, ConnectorDiscard.self])
}

/// A connector by its name, as the others see it.
struct ConnectorArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("The connector.", valueName: "name"), transform: NameText.connector) var name: String

    func find(_ penstock: Penstock) async throws -> ConnectorStatus {
        guard let status = try await penstock.connectors().first(where: { $0.name == name }) else {
            throw CommandFailure.notFound(
                "connector \(name) is not known; penstock connector list shows those that were ever served")
        }
        return status
    }
}

struct ConnectorStatusView: Encodable {
    struct Shard: Encodable {
        let shard: String
        let holder: String?
        let lagMs: Int64?
        let pending: Int?
        let backlog: Int?
    }

    let name: String
    let source: String
    let shards: [Shard]
    let setAside: Int

    init(_ status: ConnectorStatus) {
        name = status.name
        source = status.source
        shards = status.shards.map {
            Shard(
                shard: "\($0.shard)", holder: $0.holder, lagMs: $0.lag?.milliseconds, pending: $0.pending,
                backlog: $0.backlog)
        }
        setAside = status.setAside
    }
}
