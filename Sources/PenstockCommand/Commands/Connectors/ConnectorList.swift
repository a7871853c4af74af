import ArgumentParser
import Penstock

struct ConnectorList: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "All connectors that were ever served.",
        discussion: """
            served: shards that a process reads now, of all. lag: the age of the oldest event that was read and is not done \
            with. pending: how many there are. backlog: events not read yet, as far as the source tells.
            """)

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let statuses = try await Session.run(connection) { try await $0.connectors() }
        Console.write(connection.json ? JSONText.line(statuses.map(ConnectorStatusView.init)) : Self.table(statuses))
    }

    private static func table(_ statuses: [ConnectorStatus]) -> String {
        if statuses.isEmpty { return "No connector was ever served." }
        var table = Table([
            .text("connector"), .text("source"), .text("served"), .number("lag"), .number("pending"),
            .number("backlog"), .number("set aside"),
        ])
        for status in statuses {
            let lag = status.shards.compactMap(\.lag).max()
            let pending = status.shards.compactMap(\.pending)
            table.add([
                Table.Cell(status.name, paint: Style.output.bold), Table.Cell(status.source),
                Table.Cell("\(status.shards.count { $0.holder != nil }) of \(status.shards.count)"),
                Table.Cell(lag.map { HumanText.duration($0) } ?? "-"),
                Table.Cell(pending.isEmpty ? "-" : HumanText.count(pending.reduce(0, +))),
                Table.Cell(status.shards.compactMap(\.backlog).max().map(HumanText.count) ?? "-"),
                Table.Cell(HumanText.count(status.setAside)),
            ])
        }
        return table.render()
    }
}
