import PenstockModel
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

/// A run to try single effects on: all its tasks are in one lane, and nobody works unless a test does.
struct RunBench {
    let store: Store
    let id: RunID

    static let output: [UInt8] = [1, 0, 10, 255]

    init(
        _ store: Store, workflow: String = "flow", foreignID: String? = nil, effects: [Effect] = [],
        input: [UInt8] = [5],
        tags: [String] = [], retention: Duration? = nil
    ) async throws {
        self.store = store
        id = store.makeRunID()
        let digest = try await store.keepShape(Array("shape".utf8), workflow: workflow, version: 1)
        let start: [Effect] = [.moveRun(from: .pending, to: .running)]
        let commit = try Self.commit(id, start + effects, revision: 0)
        let new = NewRun(
            id: id, workflow: workflow, shapeDigest: digest, input: input, head: Self.head, foreignID: foreignID,
            tags: tags,
            retention: retention)
        guard case .started = try await store.start(new, commit, by: "me") else { throw Surprise("not started") }
    }

    /// One that is there.
    init(_ store: Store, _ id: RunID) {
        self.store = store
        self.id = id
    }

    static let head = TaskRecord(kind: "flow", queue: "q", payload: [])
    static func head(_ task: RunTask) -> TaskRecord { head }

    static func commit(
        _ id: RunID, _ effects: [Effect], revision: Int, ending: Plan.TaskEnding = .done, error: String = "",
        output: [UInt8] = output, variables: [(name: String, value: [UInt8])] = [], extra: [Effect] = []
    ) throws -> RunCommit {
        var plan = Plan(effects)
        plan.task = ending
        return try RunCommit(
            plan, run: id, revision: revision, output: output, error: error, moment: 4_000_000_000_000,
            child: ChildStart(
                shapeDigest: "none", input: [3], head: TaskRecord(kind: "child", queue: "q2", payload: []),
                retention: .seconds(60)),
            variables: variables, extra: extra, head: head)
    }

    func commit(
        _ effects: [Effect], ending: Plan.TaskEnding = .done, error: String = "", output: [UInt8] = output
    ) async throws -> RunCommit {
        let revision = try #require(try await store.read(RunQuery(id))).facts.revision
        return try Self.commit(id, effects, revision: revision, ending: ending, error: error, output: output)
    }

    @discardableResult
    func apply(_ effects: [Effect], error: String = "", output: [UInt8] = output) async throws -> RunSummary {
        let answer = try await store.control(try await commit(effects, error: error, output: output), by: "me")
        guard case .applied(let summary) = answer else { throw Surprise("\(answer)") }
        return summary
    }

    /// All that there is of the run, in words.
    func snapshot() async throws -> [String: String] {
        let audit = try await KeyspaceAudit.read(store)
        var all = audit.runs[id.rawValue] ?? [:]
        if let summary = all.removeValue(forKey: "f").flatMap({ RunSummary(field: $0) }) {
            let facts = summary.facts
            all["state"] = facts.state.rawValue
            all["from"] = facts.pausedFrom?.rawValue
            for (name, number) in [
                ("revision", facts.revision), ("round", facts.round), ("failing", facts.isFailing ? 1 : 0),
                ("rolls", facts.rollsBackOnCancel ? 1 : 0), ("stuck", facts.stuckRollbacks), ("open", summary.open),
            ] where number != 0 {
                all[name] = String(number)
            }
        }
        func tasks(_ ids: some Sequence<String>) -> String? {
            let texts = ids.compactMap { audit.runTasks[$0] }.sorted()
            return texts.isEmpty ? nil : texts.joined(separator: ", ").replacing("\t", with: " ")
        }
        all["queue"] = tasks(audit.lanes.values.flatMap { $0 })
        all["timers"] = tasks(audit.delayed.values.flatMap(\.keys))
        all["parked"] = tasks((audit.shelves[id.rawValue] ?? []).map { String($0.prefix { $0 != "\t" }) })
        for (part, items) in audit.items where part.hasPrefix(id.rawValue) {
            all["items"] = items.map { "\($0.key)\($0.value.prefix(2))" }.sorted().joined(separator: " ")
        }
        if let broken = audit.broken.values.first { all["broken"] = broken.sorted().joined(separator: " ") }
        for (run, fields) in audit.runs where run != id.rawValue {
            all["child"] = "\(fields["f"]?.first ?? "?") \(fields["w"] ?? "") \(fields["i"]?.utf8.count ?? 0)"
        }
        if let variables = audit.variables[id.rawValue] { all["vars"] = variables.keys.sorted().joined(separator: " ") }
        if let errors = audit.errors[id.rawValue] { all["errors"] = errors.values.sorted().joined(separator: " ") }
        if let signals = audit.signals[id.rawValue] { all["signals"] = "\(signals.count)" }
        return all
    }
}
