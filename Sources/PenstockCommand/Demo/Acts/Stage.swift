import Penstock

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What every act works with: the client, the worker processes, the screen.
struct Stage: Sendable {
    let penstock: Penstock
    let workers: WorkerProcesses
    let screen: TourScreen
    private let codec = JSONCodec()

    init(penstock: Penstock, workers: WorkerProcesses, screen: TourScreen) {
        self.penstock = penstock
        self.workers = workers
        self.screen = screen
    }

    /// A job that is to be enqueued.
    struct Plan: Sendable {
        let checksum: Checksum
        let queue: String
        let tenant: String
        var due: Int64?
        var isSlow = false
    }

    func enqueue(_ plans: [Plan]) async throws -> [TourJob] {
        var jobs: [TourJob] = []
        for start in stride(from: 0, to: plans.count, by: 1000) {
            let chunk = plans[start..<min(start + 1000, plans.count)]
            let answers = try await penstock.enqueue(
                raw: chunk.map { plan in
                    Penstock.RawJob(
                        kind: Checksum.name, payload: try codec.encode(plan.checksum),
                        options: Self.options(plan))
                })
            for (plan, answer) in zip(chunk, answers) {
                jobs.append(
                    TourJob(
                        id: answer.id, file: plan.checksum.file, queue: plan.queue, tenant: plan.tenant, due: plan.due,
                        isSlow: plan.isSlow))
            }
        }
        return jobs
    }

    private static func options(_ plan: Plan) -> EnqueueOptions {
        // Half a millisecond more, so that no rounding of the fraction makes it the millisecond before.
        EnqueueOptions(
            queue: plan.queue, tenant: plan.tenant,
            at: plan.due.map { Date(timeIntervalSince1970: (Double($0) + 0.5) / 1000) },
            retention: .seconds(3600))
    }

    /// How jobs stand now, in the order given.
    func outcomes(of jobs: [TourJob]) async throws -> [(job: TourJob, outcome: Outcome)] {
        var all: [(job: TourJob, outcome: Outcome)] = []
        all.reserveCapacity(jobs.count)
        for start in stride(from: 0, to: jobs.count, by: 500) {
            let chunk = jobs[start..<min(start + 500, jobs.count)]
            let outcomes = try await withThrowingTaskGroup(of: (Int, Outcome).self) { group in
                for (index, job) in zip(chunk.indices, chunk) {
                    group.addTask {
                        let status = try await penstock.status(job.id)
                        return (index, Outcome(status.state, result: status.result, codec: codec))
                    }
                }
                var outcomes: [Int: Outcome] = [:]
                for try await (index, outcome) in group { outcomes[index] = outcome }
                return outcomes
            }
            for (index, job) in zip(chunk.indices, chunk) {
                all.append((job, outcomes[index] ?? .missing(.unknown)))
            }
        }
        return all
    }

    /// Looks every 20 ms until nothing of the queue waits or runs. If for a minute nothing changes any more, that is the
    /// end too: what is left is lost, and counted as such.
    func settle(_ queue: String, look: (QueueStatus) async throws -> Void) async throws {
        var patience = Patience()
        while true {
            try workers.expectAlive()
            if let status = try await penstock.queues([queue], withTenants: true).first {
                try await refreshWorkers()
                try await look(status)
                if status.ready + status.limited + status.delayed + status.running == 0 { return }
                guard patience.lasts([status.ready, status.limited, status.delayed, status.running, status.completed])
                else { return }
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Waits until all living worker processes have registered.
    func expectWorkers() async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            try workers.expectAlive()
            let known = Set(try await penstock.workers().map(\.pid))
            if workers.members.allSatisfy({ $0.wasKilled || known.contains(Int($0.pid)) }) { break }
            guard ContinuousClock.now < deadline else {
                throw CommandFailure("workers_late", "the worker processes did not come up within 30 s")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        try await refreshWorkers()
    }

    func refreshWorkers() async throws {
        let known = try await penstock.workers()
        let lines = workers.members.map { member in
            let running = known.first { $0.pid == Int(member.pid) }?.running ?? 0
            return Board.WorkerLine(name: member.name, pid: member.pid, running: member.wasKilled ? nil : running)
        }
        screen.update { $0.workers = lines }
    }
}

/// A minute without any change is too long.
struct Patience {
    private var last: [Int] = []
    private var changed = ContinuousClock.now

    /// - Parameter figures: what would change if anything went on.
    mutating func lasts(_ figures: [Int]) -> Bool {
        let now = ContinuousClock.now
        if figures != last {
            last = figures
            changed = now
        }
        return now - changed < .seconds(60)
    }
}
