import ArgumentParser
import Penstock

struct ScheduleList: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Schedules by name, with what they start, their state and next tick.",
        discussion: """
            Where there is more, the name to go on from is told: give it to --after.

            EXAMPLES
              penstock schedule list --prefix billing.
              penstock schedule list --limit 5000 --json
            """)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Only those whose names begin so. Default: all.", valueName: "text"))
    var prefix = ""

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Only those after this name, for the next page.", valueName: "name")
    )
    var after = ""

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("At most so many, 1 to 1000000. Default: 1000.", valueName: "number"))
    var limit = 1000

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func validate() throws {
        guard (1...1_000_000).contains(limit) else {
            throw ValidationError("--limit must be 1 to 1000000; it is \(limit).")
        }
    }

    func run() async throws {
        let found = try await Session.run(connection) { try await all($0) }
        let shown = found.prefix(limit)
        let next = found.count > limit ? shown.last?.name : nil
        if connection.json {
            Console.write(
                JSONText.line(View(schedules: try shown.map { try ScheduleView($0).json(limit: nil) }, next: next)))
            return
        }
        Console.write(shown.isEmpty ? "No schedules." : Self.table(shown))
        if let next { Console.writeError("There is more: --after \(next)") }
    }

    /// One more than asked for, if there are so many, in pages.
    private func all(_ penstock: Penstock) async throws -> [ScheduleStatus] {
        var found: [ScheduleStatus] = []
        while found.count <= limit {
            let page = try await penstock.schedules(
                prefix: prefix, after: found.last?.name ?? after, limit: limit + 1 - found.count)
            // One that cannot be read is left out of its page, so that a short one need not be the last.
            if page.isEmpty { break }
            found += page
        }
        return found
    }

    private static func table(_ schedules: some Sequence<ScheduleStatus>) -> String {
        var table = Table([
            .text("schedule"), .text("when"), .text("zone"), .text("starts"), .text("state"), .text("next tick"),
            .number("fired"),
        ])
        for schedule in schedules {
            table.add([
                Table.Cell(schedule.name, paint: Style.output.bold), Table.Cell(schedule.recurrence),
                Table.Cell(schedule.options.zone == "UTC" ? "" : schedule.options.zone),
                Table.Cell(schedule.target.words), Table.Cell(schedule.state.word, paint: schedule.state.paint()),
                Table.Cell(schedule.next.first.map { Moment.textWithAge($0.milliseconds) } ?? "-"),
                Table.Cell(HumanText.count(schedule.fired)),
            ])
        }
        return table.render()
    }

    private struct View: Encodable {
        let schedules: [ScheduleView.JSON]
        /// The last name, where there are more; absent at the end.
        let next: String?
    }
}
