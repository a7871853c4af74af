import ArgumentParser
import Penstock

struct CapList: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "All length caps, and how many jobs count under each now.")

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let caps = try await Session.run(connection) { try await $0.caps() }
        Console.write(connection.json ? JSONText.line(caps.map(View.init)) : Self.table(caps))
    }

    private static func table(_ caps: [CapStatus]) -> String {
        if caps.isEmpty { return "No length cap is set." }
        var table = Table([.text("queue"), .text("tenant"), .number("most"), .number("now"), .text("beyond it")])
        for cap in caps {
            table.add([
                Table.Cell(cap.queue, paint: Style.output.bold),
                Table.Cell(cap.tenant.map { $0.isEmpty ? "(none)" : $0 } ?? "(whole queue)"),
                Table.Cell(HumanText.count(cap.most)), Table.Cell(cap.length.map(HumanText.count) ?? "-"),
                Table.Cell(cap.overflow == .reject ? "refused" : "the oldest is dropped"),
            ])
        }
        return table.render()
    }

    private struct View: Encodable {
        let queue: String
        /// Absent: the whole queue.
        let tenant: String?
        let most: Int
        let length: Int?
        let overflow: String

        init(_ cap: CapStatus) {
            queue = cap.queue
            tenant = cap.tenant
            most = cap.most
            length = cap.length
            overflow = snakeCase(cap.overflow.rawValue)
        }
    }
}
