import ArgumentParser
import Penstock

struct ScheduleCreate: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a schedule that starts a job or a run at each of its ticks.",
        discussion: """
            Any live worker fires its ticks, whatever its queues. Prints the first ticks.

            EXAMPLES
              penstock schedule create digest "0 9 * * MON-FRI" --zone Europe/Berlin --kind send-digest --payload '{"to":"all"}'
              penstock schedule create sync "@every 90s" --kind sync --overlap skip --jitter 10s --queue slow
              penstock schedule create close-books "0 3 1 * *" --workflow close-books --input @books.json --misfire all:3
            """)

    @Argument(
        help: ArgumentHelp("Its name, which no other schedule has.", valueName: "name"), transform: ScheduleText.name)
    var name: String

    @Argument(help: ScheduleText.recurrenceHelp, transform: ScheduleText.recurrence) var expression: Recurrence

    @OptionGroup(title: "When and how") var rules: ScheduleRuleOptions

    @OptionGroup(title: "What it starts") var started: ScheduleTargetOptions

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let target = try started.target(try started.given())
        var options = ScheduleOptions()
        rules.apply(to: &options)
        let settled = options
        let view = try await Session.run(connection) { penstock in
            let schedule = try await penstock.createSchedule(name, expression.text, starting: target, settled)
            return try ScheduleView(try await schedule.status())
        }
        Console.write(connection.json ? JSONText.line(view.json()) : "schedule \(name) is made\n\n\(view.outline)")
    }
}
