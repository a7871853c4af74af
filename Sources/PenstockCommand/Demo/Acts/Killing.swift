import EmbeddedRedis
import Glibc
import Penstock

/// Kills one worker process while it surely holds jobs, and watches what becomes of them.
struct Killing {
    private let stage: Stage
    private let slow: [TourJob]
    private let all: Int
    private var victim: Victim?

    private struct Victim {
        let member: WorkerProcesses.Member
        let held: Int
        let killed: ContinuousClock.Instant
        var takeover: Duration?
        var recovered = 0
    }

    /// - Parameter slow: jobs that take a moment.
    init(stage: Stage, slow: [TourJob], all: Int) {
        self.stage = stage
        self.slow = slow
        self.all = all
    }

    mutating func look(_ status: QueueStatus) async throws {
        guard var known = victim else {
            victim = try await strike(status)
            return
        }
        known.recovered = status.recovered
        if known.takeover == nil, status.recovered > 0 { known.takeover = ContinuousClock.now - known.killed }
        victim = known
        let since = ContinuousClock.now - known.killed
        let left = HumanText.duration(max(.zero, DemoWorkerCommand.lease - since))
        let state = known.takeover == nil ? "its lease ends in \(left)" : "taken over"
        stage.screen.show(
            .kill, .running, "\(deed(known)); \(state)", progress: nil)
    }

    /// In the middle: half the files are done, or half of the slow ones have been started.
    private func strike(_ status: QueueStatus) async throws -> Victim? {
        let penstock = stage.penstock
        var holders: [String: [TaskID]] = [:]
        var started = 0
        for job in slow {
            let status = try await penstock.status(job.id)
            if let worker = status.worker { holders[worker, default: []].append(job.id) }
            if status.worker != nil || status.state == .completed { started += 1 }
        }
        guard started * 2 >= slow.count || status.completed * 2 >= all,
            let (worker, ids) = holders.max(by: { $0.value.count < $1.value.count }),
            let pid = try await penstock.workers().first(where: { $0.name == worker })?.pid,
            let member = stage.workers.members.first(where: { Int($0.pid) == pid && !$0.wasKilled })
        else { return nil }
        // Made to stand still first, so that it is sure to hold them when it is killed, on the slowest machine. What it
        // had sent before has reached Redis, which answers a first look after that, and certainly a second one.
        member.process.suspend()
        for _ in 0..<2 {
            guard try await isHolding(worker, ids) else {
                member.process.signal(SIGCONT)
                return nil
            }
        }
        let held = try await penstock.workers().first { $0.name == worker }?.running ?? ids.count
        await stage.workers.kill(member)
        let victim = Victim(member: member, held: held, killed: .now)
        stage.screen.show(.kill, .running, deed(victim))
        return victim
    }

    private func isHolding(_ worker: String, _ ids: [TaskID]) async throws -> Bool {
        for id in ids where try await stage.penstock.status(id).worker == worker { return true }
        return false
    }

    private func deed(_ victim: Victim) -> String {
        "SIGKILL to \(victim.member.name) (pid \(victim.member.pid)), which held \(HumanText.plural(victim.held, "job"))"
    }

    func finish() {
        guard let victim, let takeover = victim.takeover else {
            stage.screen.show(.kill, .failed, "no worker was caught while it held jobs")
            return
        }
        stage.screen.show(
            .kill, .done, "\(deed(victim)); taken over after \(HumanText.duration(takeover))")
    }
}
