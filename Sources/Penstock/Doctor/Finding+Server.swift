import PenstockStore

extension Finding {
    /// What an operator should know of the server.
    static func findings(_ exam: ServerExam) -> [Finding] {
        var findings: [Finding] = []
        func add(_ code: String, _ text: String, _ severity: Severity = .warning) {
            findings.append(
                Finding(
                    code: "server." + code, severity: severity, subject: "server", text: text, isRepairable: false,
                    repair: .none))
        }
        let report = exam.report
        switch report.durability {
        case .none:
            add(
                "durability",
                "the append-only file is off, so a restart of Redis can lose queued work: set appendonly yes")
        case .no, .everysec:
            add(
                "durability",
                "appendfsync is \(report.durability.rawValue), so about 2 s of acknowledged work can be lost with the machine: set appendfsync always if that is too much",
                .note)
        case .always, .appendOnly: break
        }
        if !report.evictionPolicy.isEmpty, report.evictionPolicy != "noeviction" {
            add(
                "eviction",
                "maxmemory-policy is \(report.evictionPolicy), so Redis may throw away queued work: set it to noeviction"
            )
        }
        if let major = report.version.split(separator: ".").first.flatMap({ Int($0) }), major < 7 {
            add("version", "Redis is \(report.version), and Penstock needs 7.0 or newer: upgrade it")
        }
        if exam.memoryBound > 0, exam.memoryUsed > exam.memoryBound / 10 * 9 {
            let share = exam.memoryUsed * 100 / exam.memoryBound
            add(
                "memory",
                "Redis uses \(share) % of its maxmemory, and a full one refuses new work: let the queues drain or raise maxmemory"
            )
        }
        if exam.isReplica {
            add("replica", "this server is a replica, so nothing can be written to it: connect to the primary")
        }
        if let failure = exam.failedSave {
            add(
                "saving",
                "Redis could not save to disk (\(failure)), and may refuse writes: look at its log and the free space of its disk"
            )
        }
        let ahead = exam.lastSeen - (exam.now + exam.clockOffset)
        if ahead > 1000 {
            add(
                "clock",
                "the server's clock is \(Duration.milliseconds(ahead)) behind what scripts have seen, so nothing comes due and no lease ends until it has caught up: check its time service"
            )
        }
        if exam.clockOffset != 0 {
            add(
                "clock_offset",
                "the clock of the namespace is stepped by \(exam.clockOffset) ms, as only tests do: remove the field offset of the key clock",
                .note)
        }
        if exam.slowCalls > 0 {
            add(
                "slow",
                "the slow log has \(exam.slowCalls) script calls of 20 ms or more, the slowest took \(exam.slowest / 1000) ms: look at SLOWLOG GET, at the load of the machine, and at very large payloads",
                .note)
        }
        if !exam.refused.isEmpty {
            add(
                "refused",
                "Redis did not answer about \(exam.refused.joined(separator: ", ")): give the user the commands INFO, TIME and SLOWLOG to have that checked",
                .note)
        }
        return findings
    }
}
