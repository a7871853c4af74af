extension KeyspaceAudit {
    /// Schedules are listed, looked at when they should be, and know what they have started that goes on.
    var scheduleFindings: [String] {
        var findings: [String] = []
        for name in Set(schedules.keys).symmetricDifference(scheduleNames) {
            findings.append("schedule \(name) is listed, or stored, not both")
        }
        for (name, fields) in schedules {
            for field in ["spec", "payload", "revision", "made"] where fields[field] == nil {
                findings.append("schedule \(name) has no \(field)")
            }
            let isActive = fields["paused"] == nil && fields["tick"] != nil && fields["blocked"] == nil
            if isActive && ticks[name] == nil { findings.append("schedule \(name) has a tick and is never looked at") }
            if fields["paused"] != nil && ticks[name] != nil {
                findings.append("schedule \(name) is paused and looked at")
            }
            if fields["blocked"] != nil && fires[name] == nil && ticks[name] == nil && fields["paused"] == nil {
                findings.append("schedule \(name) waits for an end that never comes")
            }
        }
        for name in ticks.keys where schedules[name] == nil { findings.append("no schedule \(name), and it is due") }
        for name in noted where schedules[name] == nil { findings.append("no schedule \(name), and it has notes") }
        for (name, ids) in fires {
            for id in ids {
                let isBound = bonds[id]?.split(separator: "\n").contains { $0 == "o\(name)" } ?? false
                let state = runs[id]?["f"]?.prefix(1)
                let isRun = runs[id]?["o"] == name && state.map { $0 != $0.uppercased() } == true
                if !isBound && !isRun { findings.append("schedule \(name) takes \(id) for live") }
            }
        }
        return findings
    }
}
