import Foundation
import Glibc
import Penstock
import PenstockTesting

/// One fault, from an empty Redis to the verdict.
@MainActor struct Trial {
    let fault: any InjectedFault
    let program: String
    let seed: UInt64
    /// Whether the ledgers stay if something is violated.
    var keepsEvidence = true

    struct Result: Sendable {
        /// The longest time for which the suite itself could not run: somebody stopped it, or the machine had no time for it.
        var standstill: Duration = .zero
        var verdict: Verdict
        var killed: Int
        var recovery: Duration
        var remarks: [String]
        var took: Duration
    }

    /// Throws what keeps the suite itself from going on. The folder is removed unless something is violated.
    func run() async throws -> Result {
        let watch = StandstillWatch()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await watch.run() }
            var result = try await once()
            group.cancelAll()
            result.standstill = watch.longest
            return result
        }
    }

    private func once() async throws -> Result {
        let folder = try Self.folder()
        let start = ContinuousClock.now
        var result: Result
        do {
            let stage = try await Stage.open(fault.plan, folder: folder, program: program, seed: seed)
            do {
                let recovery = try await play(on: stage)
                result = Result(
                    verdict: try judge(stage), killed: stage.killed.count, recovery: recovery, remarks: stage.remarks,
                    took: .zero)
            } catch {
                stage.violations.append("the trial broke off: \(error)")
                result = Result(
                    verdict: try judge(stage), killed: stage.killed.count, recovery: .zero, remarks: stage.remarks,
                    took: .zero)
            }
            await stage.close()
        } catch {
            result = Result(verdict: Verdict(), killed: 0, recovery: .zero, remarks: [], took: .zero)
            result.verdict.violations.append("the stage could not be set: \(error)")
        }
        result.took = ContinuousClock.now - start
        if result.verdict.isGood || !keepsEvidence {
            try FileManager.default.removeItem(atPath: folder)
        } else {
            result.remarks.append("evidence in \(folder)")
        }
        return result
    }

    private static func folder() throws -> String {
        var template = Array("/tmp/penstock-faults-XXXXXX".utf8CString)
        guard
            let path = template.withUnsafeMutableBufferPointer({ buffer in
                buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
            })
        else { throw SuiteError("cannot make a folder under /tmp: errno \(errno)") }
        return path
    }

    /// Warms up, breaks, heals, drains and looks whether all is as before.
    private func play(on stage: Stage) async throws -> Duration {
        let before = try await stage.phase("warming up") { try await warmUp(stage) }
        try await stage.phase("workload") {
            try await stage.createSchedules()
            try await stage.start(.producer)
            try await stage.warmUp(5)
            try await stage.someTime()
        }
        try await stage.phase("fault") {
            try await stage.burden()
            try await fault.inject(stage)
            try await fault.heal(stage)
            try await stage.replaceKilled()
        }
        let recovery = try await stage.recover()
        try await stage.phase("halt") { try await stage.halt() }
        try await stage.phase("drain") {
            try await stage.endSchedules()
            try await stage.drain()
        }
        try await stage.phase("judging") {
            try await stage.judgeSchedules()
            try await stage.judgeRuns()
        }
        try await stage.phase("audit") { try await audit(stage) }
        if stage.plan.checksIdleness { try await stage.expectIdleness() }
        try await stage.phase("baseline") {
            try await deleteSchedules(stage)
            // What is left to people stays until they have decided.
            if stage.reported.isEmpty { try await stage.expect(before) }
        }
        try await stage.phase("end") { try await end(stage) }
        return recovery
    }

    /// The measure of a namespace that has been in use.
    private func warmUp(_ stage: Stage) async throws -> Baseline {
        try await stage.prepare()
        for _ in 0..<stage.plan.workers { try await stage.start(.worker) }
        try await stage.start(.producer)
        try await stage.warmUp(8)
        try await stage.halt()
        try await stage.drain()
        try await stage.judgeRuns()
        return try await stage.measure()
    }

    private func deleteSchedules(_ stage: Stage) async throws {
        for name in Stage.schedules {
            do throws(PenstockError) { try await stage.penstock.schedule(name).delete() } catch {
                guard error.code == .notFound, stage.allowance.forgets else { throw error }
            }
        }
    }

    /// The doctor finds nothing. What a fault is about, settings of the server, is left out.
    private func audit(_ stage: Stage) async throws {
        let report = try await stage.penstock.audit(.init())
        let findings = report.findings.filter {
            !$0.code.hasPrefix("server.") && $0.severity != .note && !stage.reported.contains($0.code)
        }
        for finding in findings.prefix(5) {
            stage.violations.append("the doctor finds \(finding.code): \(finding.text)")
        }
    }

    /// Workers end in order.
    private func end(_ stage: Stage) async throws {
        let workers = stage.workers
        for worker in workers { worker.process.signal(SIGTERM) }
        for worker in workers {
            let exit = try await worker.process.exit()
            if exit != .code(0) { stage.violations.append("worker \(worker.ordinal) ended with \(exit)") }
        }
        try stage.refresh()
    }

    private func judge(_ stage: Stage) throws -> Verdict {
        try stage.refresh()
        var verdict = Checker(
            producers: stage.producerRecords, workers: stage.workerRecords, killed: stage.killed,
            allowance: stage.allowance
        ).verdict()
        verdict.violations += stage.violations
        return verdict
    }
}
