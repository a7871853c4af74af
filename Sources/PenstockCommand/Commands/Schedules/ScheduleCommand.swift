import ArgumentParser

/// `penstock schedule`: work that comes again.
struct ScheduleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract: "Work that comes again: cron expressions and intervals for jobs and workflows.",
        discussion: """
            EXAMPLES
              penstock schedule preview "0 9 * * MON-FRI" --zone Europe/Berlin
              penstock schedule create digest "0 9 * * MON-FRI" --zone Europe/Berlin --kind send-digest
              penstock schedule create close-books "0 3 1 * *" --workflow close-books --overlap skip
              penstock schedule show digest --next 20
              penstock schedule backfill digest --from 2030-01-01 --through 2030-01-31
            """,
        subcommands: [
            SchedulePreview.self, ScheduleList.self, ScheduleShow.self, ScheduleCreate.self, ScheduleUpdate.self,
            SchedulePause.self, ScheduleResume.self, ScheduleTrigger.self, ScheduleBackfill.self, ScheduleDelete.self,
        ])
}
