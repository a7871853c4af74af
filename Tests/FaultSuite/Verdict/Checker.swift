/// The judge: what producers were told against what workers have done, in the manner of a total-queue checker. Pure.
struct Checker: Sendable {
    var producers: [Record]
    var workers: [Record]
    /// Ordinals of processes that were killed.
    var killed: Set<Int> = []
    var allowance = Allowance()

    /// So many jobs of the workload run at once under each of its limits, by scope. What holds the only slot of a limit keeps all
    /// others waiting, so a slot that leaks shows; of three it would be given back by the job that comes again.
    static let slots = ["slots": 3, "solo": 1]

    func verdict() -> Verdict {
        var verdict = Verdict()
        let operations = Operation.read(producers)
        let effects = Dictionary(grouping: workers.lazy.filter { $0.what == "effect" }) { $0.word(0) }
        count(operations, &verdict)
        let attempts = Attempts(workers.sorted { $0.at < $1.at }, killed: killed)
        judgeJobs(operations, effects, attempts, &verdict)
        judgeRuns(operations, effects, &verdict)
        judgeCommits(attempts, &verdict)
        judgeAttempts(attempts, &verdict)
        judgeTicks(effects, &verdict)
        judgeSlots(attempts, &verdict)
        return verdict
    }

    private func count(_ operations: [String: Operation], _ verdict: inout Verdict) {
        for operation in operations.values {
            verdict.operations += 1
            switch operation.outcome {
            case .ok: verdict.ok += 1
            case .fail: verdict.failed += 1
            case .unknown: verdict.unknown += 1
            }
            if operation.isRecovered { verdict.recovered += 1 }
        }
        if verdict.operations > 0 && verdict.ok == 0 { verdict.violations.append("no operation has succeeded") }
    }

    // MARK: Jobs

    private func judgeJobs(
        _ operations: [String: Operation], _ effects: [String: [Record]], _ attempts: Attempts,
        _ verdict: inout Verdict
    ) {
        var committed = Set(attempts.commits.filter { $0.value.contains { $0.word(2) == "completed" } }.keys)
        // Accepted, and the answer lost with the worker: nobody can have written that down.
        committed.formUnion(attempts.all.lazy.filter { [.killed, .leaseLost].contains($0.excuse) }.map(\.id))
        var lost: [String] = []
        var uncommitted: [String] = []
        var unexpected: [String] = []
        for operation in operations.values {
            let isDone = effects[operation.key] != nil
            switch (operation.kind, operation.outcome) {
            case ("idle", _), ("poison", _):
                if isDone { unexpected.append("\(operation.kind) \(operation.key) was done") }
            case ("job", .ok), ("confirmed", .ok):
                if isDone && committed.contains(operation.id) { continue }
                if isForgiven(operation) {
                    verdict.forgiven += 1
                } else if isDone {
                    uncommitted.append("\(operation.key) (\(operation.id))")
                } else {
                    lost.append("\(operation.key) (\(operation.id))")
                }
            case ("job", .fail), ("confirmed", .fail), ("run", .fail), ("failing-run", .fail):
                if isDone { unexpected.append("\(operation.kind) \(operation.key) was refused, and done") }
            default: break
            }
        }
        let asked = Set(operations.values.map(\.key))
        for key in effects.keys where !key.contains("@") {
            let name = key.split(separator: "/").first.map(String.init) ?? key
            if !asked.contains(name) { unexpected.append("\(key) was never asked for") }
        }
        verdict.lost += lost.count
        verdict.unexpected += unexpected.count
        verdict.violate("lost", lost)
        verdict.violate("done without an accepted commit", uncommitted)
        verdict.violate("unexpected", unexpected)
    }

    private func isForgiven(_ operation: Operation) -> Bool {
        if operation.kind == "confirmed" && !allowance.forgetsConfirmed { return false }
        return allowance.mayForget(operation.ended)
    }

    // MARK: Runs

    /// What the steps of a run have left; how its run ended is asked of Redis.
    private func judgeRuns(
        _ operations: [String: Operation], _ effects: [String: [Record]], _ verdict: inout Verdict
    ) {
        var lost: [String] = []
        var wrong: [String] = []
        for operation in operations.values where operation.kind.hasSuffix("run") && operation.outcome == .ok {
            let fails = operation.kind == "failing-run"
            let done = ["reserve", "charge", "ship", "refund", "unreserve"].filter {
                effects["\(operation.key)/\($0)"] != nil
            }
            let missing = OrderWorkflow.effects(fails: fails).subtracting(done)
            if !missing.isEmpty && !allowance.failsRuns {
                if isForgiven(operation) || (allowance.forgets && !done.isEmpty) {
                    verdict.forgiven += 1
                } else {
                    lost.append("\(operation.key) (\(operation.id)) lacks \(missing.sorted())")
                }
            }
            let more = Set(done).subtracting(OrderWorkflow.effects(fails: fails))
            if !more.isEmpty && !allowance.failsRuns { wrong.append("\(operation.key) has \(more.sorted())") }
        }
        verdict.lost += lost.count
        verdict.unexpected += wrong.count
        verdict.violate("runs lost or incomplete", lost)
        verdict.violate("runs did what they should not", wrong)
    }

