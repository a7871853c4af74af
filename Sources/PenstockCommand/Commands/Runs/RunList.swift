import ArgumentParser
import Penstock

struct RunList: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Runs, the latest first, a page at a time.",
        discussion: """
            A run is listed if it meets all that is asked for. Where there is more, the place to go on from is told: give \
            it to --after. Read from indexes: what a page costs depends on the page alone.

            EXAMPLES
              penstock run list --workflow checkout --state failed,rolled-back
              penstock run list --tag web --tag vip --since 2030-01-31
              penstock run list --foreign-id order-7
            """)

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Of this workflow. Default: of all.", valueName: "name"),
        transform: RunText.workflow)
    var workflow: String?

    @Option(
        name: .customLong("state"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("In one of these states, separated by commas. Default: in any.", valueName: "a,b"),
        transform: RunText.states)
    var states: [[RunState]] = []

    @Option(parsing: .unconditional, help: ArgumentHelp("With this foreign id.", valueName: "id"))
    var foreignID: String?

    @Option(
        name: .customLong("tag"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("With this tag; of several, with all.", valueName: "word"))
    var tags: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Started at this moment or later, in ISO 8601.", valueName: "time"),
        transform: MomentText.parse)
    var since: Int64?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Started before this moment, in ISO 8601.", valueName: "time"),
        transform: MomentText.parse)
    var until: Int64?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("At most so many, 1 to 500. Default: 50.", valueName: "number"))
    var limit = 50

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Where the page before has ended, as it told.", valueName: "cursor"))
    var after: String?

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func validate() throws {
        guard (1...500).contains(limit) else { throw ValidationError("--limit must be 1 to 500; it is \(limit).") }
        if let since, let until, since >= until { throw ValidationError("--since must be before --until.") }
    }

    func run() async throws {
        let filter = RunFilter(
            workflow: workflow, states: Set(states.joined()), foreignID: foreignID, tags: tags, from: since,
            until: until)
        let page = try await Session.run(connection) { try await $0.runs(filter, after: after, limit: limit) }
        if connection.json {
            Console.write(JSONText.line(View(runs: page.entries.map(View.Entry.init), next: page.next)))
            return
        }
        Console.write(page.entries.isEmpty ? "No runs." : Self.table(page.entries))
        if let next = page.next { Console.writeError("There is more: --after \(next)") }
    }

    private static func table(_ entries: [RunListEntry]) -> String {
        var table = Table([
            .text("run"), .text("workflow"), .text("state"), .text("started"), .text("foreign id"), .text("tags"),
        ])
        for entry in entries {
            table.add([
                Table.Cell(entry.id.rawValue, paint: Style.output.bold), Table.Cell(entry.workflow),
                Table.Cell(
                    entry.state.words + (entry.isFailing ? ", a step has failed" : ""), paint: entry.state.paint()),
                Table.Cell(HumanText.age(since: entry.startedAt) + " ago"), Table.Cell(entry.foreignID ?? "-"),
                Table.Cell(entry.tags.isEmpty ? "-" : entry.tags.joined(separator: ", ")),
            ])
        }
        return table.render()
    }

    private struct View: Encodable {
        struct Entry: Encodable {
            let id: String
            let workflow: String
            let state: String
            let failing: Bool
            let startedAt: String
            let foreignId: String?
            let tags: [String]

            init(_ entry: RunListEntry) {
                id = entry.id.rawValue
                workflow = entry.workflow
                state = snakeCase(entry.state.rawValue)
                failing = entry.isFailing
                startedAt = Moment.text(entry.startedAt)
                foreignId = entry.foreignID
                tags = entry.tags
            }
        }

        let runs: [Entry]
        /// Where the next page begins; absent at the end.
        let next: String?
    }
}
