import PenstockModel
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

/// cancel, revive, discard, inspect: what people do to one task.
@Suite(.timeLimit(.minutes(10))) struct TaskCallTests {
    @Test func `of log lines the newest are kept`() async throws {
        try await withStore { store in
            let id = try await store.fill(1)[0].rawValue
            var worker = try await Player(store)
            let claim = try await worker.claim().claim
            for lines in [["1", "2", "3", "4", "5"], ["6", "7"]] {
                let words = ["w", id, "\(claim)", "", "3"] + lines
                #expect(try await store.call(Scripts.note, .init(words)).text == "1")
            }
            let kept = try await store.raw("LRANGE", store.keys.prefix + "log:\(id)", "0", "-1").array ?? []
            #expect(kept.count == 3 && kept.last?.text?.hasSuffix("7") == true)
        }
    }

    @Test func `log lines are kept as long as the result`() async throws {
        try await withStore { store in
            let ids = try await store.fill(2)
            var worker = try await Player(store)
            let claimed = try await worker.turn(2).claimed
            for task in claimed {
                #expect(
                    try await store.note(
                        worker: "w", id: task.id, claim: task.claim, progress: nil, lines: ["a line"]))
            }
            try await worker.turn(ended: [
                claimed[0].ended(.result([], retention: .seconds(60))), claimed[1].ended(.completed),
            ])
            let life = try await store.raw("PTTL", store.keys.prefix + "log:\(ids[0])").int ?? 0
            #expect((50_000...60_000).contains(life))
            #expect(try await store.raw("EXISTS", store.keys.prefix + "log:\(ids[1])").int == 0)
        }
    }

    @Test func `what is cancelled near an end of a long lane leaves it, and further in is passed over`() async throws {
        try await withStore { store in
            let ids = try await store.fill(2500)
            for place in [2, 1250, 2498] { _ = try await store.cancel(ids[place], reason: "") }
            let lane = try await KeyspaceAudit.read(store).lanes["q\t"] ?? []
            #expect(lane.count == 2498 && lane.contains(ids[1250].rawValue))
            var worker = try await Player(store, lease: .seconds(300))
            var claimed: [TaskID] = []
            while claimed.count < 2497 {
                let some = try await worker.turn(500).claimed
                if some.isEmpty { break }
                claimed += some.map(\.id)
                try await worker.turn(ended: some.map { $0.ended(.completed) })
            }
            #expect(claimed == ids.enumerated().filter { ![2, 1250, 2498].contains($0.offset) }.map(\.element))
        }
    }

    @Test func `what is cancelled leaves no timer of its expiry`() async throws {
        try await withStore { store in
            var task = store.task()
            task.expiry = .seconds(60)
            let id = try await store.enqueue([task])[0].id
            #expect(try await KeyspaceAudit.read(store).expiring["q"]?.count == 1)
            #expect(try await store.cancel(id, reason: "") == .cancelled)
            #expect(try await KeyspaceAudit.read(store).expiring.isEmpty)
        }
    }

    @Test(arguments: [CapPolicy.reject, .drop])
    func `jobs of ticks are held to length caps`(policy: CapPolicy) async throws {
        try await withStore { store in
            let old = try await store.fill(3)
            try await store.raw("DEL", store.keys.prefix + "live:q")
            try await store.setCap(queue: "q", tenant: nil, most: 2, policy: policy)
            func fire(_ token: String, _ count: Int) async throws -> (TickFireAnswer, [TaskID]) {
                let tasks = (0..<count).map { _ in store.task() }
                let fire = TickFire(schedule: "s", token: token, isTracked: false, start: .jobs(tasks))
                return (try await store.fire(fire), tasks.map(\.id))
            }
            let (first, started) = try await fire("one", 2)
            #expect(first == .fired)
            let (second, later) = try await fire("two", 1)
            let lane = try await KeyspaceAudit.read(store).lanes["q\t"]
            if policy == .drop {
                #expect(second == .fired)
                #expect(lane == (old + started.dropFirst() + later).map(\.rawValue))
            } else {
                #expect(second == .full("2 q"))
                #expect(lane == (old + started).map(\.rawValue))
            }
        }
    }

    @Test func `cancel in every state`() async throws {
        try await withStore { store in
            var options = TaskOptions()
            options.retention = .seconds(60)
            let queued = try await store.enqueue(store.task(options: options)).id
            #expect(try await store.cancel(queued, reason: "late") == .cancelled)
            guard case .ended(.cancelled, _, let bytes) = try await store.inspect(queued).detail else {
                throw Surprise("not retained")
            }
            #expect(bytes == Array("late".utf8))
            #expect(try await store.cancel(queued, reason: "again") == .unknown)
            #expect(try await KeyspaceAudit.check(store) == [], "the lane is empty again")

            let delayed = try await store.fill(1, start: .after(.seconds(9)))[0]
            #expect(try await store.cancel(delayed, reason: "") == .cancelled)
            #expect(try await store.state(delayed) == .unknown)

            let aside = try await store.fill(1, "other")[0]
            let id = try await store.fill(1)[0]
            var worker = try await Player(store, kinds: ["k"])
            let task = try await worker.turn(2).claimed
            #expect(task.map(\.id) == [id])
            #expect(try await store.cancel(aside, reason: "") == .cancelled)
            #expect(try await KeyspaceAudit.check(store) == [], "nothing is set aside any more")

            #expect(try await store.cancel(id, reason: "stop it") == .requested)
            #expect(try await store.cancel(id, reason: "stop it now") == .requested)
            #expect(try await store.inspect(id).detail == .running(worker: "w", cancelRequested: "stop it now"))
            let asked = try await worker.beat().cancels
            #expect(asked.map(\.0) == [id] && asked.map(\.1) == ["stop it now"])
            #expect(try await KeyspaceAudit.read(store).hints["w"]?.last == "cancel \(id) stop it now")
            try await worker.end(task[0], .cancelled(reason: "stopped"))

            let dead = try await store.fill(1)[0]
            try await worker.end(try await worker.claim(), .dead(attempt: 1, message: "m"))
            #expect(try await store.cancel(dead, reason: "") == .dead)
            #expect(try await store.state(dead) == .dead)
            #expect(try await store.cancel(store.makeID(), reason: "") == .unknown)
            #expect(try await KeyspaceAudit.read(store).totals["q"] == ["cancelled": 4, "dead": 1])
        }
    }

    @Test(arguments: [
        (Outcome.retry(after: .zero, counted: true, attempt: 1, message: "m"), "cancelled"), (.released, "cancelled"),
        (.dead(attempt: 1, message: "m"), "cancelled"), (.cancelled(reason: "x"), "cancelled"),
        (.completed, "completed"),
        (.result([], retention: .seconds(1)), "completed"),
    ])
    func `a task that was asked to end is not tried again`(outcome: Outcome, total: String) async throws {
        try await withStore { store in
            let id = try await store.fill(1)[0]
            var worker = try await Player(store)
            let task = try await worker.claim()
            _ = try await store.cancel(id, reason: "why")
            #expect(try await worker.end(task, outcome).stale == [])
            let audit = try await KeyspaceAudit.read(store)
            #expect(audit.heads.isEmpty && audit.cancels.isEmpty && audit.tries.isEmpty && audit.lanes.isEmpty)
            #expect(audit.totals["q"] == [total: 1])
        }
    }

    @Test func `deep in a long lane an id stays behind and is passed over`() async throws {
        try await withStore { store in
            let ids = try await store.fill(2500)
            for place in [0, 999, 1001, 1250, 1800, 2499] {
                #expect(try await store.cancel(ids[place], reason: "") == .cancelled)
                #expect(try await store.state(ids[place]) == .unknown)
            }
            let left = ids.indices.filter { ![0, 999, 1001, 1250, 1800, 2499].contains($0) }.map { ids[$0] }
            var worker = try await Player(store)
            var seen: [TaskID] = []
            while true {
                let claimed = try await worker.turn(300, ended: []).claimed
                if claimed.isEmpty { break }
                seen += claimed.map(\.id)
            }
            #expect(seen == left)
            #expect(try await KeyspaceAudit.read(store).totals["q"] == ["cancelled": 6])
        }
    }

    @Test func `a long row of cancelled tasks is passed over in bounded calls`() async throws {
        try await withStore { store in
            let ids = try await store.fill(4000)
            for id in ids[1000..<3000] { _ = try await store.cancel(id, reason: "") }
            var worker = try await Player(store)
            for _ in 0..<2 { _ = try await worker.turn(500) }
            var turns = 0
            while true {
                let before = try await Commands.count(store)
                let turn = try await worker.turn(1)
                let calls = try await Commands.count(store) - before
                #expect(calls < 4000)
                turns += 1
                if let task = turn.claimed.first {
                    #expect(task.id == ids[3000])
                    break
                }
                #expect(try #require(turn.nextDue) <= turn.now, "it has to look again at once")
            }
            #expect(turns > 3)
        }
    }

    @Test func `revive`() async throws {
        try await withStore { store in
            let ids = try await store.fill(5)
            var worker = try await Player(store)
            let claimed = try await worker.turn(4).claimed
            try await worker.turn(ended: [
                claimed[0].ended(.dead(attempt: 3, message: "gave up")),
                claimed[1].ended(.retry(after: .seconds(60), counted: true, attempt: 1, message: "m")),
                claimed[2].ended(.dead(attempt: 1, message: "gave up")),
            ])
            let none = store.makeID()
            let answers = try await store.revive([ids[0], ids[1], ids[2], ids[3], ids[4], none])
            #expect(answers == [.ready, .ready, .ready, .running, .ready, .unknown])
            let audit = try await KeyspaceAudit.read(store)
            #expect(audit.lanes["q\t"] == [ids[4], ids[0], ids[1], ids[2]].map(\.rawValue))
            #expect(audit.findings == [])
            let dead = try await store.inspect(ids[0]).history
            #expect(dead.attempts == 0 && dead.recoveries == 0 && dead.troubles.map(\.message) == ["gave up"])
            #expect(try await store.inspect(ids[1]).history.attempts == 1)
            #expect(try await store.revive([ids[0], ids[0]]) == [.ready, .ready])
            #expect(try await worker.turn(9).claimed.map(\.attempt) == [1, 1, 2, 1])
        }
    }

    @Test func `discard takes dead letters only`() async throws {
        try await withStore { store in
            var options = TaskOptions()
            options.retention = .seconds(60)
            let id = try await store.enqueue(store.task(options: options)).id
            let other = try await store.fill(1)[0]
            #expect(try await store.discard([id, other, store.makeID()]) == [.alive, .alive, .unknown])
            var worker = try await Player(store)
            try await worker.end(try await worker.claim(), .dead(attempt: 1, message: "m"))
            #expect(try await store.discard([id, id]) == [.discarded, .unknown])
            #expect(try await store.state(id) == .discarded)
            #expect(try await KeyspaceAudit.read(store).tries.isEmpty)
        }
    }

    @Test func `more than a thousand ids go in chunks`() async throws {
        try await withStore { store in
            let ids = try await store.fill(2100)
            var worker = try await Player(store)
            while true {
                let claimed = try await worker.turn(500).claimed
                if claimed.isEmpty { break }
                try await worker.turn(ended: claimed.map { $0.ended(.dead(attempt: 1, message: "m")) })
            }
            #expect(try await store.revive(Array(ids[..<1050])).allSatisfy { $0 == .ready })
            #expect(try await store.discard(Array(ids[1050...])).allSatisfy { $0 == .discarded })
            #expect(try await KeyspaceAudit.read(store).lanes["q\t"] == ids[..<1050].map(\.rawValue))
        }
    }

    @Test func `inspect tells the position in any lane, no further down than asked`() async throws {
        try await withStore { store in
            let plain = try await store.fill(3, tenant: "a")
            let urgent = try await store.fill(2, tenant: "a", priority: 5)
            let other = try await store.fill(2, "other", tenant: "b")
            var worker = try await Player(store, kinds: ["k"])
            #expect(try await store.inspect(plain[2]).detail == .queued(position: 2, of: 3))
            #expect(try await store.inspect(plain[2], depth: 2).detail == .queued(position: nil, of: 3))
            #expect(try await store.inspect(urgent[1]).detail == .queued(position: 1, of: 2))
            try await worker.turn(1)
            try await worker.turn(4)
            #expect(try await store.inspect(other[1]).detail == .queued(position: 1, of: 2))
            #expect(try await store.inspect(other[1]).record?.kind == "other")
            let view = try #require(try await store.queues(withTenants: true).first)
            #expect(view.asideKinds == ["other"])
            #expect(view.tenants.map(\.name) == ["b"] && view.tenants.map(\.ready) == [2] && view.running == 5)
        }
    }
}

/// How many commands Redis has run, those in scripts included.
enum Commands {
    /// Of one command, or of all but `INFO`.
    static func count(_ store: Store, _ name: String? = nil) async throws -> Int {
        let text = try await store.redis.send(RedisCommand("INFO", "commandstats")).text ?? ""
        return text.split(whereSeparator: \.isNewline).reduce(0) { sum, line in
            guard line.hasPrefix("cmdstat_"), !line.hasPrefix("cmdstat_info"), let from = line.firstRange(of: "calls="),
                let calls = Int(line[from.upperBound...].prefix { $0.isNumber })
            else { return sum }
            if let name, !line.hasPrefix("cmdstat_\(name):") { return sum }
            return sum + calls
        }
    }
}
