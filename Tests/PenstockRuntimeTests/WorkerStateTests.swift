import PenstockModel
import Testing

@testable import PenstockRuntime
@testable import PenstockStore

@Suite("The decisions of a worker, as events and answers") struct WorkerStateTests {
    // MARK: The loop

    @Test func `begins by asking for as much as it has slots, once`() throws {
        let state = Subject(concurrency: 3)
        let request = try #require(state.request())
        #expect(request.room == 3 && request.worker == "one" && request.queues == ["q"] && request.kinds == nil)
        #expect(request.ended.isEmpty && request.reconcile == nil)
        #expect(state.waits(), "one call at a time")
        let answer = state.accept(turn(), requested: request)
        #expect(answer.start == 0 && answer.refused.isEmpty && answer.confirmed.isEmpty)
        #expect(state.waits(), "nothing there: it waits to be told")
        state.lookForWork()
        #expect(state.request()?.claim == request.claim + 1)
    }

    @Test func `asks again at once when it got all that it asked for and has room`() throws {
        let state = Subject(concurrency: 2)
        let attempts = state.claim([task("a"), task("b")])
        #expect(attempts.count == 2)
        #expect(state.waits(), "no room")
        #expect(state.settle(attempts[0], .completed) == .recorded)
        let request = try #require(state.request())
        #expect(request.room == 1 && request.ended.map(\.id) == [id("a")])
    }

    @Test func `a claim names the call, and no two calls have the same name in any life`() throws {
        let state = Subject()
        var claims: [Int] = []
        for _ in 0..<3 {
            let request = try #require(state.request())
            claims.append(request.claim)
            state.giveBack(request, outcomeUnknown: true)
            _ = state.lose()
            state.begin("life \(claims.count)")
        }
        #expect(claims == [1, 2, 3])
    }

    // MARK: Lost replies

