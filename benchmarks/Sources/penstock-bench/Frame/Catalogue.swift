/// All scenarios, in the order in which they run.
enum Catalogue {
    static let all: [any Scenario] =
        [EnqueueSingle(), EnqueueBulk()]
        + [1, 2].flatMap { workers in
            DrainFormat.allCases.map { Drain(workers: workers, format: $0) as any Scenario }
        }
        + [Cost(), SteadyRate(perSecond: 200), SteadyRate(perSecond: 2000), Tenants(), Backlog(), Delayed(), Retries()]
        + [60, 4096, 262_144].map { Payload(bytes: $0) }
        + [DurabilityCost(), Chain(), Diamond(), FanOutRun(), Rollback(), Schedules(), Memory(), Takeover(), Idle()]
        + [CommandStart(), PureParts(), Core(), Limits(), Runs(), SideBySide()]
}
