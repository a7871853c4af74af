import ArgumentParser
import Penstock

struct DeadList: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Dead letters, the newest of each queue first.")

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Only those of this queue. Default: of all.", valueName: "name"),
        transform: NameText.queue)
    var queue: String?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("At most so many of each queue.", valueName: "number"))
    var limit = 100

    @Option(parsing: .unconditional, help: ArgumentHelp("Leave out so many first.", valueName: "number"))
    var offset = 0

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit must be 1 to 10000; it is \(limit).") }
        guard offset >= 0 else { throw ValidationError("--offset must not be negative; it is \(offset).") }
    }

    func run() async throws {
        let letters = try await Session.run(connection) { penstock in
            var letters: [JobStatus] = []
            for name in try await DeadLetters.queues(queue, penstock) {
                letters += try await penstock.deadLetters(queue: name, offset: offset, limit: limit)
            }
            return letters
        }
        Console.write(
            connection.json ? JSONText.line(letters.map { JobView($0, limit: 2 << 10) }) : Self.table(letters))
    }

    private static func table(_ letters: [JobStatus]) -> String {
        if letters.isEmpty { return "No dead letters." }
        var table = Table([
            .text("id"), .text("queue"), .text("kind"), .text("tenant"), .number("attempts"), .text("dead for"),
            .text("last error"),
        ])
        for letter in letters {
            table.add([
                Table.Cell(letter.id.rawValue, paint: Style.output.bold), Table.Cell(letter.queue),
                Table.Cell(letter.kind),
                Table.Cell(letter.tenant.isEmpty ? "-" : letter.tenant),
                Table.Cell(HumanText.count(letter.failedAttempts)),
                Table.Cell(letter.at.map { HumanText.age(since: $0) } ?? "-"),
                Table.Cell(short(letter.history.last?.message ?? "-")),
            ])
        }
        return table.render()
    }

    /// The first line, cut to what a terminal shows well.
    private static func short(_ message: String) -> String {
        let line = message.prefix { !$0.isNewline }
        return line.count > 60 ? line.prefix(57) + "..." : String(line)
    }
}