    @Test func `ends go again after a lost reply, and a refusal then means that they had arrived`() throws {
        let state = Subject()
        let attempts = state.claim([task("a"), task("b")])
        #expect(state.settle(attempts[0], .completed) == .recorded)
        let first = try #require(state.request())
        state.giveBack(first, outcomeUnknown: true)
        #expect(
            state.settle(attempts[1], .retry(after: .zero, counted: true, attempt: 1, message: ""))
                == .recorded)
        let second = try #require(state.request())
        #expect(second.ended.map(\.id) == [id("a"), id("b")])
        #expect(second.reconcile?.map(\.id) == [id("a"), id("b")], "what it knows of, ends included")
        let answer = state.accept(turn(stale: ["a"]), requested: second)
        #expect(answer.confirmed == [id("a")] && answer.refused.isEmpty)
        #expect(state.statistics.completed == 1 && state.statistics.retried == 1 && state.statistics.refused == 0)
    }

    @Test func `what was first sent after the lost reply is refused, not confirmed`() throws {
        let state = Subject()
        let attempts = state.claim([task("a"), task("b")])
        #expect(state.settle(attempts[0], .completed) == .recorded)
        let first = try #require(state.request())
        state.giveBack(first, outcomeUnknown: true)
        #expect(state.settle(attempts[1], .completed) == .recorded)
        let second = try #require(state.request())
        let answer = state.accept(turn(stale: ["a", "b"]), requested: second)
        #expect(answer.confirmed == [id("a")] && answer.refused == [id("b")])
        #expect(state.statistics.completed == 1 && state.statistics.refused == 1)
    }

    @Test func `nothing is doubtful when nothing was sent`() throws {
        let state = Subject()
        let attempts = state.claim([task("a")])
        #expect(state.settle(attempts[0], .completed) == .recorded)
        let first = try #require(state.request())
        state.giveBack(first, outcomeUnknown: false)
        let second = try #require(state.request())
        #expect(second.reconcile == nil && second.ended.count == 1)
        #expect(state.accept(turn(stale: ["a"]), requested: second).refused == [id("a")])
    }

    @Test func `leases are reviewed by a call that needs no other reason`() throws {
        let state = Subject(concurrency: 1)
        let attempts = state.claim([task("a")])
        #expect(attempts.count == 1 && state.waits())
        state.reviewLeases()
        let request = try #require(state.request())
        #expect(request.room == 0 && request.reconcile?.map(\.id) == [id("a")])
        _ = state.accept(turn(), requested: request)
        #expect(state.waits())
    }

    @Test func `a task whose record cannot be read becomes a dead letter`() throws {
        let state = Subject()
        let request = try #require(state.request())
        _ = state.accept(turn(unreadable: ["x"]), requested: request)
        let next = try #require(state.request())
        let ended = try #require(next.ended.first)
        #expect(ended.id == id("x") && ended.claim == request.claim)
        guard case .dead = ended.outcome else {
            Issue.record("\(ended.outcome)")
            return
        }
    }

    @Test func `a call commits no more than a thousand, and the rest stay held by their worker`() throws {
        let state = Subject(concurrency: 1500)
        let attempts = state.claim((0..<1500).map { task("t\($0)") })
        for attempt in attempts { #expect(state.settle(attempt, .completed) == .recorded) }
        let lost = try #require(state.request())
        #expect(lost.ended.count == 1000)
        state.giveBack(lost, outcomeUnknown: true)
        let again = try #require(state.request())
        #expect(again.ended.map(\.id) == lost.ended.map(\.id))
        #expect(again.reconcile?.count == 1500, "what has ended and has not gone yet is not to be given back")
        _ = state.accept(turn(), requested: again)
        let last = try #require(state.request())
        #expect(last.ended.count == 500)
        _ = state.accept(turn(), requested: last)
        #expect(state.statistics.completed == 1500)
    }

    // MARK: Hold and flush

    @Test func `a batch is held while slots have work waiting here, and not for long`() throws {
        let state = Subject(concurrency: 1)
        // A slot that ends 10,000 tasks a second: its worker claims ahead.
        var now = start
        var current: Attempt?
        for round in 0..<60 {
            for _ in 0..<5 {
                guard let attempt = current else { break }
                _ = state.settle(attempt, .completed, now: now)
                current = state.takeReady()
            }
            // At last, what has been held back leaves.
            now += round < 59 ? .microseconds(500) : Pace.longestHold
            state.lookForWork()
            guard let request = state.request(at: now) else { continue }
            let claimed = (0..<request.room).map { task("t\(round)-\($0)", claim: request.claim) }
            let count = state.accept(turn(claimed), requested: request, now: now).start
            if count > 0 { current = state.takeReady() }
        }
        let first = try #require(current)
        #expect(state.settle(first, .completed, now: now) == .recorded)
        #expect(!state.needsLoop && state.waits(at: now), "held: others wait for the slot")
        #expect(state.flushAt == now + Pace.longestHold)
        #expect(state.request(at: now + Pace.longestHold)?.ended.map(\.id) == [first.task.id])
    }

    @Test func `an end leaves at once when nothing waits here`() {
        let state = Subject()
        let attempts = state.claim([task("a")])
        _ = state.settle(attempts[0], .completed)
        #expect(state.needsLoop)
        #expect(state.request()?.ended.count == 1)
    }

    @Test func `claimed tasks that waited too long for a slot go back`() throws {
        let state = Subject(concurrency: 1)
        let request = try #require(state.request())
        let claimed = ["a", "b", "c"].map { task($0, claim: request.claim) }
        #expect(state.accept(turn(claimed), requested: request).start == 1)
        let running = try #require(state.takeReady())
        let overdue = try #require(state.overdueAt)
        #expect(overdue == start + Pace.longestWait)
        state.releaseOverdue(now: overdue - .milliseconds(1))
        #expect(state.waits(at: overdue - .milliseconds(1)) || state.overdueAt != nil)
        state.releaseOverdue(now: overdue)
        #expect(state.overdueAt == nil)
        let next = try #require(state.request(at: overdue))
        #expect(Set(next.ended.map(\.id)) == [id("b"), id("c")])
        #expect(next.ended.allSatisfy { $0.outcome == .released })
        #expect(running.task.id == id("a"))
    }

    // MARK: Bounds of kinds

    @Test func `a kind with a bound is asked for as often as it is not held`() throws {
        let state = Subject(concurrency: 8, kinds: ["narrow": 2])
        func room(_ request: CycleRequest?) -> Int? { request?.bounds.first { $0.kind == "narrow" }?.room }
        let first = try #require(state.request())
        #expect(room(first) == 2)
        let claimed = [task("a", claim: 1, kind: "narrow"), task("b", claim: 1, kind: "narrow"), task("c", claim: 1)]
        #expect(state.accept(turn(claimed), requested: first).start == 3)
        let attempts = (0..<3).compactMap { _ in state.takeReady() }
        state.lookForWork()
        let second = try #require(state.request())
        #expect(room(second) == 0)
        _ = state.accept(turn(), requested: second)
        _ = state.settle(attempts[0], .completed)
        let third = try #require(state.request())
        #expect(room(third) == 1)
        _ = state.accept(turn(), requested: third)
        // Every other way to let go of one: lost with its incarnation, released by a stop.
        _ = state.lose()
        #expect(state.settle(attempts[1], .completed) == .refused)
        state.begin("two")
        #expect(room(state.request()) == 2)
    }

    // MARK: Runners

    @Test func `never more runners than slots, and none is lost`() throws {
        let state = Subject(concurrency: 2)
        let attempts = state.claim([task("a"), task("b")])
        #expect(attempts.count == 2)
        // a's handler is deaf: its slot is given away.
        #expect(
            state.settle(attempts[0], .retry(after: .zero, counted: true, attempt: 1, message: ""))
                == .recorded)
        state.loseRunner()
        #expect(state.startRunners() == 0, "nothing waits")
        let request = try #require(state.request())
        #expect(request.room == 1)
        #expect(state.accept(turn([task("c", claim: request.claim)]), requested: request).start == 1)
        let third = try #require(state.takeReady())
        // The deaf handler returns: too late, and there are two runners already.
        #expect(state.settle(attempts[0], .completed) == .late)
        #expect(!state.regainRunner())
        // One runner ends; now the late one could come back.
        #expect(state.settle(third, .completed) == .recorded)
        #expect(state.takeReady() == nil)
        #expect(state.regainRunner())
        #expect(!state.regainRunner())
        #expect(state.statistics.completed == 0, "nothing was committed by a late end")
    }

    @Test func `a task that runs anew beside its lost attempt has a slot and an end of its own`() throws {
        let state = Subject(concurrency: 2)
        let old = state.claim([task("a")])
        let loss = state.lose()
        #expect(loss.interrupt.map(\.task.id) == [id("a")])
        state.begin("two")
        let new = state.claim([task("a")])
        #expect(new.count == 1 && new[0].incarnation == 2)
        #expect(state.running.count == 2, "both occupy a slot")
        state.lookForWork()
        #expect(state.waits(), "no room beside the two")
        #expect(state.cancel(id("a"), reason: "")?.task.claim == new[0].task.claim)
        #expect(state.settle(old[0], .completed) == .refused)
        #expect(state.settle(new[0], .completed) == .recorded)
        let next = try #require(state.request())
        #expect(next.ended.map(\.claim) == [new[0].task.claim])
    }

    // MARK: The life of an incarnation

    @Test func `what had ended is refused when the lease is lost, and what runs is to be interrupted`() throws {
        let state = Subject(concurrency: 3)
        let attempts = state.claim([task("a"), task("b"), task("c")])
        _ = state.settle(attempts[0], .completed)
        let request = try #require(state.request())
        _ = state.settle(attempts[1], .completed)
        let loss = state.lose()
        #expect(loss.refused == [id("a"), id("b")])
        #expect(loss.interrupt.map(\.task.id) == [id("c")])
        #expect(state.waits(), "no call without an incarnation")
        state.begin("two")
        // The reply to the lost life arrives after all.
        let answer = state.accept(turn([task("z", claim: request.claim)]), requested: request)
        #expect(answer.start == 0 && answer.refused.isEmpty && answer.confirmed.isEmpty)
        #expect(state.statistics.refused == 2 && state.statistics.claimed == 3)
        let next = try #require(state.request())
        #expect(next.worker == "two" && next.room == 2 && next.ended.isEmpty)
        // And so may its failure.
        state.giveBack(request, outcomeUnknown: true)
        #expect(state.waits(), "the call of the new life is still under way")
        _ = state.accept(turn(), requested: next)
        #expect(state.settle(attempts[2], .completed) == .refused)
        #expect(state.statistics.refused == 3 && state.statistics.completed == 0)
    }

    // MARK: Stopping

    @Test func `a stop hands back what waits, lets run what runs, and then finishes`() throws {
        let state = Subject(concurrency: 1)
        let request = try #require(state.request())
        let claimed = ["a", "b"].map { task($0, claim: request.claim) }
        _ = state.accept(turn(claimed), requested: request)
        let running = try #require(state.takeReady())
        state.stop(graceEnds: start + .seconds(5))
        let next = try #require(state.request())
        #expect(next.room == 0 && next.ended.map(\.outcome) == [.released])
        _ = state.accept(turn(), requested: next)
        #expect(state.waits())
        _ = state.settle(running, .completed)
        let last = try #require(state.request())
        #expect(last.ended.map(\.outcome) == [.completed])
        _ = state.accept(turn(), requested: last)
        #expect(state.isFinished())
    }

    @Test func `what arrives after the stop goes back unstarted`() throws {
        let state = Subject()
        let request = try #require(state.request())
        state.stop(graceEnds: start)
        let answer = state.accept(turn([task("a", claim: request.claim)]), requested: request)
        #expect(answer.start == 0 && state.takeReady() == nil)
        #expect(state.request()?.ended.map(\.outcome) == [.released])
    }

    @Test func `a lost worker that stops needs no new life`() {
        let state = Subject()
        let attempts = state.claim([task("a")])
        _ = state.lose()
        state.stop(graceEnds: start)
        #expect(state.waits())
        _ = state.settle(attempts[0], .completed)
        #expect(state.isFinished())
    }

    @Test func `a worker that gives up forgets everything and is finished`() {
        let state = Subject()
        let attempts = state.claim([task("a"), task("b")])
        _ = state.settle(attempts[0], .completed)
        state.surrender()
        #expect(state.isFinished() && state.isIdle)
        #expect(state.settle(attempts[1], .completed) == .late)
    }

    // MARK: Cancelling

    @Test func `a cancel finds the task wherever it is`() throws {
        let state = Subject(concurrency: 1)
        let request = try #require(state.request())
        #expect(state.cancel(id("early"), reason: "e") == nil)
        let claimed = ["early", "runs", "waits"].map { task($0, claim: request.claim) }
        #expect(state.accept(turn(claimed), requested: request).start == 1)
        let running = try #require(state.takeReady())
        #expect(running.task.id == id("runs"))
        #expect(state.cancel(id("runs"), reason: "r")?.task.id == id("runs"))
        #expect(state.cancel(id("waits"), reason: "w") == nil)
        #expect(state.cancel(id("elsewhere"), reason: "x") == nil)
        let next = try #require(state.request())
        #expect(next.ended.map(\.id) == [id("early"), id("waits")])
        #expect(next.ended.map(\.outcome) == [.cancelled(reason: "e"), .cancelled(reason: "w")])
    }

    // MARK: Due moments

    @Test func `a due moment leads to a call, also from a worker that is full, so that others are told`() throws {
        let state = Subject(concurrency: 1)
        let request = try #require(state.request())
        _ = state.accept(turn(due: 1500), requested: request)
        #expect(state.noteDue(now: start) == start + .milliseconds(500))
        state.lookForWork()
        let second = try #require(state.request())
        _ = state.accept(
            turn([task("a", claim: second.claim)], due: 1400), requested: second, now: start + .milliseconds(100))
        #expect(state.takeReady() != nil)
        #expect(state.waits())
        #expect(state.noteDue(now: start + .milliseconds(499)) == start + .milliseconds(500))
        #expect(state.noteDue(now: start + .milliseconds(500)) == nil)
        let third = try #require(state.request())
        #expect(third.room == 0)
        _ = state.accept(turn(), requested: third, now: start + .milliseconds(500))
        #expect(state.waits() && state.noteDue(now: start + .seconds(9)) == nil, "once")
    }
}

