import Foundation
import Penstock
import PenstockTesting
import Testing

/// Next ticks against croniter's, on random expressions, times and zones.
@Suite(.timeLimit(.minutes(10))) struct CroniterTests {
    static let count = 100_000
    static let seed = ProcessInfo.processInfo.environment["PENSTOCK_SEED"].flatMap(UInt64.init) ?? 30

    static let zones = [
        "UTC", "Europe/Berlin", "Europe/London", "Europe/Dublin", "Europe/Istanbul", "Europe/Moscow", "Europe/Lisbon",
        "Europe/Athens", "Europe/Chisinau", "Atlantic/Azores", "America/New_York", "America/Chicago",
        "America/St_Johns",
        "America/Sao_Paulo", "America/Santiago", "America/Havana", "America/Asuncion", "America/Caracas",
        "America/Nuuk", "America/Los_Angeles", "America/Adak", "America/Mexico_City", "Australia/Lord_Howe",
        "Australia/Sydney", "Australia/Adelaide", "Australia/Eucla", "Pacific/Auckland", "Pacific/Chatham",
        "Pacific/Apia", "Pacific/Norfolk", "Pacific/Kiritimati", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Tehran",
        "Asia/Tokyo", "Asia/Beirut", "Asia/Gaza", "Asia/Jerusalem", "Asia/Pyongyang", "Asia/Damascus",
        "Africa/Casablanca", "Africa/Cairo", "Africa/Windhoek", "Africa/Khartoum", "Antarctica/Troll",
        "Antarctica/Casey", "Indian/Mauritius",
    ]

    @Test func `every difference from croniter is one that is known`() async throws {
        var random = SeededRandom(seed: Self.seed)
        let data = try await Croniter.ask([], zones: Self.zones)
        let changes = data.changes.mapValues { $0.filter { (200_000_000..<2_208_988_800).contains($0) } }
        let cases = (0..<Self.count).map { _ in Case(changes: changes, using: &random) }
        let answers = try await Croniter.ask(cases.map(\.question), zones: [])
        var differences: [CroniterDifference: Int] = [:]
        for (one, theirs) in zip(cases, answers.ticks) {
            // Croniter knows Python's zones, so both are given these: how they differ from Foundation's is another test.
            let zone = try #require(data.zones[one.question.zone])
            let ours = try Self.next(one, in: zone)
            guard ours != theirs else { continue }
            let oracle = one.oracle(until: ours, in: zone)
            let known = theirs.flatMap { CroniterDifference(one.plain, theirs: $0, in: zone) }
            guard let known, ours == oracle else {
                Issue.record(
                    "seed \(Self.seed), \(one): \(text(ours)), croniter \(text(theirs)), walking \(text(oracle)), \(known.map { "\($0)" } ?? "unknown")"
                )
                continue
            }
            differences[known, default: 0] += 1
        }
        print("croniter: seed \(Self.seed), \(Self.count) cases, differences \(differences)")
        #expect(differences.values.reduce(0, +) < Self.count / 100)
    }

    @Test(
        "each rule is needed",
        arguments: [
            ("0 0 31W 4 ?", "UTC", "2025-01-01T00:00:00Z", CroniterDifference.nearestWeekdayBeyondTheMonth),
            ("30 2 * * *", "Europe/Berlin", "2025-10-26T00:45:00Z", .timeOfDayRepeated),
            ("20 30 2 * * *", "Europe/Berlin", "2025-03-30T00:00:00Z", .secondsAfterGap),
            ("0 12 */7 * 0-6", "UTC", "2025-01-02T00:00:00Z", .allDaysListed),
        ])
    func needed(expression: String, zone: String, after: String, rule: CroniterDifference) async throws {
        let after = try Instant.milliseconds(after) / 1000
        let question = Croniter.Question(expression: expression, zone: zone, after: after)
        let theirs = try #require(await Croniter.ask([question], zones: []).ticks[0])
        let rules = try TimeZoneRules(zone)
        let ours: Int64?
        do throws(CronError) {
            ours = try CronExpression(expression).next(after: after * 1000, in: rules).map { $0 / 1000 }
        } catch { ours = nil }
        #expect(ours != theirs)
        let naive = NaiveCron(expression).ticks(
            after: after, through: ours ?? after + 3000 * 86_400, limit: 1, in: rules)
        #expect(naive.first == ours)
        #expect(CroniterDifference(expression, theirs: theirs, in: rules) == rule)
    }

    @Test func `Foundation's zones are Python's`() async throws {
        let data = try await Croniter.ask([], zones: Self.zones)
        for name in Self.zones {
            let (ours, theirs) = (try TimeZoneRules(name), try #require(data.zones[name]))
            // Later changes are forecasts, which one edition of the database makes otherwise than another.
            for change in try #require(data.changes[name]) where change < 1_735_689_600 {
                #expect(ours.span(at: change).start == change, "\(name)")
                #expect(ours.span(at: change).offset == theirs.span(at: change).offset, "\(name) at \(change)")
            }
            var end: Int64 = 0
            while end < 1_735_689_600 {
                #expect(ours.span(at: end).offset == theirs.span(at: end).offset, "\(name) at \(end)")
                end = ours.span(at: end).end
            }
        }
    }

    private static func next(_ one: Case, in zone: ListedZone) throws -> Int64? {
        do throws(CronError) {
            return try CronExpression(one.expression.ours).next(after: one.question.after * 1000, in: zone).map {
                $0 / 1000
            }
        } catch {
            // The one thing to be refused here: a date that never comes.
            guard error.field == .date else { throw error }
            return nil
        }
    }

    private func text(_ tick: Int64?) -> String { tick.map { Instant.text($0 * 1000) } ?? "none" }
}

private struct Case: CustomStringConvertible {
    let expression: SharedExpression
    let question: Croniter.Question

    /// Half of them near a change of the clocks.
    init(changes: [String: [Int64]], using random: inout SeededRandom) {
        let zone = CroniterTests.zones.randomElement(using: &random) ?? "UTC"
        var after = Int64.random(in: 157_766_400..<2_208_988_800, using: &random)
        if random.chance(0.5), let change = changes[zone]?.randomElement(using: &random) {
            after = change + Int64.random(in: -129_600...129_600, using: &random)
            if random.chance(0.5) { after -= after % 900 }
        }
        expression = SharedExpression(using: &random)
        question = Croniter.Question(expression: expression.theirs, zone: zone, after: after)
    }

    /// Written out, for what knows no names.
    var plain: String { Self.names[expression.ours] ?? expression.ours }

    /// The next tick by walking; with none to be expected, within the next 3,000 days, which have a leap day.
    func oracle(until expected: Int64?, in zone: ListedZone) -> Int64? {
        let end = expected ?? question.after + 3000 * 86_400
        return NaiveCron(plain).ticks(after: question.after, through: end, limit: 1, in: zone).first
    }

    private static let names = [
        "@yearly": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0", "@daily": "0 0 * * *",
        "@hourly": "0 * * * *",
    ]

    var description: String {
        "\"\(expression.ours)\" in \(question.zone) after \(Instant.text(question.after * 1000))"
    }
}
