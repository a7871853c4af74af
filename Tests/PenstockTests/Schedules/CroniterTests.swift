import Foundation
import Penstock
import PenstockTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct CroniterTests {
    static let zones = [
        "UTC", "Europe/Berlin", "Europe/London", "Europe/Dublin", "Europe/Istanbul", "Europe/Moscow", "Europe/Lisbon",
        "Europe/Athens", "Europe/Chisinau", "Atlantic/Azores", "America/New_York", "America/Chicago", "America/St_Johns",
        "America/Sao_Paulo", "America/Santiago", "America/Havana", "America/Asuncion", "America/Caracas",
        "America/Nuuk", "America/Los_Angeles", "America/Adak", "America/Mexico_City", "Australia/Lord_Howe",
        "Australia/Sydney", "Australia/Adelaide", "Australia/Eucla", "Pacific/Auckland", "Pacific/Chatham",
        "Pacific/Apia", "Pacific/Norfolk", "Pacific/Kiritimati", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Tehran",
        "Asia/Tokyo", "Asia/Beirut", "Asia/Gaza", "Asia/Jerusalem", "Asia/Pyongyang", "Asia/Damascus",
        "Africa/Casablanca", "Africa/Cairo", "Africa/Windhoek", "Africa/Khartoum", "Antarctica/Troll",
        "Antarctica/Casey", "Indian/Mauritius",
    ]
    @Test func explore() async throws {
        let zoneAnswers = try await Croniter.ask([], zones: Self.zones)
        for name in Self.zones {
            let ours = try TimeZoneRules(name)
            guard let theirs = zoneAnswers.zones[name] else { continue }
            var at: Int64 = 0
            while at < 2_300_000_000 {
                let (a, b) = (ours.span(at: at), theirs.span(at: at))
                if a.offset != b.offset || a.end != b.end { print("ZONE", name, at, a, b); break }
                at = a.end
            }
        }
        var random = SeededRandom(seed: 30)
        var questions: [Croniter.Question] = []
        var shared: [SharedExpression] = []
        for _ in 0..<100_000 {
            let zone = Self.zones.randomElement(using: &random) ?? "UTC"
            let changes = (zoneAnswers.changes[zone] ?? []).filter { $0 > 200_000_000 }
            var after = Int64.random(in: 157_766_400..<2_208_988_800, using: &random)
            if random.chance(0.5), let change = changes.randomElement(using: &random) {
                after = change + Int64.random(in: -129_600...129_600, using: &random)
                if random.chance(0.5) { after -= after % 900 }
            }
            let e = SharedExpression(using: &random)
            shared.append(e)
            questions.append(.init(expression: e.theirs, zone: zone, after: after))
        }
        let clock = ContinuousClock()
        let begin = clock.now
        let answers = try await Croniter.ask(questions, zones: [])
        print("python", clock.now - begin)
        let b2 = clock.now
        var ours: [Int64?] = []
        for (q, e) in zip(questions, shared) {
            let x: CronExpression
            do throws(CronError) { x = try CronExpression(e.ours) } catch { ours.append(nil); continue }
            ours.append(x.next(after: q.after * 1000, in: try TimeZoneRules(q.zone)).map { $0 / 1000 })
        }
        print("ours", clock.now - b2)
        var n = 0
        for i in questions.indices where ours[i] != answers.ticks[i] {
            n += 1
            let z = try TimeZoneRules(questions[i].zone)
            let rhythm = (try? CronExpression(shared[i].ours))?.isRhythm
            func p(_ t: Int64?) -> String { t.map { "\(z.localTime(at: $0 * 1000))@\(z.span(at: $0).offset)" } ?? "nil" }
            print("DIFF\t\(shared[i].ours)\t\(questions[i].zone)\t\(questions[i].after)\trhythm=\(rhythm as Any)\tafter=\(p(questions[i].after))\tours=\(p(ours[i]))\ttheirs=\(p(answers.ticks[i]))")
        }
        print("differences", n)
    }
}
