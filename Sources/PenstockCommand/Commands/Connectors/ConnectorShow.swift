import ArgumentParser
import Penstock

struct ConnectorShow: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "A connector, shard by shard, and the events that it has set aside.")

    @OptionGroup var connector: ConnectorArgument
    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let (status, events) = try await Session.run(connection) { penstock in
            let status = try await connector.find(penstock)
            return (status, try await penstock.setAsideEvents(of: status.name))
        }
        if connection.json {
            let view = View(connector: ConnectorStatusView(status), events: events.map(View.Event.init))
            Console.write(JSONText.line(view))
            return
        }
        Console.write("\(Style.output.bold(printable(status.name)))  \(printable(status.source))")
        Console.write(Self.shards(status))
        if events.isEmpty { return }
        Console.write("\n\(HumanText.plural(events.count, "event")) set aside:")
        Console.write(Self.table(events))
    }

    private static func shards(_ status: ConnectorStatus) -> String {
        var table = Table([
            .text("shard"), .text("holder"), .number("lag"), .number("pending"), .number("backlog"),
        ])
        for shard in status.shards {
            table.add([
                Table.Cell("\(shard.shard)"), Table.Cell(shard.holder ?? "nobody"),
                Table.Cell(shard.lag.map { HumanText.duration($0) } ?? "-"),
                Table.Cell(shard.pending.map(HumanText.count) ?? "-"),
                Table.Cell(shard.backlog.map(HumanText.count) ?? "-"),
            ])
        }
        return table.render()
    }

    private static func table(_ events: [SetAsideEvent]) -> String {
        var table = Table([.text("event"), .text("key"), .number("tries"), .text("since"), .text("reason")])
        for event in events {
            let at = Int64(event.at.timeIntervalSince1970 * 1000)
            table.add([
                Table.Cell(event.event.id), Table.Cell(event.event.key ?? "-"), Table.Cell("\(event.tries)"),
                Table.Cell(Moment.text(at)), Table.Cell(event.reason),
            ])
        }
        return table.render()
    }

    private struct View: Encodable {
        struct Event: Encodable {
            let event: String
            let key: String?
            let headers: [String: String]
            let payload: BytesPreview
            let tries: Int
            let reason: String
            let at: Int64

            init(_ aside: SetAsideEvent) {
                event = aside.event.id
                key = aside.event.key
                headers = aside.event.headers
                payload = BytesPreview(aside.event.payload, limit: 4096)
                tries = aside.tries
                reason = aside.reason
                at = Int64(aside.at.timeIntervalSince1970 * 1000)
            }
        }

        let connector: ConnectorStatusView
        let events: [Event]
    }
}
