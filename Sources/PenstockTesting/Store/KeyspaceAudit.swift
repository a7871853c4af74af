import PenstockStore
import RedisClient

/// Everything that a namespace holds, read raw and at one moment, and what is wrong with it.
///
///     #expect(try await KeyspaceAudit.check(store) == [])
///
/// It reads whole keys: for namespaces of a test, not for a million tasks. The keys are described in Sources/Penstock/Penstock.docc/Storage.md.
package struct KeyspaceAudit: Sendable {
    /// A task in the hands of a worker.
    package struct Lease: Sendable, Hashable {
        package let claim: String
        package let lane: String
        /// Concurrency limits that it counts under.
        package let limits: [String]
    }

    /// Names and options of each task: its record up to the payload.
    package internal(set) var heads: [String: String] = [:]
    package internal(set) var tries: [String: String] = [:]
    package internal(set) var cancels: [String: String] = [:]
    /// Lane to ids, head first; ids of cancelled tasks included.
    package internal(set) var lanes: [String: [String]] = [:]
    /// Ring to tenants, with the rounds that they have had.
    package internal(set) var turns: [String: [String: Double]] = [:]
    /// Ring to tenants with more than a plain lane.
    package internal(set) var wide: [String: Set<String>] = [:]
    /// `ring TAB tenant` to lanes, with their age.
    package internal(set) var laneAges: [String: [String: Double]] = [:]
    /// Queue to the kinds that were set aside.
    package internal(set) var kinds: [String: Set<String>] = [:]
    /// Queue to task to moment, ms.
    package internal(set) var delayed: [String: [String: Int64]] = [:]
    package internal(set) var dead: [String: [String: Int64]] = [:]
    /// Incarnation to task to lease.
    package internal(set) var held: [String: [String: Lease]] = [:]
    /// Incarnation to the end of its lease, ms; negative while it is taken over.
    package internal(set) var workers: [String: Int64] = [:]
    package internal(set) var facts: Set<String> = []
    /// Incarnation to hints, the oldest first.
    package internal(set) var hints: [String: [String]] = [:]
    /// Queue to idle incarnations.
    package internal(set) var idle: [String: Set<String>] = [:]
    package internal(set) var weights: [String: [String: Double]] = [:]
    package internal(set) var totals: [String: [String: Int]] = [:]
    package internal(set) var queues: Set<String> = []
    package internal(set) var paused: [String: String] = [:]
    package internal(set) var clock: [String: Int64] = [:]
    /// Tokens of enqueue calls that were made lately.
    package internal(set) var sent: Set<String> = []
    /// Task to the retained result.
    package internal(set) var results: [String: [UInt8]] = [:]
    /// Limit to terms.
    package internal(set) var limits: [String: String] = [:]
    /// Limit to the moment, us, up to which its tokens are used up.
    package internal(set) var tokens: [String: Double] = [:]
    /// Limit to the tasks that count under it.
    package internal(set) var holders: [String: Set<String>] = [:]
    /// Limit to lanes in line for it.
    package internal(set) var waiting: [String: [String: Int64]] = [:]
    /// Limits whose line is said to be a sorted set, and those of which it is.
    private(set) var (severals, sortedLines): (Set<String>, Set<String>) = ([], [])
    /// Ring to parked lanes, each with the limit that holds it.
    package internal(set) var parked: [String: [String: String]] = [:]
    /// Queue to limits, with the moment of their next token.
    package internal(set) var refills: [String: [String: Int64]] = [:]
    /// Limits with lanes in line for a slot.
    package internal(set) var contended: Set<String> = []
    /// Run to the fields of its hash.
    package internal(set) var runs: [String: [String: String]] = [:]
    /// Task of a run to its payload.
    package internal(set) var runTasks: [String: String] = [:]
    /// Run to what its timers are for, each with its task.
    package internal(set) var timers: [String: [String: String]] = [:]
    /// Run to the tasks that are put aside, each with its lane.
    package internal(set) var shelves: [String: [String]] = [:]
    /// Run to its steps with a fan-out.
    package internal(set) var fans: [String: Set<String>] = [:]
    /// `run:step` to the items of its fan-out that have ended.
    package internal(set) var items: [String: [String: String]] = [:]
    package internal(set) var broken: [String: Set<String>] = [:]
    package internal(set) var shapes: Set<String> = []
    /// `workflow TAB foreign id` to the live run that has it.
    package internal(set) var foreign: [String: String] = [:]
    /// Run to its buffered signals.
    package internal(set) var signals: [String: [String: String]] = [:]
    package internal(set) var histories: [String: Int] = [:]
    /// Run to entries of its history, and why something failed in them.
    package internal(set) var errors: [String: [String: String]] = [:]
    /// Where runs are found, `runs flow:r`, `tagged eu`, `named flow TAB foreign id`, to the runs and the moments of their start.
    package internal(set) var runIndexes: [String: [String: Int64]] = [:]
    /// Run to its variables.
    package internal(set) var variables: [String: [String: String]] = [:]
    /// Run that has ended to the moment at which it is to be removed.
    package internal(set) var retainedRuns: [String: Int64] = [:]
    /// `name TAB version` to the digest of a shape.
    package internal(set) var workflows: [String: String] = [:]
    /// Schedule to the fields of its hash.
    package internal(set) var schedules: [String: [String: String]] = [:]
    package internal(set) var scheduleNames: Set<String> = []
    /// Schedule to the moment at which it is looked at next.
    package internal(set) var ticks: [String: Int64] = [:]
    /// Schedule to what it has started that goes on.
    package internal(set) var fires: [String: Set<String>] = [:]
    /// Schedules with notes of what became of their ticks.
    package internal(set) var noted: Set<String> = []
    /// Role to the fields of its hash.
    package internal(set) var roles: [String: [String: String]] = [:]
    /// Connector to events that were set aside, each with its record.
    package internal(set) var aside: [String: [String: String]] = [:]
    /// Entries of the streams `inbox` and `rejected`.
    package internal(set) var streams: [String: Int] = [:]
    /// Idempotency key to the task that it stands for.
    package internal(set) var dedupes: [String: String] = [:]
    /// Task to its bonds, one a line.
    package internal(set) var bonds: [String: String] = [:]
    /// Unique key to its value: the id that holds it, and what kind of lock it is.
    package internal(set) var uniques: [String: String] = [:]
    /// Queue to tasks, with the moment at which they end unless they have started.
    package internal(set) var expiring: [String: [String: Int64]] = [:]
    package internal(set) var caps: [String: String] = [:]
    /// Target of a length cap to the tasks that count under it.
    package internal(set) var live: [String: Set<String>] = [:]
    package internal(set) var batches: [String: [String: String]] = [:]
    package internal(set) var members: [String: Set<String>] = [:]
    /// Callback that waits to its batch.
    package internal(set) var awaits: [String: String] = [:]
    package internal(set) var progress: [String: String] = [:]
    package internal(set) var logs: [String: [String]] = [:]
    /// Tasks whose log lines expire.
    var retained: Set<String> = []
    /// Names of keys that nobody knows, that hold another type than they should, or that should expire and do not.
    package internal(set) var oddities: [String] = []

    /// Reads a namespace. Whoever does so often takes a `KeyspaceReader`.
    package static func read(_ store: Store) async throws -> KeyspaceAudit {
        var reader = KeyspaceReader(store)
        return try await reader.read()
    }

    /// What is wrong with a namespace; empty when all is well.
    package static func check(_ store: Store) async throws -> [String] {
        try await read(store).findings
    }
}

