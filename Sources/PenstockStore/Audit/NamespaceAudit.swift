import PenstockModel
import RedisClient

/// How an audit goes about it.
package struct AuditSettings: Sendable {
    /// Whether what can be mended is.
    package var mends = false
    /// Faults that are kept; of what is beyond, only the number is told. Default 1,000.
    package var mostFaults = 1000
    /// About how many elements a script call looks at. Default 500: 1 to 3 ms of Redis's time.
    package var chunk = 500
    /// How many tasks are remembered at once. Default 1,500,000: about 100 MB. A larger namespace is read in passes.
    package var tasksPerPass = 1_500_000
    /// How far from both its ends a lane is searched in one call.
    package var depth = 500
    /// The same where a single task is mended. Default 50,000: up to 6 ms of Redis's time.
    package var mendDepth = 50_000
    /// How long a fault must last to be one: some things are put away in several calls.
    package var patience: Duration = .seconds(1)
    /// Names of faults that are passed over.
    package var ignores: Set<String> = []

    package init() {}
}

/// What an audit has looked at.
package struct AuditTally: Sendable, Hashable {
    package var keys = 0
    package var tasks = 0
    package var runs = 0
    /// Elements of keys that were checked one by one.
    package var elements = 0
    /// Candidates that were looked at once more, since they may have moved meanwhile.
    package var rechecked = 0
    package var passes = 1
}

/// One look at a whole namespace in bounded chunks, while others work in it. What can be told of one thing at one moment is
/// checked by a script; what takes more than one look is told only after a last look at one moment, so that a namespace that
/// is in order has no findings however busy it is.
package struct NamespaceAudit: Sendable {
    let store: Store
    let settings: AuditSettings
    package private(set) var tally = AuditTally()
    package private(set) var faults: [AuditFault] = []
    /// Faults beyond those that were kept.
    package private(set) var more = 0
    /// Keys (without the prefix) in which tasks are.
    var places: [String: Set<String>] = [:]
    /// Tasks that a fault was told of.
    var toldTasks: Set<String> = []
    private var queues: Set<String> = []

    package init(_ store: Store, _ settings: AuditSettings = .init()) {
        self.store = store
        self.settings = settings
    }

    package mutating func run() async throws(StoreError) {
        try await walk()
        try await unlessHindered("tasks") { audit async throws(StoreError) in try await audit.auditPlaces() }
        try await settle()
    }

    mutating func note(_ fault: AuditFault) {
        if settings.ignores.contains(fault.name.rawValue) { return }
        if faults.count < settings.mostFaults { faults.append(fault) } else { more += 1 }
    }

    mutating func count(tasks: Int = 0, rechecked: Int = 0, passes: Int? = nil) {
        tally.tasks += tasks
        tally.rechecked += rechecked
        if let passes { tally.passes = passes }
    }

    // MARK: Keys

    private mutating func walk() async throws(StoreError) {
        var cursor: String? = "0"
        while let from = cursor {
            let (keys, next) = try await store.walkKeys(from: from, count: 1000)
            cursor = next
            tally.keys += keys.count
            var work: [String: [String]] = [:]
            for key in keys {
                guard let form = KeyForm(key: key.name[...]) else {
                    note(AuditFault(name: .keyUnknown, aspect: "key", part: key.name))
                    continue
                }
                guard form.shape.rawValue == key.type else {
                    // It may have gone since: then it has no type.
                    if key.type != "none" {
                        note(AuditFault(name: .keyWrongType, aspect: "key", part: key.name, detail: key.type))
                    }
                    continue
                }
                for (aspect, part) in AuditPlan.checks(of: form, key: key.name) {
                    work[aspect, default: []].append(part)
                }
                if AuditPlan.places.contains(form.name) { places[form.name, default: []].insert(key.name) }
                if let queue = AuditPlan.queue(of: form), queues.insert(queue).inserted {
                    work["queue", default: []].append(queue)
                }
            }
            for (aspect, parts) in work.sorted(by: { $0.key < $1.key }) {
                try await examine(aspect, parts)
                if aspect == "run" { for run in parts { try await weigh(run) } }
            }
        }
    }

    private mutating func examine(_ aspect: String, _ parts: [String]) async throws(StoreError) {
        var rest = parts[...]
        var cursor = "0"
        let count = AuditPlan.chunk(of: aspect, settings.chunk)
        while !rest.isEmpty {
            let (some, from) = (rest.prefix(count), cursor)
            var answer: Examination?
            try await unlessHindered(aspect) { audit async throws(StoreError) in
                answer = try await audit.store.examine(aspect, some, cursor: from, count: count)
            }
            guard let found = answer else { return }
            tally.elements += found.looked
            for fault in found.faults { note(fault) }
            rest = rest.dropFirst(found.done)
            cursor = found.cursor
        }
    }

    private mutating func weigh(_ run: String) async throws(StoreError) {
        tally.runs += 1
        try await unlessHindered("run") { audit async throws(StoreError) in
            for fault in try await audit.store.weigh(run)?.faults ?? [] { audit.note(AuditFault(fault, run: run)) }
        }
    }

    /// Goes on where a key that a rule reads holds something else than it should: that is told of the key itself.
    private mutating func unlessHindered(
        _ aspect: String, _ body: (inout NamespaceAudit) async throws(StoreError) -> Void
    ) async throws(StoreError) {
        do throws(StoreError) {
            try await body(&self)
        } catch {
            guard case .redis(.server(let problem)) = error, problem.message.contains("WRONGTYPE") else { throw error }
            let fault = AuditFault(name: .auditHindered, aspect: "key", part: aspect)
            if !faults.contains(fault) { note(fault) }
        }
    }

    // MARK: The last look

    /// Asks once more, after a while, whether the faults are there still, and mends them.
    private mutating func settle() async throws(StoreError) {
        guard !faults.isEmpty else { return }
        do { try await Task.sleep(for: settings.patience) } catch { throw .redis(.cancelled) }
        var lasting: [AuditFault] = []
        let byScript = faults.filter(\.isOfScript)
        for start in stride(from: 0, to: byScript.count, by: 50) {
            lasting += try await store.confirm(byScript[start..<min(start + 50, byScript.count)])
        }
        for fault in faults where !fault.isOfScript {
            if fault.aspect == "weight" {
                let now = try await store.weigh(fault.part)?.faults ?? []
                if now.contains(where: { AuditFault($0, run: fault.part) == fault }) { lasting.append(fault) }
            } else {
                lasting.append(fault)
            }
        }
        faults = lasting
        guard settings.mends else { return }
        for i in faults.indices where faults[i].name.isMendable {
            let fault = faults[i]
            // What is lost was searched for; very many may be, and the lane that they are put into grows meanwhile.
            let isLost = fault.name == .taskLost
            faults[i].answer =
                fault.aspect == "task"
                ? try await store.mendTask(
                    fault.part, hint: fault.item, depth: isLost ? settings.depth : settings.mendDepth,
                    wasSearched: isLost)
                : try await store.mend(fault)
        }
    }
}

extension AuditFault {
    /// Told by `examine`, and to be confirmed by the same rule.
    var isOfScript: Bool { !["task", "key", "weight"].contains(aspect) && name != .auditHindered }

    init(_ fault: RunWeight.Fault, run: String) {
        switch fault {
        case .open(let counted, let found):
            self.init(name: .runOpen, aspect: "weight", part: run, detail: "\(counted) \(found)")
        case .idleStep(let step): self.init(name: .runIdleStep, aspect: "weight", part: run, item: step)
        case .undeleted: self.init(name: .runUndeleted, aspect: "weight", part: run)
        }
    }
}
