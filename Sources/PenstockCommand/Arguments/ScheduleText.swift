import ArgumentParser
import Penstock

/// What commands about schedules take from the command line.
enum ScheduleText {
    static func recurrence(_ text: String) throws(ArgumentProblem) -> Recurrence {
        do throws(CronError) { return try Recurrence(text) } catch { throw ArgumentProblem("\(error)") }
    }

    static let recurrenceHelp = ArgumentHelp(
        "Five cron fields in quotes (minute, hour, day of month, month, day of week), six with the second first, @daily and its like, or @every with an interval.",
        valueName: "expression")

    static func zone(_ text: String) throws(ArgumentProblem) -> TimeZoneRules {
        do throws(PenstockError) { return try TimeZoneRules(text) } catch { throw ArgumentProblem(error.message) }
    }

    static let zoneHelp = ArgumentHelp(
        "The time zone whose clocks count, by its IANA name: Europe/Berlin. Default: UTC.", valueName: "zone")
}