extension KeyspaceAudit {
    mutating func take(_ content: KeyContent) {
        let form = content.form
        guard form.shape.rawValue == content.type else {
            oddities.append("\(form.name) \(form.part) is a \(content.type)")
            return
        }
        let (items, fields, scores, moments) = (content.items, content.fields, content.scores, content.moments)
        switch form.name {
        case "tasks":
            heads = fields.mapValues { String($0.prefix { $0 != "\n" }) }
            for (id, head) in heads where Self.run(ofHead: head) != nil {
                runTasks[id] = String((fields[id] ?? "").dropFirst(head.count + 1))
            }
        case "run": runs[form.part] = fields
        case "history": histories[form.part] = content.count
        case "errors": errors[form.part] = fields
        case "timers": timers[form.part] = fields
        case "shelf": shelves[form.part] = items
        case "fans": fans[form.part] = Set(items)
        case "items": self.items[form.part] = fields
        case "broken": broken[form.part] = Set(fields.keys)
        case "shapes": shapes = Set(fields.keys)
        case "foreign": foreign = fields
        case "signals": signals[form.part] = fields
        case "runs", "tagged", "named": runIndexes[form.name + " " + form.part] = moments
        case "workflows": workflows = fields
        case "vars": variables[form.part] = fields
        case "retained": retainedRuns = moments
        case "tries": tries = fields
        case "cancels": cancels = fields
        case "lane": lanes[form.part] = items
        case "turn": turns[form.part] = scores
        case "wide": wide[form.part] = Set(items)
        case "lanes": laneAges[form.part] = scores
        case "kinds": kinds[form.part] = Set(items)
        case "weights": weights[form.part] = scores
        case "delayed": delayed[form.part] = moments
        case "dead": dead[form.part] = moments
        case "totals": totals[form.part] = fields.compactMapValues { Int($0) }
        case "idle": idle[form.part] = Set(items)
        case "held": held[form.part] = fields.mapValues(Lease.init(value:))
        case "worker": facts.insert(form.part)
        case "workers": workers = moments
        case "queues": queues = Set(items)
        case "paused": paused = fields
        case "clock": clock = moments
        case "wake":
            hints[form.part] = items
            // A hint for nobody is left only by `nudge`, and goes by itself.
            if content.expires { facts.insert(form.part) }
        case "sent": sent.insert(form.part)
        case "limits": limits = fields
        case "tokens": tokens = scores
        case "holders": holders[form.part] = Set(items)
        case "lines":
            for (limit, line) in fields {
                guard let tab = line.firstIndex(of: "\t") else {
                    // Several lanes, in a sorted set of their own.
                    severals.insert(limit)
                    continue
                }
                waiting[limit, default: [:]][String(line[line.index(after: tab)...])] = Int64(line[..<tab])
            }
        case "waiting":
            waiting[form.part, default: [:]].merge(moments) { _, other in other }
            sortedLines.insert(form.part)
        case "parked": parked[form.part] = fields
        case "refill": refills[form.part] = moments
        case "contended": contended = Set(fields.keys)
        case "bonds": bonds = fields
        case "schedule": schedules[form.part] = fields
        case "schedules": scheduleNames = Set(fields.keys)
        case "ticks": ticks = moments
        case "fires": fires[form.part] = Set(items)
        case "ticked": noted.insert(form.part)
        case "inbox", "rejected": streams[form.name] = content.count
        case "role": roles[form.part] = fields
        case "aside": aside[form.part] = fields
        case "dedupe": dedupes[form.part] = content.text
        case "unique": uniques[form.part] = content.text
        case "expiring": expiring[form.part] = moments
        case "caps": caps = fields
        case "live": live[form.part] = Set(fields.keys)
        case "batch":
            batches[form.part] = fields
            if !content.expires, fields["ended"] != nil {
                oddities.append("batch \(form.part) has ended and never expires")
            }
            if content.expires, fields["ended"] == nil {
                oddities.append("batch \(form.part) expires and has not ended")
            }
        case "members": members[form.part] = Set(items)
        case "awaits": awaits = fields
        case "progress": progress = fields
        case "log":
            logs[form.part] = items
            if content.expires { retained.insert(form.part) }
        case "result": results[form.part] = content.bytes
        default: break
        }
        if form.name == "unique", content.expires != content.text.hasSuffix("\tp") {
            oddities.append("unique key \(form.part) expires, or should and does not")
        }
        if form.shape == .string, !content.expires, form.name != "unique" {
            oddities.append("\(form.name) \(form.part) never expires")
        }
        if form.shape != .string, form.shape != .stream, items.isEmpty {
            oddities.append("\(form.name) \(form.part) is empty")
        }
    }
}

extension KeyspaceAudit.Lease {
    init(value: String) {
        let lines = value.split(separator: "\n").map(String.init)
        let parts = (lines.first ?? "").split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
        claim = parts.first.map(String.init) ?? ""
        lane = parts.count > 1 ? String(parts[1]) : ""
        limits = Array(lines.dropFirst())
    }
}
