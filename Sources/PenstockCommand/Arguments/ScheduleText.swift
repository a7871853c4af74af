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

    static func name(_ text: String) throws(ArgumentProblem) -> String {
        do throws(InvalidName) { try Name.schedule.check(text) } catch {
            throw ArgumentProblem("the name of a schedule \(error.problem)")
        }
        return text
    }

    static let nameHelp = ArgumentHelp("The schedule, as penstock schedule list shows it.", valueName: "name")
    static let namesHelp = ArgumentHelp("Schedules, as penstock schedule list shows them.", valueName: "name")

    static func overlap(_ text: String) throws(ArgumentProblem) -> OverlapPolicy {
        guard let policy = OverlapPolicy(text) else {
            throw ArgumentProblem(
                "it must be allow, skip, queue-one, cancel-previous, or wait:N with N from 1 to 1000000")
        }
        return policy
    }

    static func misfire(_ text: String) throws(ArgumentProblem) -> MisfirePolicy {
        guard let policy = MisfirePolicy(text) else {
            throw ArgumentProblem("it must be none, one, or all:N with N from 1 to 1000")
        }
        return policy
    }

    static func moment(_ text: String) throws(ArgumentProblem) -> Setting<Int64> {
        if text == "none" { return .none }
        return .value(try MomentText.parse(text))
    }

    static func count(_ text: String) throws(ArgumentProblem) -> Setting<Int> {
        if text == "none" { return .none }
        guard let count = Int(text), count > 0 else {
            throw ArgumentProblem("it must be a number from 1, or none for as many as come")
        }
        return .value(count)
    }
}

/// What is given for something that need not be: a value, or the word none, which takes away the one that there was.
enum Setting<Value: Sendable>: Sendable {
    case none
    case value(Value)

    var value: Value? { if case .value(let value) = self { value } else { nil } }
}
