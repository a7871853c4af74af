/// Every fault that the suite knows, in the order of a round.
enum Catalogue {
    static let all: [any InjectedFault] = workers + network + server + durability + others

    private static let workers: [any InjectedFault] =
        [WorkerKilled(point: nil)] + Harm.Point.allCases.map { WorkerKilled(point: $0) } + [
            WorkerStopped(), WorkerStarved(loops: false), WorkerStarved(loops: true), PoisonPills(),
        ]

    private static let network: [any InjectedFault] =
        [RequestsDropped(), RepliesDropped(then: .close), RepliesDropped(then: .hang), RepliesCut()] + BadTraffic.all

    private static let server: [any InjectedFault] =
        ServerStorm.all + [
            ServerStandstill(byDebug: true), ServerStandstill(byDebug: false), MemoryFull(), DueAtOnce(),
        ]

    private static let durability: [any InjectedFault] = [
        ServerKilled(fsync: .always), ServerKilled(fsync: .everysec), TailTruncated(), DiskFull(fsync: .everysec),
        DiskFull(fsync: .always), Promotion(isLagging: false), Promotion(isLagging: true),
    ]

    private static let others: [any InjectedFault] = [
        ClientClocks(), ServerClock(), DatabaseFlushed(), KeyDeleted(), TwoVersions(),
    ]

    static func place(of name: String) -> Int? { all.firstIndex { $0.name == name } }
}
