import Foundation
import Penstock
import PenstockModel

// The workload on a stage: from its start until nothing of it is left to do.
extension Stage {
    static let schedules = ["every-second", "every-two"]

    /// What the workload needs beside processes.
    func prepare() async throws {
        try await penstock.setLimit("rated:*", try LimitTerms(jobs: 40, burst: 5))
        for (scope, slots) in Checker.slots {
            try await penstock.setLimit("\(scope):*", try LimitTerms(concurrency: slots))
        }
    }

    func createSchedules() async throws {
        for (name, recurrence) in zip(Self.schedules, ["@every 1s", "@every 2s"]) {
            try await penstock.createSchedule(
                name, recurrence, TickWork(), enqueue: .init(queue: WorkerChild.queue))
        }
    }

    /// Waits until every worker is at work.
    func warmUp(_ fewest: Int) async throws {
        let start = Moment.now
        try await wait(for: "the workers to be at work", within: .seconds(60)) {
            self.workers.allSatisfy { $0.count(since: start) { $0.what == "commit" } >= fewest }
        }
    }

    /// Gives the workers jobs that take a while, so that all of them hold some when things break; some under limits.
    func burden() async throws {
        loads += 1
        for number in 0..<6 { try await burden(2, "solo:\(number)") }
        try await burden(15, "slots:slow")
        try await burden(60, nil)
    }

    private func burden(_ count: Int, _ slot: String?) async throws {
        var options = EnqueueOptions(queue: WorkerChild.queue, priority: Priority(clamping: 5))
        if let slot { options.limits = [slot] }
        let name = "slow\(loads).\(slot ?? "free")"
        let jobs = (0..<count).map {
            Work(key: "\(name).\($0)", milliseconds: .random(in: 100...400, using: &random), slot: slot)
        }
        for job in jobs { note("invoke", "job", job.key) }
        let answers = try await penstock.enqueue(many: jobs, options)
        for (job, answer) in zip(jobs, answers) { note("ok", "job", job.key, answer.id.rawValue) }
    }

    /// Waits until a worker executes several jobs at once.
    func waitUntilBusy(_ worker: Child) async throws {
        try await wait(for: "a worker to be busy") {
            worker.count { $0.what == "begin" } - worker.count { $0.what == "end" } >= 3
        }
    }

    /// Waits until things go well again: every worker has five commits since the fault was healed, and the last five operations of
    /// every producer went well. Returns how long that took.
    func recover(within limit: Duration = .seconds(45)) async throws -> Duration {
        let start = Moment.now
        do {
            try await wait(for: "the recovery", within: limit) {
                self.workers.count >= self.plan.workers
                    && self.workers.allSatisfy {
                        $0.count(since: start) { $0.what == "commit" && $0.word(2) != "released" } >= 5
                    } && self.producers.allSatisfy(Self.goesWell)
            }
        } catch {
            let commits = workers.map { $0.count(since: start) { $0.what == "commit" } }
            let last = producers.map { $0.records.suffix(5).map { "\($0.what) \($0.words)" } }
            violations.append("no recovery in \(limit): commits of workers since: \(commits), producers: \(last)")
        }
        return .milliseconds(Moment.now - start)
    }

    private static func goesWell(_ producer: Child) -> Bool {
        let last = producer.records.lazy.reversed()
            .filter {
                ["ok", "fail", "unknown"].contains($0.what) && !["look", "cancel", "confirmed"].contains($0.word(0))
            }.prefix(5)
        return last.count == 5 && last.allSatisfy { $0.what == "ok" }
    }

    /// Ends the producers, once they know what became of all that they have asked for.
    func halt() async throws {
        let ending = producers
        guard FileManager.default.createFile(atPath: folder + "/halt", contents: nil) else {
            throw SuiteError("cannot write into \(folder)")
        }
        do {
            try await wait(for: "the producers to end", within: .seconds(60)) { ending.allSatisfy { !$0.isAlive } }
        } catch {
            violations.append(
                "a producer does not end: \(ending.map { $0.records.suffix(3).map { "\($0.what) \($0.words)" } })")
        }
        try FileManager.default.removeItem(atPath: folder + "/halt")
        let open = ending.flatMap(\.records).filter { $0.what == "open" }
        if !open.isEmpty { violations.append("\(open.count) operations stay unknown: \(open.prefix(5).map(\.words))") }
    }

