import Penstock

/// One tenant floods the queue before four small ones come: they take turns all the same.
struct ShareAct {
    static let queue = "shares"
    static let flood = "flood"
    static let floodJobs = 4000
    static let smallJobs = 100
    static let small = (1...4).map { "small-\($0)" }
    /// Each job takes this long (ms), so that there is something to see.
    static let slowness = 20

    let stage: Stage
    let files: [FileName]

    func perform() async throws -> [TourJob] {
        let (penstock, screen) = (stage.penstock, stage.screen)
        screen.show(.shares, .running, "enqueues \(HumanText.count(Self.floodJobs)) jobs of one tenant", progress: nil)
        try await penstock.pause(queue: Self.queue, by: "demo")
        let plans = plans(Self.flood, Self.floodJobs) + Self.small.flatMap { self.plans($0, Self.smallJobs) }
        let jobs = try await stage.enqueue(plans)
        try await penstock.resume(queue: Self.queue)
        let ahead = "\(HumanText.count(Self.floodJobs)) jobs of one tenant in line before \(Self.small.count) others"
        try await stage.settle(Self.queue) { status in
            let ready = Dictionary(uniqueKeysWithValues: status.tenants.map { ($0.name, $0.ready) })
            screen.show(
                .shares, .running, ahead, details: Self.progress { tenant, jobs in jobs - ready[tenant, default: 0] })
        }
        let shares = Self.shares(try await stage.outcomes(of: jobs))
        let worst = shares.map(\.behind).max() ?? 0
        screen.show(
            .shares, .done, "\(ahead); at most \(HumanText.plural(worst, "round")) behind",
            details: Self.summary(shares))
        return jobs
    }

    private func plans(_ tenant: String, _ count: Int) -> [Stage.Plan] {
        (0..<count).map { index in
            Stage.Plan(
                checksum: Checksum(file: files[index % files.count], pause: Self.slowness), queue: Self.queue,
                tenant: tenant)
        }
    }

    private static func shares(_ outcomes: [(job: TourJob, outcome: Outcome)]) -> [FairShare] {
        let starts = outcomes.compactMap { job, outcome in outcome.result.map { (job.tenant, $0.started) } }
        return FairShare.of(starts.sorted { $0.1 < $1.1 }.map(\.0), flood: flood)
    }

    private static func progress(_ started: (String, Int) -> Int) -> [String] {
        var table = Table([.text("tenant"), .number("jobs"), .number("started"), .number("share so far")])
        let tenants = [(flood, floodJobs)] + small.map { ($0, smallJobs) }
        let counts = tenants.map { started($0.0, $0.1) }
        let total = max(1, counts.reduce(0, +))
        for ((tenant, jobs), count) in zip(tenants, counts) {
            let share = HumanText.fixed(Double(count) * 100 / Double(total), 0)
            table.add(["\(tenant)", "\(HumanText.count(jobs))", "\(HumanText.count(count))", "\(share)%"])
        }
        return lines(table)
    }

    private static func summary(_ shares: [FairShare]) -> [String] {
        var table = Table([
            .text("tenant"), .number("jobs"), .number("share of the work"), .number("first in round"),
            .number("last in round"), .number("rounds behind"),
        ])
        for share in shares {
            table.add([
                "\(share.tenant)", "\(share.jobs)", "\(HumanText.fixed(share.share * 100, 1))%", "\(share.firstRound)",
                "\(share.lastRound)", "\(share.behind)",
            ])
        }
        return lines(table)
    }

    private static func lines(_ table: Table) -> [String] {
        table.render(Style(isOn: false)).split(separator: "\n").map(String.init)
    }
}
