import EmbeddedRedis
import Glibc
import Logging
import Penstock

/// The tour from the first process to the last: a Redis of its own, worker processes, the acts, the proof.
struct Tour: Sendable {
    static let namespace = "demo"
    /// Those of its jobs; the workflow has one of its own.
    static let queues = [ChecksumAct.queue, ShareAct.queue, TroubleAct.queue, TroubleAct.delayedQueue]
    static let retry = RetryPolicy.exponential(from: .milliseconds(300), cap: .seconds(5), attempts: 3)

    let survey: FileSurvey
    let workerCount: Int
    let screen: TourScreen

    struct Ending: Sendable {
        let report: TourReport
        let verdict: Verdict
        /// What sha256sum complained about.
        let complaint: String
    }

    func run() async throws -> Ending {
        try await EmbeddedRedis.withRedis { redis in
            var logger = Logger(label: "penstock") { StreamLogHandler.standardError(label: $0) }
            logger.logLevel = .critical
            let penstock = try Penstock(.init(url: redis.url, namespace: Self.namespace), logger: logger)
            // Logs and files of the tour lie in the server's directory, which goes with it, however this ends.
            let workers = WorkerProcesses(url: redis.url, logFolder: redis.directory)
            do {
                let ending = try await perform(Stage(penstock: penstock, workers: workers, screen: screen), redis)
                await workers.end()
                await penstock.shutdown()
                return ending
            } catch {
                await workers.end()
                await penstock.shutdown()
                throw error
            }
        }
    }

    private func perform(_ stage: Stage, _ redis: EmbeddedRedis) async throws -> Ending {
        let summary = try await stage.penstock.checkServer().summary
        screen.update {
            $0.server = "\(summary), a private one in \(redis.directory)"
            $0.input = inputLine
        }
        screen.say("\(summary), a private one in \(redis.directory)")
        screen.say(inputLine)
        for _ in 0..<workerCount { try stage.workers.start() }
        try await stage.expectWorkers()
        for worker in stage.workers.members { screen.say("\(worker.name) is pid \(worker.pid)") }

        let sample = FileName(redis.directory + "/sample")
        let small = try survey.smallFiles(orElse: sample)
        let shares = try await ShareAct(stage: stage, files: small).perform()
        let checksums = try await ChecksumAct(stage: stage, survey: survey).perform()
        try stage.workers.start()
        try await stage.expectWorkers()
        let trouble = try await TroubleAct(
            stage: stage, files: small, missing: FileName(redis.directory + "/missing")
        ).perform()
        let orders = try await FulfilmentAct(stage: stage, ledger: FileName(redis.directory + "/orders")).perform()
        return try await prove(stage, checksums, checksums.jobs + shares + trouble.jobs, trouble.lateness, orders)
    }

    private var inputLine: String {
        let folders = survey.roots.map(\.description).joined(separator: ", ")
        let count = HumanText.plural(survey.files.count, "file")
        return "\(count) under \(folders)" + (survey.files.count < 1000 ? " (fewer than the usual 1,000)" : "")
            + (survey.unreadable > 0 ? "; \(HumanText.count(survey.unreadable)) unreadable left out" : "")
    }
}
