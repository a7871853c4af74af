extension KeyspaceAudit {
    /// A lane is parked by one limit, in line for it, with something that will wake it; holders are leases, and no more of
    /// them than the limit has slots, unless it was lowered.
    var limitFindings: [String] {
        var findings: [String] = []
        var lines: [String: Set<String>] = [:]
        var queuesOfLine: [String: Set<String>] = [:]
        for (ring, held) in parked {
            let queue = String(ring.prefix { $0 != "|" })
            for (lane, limit) in held {
                lines[limit, default: []].insert(lane)
                queuesOfLine[limit, default: []].insert(queue)
                if (lanes[lane] ?? []).isEmpty { findings.append("lane \(lane.debugDescription) is parked and empty") }
            }
        }
        for limit in Set(lines.keys).union(waiting.keys) where lines[limit] != waiting[limit].map({ Set($0.keys) }) {
            findings.append(
                "lanes parked by \(limit): \(lines[limit] ?? []), in line: \((waiting[limit] ?? [:]).keys.sorted())")
        }
        if severals != sortedLines {
            findings.append("lines of several lanes: \(sortedLines.sorted()), noted: \(severals.sorted())")
        }
        for (limit, queues) in queuesOfLine where !contended.contains(limit) {
            if !queues.contains(where: { refills[$0]?[limit] != nil }) {
                findings.append("nothing will wake the lanes parked by \(limit)")
            }
        }
        var leases: [String: Set<String>] = [:]
        for (_, tasks) in held {
            for (id, lease) in tasks { for limit in lease.limits { leases[limit, default: []].insert(id) } }
        }
        for limit in Set(leases.keys).union(holders.keys) where leases[limit] != holders[limit] {
            findings.append(
                "holders of \(limit): \((holders[limit] ?? []).sorted()), leases: \((leases[limit] ?? []).sorted())")
        }
        return findings
    }

    /// Bonds are of live tasks, and what they stand for is there.
    var bondFindings: [String] {
        var findings: [String] = []
        var locks: [String: String] = [:]
        var memberships: [String: Set<String>] = [:]
        var counts: [String: Set<String>] = [:]
        var noted: Set<String> = []
        for (id, text) in bonds {
            if heads[id] == nil { findings.append("bonds of \(id), which is no task") }
            for line in text.split(separator: "\n") {
                let value = String(line.dropFirst())
                switch line.first {
                case "u": locks[String(value.dropFirst())] = id
                case "b": memberships[value, default: []].insert(id)
                case "c": counts[value, default: []].insert(id)
                case "n": noted.insert(id)
                case "w", "o": break
                default: findings.append("bond \(line) of \(id) is not known")
                }
            }
        }
        for (key, value) in uniques where !value.hasSuffix("\tp") {
            let id = String(value.prefix { $0 != "\t" })
            if locks[key] != id { findings.append("unique key \(key) is held by \(id), which has no such bond") }
        }
        for (key, id) in locks where uniques[key].map({ String($0.prefix { $0 != "\t" }) }) != id {
            findings.append("\(id) is bound to the unique key \(key), which it does not hold")
        }
        for (batch, ids) in members {
            let inner = ids.filter { batches[$0]?["parent"] == batch }
            if ids.subtracting(inner) != memberships[batch] ?? [] {
                findings.append("members of batch \(batch) are not its tasks")
            }
        }
        for batch in memberships.keys where members[batch] == nil {
            findings.append("batch \(batch) misses its members")
        }
        for (batch, fields) in batches where fields["open"] == nil && fields["ended"] == nil && members[batch] == nil {
            findings.append("batch \(batch) is over and has not ended")
        }
        for target in Set(counts.keys).union(live.keys) where counts[target] != live[target] {
            findings.append("tasks under the cap of \(target.debugDescription) are not those bound to it")
        }
        for id in progress.keys where !noted.contains(id) {
            findings.append("progress of \(id), which is no task of that kind")
        }
        for id in logs.keys where !noted.contains(id) && !retained.contains(id) {
            findings.append("log lines of \(id), which is no task of that kind")
        }
        for (id, batch) in awaits {
            let stored = callbackNames.compactMap { batches[batch]?[$0] }
            if !stored.contains(where: { $0.hasPrefix(id + "\n") }) {
                findings.append("callback \(id) waits for batch \(batch), which does not know it")
            }
        }
        return findings
    }
}

private let callbackNames = ["success", "failure", "done"]
