import Penstock

extension Tour {
    /// Reads every result back, and holds it against what sha256sum says.
    func prove(
        _ stage: Stage, _ checksums: ChecksumAct.Ending, _ jobs: [TourJob], _ lateness: Distribution,
        _ orders: FulfilmentAct.Ending
    ) async throws -> Ending {
        screen.show(.check, .running, "reads \(HumanText.plural(jobs.count, "result")) back")
        let outcomes = try await stage.outcomes(of: jobs)
        let files = Array(Set(jobs.map(\.file)))
        screen.show(.check, .running, "sha256sum works on \(HumanText.plural(files.count, "file"))")
        let independent = try await IndependentDigests.of(files)
        let queues = try await stage.penstock.queues(Self.queues)
        let verdict = Verdict(
            outcomes, independent: independent.digests, commits: queues.map(\.completed).reduce(0, +),
            wrongRuns: orders.wrong)
        let rate = Self.rate(outcomes, since: checksums.released)
        let report = TourReport(
            verdict, jobs: jobs.count, retried: queues.map(\.retried).reduce(0, +),
            recovered: queues.map(\.recovered).reduce(0, +), rate: rate, lateness: lateness,
            runs: orders.runs, rolledBack: orders.rolledBack)
        showChecksums(stage, outcomes, rate)
        screen.show(
            .check, verdict.isGood ? .done : .failed,
            "\(HumanText.count(verdict.commits)) commits for \(HumanText.plural(jobs.count, "job")); "
                + "\(HumanText.plural(verdict.completed - verdict.mismatches.count, "checksum")) equal to sha256sum's")
        return Ending(report: report, verdict: verdict, complaint: independent.complaint)
    }

    /// Files per second from the moment the workers were let at them until the last one that nothing held up: neither
    /// its slowness on purpose nor the crash.
    private static func rate(_ outcomes: [(job: TourJob, outcome: Outcome)], since released: Int64) -> Double {
        let ends = outcomes.compactMap { job, outcome -> Int64? in
            guard job.queue == ChecksumAct.queue, !job.isSlow, let result = outcome.result, result.recoveries == 0
            else { return nil }
            return result.ended
        }
        guard let last = ends.max(), last > released else { return 0 }
        return Double(ends.count) / (Double(last - released) / 1_000_000)
    }

    private func showChecksums(_ stage: Stage, _ outcomes: [(job: TourJob, outcome: Outcome)], _ rate: Double) {
        let results = outcomes.filter { $0.job.queue == ChecksumAct.queue }.compactMap(\.outcome.result)
        let bytes = results.reduce(0) { $0 + $1.bytes }
        let parts = stage.workers.members.compactMap { member in
            let count = results.count { $0.pid == member.pid }
            return count == 0 ? nil : "\(HumanText.count(count)) by \(member.name)"
        }
        screen.show(
            .checksums, .done,
            "\(HumanText.plural(results.count, "file")), \(HumanText.bytes(bytes)): \(HumanText.count(Int(rate)))/s; "
                + parts.joined(separator: ", "), isMilestone: true)
    }
}
