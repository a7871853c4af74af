import ArgumentParser

/// `penstock schedule`: work that comes again.
struct ScheduleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule", abstract: "Cron expressions and intervals.",
        discussion: """
            EXAMPLES
              penstock schedule preview "0 9 * * MON-FRI" --zone Europe/Berlin
              penstock schedule preview "@every 90s" --count 3
            """,
        subcommands: [SchedulePreview.self])
}
