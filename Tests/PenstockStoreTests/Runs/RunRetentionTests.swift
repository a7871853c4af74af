import PenstockModel
import PenstockTesting
import Testing

@testable import PenstockStore

@Suite(.timeLimit(.minutes(10))) struct RunRetentionTests {
    private static let end: [Effect] = [.moveRun(from: .running, to: .succeeded)]

    @Test func `runs go when their time is over, whatever has become of them since`() async throws {
        try await withStore { store in
            let forever = try await RunBench(store, effects: Self.end)
            let live = try await RunBench(store, retention: .zero)
            let short = try await RunBench(store, foreignID: "f", effects: Self.end, tags: ["eu"], retention: .zero)
            let long = try await RunBench(store, effects: Self.end, retention: .seconds(600))
            let again = try await RunBench(store, effects: Self.end, retention: .seconds(60))
            let deleted = try await RunBench(store, effects: Self.end, retention: .seconds(60))
            #expect(try await store.remove(long.id, ifExpired: true) == .kept)
            #expect(try await store.remove(forever.id, ifExpired: true) == .kept)
            #expect(try await store.removeExpiredRuns(worker: "w") == 1)
            #expect(try await store.read(RunQuery(short.id)) == nil)
            try await again.apply([.moveRun(from: .succeeded, to: .pending)])
            let place = try await store.raw("ZSCORE", store.keys.prefix + "retained", again.id.rawValue)
            #expect(place.text == nil)
            // The time counts from the end, not from the deletion of the data.
            try await store.stepClock(by: .seconds(50))
            try await deleted.apply([.moveRun(from: .succeeded, to: .deletingData)])
            try await store.stepClock(by: .seconds(20))
            #expect(try await store.removeExpiredRuns(worker: "w") == 1)
            #expect(try await store.read(RunQuery(deleted.id)) == nil)
            try await again.apply([.moveRun(from: .pending, to: .running), .moveRun(from: .running, to: .failed)])
            #expect(try await store.removeExpiredRuns(worker: "w") == 0)
            try await store.stepClock(by: .seconds(3600))
            #expect(try await store.removeExpiredRuns(worker: "w") == 2)
            let left = try await store.runs().entries.map(\.id)
            #expect(Set(left) == [forever.id, live.id])
        }
    }

    @Test func `a run that is removed by hand is in no list any more`() async throws {
        try await withStore { store in
            let run = try await RunBench(
                store, foreignID: "f", effects: Self.end, tags: ["eu"], retention: .seconds(600))
            #expect(try await store.remove(run.id) == .removed)
            let left = try await store.dump().map { String($0.dropFirst(store.keys.prefix.count).prefix { $0 != ":" }) }
            #expect(Set(left) == ["sent", "shapes", "workflows"])
        }
    }

    @Test func `many go in one call, by one worker at a time`() async throws {
        try await withStore { store in
            let start: [Effect] = [.moveRun(from: .pending, to: .running)]
            let digest = try await store.keepShape([1], workflow: "flow", version: 1)
            for _ in 0..<250 {
                let new = NewRun(
                    id: store.makeRunID(), workflow: "flow", shapeDigest: digest, head: RunBench.head, retention: .zero)
                _ = try await store.start(
                    new, try RunBench.commit(new.id, start + Self.end, revision: 0), by: "me")
            }
            try await store.raw("SET", store.keys.prefix + "sweeping", "other", "PX", "60000")
            #expect(try await store.removeExpiredRuns(worker: "w") == 0)
            try await store.raw("DEL", store.keys.prefix + "sweeping")
            #expect(try await store.removeExpiredRuns(worker: "w") == 250)
            #expect(try await store.raw("EXISTS", store.keys.prefix + "sweeping").int == 0)
            #expect(try await store.runs().entries.isEmpty)
        }
    }

    @Test func `what is listed and not there does not come up again`() async throws {
        try await withStore { store in
            try await store.raw("ZADD", store.keys.prefix + "retained", "1", "gone")
            #expect(try await store.removeExpiredRuns(worker: "w") == 0)
            #expect(try await KeyspaceAudit.read(store).retainedRuns.isEmpty)
        }
    }

    @Test func `with nothing due it is one call that writes nothing`() async throws {
        try await withStore { store in
            _ = try await RunBench(store, effects: Self.end, retention: .seconds(60))
            let before = try await Commands.count(store, "set")
            #expect(try await store.removeExpiredRuns(worker: "w") == 0)
            #expect(try await Commands.count(store, "set") == before)
        }
    }

    @Test func `a run of a schedule counts while it is live, also when it is opened again`() async throws {
        try await withStore { store in
            func live() async throws -> Int? { try await store.schedules(["s"]).1[0]?.facts.live }
            let digest = try await store.keepShape([1], workflow: "flow", version: 1)
            let new = NewRun(id: store.makeRunID(), workflow: "flow", shapeDigest: digest, head: RunBench.head)
            _ = try await store.save(ScheduleChange(name: "s", spec: [], payload: [], tick: nil, due: nil))
            let fire = TickFire(
                schedule: "s", token: "t", isTracked: true, notes: [TickNote(tick: 1, fate: "triggered")],
                start: .runs([new]))
            #expect(try await store.fire(fire) == .fired)
            #expect(try await live() == 1)
            let run = RunBench(store, new.id)
            try await run.apply([.moveRun(from: .pending, to: .running)])
            #expect(try await live() == 1)
            // A tick that waits for its end is due by it.
            try await store.raw("HSET", store.keys.prefix + "schedule:s", "blocked", "1")
            try await run.apply(Self.end)
            #expect(try await live() == 0)
            #expect(try await store.raw("ZSCORE", store.keys.prefix + "ticks", "s").text != nil)
            try await store.raw("HDEL", store.keys.prefix + "schedule:s", "blocked")
            try await run.apply([.moveRun(from: .succeeded, to: .pending)])
            #expect(try await live() == 1)
            try await run.apply([.moveRun(from: .pending, to: .running), .moveRun(from: .running, to: .failed)])
            #expect(try await live() == 0)
        }
    }
}
