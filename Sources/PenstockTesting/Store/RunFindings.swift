import PenstockModel
import PenstockStore

extension KeyspaceAudit {
    /// Everything that a run has refers to what is there, and what counts as open is there to be ended.
    var runFindings: [String] {
        var findings: [String] = []
        for (part, what) in [
            (timers.keys.map { $0 }, "timers"), (shelves.keys.map { $0 }, "parked tasks"),
            (fans.keys.map { $0 }, "fan-outs"),
            (histories.keys.map { $0 }, "a history"),
            (signals.keys.map { $0 }, "signals"), (variables.keys.map { $0 }, "variables"),
            (errors.keys.map { $0 }, "errors"),
            (runTasksWaiting, "delayed tasks"),
        ] {
            for run in part where runs[run] == nil { findings.append("run \(run) is gone and has \(what)") }
        }
        for (run, fields) in runs { findings += self.findings(of: run, fields) }
        for (part, values) in items {
            let (run, step) = Self.split(part)
            if fans[run]?.contains(step) != true { findings.append("items of \(part), which has no fan-out") }
            if runs[run]?["n:" + step] == nil, !values.isEmpty { findings.append("items of \(part) are not counted") }
        }
        for (part, indexes) in broken {
            let failed = Set((items[part] ?? [:]).filter { $0.value.hasPrefix("-") }.keys)
            if indexes != failed { findings.append("failed items of \(part): \(indexes), and by result \(failed)") }
        }
        for (name, digest) in workflows where !shapes.contains(digest) {
            findings.append("workflow \(name.debugDescription) has a shape that is not there")
        }
        var expected: [String: [String: Int64]] = [:]
        for (run, fields) in runs {
            guard let state = fields["f"]?.first, let workflow = fields["w"],
                let at = fields["a"].flatMap({ Int64($0) })
            else { continue }
            expected["runs \(workflow):\(state)", default: [:]][run] = at
            for tag in (fields["t"] ?? "").split(separator: "\t") { expected["tagged \(tag)", default: [:]][run] = at }
            if let name = fields["x"] { expected["named \(name)", default: [:]][run] = at }
        }
        for index in Set(expected.keys).union(runIndexes.keys) where expected[index] != runIndexes[index] {
            findings.append(
                "\(index.debugDescription) lists \(runIndexes[index] ?? [:]) and should list \(expected[index] ?? [:])")
        }
        let kept = Set(
            runs.filter { $0.value["r"] != nil && $0.value["f"]?.first?.isUppercase == true }.keys)
        if kept != Set(retainedRuns.keys) {
            findings.append("runs that are kept for some time: \(kept), and listed \(retainedRuns.keys)")
        }
        for (name, run) in foreign {
            guard let fields = runs[run], let state = fields["f"]?.first else {
                findings.append("foreign id \(name.debugDescription) is held by \(run), which is gone")
                continue
            }
            if state.isUppercase || fields["x"] != name {
                findings.append("foreign id \(name.debugDescription) is held by \(run), which is \(state)")
            }
        }
        return findings
    }

    private static func split(_ part: String) -> (run: String, step: String) {
        let parts = part.split(separator: ":", maxSplits: 1).map(String.init)
        return (parts[0], parts.count > 1 ? parts[1] : "")
    }

    /// The run that a task belongs to: an option, behind kind, queue, tenant and priority.
    static func run(ofHead head: String) -> String? {
        head.split(separator: "\t", omittingEmptySubsequences: false).dropFirst(4).first { $0.hasPrefix("w=") }
            .map { String($0.dropFirst(2)) }
    }

    private func run(of id: String) -> String? { heads[id].flatMap { Self.run(ofHead: $0) } }

    private var runTasksWaiting: [String] { delayed.values.flatMap(\.keys).compactMap { run(of: $0) } }

    private func findings(of run: String, _ fields: [String: String]) -> [String] {
        var findings: [String] = []
        let words = (fields["f"] ?? "").split(separator: " ")
        guard words.count == 13, let open = Int(words[9]), let state = words[0].first else {
            return ["run \(run) has no readable facts"]
        }
        if open < 0 { findings.append("run \(run) has closed more than was open") }
        if fields["w"] == nil || Int64(fields["a"] ?? "") == nil {
            findings.append("run \(run) has no workflow or no start")
        }
        if histories[run] == nil { findings.append("run \(run) has no history") }
        if !shapes.contains(fields["d"] ?? "") { findings.append("run \(run) has a shape that is not there") }
        if let name = fields["x"], !state.isUppercase, foreign[name] != run {
            findings.append("run \(run) is live and does not hold its foreign id")
        }
        for (text, id) in timers[run] ?? [:] where runTasks[id].map({ !$0.hasSuffix("\t" + text) }) ?? true {
            findings.append("timer \(text.debugDescription) of run \(run) is task \(id), which is another or none")
        }
        let counted = Set(fields.keys.filter { $0.hasPrefix("n:") }.map { String($0.dropFirst(2)) })
        if counted != fans[run] ?? [] {
            findings.append("run \(run) counts fan-outs \(counted) and lists \(fans[run] ?? [])")
        }
        let lists = Set(fields.keys.filter { $0.hasPrefix("v:") }.map { String($0.dropFirst(2)) })
        if counted != lists { findings.append("run \(run) counts fan-outs \(counted) and has lists of \(lists)") }
        let tasks = runTasks.filter { self.run(of: $0.key) == run }.compactMap { id, payload in
            RunTaskPayload(Array(payload.utf8))
        }
        if state == "X" { findings += remains(of: run, fields) }
        let steps = fields.filter { $0.key.hasPrefix("s:") }.map {
            (String($0.key.dropFirst(2)), String($0.value.prefix(1)))
        }
        let weight = RunWeight(
            facts: fields["f"] ?? "", isMachine: fields["m"] != nil,
            steps: Dictionary(steps) { first, _ in first }, tasks: tasks)
        for fault in weight?.faults ?? [] {
            switch fault {
            case .open(let counted, let found): findings.append("run \(run) has \(counted) open, and \(found) are")
            case .idleStep(let step): findings.append("step \(step) of run \(run) is active and has no task")
            case .undeleted: findings.append("the data of run \(run) are to be deleted, and no task does it")
            }
        }
        return findings
    }

    /// What should be gone of a run whose data have been deleted.
    private func remains(of run: String, _ fields: [String: String]) -> [String] {
        var left = fields.keys.filter { name in
            name == "u" || ["o:", "e:", "z:", "v:", "n:"].contains { name.hasPrefix($0) }
        }
        for (what, part) in [
            ("variables", variables.keys.map { $0 }), ("signals", signals.keys.map { $0 }),
            ("errors", errors.keys.map { $0 }), ("fan-outs", fans.keys.map { $0 }),
        ] where part.contains(run) {
            left.append(what)
        }
        return left.isEmpty ? [] : ["the data of run \(run) were deleted, and it has \(left.sorted())"]
    }
}
