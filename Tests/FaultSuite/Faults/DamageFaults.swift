import Penstock

/// Somebody deletes everything.
struct DatabaseFlushed: InjectedFault {
    let name = "flushdb"
    let words = "FLUSHDB: everything before is lost, workers notice and go on, nothing spins"
    var plan: Plan { Plan(checksIdleness: true) }

    func inject(_ stage: Stage) async throws {
        try await stage.command("FLUSHDB")
        stage.allowance.deletedBefore = Moment.now
        try await stage.wait(for: "every worker to be known again") {
            try await stage.penstock.workers().count >= stage.plan.workers
        }
        // Signals and retries of what is gone go on for a moment.
        try await stage.pause(.seconds(1))
        stage.allowance.deletedBefore = Moment.now
    }

    func heal(_ stage: Stage) async throws { try await stage.prepare() }
}

/// Somebody deletes a key.
struct KeyDeleted: InjectedFault {
    let name = "key-deleted"
    let words = "a random key is deleted: the doctor reports what is lost, mends it, nothing spins"
    var plan: Plan { Plan(checksIdleness: true) }

    func inject(_ stage: Stage) async throws {
        let keys = (try await stage.command("KEYS", "*").array ?? []).compactMap(\.text).sorted()
        // One of each sort has the same chance, be there many of it or one.
        let sorts = Dictionary(grouping: keys) { $0.split(separator: ":").prefix(3).joined(separator: ":") }
        guard let sort = sorts.keys.sorted().randomElement(using: &stage.random),
            let key = sorts[sort]?.randomElement(using: &stage.random)
        else { throw SuiteError("there is no key") }
        try await stage.command("DEL", key)
        stage.remarks.append("deleted \(key.debugDescription)")
        try await stage.pause(.seconds(1))
        stage.allowance.deletedBefore = Moment.now
    }

    func heal(_ stage: Stage) async throws {
        var found: Set<String> = []
        // What one repair sets free another may have to look at.
        for _ in 0..<3 {
            let report = try await stage.penstock.audit(.init(repairs: true))
            found.formUnion(report.findings.lazy.filter { $0.severity == .fault }.map(\.code))
            if report.isClean { break }
        }
        let left = try await stage.penstock.audit().findings.filter { $0.severity == .fault && !$0.isRepairable }
        stage.reported = Set(left.map(\.code))
        if !found.isEmpty { stage.remarks.append("found \(found.sorted().joined(separator: ", "))") }
        try await stage.prepare()
    }
}
