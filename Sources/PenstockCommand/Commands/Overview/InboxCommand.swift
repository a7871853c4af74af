import ArgumentParser
import Penstock

/// `penstock inbox`: what other clients added to the inbox stream and could not be read.
struct InboxCommand: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "inbox", abstract: "Entries of the inbox stream that were set aside, with the reason.",
        discussion: "Any client adds jobs with XADD; the page Wire of the documentation lists the fields.")

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let (waiting, rejected) = try await Session.run(connection) { penstock in
            (try await penstock.inboxLength(), try await penstock.rejectedEntries())
        }
        if connection.json {
            let views = rejected.map { View.Entry(entry: $0.entry, reason: $0.reason, fields: $0.fields) }
            Console.write(JSONText.line(View(waiting: waiting, rejected: views)))
            return
        }
        Console.write(
            "waiting to be taken in: \(HumanText.count(waiting)); set aside lately: \(HumanText.count(rejected.count))")
        if rejected.isEmpty { return }
        var table = Table([.text("entry"), .text("reason"), .text("kind")])
        for entry in rejected {
            table.add([Table.Cell(entry.entry), Table.Cell(entry.reason), Table.Cell(entry.fields["kind"] ?? "")])
        }
        Console.write(table.render())
    }

    private struct View: Encodable {
        struct Entry: Encodable {
            let entry: String
            let reason: String
            let fields: [String: String]
        }

        let waiting: Int
        let rejected: [Entry]
    }
}
