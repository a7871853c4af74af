import Penstock

/// Every file becomes a job. A few take a moment, and while one worker holds some of these it is killed.
struct ChecksumAct {
    static let queue = "files"
    /// How many take a moment, and how long (ms).
    static let slowJobs = 8
    static let slowness = 1500

    let stage: Stage
    let survey: FileSurvey

    struct Ending {
        let jobs: [TourJob]
        /// Microseconds since 1970: when the workers were let at them.
        let released: Int64
    }

    func perform() async throws -> Ending {
        let (penstock, screen) = (stage.penstock, stage.screen)
        screen.show(.checksums, .running, "enqueues \(HumanText.plural(survey.files.count, "file"))", progress: 0)
        // All are there before the first is claimed: the rate below is that of the workers alone.
        try await penstock.pause(queue: Self.queue, by: "demo")
        let jobs = try await stage.enqueue(plans)
        screen.show(.kill, .waiting, "")
        let released = ChecksumHandler.microseconds
        try await penstock.resume(queue: Self.queue)
        var killing = Killing(stage: stage, slow: jobs.filter(\.isSlow), all: jobs.count)
        try await stage.settle(Self.queue) { status in
            screen.show(
                .checksums, .running,
                "\(HumanText.count(status.completed)) of \(HumanText.plural(jobs.count, "file"))",
                progress: Double(status.completed) / Double(jobs.count))
            try await killing.look(status)
        }
        killing.finish()
        screen.show(.checksums, .done, "\(HumanText.plural(jobs.count, "file")), to be proved at the end")
        return Ending(jobs: jobs, released: released)
    }

    private var plans: [Stage.Plan] {
        let step = max(1, survey.files.count / Self.slowJobs)
        return survey.files.enumerated().map { index, file in
            let isSlow = index % step == 0 && index / step < Self.slowJobs
            return Stage.Plan(
                checksum: Checksum(file: file.name, pause: isSlow ? Self.slowness : nil), queue: Self.queue,
                tenant: file.tenant, isSlow: isSlow)
        }
    }
}
