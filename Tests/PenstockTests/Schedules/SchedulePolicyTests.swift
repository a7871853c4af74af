import Foundation
import Penstock
import PenstockStore
import PenstockTesting
import Testing

/// Every policy of overlap and misfire on a real Redis and worker, with Redis's clock stepped by the test.
@Suite("T1: overlap and misfire", .timeLimit(.minutes(10))) struct SchedulePolicyTests {
    /// What happens in a case. A schedule ticks once a minute: ticks are counted from 1.
    enum Event: Sendable {
        /// So many seconds pass at once: nobody can fire a tick in between.
        case pass(Int)
        /// The job of a tick ends.
        case end(Int)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var overlap = OverlapPolicy.allow
        var misfire = MisfirePolicy.one
        var grace = 60
        var most: Int?
        let events: [Event]
        /// What became of the ticks, in the order in which it was decided.
        let fates: [String]
        /// The ticks whose jobs go on in the end.
        let live: [Int]
    }

    static let cases: [Case] = [
        Case(
            testDescription: "allow: each tick starts, whatever goes on",
            events: [.pass(60), .pass(60), .pass(60)], fates: ["1 fired", "2 fired", "3 fired"], live: [1, 2, 3]),
        Case(
            testDescription: "skip: a tick is passed over while one goes on", overlap: .skip,
            events: [.pass(60), .pass(60), .end(1), .pass(60)], fates: ["1 fired", "2 overlapped", "3 fired"],
            live: [3]),
        Case(
            testDescription: "queue one: one waits for the end, more are passed over", overlap: .queueOne,
            events: [.pass(60), .pass(60), .pass(60), .end(1), .pass(60), .end(2)],
            fates: ["1 fired", "2 waits", "3 overlapped", "2 fired", "4 waits", "4 fired"], live: [4]),
        Case(
            testDescription: "cancel previous: what goes on is cancelled", overlap: .cancelPrevious,
            events: [.pass(60), .pass(60), .pass(60)], fates: ["1 fired", "2 fired", "3 fired"], live: [3]),
        Case(
            testDescription: "cancel previous: of several that are due only the last is started",
            overlap: .cancelPrevious, misfire: .all(atMost: 10), grace: 600, events: [.pass(180)],
            fates: ["1 overlapped", "2 overlapped", "3 fired"], live: [3]),
        Case(
            testDescription: "wait: ticks wait until fewer go on, none is lost, however late",
            overlap: .wait(atMost: 2), misfire: .none, grace: 1, events: [.pass(60), .pass(300), .end(1), .end(2)],
            fates: ["1 fired", "2 fired", "3 fired", "4 fired"], live: [3, 4]),
        Case(
            testDescription: "misfire none: what came too late is passed over", misfire: .none,
            events: [.pass(310), .pass(60)], fates: ["1 missed", "5 fired", "6 fired"], live: [5, 6]),
        Case(
            testDescription: "misfire one: the latest of what came too late makes up for all", misfire: .one,
            events: [.pass(310)], fates: ["1 missed", "4 fired", "5 fired"], live: [4, 5]),
        Case(
            testDescription: "misfire one: a single tick that came too late is made up for", misfire: .one, grace: 5,
            events: [.pass(80)], fates: ["1 fired"], live: [1]),
        Case(
            testDescription: "misfire all: the latest of them, in order, up to a cap", misfire: .all(atMost: 3),
            events: [.pass(370)], fates: ["1 missed", "3 fired", "4 fired", "5 fired", "6 fired"],
            live: [3, 4, 5, 6]),
        Case(
            testDescription: "misfire all: fewer than the cap are all fired", misfire: .all(atMost: 30),
            events: [.pass(310)], fates: ["1 fired", "2 fired", "3 fired", "4 fired", "5 fired"],
            live: [1, 2, 3, 4, 5]),
        Case(
            testDescription: "within the grace all are in time, whatever the policy", misfire: .none, grace: 600,
            events: [.pass(310)], fates: ["1 fired", "2 fired", "3 fired", "4 fired", "5 fired"],
            live: [1, 2, 3, 4, 5]),
        Case(
            testDescription: "misfires obey the overlap policy", overlap: .skip, misfire: .all(atMost: 3), grace: 5,
            events: [.pass(310)], fates: ["1 missed", "3 fired", "4 overlapped", "5 overlapped"], live: [3]),
        Case(
            testDescription: "a maximum count ends it, misfires included", misfire: .all(atMost: 30), most: 3,
            events: [.pass(60), .pass(240), .pass(60)], fates: ["1 fired", "2 fired", "3 fired"], live: [1, 2, 3]),
    ]

    @Test("ticks meet the fate that the policies say", arguments: cases)
    func policy(_ test: Case) async throws {
        try await Rig.with { rig in
            let held = HeldJobs()
            let options = ScheduleOptions(
                maximumCount: test.most, overlap: test.overlap, misfire: test.misfire,
                misfireGrace: .seconds(test.grace))
            // Half a minute before a tick, so that the test's own time does not matter.
            let now = try await rig.now()
            try await rig.advanceClock(by: .milliseconds(90_000 - now % 60_000))
            let schedule = try await rig.penstock.createSchedule("every-minute", "@every 1m", Work(), options)
            let first = try #require(try await schedule.status().next.first?.milliseconds)
            try await RunningWorker.with(
                rig.penstock, concurrency: 16,
                prepare: { worker in
                    worker.handle(Work.self) { _, context in
                        try await held.hold(context.tick?.moment.milliseconds ?? 0)
                    }
                }
            ) { worker in
                try await worker.started()
                for event in test.events {
                    switch event {
                    case .pass(let seconds): try await rig.advanceClock(by: .seconds(seconds))
                    case .end(let tick): try await end(first + Int64(tick - 1) * 60_000, held, schedule)
                    }
                    try await rig.schedulesSettled()
                }
                let history = try await schedule.history(limit: 100).reversed()
                let fates = history.map { "\(($0.tick.milliseconds - first) / 60_000 + 1) \($0.fate.word)" }
                #expect(fates == test.fates)
                try await eventually("the right jobs to go on") {
                    let ticks = Set(held.live.map { Int(($0 - first) / 60_000) + 1 })
                    return ticks == Set(test.live)
                }
                let tracked = test.overlap == .allow ? 0 : test.live.count
                try await eventually("all others to have ended") {
                    let (status, queue) = (try await schedule.status(), try await rig.queue())
                    return status.live == tracked && queue.running == test.live.count && queue.ready == 0
                }
                #expect(try await KeyspaceAudit.check(rig.penstock.store) == [])
                for tick in held.live { held.end(tick) }
            }
        }
    }

    private func end(_ tick: Int64, _ held: HeldJobs, _ schedule: Schedule) async throws {
        for record in try await schedule.history(limit: 100) where record.tick.milliseconds == tick {
            guard case .fired(let text) = record.fate, let id = TaskID(text) else { continue }
            held.end(tick)
            try await eventually("the job of a tick to have ended") {
                try await schedule.penstock.status(id).state == .unknown
            }
        }
    }
}