    /// Waits until nothing waits and nothing runs.
    func drain(within limit: Duration = .seconds(60)) async throws {
        var rest = ""
        if allowance.forgets { try await cancelAnew() }
        do {
            try await wait(for: "everything to be done", within: limit) {
                if self.allowance.forgets { try await self.signalAnew() }
                let queues = try await self.penstock.queues()
                let runs = try await self.penstock.runs(.init(states: Self.liveStates), limit: 500).entries
                rest =
                    "\(queues.filter { $0.ready + $0.limited + $0.delayed + $0.running > 0 }); runs \(runs.prefix(3))"
                let waiting = queues.reduce(0) { $0 + $1.ready + $1.limited + $1.delayed + $1.running }
                return waiting == 0 && (runs.isEmpty || !self.reported.isEmpty)
            }
        } catch {
            violations.append("not everything is done after \(limit): \(error); \(rest)")
        }
        try refresh()
    }

    static var liveStates: Set<RunState> { [.pending, .running, .paused, .cancelling, .rollingBack] }

    /// Where Redis may have forgotten, it may have forgotten that a job was cancelled.
    private func cancelAnew() async throws {
        for record in producerRecords where record.what == "ok" && record.word(0) == "idle" {
            if let id = TaskID(record.word(2)) { _ = try await penstock.cancel(id) }
        }
    }

    /// The same of signals.
    private func signalAnew() async throws {
        for entry in try await penstock.runs(.init(states: [.running]), limit: 500).entries {
            let status = try await penstock.run(entry.id).status()
            guard status.steps.contains(where: { $0.name == OrderWorkflow.signal && $0.state == .waiting }) else {
                continue
            }
            try? await penstock.run(entry.id).signal(OrderWorkflow.signal, 1)
        }
    }

    /// The schedules have fired each tick once, and what they have fired was done.
    func endSchedules() async throws {
        for name in Self.schedules {
            do throws(PenstockError) { try await penstock.schedule(name).pause() } catch {
                // Whoever deletes keys may have deleted it.
                guard error.code == .notFound, allowance.forgets else { throw error }
            }
        }
    }

    func judgeSchedules() async throws {
        try refresh()
        let done = Set(workerRecords.lazy.filter { $0.what == "effect" && $0.word(0).contains("@") }.map { $0.word(1) })
        for (name, period) in zip(Self.schedules, [1000, 2000]) {
            let schedule = penstock.schedule(name)
            let history: [TickRecord]
            do throws(PenstockError) { history = try await schedule.history(limit: 100) } catch {
                guard error.code == .notFound, allowance.forgets else { throw error }
                continue
            }
            var ticks: [Int64] = []
            var missed: [ClosedRange<Int64>] = []
            for record in history.reversed() {
                let tick = Int64((record.tick.timeIntervalSince1970 * 1000).rounded())
                switch record.fate {
                case .fired(let id):
                    ticks.append(tick)
                    if !done.contains(id) && !allowance.forgets {
                        violations.append("tick \(name)@\(tick): job \(id) was not done")
                    }
                case .missed(let through):
                    missed.append(tick...max(tick, Int64((through.timeIntervalSince1970 * 1000).rounded())))
                default: violations.append("tick \(name)@\(tick): \(record.fate)")
                }
            }
            for (one, next) in zip(ticks, ticks.dropFirst()) where next - one != period {
                let isTold = missed.contains { $0.lowerBound > one && $0.upperBound < next } || !missed.isEmpty
                if !isTold && !allowance.forgets { violations.append("no tick of \(name) between \(one) and \(next)") }
            }
        }
    }

    /// How every run has ended, and that its moves were legal.
    func judgeRuns() async throws {
        let operations = Operation.read(producerRecords)
        var after: String?
        var states: [String: (RunID, RunState)] = [:]
        repeat {
            let page = try await penstock.runs(.init(), after: after, limit: 500)
            for entry in page.entries { states[entry.foreignID ?? ""] = (entry.id, entry.state) }
            after = page.next
        } while after != nil
        for operation in operations.values where operation.kind.hasSuffix("run") && operation.outcome == .ok {
            guard judged.insert(operation.key).inserted else { continue }
            guard let (id, state) = states[operation.key] else {
                if !allowance.mayForget(operation.ended) && !allowance.forgets {
                    violations.append("run \(operation.key) is gone")
                }
                continue
            }
            let expected = OrderWorkflow.end(fails: operation.kind == "failing-run")
            let isReported = !reported.isEmpty && allowance.mayForget(operation.ended)
            if state != expected && !isReported && !(allowance.failsRuns && state == .rolledBack) {
                violations.append("run \(operation.key) (\(id)) has \(state)")
            }
            try await judgeHistory(of: id)
        }
    }

    private func judgeHistory(of id: RunID) async throws {
        var steps: [String: StepState] = [:]
        for entry in try await penstock.run(id).history() {
            for case .step(let step, let state, _) in entry.moves {
                let before = steps[step] ?? .pending
                if !before.canMove(to: state) {
                    violations.append("run \(id): step \(step) went from \(before) to \(state)")
                }
                steps[step] = state
            }
        }
    }
}
