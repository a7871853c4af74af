import ArgumentParser
import Penstock

struct ScheduleUpdate: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Change a schedule, from its next tick on; what is not given stays.",
        discussion: """
            What is due by now is fired as it was; a pause stays. A list that is given (--header, --limit, --tag) replaces \
            the one before. One that workers declare stays as it is changed until they declare another version of it. \
            Prints the next ticks.

            EXAMPLES
              penstock schedule update digest "30 8 * * MON-FRI"
              penstock schedule update digest --payload '{"to":"staff"}' --end none --note "until the move"
            """)

    @Argument(help: ScheduleText.nameHelp, transform: ScheduleText.name) var name: String

    @Argument(
        help: ArgumentHelp("Another expression, as for create. Default: as before.", valueName: "expression"),
        transform: ScheduleText.recurrence)
    var expression: Recurrence?

    @OptionGroup(title: "When and how") var rules: ScheduleRuleOptions

    @OptionGroup(title: "What it starts") var started: ScheduleTargetOptions

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func validate() throws {
        if expression == nil && rules.isEmpty && started.isEmpty {
            throw ValidationError("Say what is to change: an expression, or options as for create.")
        }
    }

    func run() async throws {
        let given = try started.given()
        let view = try await Session.run(connection) { penstock in
            let schedule = penstock.schedule(name)
            try await schedule.update { draft in
                draft.recurrence = expression?.text ?? draft.recurrence
                rules.apply(to: &draft.options)
                draft.target = try started.change(draft.target, given, of: name)
            }
            return try ScheduleView(try await schedule.status())
        }
        Console.write(connection.json ? JSONText.line(view.json()) : "schedule \(name) is changed\n\n\(view.outline)")
    }
}
