/// How the tour ended: the figures, as JSON and as a table.
struct TourReport: Sendable, Encodable {
    let jobs: Int
    let completed: Int
    let retried: Int
    let recovered: Int
    let dead: Int
    let lost: Int
    let mismatched: Int
    let runs: Int
    let rolledBack: Int
    let runsWrong: Int
    let jobsPerSecond: Double
    let latenessP99: Double

    private enum CodingKeys: String, CodingKey {
        case jobs, completed, retried, recovered, dead, lost, mismatched, runs
        case rolledBack = "rolled_back"
        case runsWrong = "runs_wrong"
        case jobsPerSecond = "jobs_per_second"
        case latenessP99 = "lateness_ms_p99"
    }

    init(
        _ verdict: Verdict, jobs: Int, retried: Int, recovered: Int, rate: Double, lateness: Distribution, runs: Int,
        rolledBack: Int
    ) {
        self.jobs = jobs
        completed = verdict.completed
        self.retried = retried
        self.recovered = recovered
        dead = verdict.dead
        lost = verdict.lost.count
        mismatched = verdict.mismatches.count
        self.runs = runs
        self.rolledBack = rolledBack
        runsWrong = verdict.wrongRuns.count
        jobsPerSecond = rate.rounded()
        latenessP99 = (lateness.percentile(0.99) * 1000).rounded() / 1000
    }

    func table(_ style: Style) -> String {
        var table = Table(
            [
                "jobs", "completed", "retried", "recovered", "dead", "lost", "mismatched", "jobs/s", "lateness p99",
                "runs", "rolled back", "wrong",
            ].map(Table.Column.number))
        let verdict = { (count: Int) in
            Table.Cell(HumanText.count(count)) { count == 0 ? style.green($0) : style.red($0) }
        }
        let counts = [jobs, completed, retried, recovered, dead].map { Table.Cell(HumanText.count($0)) }
        let rates = [
            Table.Cell(HumanText.count(Int(jobsPerSecond))), Table.Cell("\(HumanText.fixed(latenessP99, 1)) ms"),
        ]
        table.add(
            counts + [verdict(lost), verdict(mismatched)] + rates
                + [runs, rolledBack].map { Table.Cell(HumanText.count($0)) }
                + [verdict(runsWrong)])
        return table.render(style)
    }
}
