import PenstockStore

/// How an audit goes about it.
public struct AuditOptions: Sendable {
    /// Whether faults that have a rule are repaired. Default false: nothing is written.
    public var repairs = false
    /// Findings that are listed; beyond, only their number is told. Default 1,000; with repair 100,000.
    public var mostFindings: Int?
    /// Codes of findings that are known and accepted, and left out.
    public var ignores: Set<String> = []
    /// How long a fault must last to be told: some things are put away in several steps. Default 1 s.
    public var patience: Duration = .seconds(1)

    public init(repairs: Bool = false, ignores: Set<String> = []) {
        self.repairs = repairs
        self.ignores = ignores
    }
}

extension Penstock {
    /// Checks every invariant of the namespace, and the settings of the server, in bounded chunks while workers go on.
    ///
    /// It reads everything once: 2 to 7 s of Redis's time for a million jobs, in calls of 1 to 3 ms one after the other.
    /// What it finds is looked at again before it is told, so a namespace that is in order has no findings however busy it is.
    public func audit(_ options: AuditOptions = .init()) async throws(PenstockError) -> AuditReport {
        let clock = ContinuousClock()
        let start = clock.now
        let exam = try await publicly { () throws(StoreError) in try await store.examineServer() }
        var settings = AuditSettings()
        settings.mends = options.repairs
        settings.mostFaults = options.mostFindings ?? (options.repairs ? 100_000 : 1000)
        settings.patience = options.patience
        settings.ignores = options.ignores
        let audit = try await publicly { () throws(StoreError) in
            var audit = NamespaceAudit(store, settings)
            try await audit.run()
            return audit
        }
        let findings = Finding.findings(exam) + audit.faults.map(Finding.init)
        return AuditReport(
            findings: findings.filter { !options.ignores.contains($0.code) }, more: audit.more,
            server: "Redis \(exam.report.version), durability \(exam.report.durability.rawValue)",
            tasks: audit.tally.tasks, runs: audit.tally.runs, keys: audit.tally.keys, elements: audit.tally.elements,
            rechecked: audit.tally.rechecked, took: clock.now - start)
    }
}