@Suite struct PaceTests {
    @Test func `claims nothing ahead for long tasks, and a bounded number for short ones`() {
        var pace = Pace()
        var now = start
        pace.note(ended: 5, at: now)
        #expect(pace.ahead == 0, "one look tells no rate")
        for _ in 0..<50 {
            now += .milliseconds(100)
            pace.note(ended: 1, at: now)
        }
        #expect(pace.ahead == 0 && pace.lowWater == 0)
        for _ in 0..<50 {
            now += .milliseconds(5)
            pace.note(ended: 250, at: now)
        }
        #expect((900...1100).contains(pace.ahead), "20 ms of 50,000 a second; it is \(pace.ahead)")
        #expect(pace.lowWater == pace.ahead * 2 / 3)
        for _ in 0..<50 {
            now += .milliseconds(1)
            pace.note(ended: 100_000, at: now)
        }
        #expect(pace.ahead == 2000)
        now += .seconds(1)
        pace.note(ended: 1, at: now)
        #expect(pace.ahead == 0, "a pause is learned at once")
    }

    @Test func `two looks in one instant do no harm`() {
        var pace = Pace()
        pace.note(ended: 5, at: start)
        pace.note(ended: 5, at: start)
        pace.note(ended: 5, at: start - .seconds(1))
        #expect(pace.ahead == 0)
    }
}
