import PenstockModel
import Testing

/// The forms of expressions: how they are stored, and what they mean in words.
@Suite struct CronFormTests {
    @Test(arguments: [
        ("0 9 * * MON-FRI", "at 09:00, Monday to Friday"),
        ("* * * * *", "every minute"),
        ("*/5 * * * *", "every 5 minutes"),
        ("*/7 * * * *", "every 7 minutes from minute 0 of each hour"),
        ("5/15 * * * *", "every 15 minutes from minute 5 of each hour"),
        ("10-30/5 * * * *", "every 5 minutes from minute 10 to 30 of every hour"),
        ("0 * * * *", "every hour"),
        ("@hourly", "every hour"),
        ("30 * * * *", "at minute 30 of every hour"),
        ("0,30 * * * *", "at minutes 0 and 30 of every hour"),
        ("0 */2 * * *", "every 2 hours"),
        ("0 */5 * * *", "every 5 hours from 00:00"),
        ("15 */2 * * *", "at minute 15 of every 2nd hour from 0"),
        ("*/15 9-17 * * *", "every 15 minutes of hours 9 to 17"),
        ("0 9-17/2 * * *", "at minute 0 of every 2nd hour from 9 to 17"),
        ("0 9,17 * * *", "at 09:00 and 17:00, every day"),
        ("* 5 * * *", "every minute of hour 5"),
        ("* * * * * *", "every second"),
        ("*/10 * * * * *", "every 10 seconds"),
        ("30 * * * * *", "at second 30 of every minute"),
        ("30 5 * * * *", "at second 30 of minute 5 of every hour"),
        ("15 30 9 * * *", "at 09:30:15, every day"),
        ("*/10 30 9 * * *", "every 10 seconds of minute 30 of hour 9"),
        ("0 */10 9-17 * * *", "every 10 minutes of hours 9 to 17"),
        ("30 * 9 * * *", "at second 30 of every minute of hour 9"),
        ("* 5 * * * *", "every second of minute 5 of every hour"),
        ("0 0 1 * *", "at 00:00, on day 1 of the month"),
        ("0 0 1,15 * *", "at 00:00, on day 1 and day 15 of the month"),
        ("0 0 1-7 * *", "at 00:00, on days 1 to 7 of the month"),
        ("0 0 L * *", "at 00:00, on the last day of the month"),
        ("0 0 L-1 * *", "at 00:00, on the last day but one of the month"),
        ("0 0 L-3 * *", "at 00:00, on the 3rd day before the last of the month"),
        ("0 0 LW * *", "at 00:00, on the last weekday (Monday to Friday) of the month"),
        ("0 0 15W * *", "at 00:00, on the weekday (Monday to Friday) nearest to day 15 of the month"),
        ("0 0 */2 * *", "at 00:00, on every 2nd day of the month"),
        ("0 0 * * 5L", "at 00:00, on the last Friday of the month"),
        ("0 0 * * 5#2", "at 00:00, on the second Friday of the month"),
        ("0 0 * * SAT,SUN", "at 00:00, on Saturday and Sunday"),
        ("0 0 * * 7", "at 00:00, on Sunday"),
        ("0 0 13 * FRI", "at 00:00, on day 13 of the month, or on Friday"),
        ("0 0 * JUN-AUG *", "at 00:00, in June to August"),
        ("0 0 29 2 ?", "at 00:00, on day 29 of the month, in February"),
        ("@yearly", "at 00:00, on day 1 of the month, in January"),
        ("@daily", "at 00:00, every day"),
        ("@weekly", "at 00:00, on Sunday"),
        ("@every 90s", "every 1 minute and 30 seconds"),
        ("@every 1m", "every minute"),
        ("@every 7d", "every 7 days"),
    ])
    func words(text: String, words: String) throws {
        #expect(try Recurrence(text).words == words)
    }

    @Test(arguments: [
        ("  0  9\t* * mon-fri ", "0 9 * * MON-FRI"), ("@DAILY", "@daily"), ("@every 90s", "@every 1m30s"),
        ("@EVERY 1500MS", "@every 1s500ms"), ("@every 24h", "@every 1d"), ("0 0 lw jan ?", "0 0 LW JAN ?"),
    ])
    func stored(text: String, stored: String) throws {
        let recurrence = try Recurrence(text)
        #expect(recurrence.text == stored)
        #expect(try Recurrence(stored) == recurrence)
    }

    @Test(arguments: [
        ("* * * * *", true), ("*/5 * * * *", true), ("0 * * * *", true), ("30 */2 * * *", false),
        ("5/15 2 * * *", false), ("*/15 2 * * *", false), ("0 0/2 * * *", false), ("0 0-23 * * *", true),
        ("0-59 2 * * *", false), ("0 */1 * * *", true), ("0 0-11,12-23 * * *", true),
        ("0 9 * * *", false), ("*/10 30 2 * * *", false), ("* 30 2 * * *", false), ("0 9-17/2 * * *", false),
        ("0,30 1-5 * * *", false), ("@daily", false), ("@hourly", true),
    ])
    func rhythm(text: String, isRhythm: Bool) throws {
        #expect(try CronExpression(text).isRhythm == isRhythm)
    }

    @Test(
        "two ways to say the same",
        arguments: [
            ("0 0 * * SUN", "0 0 * * 7"), ("0 0 * * 0", "0 0 * * 7"), ("0 0 * * FRI-SUN", "0 0 * * 5,6,0"),
            ("0 0 * * 5-7", "0 0 * * FRI-SUN"), ("0 0 1 JAN-MAR *", "0 0 1 1,2,3 *"),
            ("5/20 * * * *", "5,25,45 * * * *"),
            ("0 0 9 * * ?", "0 9 ? * *"), ("@weekly", "0 0 * * 0"), ("@annually", "@yearly"), ("@midnight", "@daily"),
            ("*/1 * * * *", "* * * * *"), ("*,5 * * * *", "* * * * *"), ("0 0 */1 * MON", "0 0 * * MON"),
            ("0 0 31 * *", "0 0 31 1,3,5,7,8,10,12 *"), ("0 0 * * 1/2", "0 0 * * MON,WED,FRI"),
        ])
    func same(one: String, other: String) throws {
        let (one, other) = (try Recurrence(one), try Recurrence(other))
        let ticks = one.ticks(after: 1_700_000_000_000, count: 200, in: FixedZone.utc)
        #expect(ticks == other.ticks(after: 1_700_000_000_000, count: 200, in: FixedZone.utc))
        #expect(ticks.count == 200)
    }
}