    // MARK: Attempts

    /// One end for each task, and one outcome for each attempt.
    private func judgeCommits(_ attempts: Attempts, _ verdict: inout Verdict) {
        var twice: [String] = []
        var late: [String] = []
        var completed: [String: Int] = [:]
        for attempt in attempts.all where attempt.commit == "completed" && !allowance.mayForget(attempt.committed) {
            completed[attempt.id] = attempt.number
        }
        for (id, commits) in attempts.commits where !allowance.revived.contains(id) {
            // Where Redis has forgotten, what a worker infers of a lost reply may be wrong.
            let commits = commits.filter { !(allowance.forgets && $0.word(4) == "inferred") }
            let ends = commits.filter {
                ["completed", "dead", "run"].contains($0.word(2)) && !allowance.mayForget($0.at)
            }
            if ends.count > 1 { twice.append("\(id) ended \(ends.count) times: \(ends.map { $0.word(2) })") }
            let retried = Dictionary(grouping: commits.filter { $0.word(2) == "retry" && $0.word(3) != "-" }) {
                $0.word(3)
            }
            for (number, same) in retried where same.count > 1 && !same.contains(where: { allowance.mayForget($0.at) })
            {
                twice.append("attempt \(number) of \(id) failed \(same.count) times")
            }
            // By the numbers of attempts: workers write at their own pace.
            guard let last = completed[id] else { continue }
            for number in retried.keys.compactMap({ Int($0) }) where number >= last {
                late.append("\(id) completed in attempt \(last), attempt \(number) failed")
            }
        }
        verdict.violate("outcomes accepted twice, so a stale lease counted", twice)
        verdict.violate("outcomes accepted after the end", late)
    }

    /// An attempt that came to nothing has a cause: its process was killed, or it knows that its lease was lost.
    private func judgeAttempts(_ attempts: Attempts, _ verdict: inout Verdict) {
        var causeless: [String] = []
        var expired: [String] = []
        for attempt in attempts.all where attempt.commit == nil {
            let isForgiven = allowance.forgets && (allowance.mayForget(attempt.begun) || attempt.excuse == nil)
            if attempt.excuse != nil { verdict.duplicates += 1 }
            if attempt.excuse == nil && !isForgiven {
                causeless.append("\(attempt.id) attempt \(attempt.number) in process \(attempt.process)")
            }
            if let excuse = attempt.excuse, excuse != .killed, allowance.keepsLeases {
                expired.append("\(attempt.id) in process \(attempt.process): \(excuse.rawValue)")
            }
        }
        if causeless.count > allowance.causeless {
            verdict.violate("attempts without a commit and without a cause", causeless)
        }
        verdict.violate("leases expired where none should", expired)
        if allowance.keepsLeases {
            verdict.violate(
                "workers taken over where none should be", workers.filter { $0.what == "lost" }.map { $0.word(0) })
        }
    }

    /// Jobs whose commit was accepted held their lease, and so their slot, from before they began until after they ended: at no moment
    /// more of them than the limit has slots.
    private func judgeSlots(_ attempts: Attempts, _ verdict: inout Verdict) {
        if allowance.forgets { return }
        let held = Set(attempts.all.lazy.filter { $0.commit != nil }.map { "\($0.process) \($0.id)" })
        var changes: [String: [(at: Int64, by: Int)]] = [:]
        for record in workers where ["enter", "leave"].contains(record.what) {
            guard held.contains("\(record.process) \(record.word(0))") else { continue }
            changes[record.word(1), default: []].append((record.at, record.what == "enter" ? 1 : -1))
        }
        var exceeded: [String] = []
        for (slot, changes) in changes {
            var (now, most) = (0, 0)
            // Ends before begins of the same millisecond.
            for change in changes.sorted(by: { ($0.at, $0.by) < ($1.at, $1.by) }) {
                now += change.by
                most = max(most, now)
            }
            let scope = String(slot.prefix { $0 != ":" })
            if most > Self.slots[scope, default: 0] { exceeded.append("\(slot): \(most) at once") }
        }
        verdict.violate("limits exceeded", exceeded)
    }

    /// Each tick of a schedule has started one job.
    private func judgeTicks(_ effects: [String: [Record]], _ verdict: inout Verdict) {
        var twice: [String] = []
        for (tick, records) in effects where tick.contains("@") {
            if tick == "tick@none" {
                verdict.unexpected += records.count
                verdict.violate("jobs of ticks without a tick", records.map { $0.word(1) })
            }
            let jobs = Set(records.lazy.filter { !self.allowance.mayForget($0.at) }.map { $0.word(1) })
            if jobs.count > 1 { twice.append("\(tick): \(jobs.sorted())") }
        }
        verdict.violate("ticks with several jobs", twice)
    }
}
