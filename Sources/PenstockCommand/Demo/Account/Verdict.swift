/// All jobs of the tour, weighed against an independent computation.
struct Verdict: Sendable {
    struct Mismatch: Sendable, Equatable {
        let file: FileName
        /// Nil: the result could not be read.
        let ours: String?
        /// Nil: there is no independent digest of the file.
        let theirs: String?
    }

    private(set) var completed = 0
    private(set) var dead = 0
    private(set) var cancelled = 0
    /// Enqueued, and neither completed nor dead nor cancelled.
    private(set) var lost: [TourJob] = []
    private(set) var mismatches: [Mismatch] = []

    /// Successes that Redis counted: one for each completed job, however often it was executed.
    let commits: Int

    /// What came out otherwise than it should in runs of the workflow.
    let wrongRuns: [String]

    var isGood: Bool { lost.isEmpty && mismatches.isEmpty && commits == completed && wrongRuns.isEmpty }

    /// - Parameter independent: digests by file, of somebody else's making.
    init(
        _ outcomes: [(job: TourJob, outcome: Outcome)], independent: [FileName: String], commits: Int,
        wrongRuns: [String] = []
    ) {
        self.commits = commits
        self.wrongRuns = wrongRuns
        for (job, outcome) in outcomes {
            let theirs = independent[job.file]
            switch outcome {
            case .completed(let result):
                completed += 1
                if result.sha256 != theirs {
                    mismatches.append(Mismatch(file: job.file, ours: result.sha256, theirs: theirs))
                }
            case .unreadable:
                completed += 1
                mismatches.append(Mismatch(file: job.file, ours: nil, theirs: theirs))
            case .dead: dead += 1
            case .cancelled: cancelled += 1
            case .missing: lost.append(job)
            }
        }
    }
}
