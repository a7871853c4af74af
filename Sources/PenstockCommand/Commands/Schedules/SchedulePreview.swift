import ArgumentParser
import Penstock

struct SchedulePreview: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview", abstract: "What an expression means, and its next ticks. Needs no Redis.",
        discussion: """
            A time that the clocks skip is fired once, right after the gap; one that they repeat is fired once, at its first \
            occurrence. A rhythm (every hour of the day) goes on through both.

            EXAMPLES
              penstock schedule preview "0 9 * * MON-FRI" --zone Europe/Berlin
              penstock schedule preview "30 2 * * *" --zone Europe/Berlin --from 2030-03-30 --count 3
            """)

    @Argument(help: ScheduleText.recurrenceHelp, transform: ScheduleText.recurrence) var expression: Recurrence

    @Option(parsing: .unconditional, help: ScheduleText.zoneHelp, transform: ScheduleText.zone)
    var zone: TimeZoneRules?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("So many ticks, 1 to 1000. Default: 10.", valueName: "number"))
    var count = 10

    @Option(
        parsing: .unconditional, help: ArgumentHelp("After this moment, in ISO 8601. Default: now.", valueName: "time"),
        transform: MomentText.parse)
    var from: Int64?

    @Flag(help: "Print JSON: one object on standard output; errors as an object on standard error.")
    var json = false

    func validate() throws {
        guard (1...1000).contains(count) else { throw ValidationError("--count must be 1 to 1000; it is \(count).") }
    }

    func run() async throws {
        let zone = try zone ?? ScheduleText.zone("UTC")
        let ticks = expression.ticks(after: from ?? Moment.now, count: count, in: zone)
            .map { ScheduledTick($0, of: expression, in: zone) }
        if json {
            Console.write(
                JSONText.line(
                    View(
                        expression: expression.text, words: expression.words, zone: zone.name,
                        zoneData: TimeZoneRules.dataVersion, ticks: ticks.map(ScheduledTick.View.init))))
            return
        }
        var sheet = Sheet()
        sheet.add("expression", Style.output.bold(expression.text))
        sheet.add("means", expression.words)
        sheet.add("zone", "\(zone.name) (data \(TimeZoneRules.dataVersion))")
        Console.write("\(sheet.render())\n\n\(ScheduledTick.table(ticks))")
    }

    private struct View: Encodable {
        let expression: String
        let words: String
        let zone: String
        let zoneData: String
        let ticks: [ScheduledTick.View]
    }
}
