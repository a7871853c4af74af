import EmbeddedRedis
import Glibc
import Penstock

/// A job that fails twice, a poison one that a person has to help, and delayed ones that start on time, all at once.
struct TroubleAct {
    static let queue = "trouble"
    static let delayedQueue = "delayed"
    static let delayedJobs = 100
    /// Milliseconds between two due times, and before the first.
    static let spacing = 25, headStart = 700
    /// How long a dead letter is left for people to see.
    static let mourning = Duration.milliseconds(800)

    let stage: Stage
    let files: [FileName]
    /// A file that does not exist: its job is the poison, until somebody puts the file there.
    let missing: FileName

    struct Ending {
        let jobs: [TourJob]
        let lateness: Distribution
    }

    func perform() async throws -> Ending {
        let first = ChecksumHandler.microseconds / 1000 + Int64(Self.headStart)
        let flaky = try await stage.enqueue([
            .init(checksum: Checksum(file: files[0], failures: 2), queue: Self.queue, tenant: "flaky")
        ])
        let poison = try await stage.enqueue([
            .init(checksum: Checksum(file: missing), queue: Self.queue, tenant: "poison")
        ])
        let delayed = try await stage.enqueue(
            (0..<Self.delayedJobs).map { index in
                Stage.Plan(
                    checksum: Checksum(file: files[index % files.count]), queue: Self.delayedQueue, tenant: "delayed",
                    due: first + Int64(index * Self.spacing))
            })
        try await watch(flaky: flaky[0].id, poison: poison[0].id)
        let lateness = Distribution(
            try await stage.outcomes(of: delayed).compactMap { job, outcome in
                guard let result = outcome.result, let due = job.due else { return nil }
                return Double(result.started) / 1000 - Double(due)
            })
        stage.screen.show(
            .delayed, .done,
            "\(HumanText.count(Self.delayedJobs)) jobs started late by: median \(text(lateness.percentile(0.5))), "
                + "p99 \(text(lateness.percentile(0.99))), max \(text(lateness.maximum))")
        return Ending(jobs: flaky + poison + delayed, lateness: lateness)
    }

    private func text(_ milliseconds: Double) -> String { "\(HumanText.fixed(milliseconds, 1)) ms" }

    private func watch(flaky: TaskID, poison: TaskID) async throws {
        var patience = Patience()
        var letter = DeadLetter(stage: stage, id: poison, missing: missing)
        var isFlakyDone = false
        while true {
            try stage.workers.expectAlive()
            try await stage.refreshWorkers()
            let delayed = try await showDelayed()
            if !isFlakyDone { isFlakyDone = try await showRetries(flaky) }
            try await letter.look()
            if isFlakyDone && letter.isOver && delayed == 0 { return }
            guard patience.lasts([delayed, isFlakyDone ? 1 : 0, letter.isOver ? 1 : 0]) else { return }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// - Returns: how many have not ended yet.
    private func showDelayed() async throws -> Int {
        guard let status = try await stage.penstock.queues([Self.delayedQueue]).first else { return 0 }
        stage.screen.show(
            .delayed, .running,
            "\(status.completed) of \(Self.delayedJobs) jobs, one due every \(Self.spacing) ms",
            progress: Double(status.completed) / Double(Self.delayedJobs))
        return status.ready + status.limited + status.delayed + status.running
    }

    /// - Returns: whether the job has ended.
    private func showRetries(_ id: TaskID) async throws -> Bool {
        let status = try await stage.penstock.status(id)
        guard !status.state.isTerminal, status.state != .dead, status.state != .unknown else {
            let isGood = status.state == .completed
            stage.screen.show(
                .retries, isGood ? .done : .failed,
                isGood
                    ? "a job failed twice, waited for its back-off twice, and succeeded"
                    : "the job ended \(status.state)")
            return true
        }
        let failures = status.failedAttempts
        let wait = status.at.map { max(0, $0 - Moment.now) }
        let next = status.state == .delayed ? wait.map { ", the next one in \($0) ms" } ?? "" : ""
        stage.screen.show(
            .retries, .running, failures == 0 ? "a job that will fail twice" : "\(failures) of 3 attempts failed\(next)"
        )
        return false
    }
}
