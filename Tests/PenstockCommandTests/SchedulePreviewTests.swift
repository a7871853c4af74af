import PenstockTesting
import Testing

/// `penstock schedule preview`: needs no Redis.
@Suite(.timeLimit(.minutes(10))) struct SchedulePreviewTests {
    @Test func `shows what an expression means and its ticks`() async throws {
        let ended = try await preview(
            "30 2 * * *", "--zone", "Europe/Berlin", "--from", "2025-03-29T00:00Z", "--count", "3")
        #expect(ended.exit == .code(0) && ended.errors.isEmpty)
        #expect(ended.output[0] == "expression  30 2 * * *")
        #expect(ended.output[1] == "means       at 02:30, every day")
        #expect(ended.output[2].hasPrefix("zone        Europe/Berlin (data 20"))
        #expect(
            ended.output.dropFirst(4) == [
                "DAY  LOCAL                      UTC                   NOTE",
                "Sat  2025-03-29T02:30:00+01:00  2025-03-29T01:30:00Z",
                "Sun  2025-03-30T03:00:00+02:00  2025-03-30T01:00:00Z  clocks skip 2025-03-30 02:30:00",
                "Mon  2025-03-31T02:30:00+02:00  2025-03-31T00:30:00Z",
            ])
    }

    @Test func `marks what the clocks show twice`() async throws {
        let ended = try await preview(
            "*/30 * * * *", "--zone=Europe/Berlin", "--from=2025-10-26T00:29:59Z", "--count=3", "--json")
        let ticks = try ended.json()["ticks"]
        #expect(ticks[0]["local"].string == "2025-10-26T02:30:00+02:00" && ticks[0]["place"].string == "first")
        #expect(ticks[1]["local"].string == "2025-10-26T02:00:00+01:00" && ticks[1]["place"].string == "second")
        #expect(ticks[2]["utc"].string == "2025-10-26T01:30:00Z")
    }

    @Test func `ten ticks in UTC from now on, unless asked otherwise`() async throws {
        let json = try await preview("@every 90s", "--json").json()
        #expect(json["expression"].string == "@every 1m30s" && json["zone"].string == "UTC")
        #expect(json["words"].string == "every 1 minute and 30 seconds")
        #expect(json["ticks"].array.count == 10)
    }

    @Test func `offsets that are no whole hours`() async throws {
        let ended = try await preview(
            "0 9 * * *", "--zone", "Asia/Kathmandu", "--from", "2025-01-01T00:00Z", "--count", "1")
        #expect(ended.output.last == "Wed  2025-01-01T09:00:00+05:45  2025-01-01T03:15:00Z")
    }

    @Test(
        "wrong input is refused, with the field and the reason",
        arguments: [
            (["0 24 * * *"], "hour: 24 is more than 23, the greatest hour"),
            (["0 0 30 2 *"], "day of month and month: 30 February never comes"),
            (["@every 5"], "interval: 5 has no unit"),
            (["@daily", "--zone", "Europe/Belrin"], "time zone \"Europe/Belrin\" is unknown"),
            (["@daily", "--zone", "Berlin"], "did you mean Europe/Berlin?"),
            (["@daily", "--count", "0"], "--count must be 1 to 1000"),
            (["@daily", "--from", "tomorrow"], "8601"),
            (["0", "9", "*", "*", "*"], "it has 1 field"),
            ([], "expression"),
        ])
    func refused(words: [String], message: String) async throws {
        let ended = try await Workshop.penstock(
            ["schedule", "preview"] + words, environment: Workshop.environment(url: nil))
        #expect(ended.exit == .code(64))
        #expect(ended.output.isEmpty)
        #expect(ended.errors.joined(separator: "\n").contains(message), "\(ended.errors)")
    }

    private func preview(_ words: String...) async throws -> Ended {
        try await Workshop.penstock(["schedule", "preview"] + words, environment: Workshop.environment(url: nil))
    }
}
