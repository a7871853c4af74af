import PenstockModel
import Testing

/// What is no expression: the field, the reason, and where there is one the way out.
@Suite struct CronRefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let field: CronField
        let reason: String
        let wayOut: String?

        init(_ text: String, _ field: CronField, _ reason: String, _ wayOut: String? = nil) {
            (self.text, self.field, self.reason, self.wayOut) = (text, field, reason, wayOut)
        }

        var testDescription: String { String(text.prefix(60)).debugDescription }
    }

    static let malformed = [
        // The whole.
        Case("", .expression, "it is empty", "@daily"),
        Case(" \t ", .expression, "it is empty", "five fields"),
        Case("*", .expression, "it has 1 field", "five"),
        Case("* * * *", .expression, "it has 4 fields", "six with the second first"),
        Case("0 0 12 * * ? 2030", .expression, "it has 7 fields", "no field for the year"),
        Case("* * * * * * * *", .expression, "it has 8 fields"),
        Case("CRON_TZ=Europe/Berlin 0 9 * * *", .expression, "CRON_TZ=Europe/Berlin is no field", "beside"),
        Case("@fortnightly", .expression, "@fortnightly is not known", "@weekly"),
        Case("@reboot", .expression, "@reboot is not known"),
        Case("@daily 5", .expression, "@daily stands alone", "remove"),
        Case("\u{0665} * * * *", .expression, "\"\u{0665}\" does not belong in it", "plain"),
        Case("0\u{A0}9 * * *", .expression, "does not belong in it"),
        Case("0 9 * *\n *", .expression, "\"\u{FFFD}\" does not belong in it"),
        Case(String(repeating: "1,", count: 300) + "1 * * * *", .expression, "it has 609 bytes"),
        // Values.
        Case("60 * * * *", .minute, "60 is more than 59, the greatest minute"),
        Case("0 24 * * *", .hour, "24 is more than 23, the greatest hour"),
        Case("60 0 0 * * *", .second, "60 is more than 59, the greatest second"),
        Case("0 0 0 * *", .dayOfMonth, "0 is less than 1, the least day of month"),
        Case("0 0 32 * *", .dayOfMonth, "32 is more than 31, the greatest day of month"),
        Case("0 0 1 0 *", .month, "0 is less than 1, the least month"),
        Case("0 0 1 13 *", .month, "13 is more than 12, the greatest month"),
        Case("0 0 * * 8", .dayOfWeek, "8 is more than 7, the greatest day of week"),
        Case("99999999999999999999 * * * *", .minute, "99999999999999999999 is more than 59"),
        Case("x * * * *", .minute, "X is not a number", "use 0 to 59"),
        Case("1.5 * * * *", .minute, "1.5 is not a number"),
        Case("+5 * * * *", .minute, "+5 is not a number"),
        Case("0 9am * * *", .hour, "9AM is not a number", "use 0 to 23"),
        Case("0 0 1 JANUARY *", .month, "JANUARY is no month", "JAN to DEC"),
        Case("0 0 * * MONDAY", .dayOfWeek, "MONDAY is no day of week", "SUN to SAT"),
        Case("0 0 MON * *", .dayOfMonth, "MON is not a number"),
        Case("0 0 1 MON *", .month, "MON is no month"),
        // Lists.
        Case("1,,2 * * * *", .minute, "the list 1,,2 has an empty item", "comma"),
        Case(",1 * * * *", .minute, "the list ,1 has an empty item"),
        Case("0 9, * * *", .hour, "the list 9, has an empty item"),
        Case("5,60 * * * *", .minute, "60 is more than 59"),
        // Ranges.
        Case("-5 * * * *", .minute, "the range -5 has no first value"),
        Case("5- * * * *", .minute, "the range 5- has no last value"),
        Case("0 22-2 * * *", .hour, "the range 22-2 goes backwards", "22-23,0-2"),
        Case("0 0 * * FRI-MON", .dayOfWeek, "the range FRI-MON goes backwards", "5-6,0-1"),
        Case("0 0 1 NOV-FEB *", .month, "the range NOV-FEB goes backwards", "11-12,1-2"),
        Case("1-2-3 * * * *", .minute, "1-2-3 is not a range", "FIRST-LAST"),
        Case("50-70 * * * *", .minute, "70 is more than 59"),
        Case("*-5 * * * *", .minute, "* cannot be the end of a range", "*/5"),
        // Steps.
        Case("*/0 * * * *", .minute, "the step of */0 is 0", "1 or more"),
        Case("*/ * * * *", .minute, "the step of */ is missing", "*/5"),
        Case("*/x * * * *", .minute, "the step X is not a number"),
        Case("*/-5 * * * *", .minute, "the step -5 is not a number"),
        Case("/5 * * * *", .minute, "/5 has nothing before the step", "*/5"),
        Case("*/5/5 * * * *", .minute, "*/5/5 has more than one step"),
        Case("*/90 * * * *", .minute, "the step 90 is more than 59", "@every 90m"),
        Case("0 */36 * * *", .hour, "the step 36 is more than 23", "@every 36h"),
        Case("0 0 */31 * *", .dayOfMonth, "the step 31 is more than 30", "begins anew"),
        // L, W, # and ?.
        Case("? * * * *", .minute, "? is for day of month and day of week only", "write *"),
        Case("0 0 ?,5 * *", .dayOfMonth, "? stands alone"),
        Case("0 0 ?/2 * *", .dayOfMonth, "? takes no step"),
        Case("L * * * *", .minute, "L is for day of month and day of week only"),
        Case("0 0 L-31 * *", .dayOfMonth, "L-31 is no day before the last", "L-1 to L-30"),
        Case("0 0 L-0 * *", .dayOfMonth, "L-0 is no day before the last"),
        Case("0 0 5L * *", .dayOfMonth, "5L is no day of month", "L-3"),
        Case("0 0 * * L", .dayOfWeek, "L needs a day before it", "5L"),
        Case("0 0 * * 8L", .dayOfWeek, "8 is more than 7"),
        Case("0 0 * * L5", .dayOfWeek, "L5 is no day of week", "5L"),
        Case("0 0 W * *", .dayOfMonth, "W needs a day before it", "15W"),
        Case("0 0 1-5W * *", .dayOfMonth, "W goes with one day, not with 1-5"),
        Case("0 0 32W * *", .dayOfMonth, "32 is more than 31"),
        Case("0 0 15W/2 * *", .dayOfMonth, "15W takes no step"),
        Case("0 0 * * 5W", .dayOfWeek, "W is for day of month only"),
        Case("0 0 * * 5#6", .dayOfWeek, "5#6 must have 1 to 5 after the #", "second Friday"),
        Case("0 0 * * 5#0", .dayOfWeek, "5#0 must have 1 to 5 after the #"),
        Case("0 0 * * 5#", .dayOfWeek, "5# must have 1 to 5 after the #"),
        Case("0 0 * * #2", .dayOfWeek, "# needs a day before it"),
        Case("0 0 * * 1-5#2", .dayOfWeek, "# goes with one day, not with 1-5"),
        Case("0 0 * * 5#2#3", .dayOfWeek, "5#2#3 has more than one #"),
        Case("0 0 5#2 * *", .dayOfMonth, "# is for day of week only"),
    ]

    static let impossible = [
        Case("0 0 30 2 *", .date, "30 February never comes", "L is the last day"),
        Case("0 0 31 2,4,6,9,11 *", .date, "31 February, April, June, September or November never comes"),
        Case("0 0 30,31 FEB *", .date, "30 and 31 February never comes"),
        Case("0 0 30W 2 ?", .date, "30W in February never comes"),
        Case("0 0 L-30 4,6 *", .date, "L-30 in April or June never comes"),
        Case("0 0 30-31 2 *", .date, "30-31 in February never comes"),
    ]

    static let intervals = [
        Case("@every", .interval, "it is missing", "90s"),
        Case("@every 90", .interval, "90 has no unit"),
        Case("@every s", .interval, "\"s\" does not begin with a number"),
        Case("@every 5x", .interval, "\"x\" is no unit", "1h30m"),
        Case("@every 1.5h", .interval, "\".\" is no unit"),
        Case("@every -5s", .interval, "\"-5s\" does not begin with a number"),
        Case("@every 30m1h", .interval, "units go from large to small, each once"),
        Case("@every 5s5s", .interval, "units go from large to small, each once"),
        Case("@every 999ms", .interval, "999ms is less than 1s, the least interval"),
        Case("@every 0s", .interval, "0s is less than 1s"),
        Case("@every 3651d", .interval, "3651d is more than 3650d, the greatest interval"),
        Case("@every 99999999999999999999d", .interval, "is more than 3650d"),
        Case("@every 9223372036854775807ms", .interval, "is more than 3650d"),
        Case("@every 1h 30m", .interval, "it has a blank in it", "1h30m"),
    ]

    @Test(arguments: malformed + impossible + intervals)
    func refuses(refused: Case) throws {
        let error = #expect(throws: CronError.self) { try Recurrence(refused.text) }
        let found = try #require(error)
        #expect(found.field == refused.field, "\(found)")
        #expect(found.reason.contains(refused.reason), "\(found)")
        #expect(found.description.hasPrefix("\(refused.field.rawValue): \(found.reason)"))
        if let wayOut = refused.wayOut { #expect(found.wayOut?.contains(wayOut) == true, "\(found)") }
        #expect(found.description.utf8.count < 300 && found.part.count <= 63)
    }

    @Test func `the list is as long as promised`() {
        #expect(Self.malformed.count >= 60)
        #expect(Set(Self.malformed.map(\.text)).count == Self.malformed.count)
    }

    @Test func `the part that is wrong is named`() throws {
        let error = try #require(throws: CronError.self) { try CronExpression("0,15,99 * * * *") }
        #expect(error.part == "99")
        #expect(error.description == "minute: 99 is more than 59, the greatest minute")
    }

    @Test func `an interval in code keeps the same bounds`() throws {
        #expect(try Recurrence.every(.seconds(90)) == .every(milliseconds: 90_000))
        #expect(throws: CronError.self) { try Recurrence.every(.milliseconds(999)) }
        #expect(throws: CronError.self) { try Recurrence.every(.seconds(3651 * 86_400)) }
        #expect(throws: CronError.self) { try Recurrence.every(.seconds(-1)) }
    }
}
