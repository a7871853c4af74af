import PenstockModel
import PenstockStore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Why a job is where it is: what it waits for, as facts and as a sentence.
public struct Explanation: Sendable, Hashable, CustomStringConvertible {
    /// One thing that a job waits for, or what it is doing instead of waiting. Moments are milliseconds since 1970 by
    /// Redis's clock.
    public enum Cause: Sendable, Hashable {
        /// Ready, and nothing holds it but its turn: tenants that are served before its own.
        case turn(tenantsAhead: Int)
        /// Its lane is parked: the rate of a limit is used up until a moment.
        case rate(LimitName, LimitTerms, until: Int64)
        /// Its lane is parked: as many jobs as a limit allows run under it. A few of them by id.
        case concurrency(LimitName, LimitTerms, running: Int, holders: [TaskID])
        /// It is due at a moment: its first attempt, or the next one after a trouble.
        case delayed(until: Int64, after: Trouble?)
        case queuePaused(by: String, at: Int64)
        case kindPaused(by: String, at: Int64)
        /// No worker is alive that would take it.
        case noWorker(Missing)
        /// A worker has it; by its incarnation.
        case running(worker: String)
        /// A worker has it, but was silent for longer than its lease: the next live worker that comes by takes it over.
        case lost(worker: String)
        /// A dead letter; with its last trouble.
        case dead(since: Int64, after: Trouble?)
        /// It is the callback of a batch, of which so many members have not ended.
        case batch(BatchID, membersLeft: Int)
        case ended(TaskState)
        /// It never was, or has ended and was not retained.
        case unknown
    }

    /// What is missing of a worker that would take the job.
    public enum Missing: String, Sendable, Hashable {
        case anyWorker
        /// Workers are alive, but none serves the queue.
        case queue
        /// Workers serve the queue, but none takes the kind.
        case kind
    }

    public let id: TaskID
    /// Names of a job that has ended, or has not begun to live, are not known: empty then.
    public var kind = ""
    public var queue = ""
    public var tenant = ""
    /// All that holds it, the weightiest first; never empty.
    public var causes: [Cause]
    /// Of a job that waits in a lane: jobs before it there; nil also when there are more than 100,000.
    public var position: Int?
    /// Of a job that waits in a lane: all that wait there.
    public var laneLength: Int?
    /// Unique keys that it holds, but for those of a throttle, which no job holds.
    public var uniqueKeys: [String] = []
    /// When it ends unless it has started before.
    public var expiresAt: Int64?

    public init(id: TaskID, causes: [Cause]) {
        self.id = id
        self.causes = causes
    }

    /// One sentence for people, with moments in UTC.
    public var description: String { sentence { Self.utc($0) } }

    /// One sentence for people, with moments in the form that they want.
    public func sentence(moment: (Int64) -> String) -> String {
        var text = causes.map { phrase($0, moment) }.joined(separator: "; besides, ")
        if !uniqueKeys.isEmpty {
            text += "; it holds unique key " + uniqueKeys.map { "\"\($0)\"" }.joined(separator: ", ")
        }
        if let expiresAt { text += "; it expires \(moment(expiresAt)) unless it has started" }
        return text
    }

    private func phrase(_ cause: Cause, _ moment: (Int64) -> String) -> String {
        switch cause {
        case .turn(let ahead):
            let tenants = ahead == 0 ? "its tenant is next in turn" : "\(Self.count(ahead, "tenant")) ahead in turn"
            return "ready\(place); \(tenants)"
        case .rate(let name, let terms, let until):
            return "parked by limit \(name) (\(terms)) until \(moment(until))\(place)"
        case .concurrency(let name, let terms, let running, let holders):
            let named = holders.prefix(5).map(\.rawValue).joined(separator: ", ")
            let more = running > holders.count && !holders.isEmpty ? " and \(running - holders.count) more" : ""
            return "parked by limit \(name) (\(terms)), under which \(Self.count(running, "job")) "
                + "run\(running == 1 ? "s" : "")\(named.isEmpty ? "" : ": \(named)\(more)")\(place)"
        case .delayed(let until, nil): return "delayed until \(moment(until)), its first attempt"
        case .delayed(let until, let trouble?):
            return "delayed until \(moment(until)), its next attempt: \(Self.tell(trouble))"
        case .queuePaused(let by, let at):
            return "queue \(queue) is paused since \(moment(at))\(by.isEmpty ? "" : " by \(by)")"
        case .kindPaused(let by, let at):
            return "kind \(kind) is paused since \(moment(at))\(by.isEmpty ? "" : " by \(by)")"
        case .noWorker(.anyWorker): return "no worker is alive"
        case .noWorker(.queue): return "no live worker serves queue \(queue)"
        case .noWorker(.kind): return "no live worker of queue \(queue) takes kind \(kind)"
        case .running(let worker): return "running on \(worker)"
        case .lost(let worker): return "held by \(worker), whose lease has run out: a live worker will take it over"
        case .dead(let since, let trouble):
            return "dead since \(moment(since))" + (trouble.map { ": \(Self.tell($0))" } ?? "")
        case .batch(let batch, let members):
            return "callback of batch \(batch), of which \(Self.count(members, "member")) "
                + "\(members == 1 ? "has" : "have") not ended"
        case .ended(let state): return "ended: \(state.rawValue)"
        case .unknown: return "unknown: never enqueued, or ended and not retained"
        }
    }

    /// Where in its lane.
    private var place: String {
        guard let laneLength else { return "" }
        let whose = tenant.isEmpty ? "" : " of tenant \(tenant)"
        guard let position else { return ", deep in a lane of \(laneLength)\(whose)" }
        return ", at position \(position + 1) of \(laneLength)\(whose)"
    }

    private static func tell(_ trouble: Trouble) -> String {
        let line = trouble.message.prefix { $0 != "\n" }
        return "attempt \(trouble.attempt) ended with \"\(line.prefix(200))\(line.count > 200 ? "..." : "")\""
    }

    private static func count(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }

    private static func utc(_ milliseconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1000)
            .formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}

extension Explanation {
    init(_ id: TaskID, _ facts: WhyFacts, workers: [WorkerView]) {
        self.init(id: id, causes: Self.causes(facts, workers: workers))
        kind = facts["kind"] ?? ""
        queue = facts["queue"] ?? ""
        tenant = facts["tenant"] ?? ""
        position = facts.number("position").map { Int($0) }
        laneLength = facts.number("length").map { Int($0) }
        uniqueKeys = facts.uniqueKeys
        expiresAt = facts.expiry
    }

    private static func causes(_ facts: WhyFacts, workers: [WorkerView]) -> [Cause] {
        // Those whose lease has run out are listed until somebody takes them over.
        let alive = workers.filter { $0.expiry > facts.number("now") ?? 0 }
        let missing = missing(for: facts, alive)
        var obstacles: [Cause] = []
        if let pause = facts.pause("queue") { obstacles.append(.queuePaused(by: pause.by, at: pause.at)) }
        if let pause = facts.pause("kind") { obstacles.append(.kindPaused(by: pause.by, at: pause.at)) }
        if let missing { obstacles.append(.noWorker(missing)) }
        switch facts.state {
        case "running":
            let worker = facts["worker"] ?? ""
            if alive.contains(where: { $0.worker == worker }) { return [.running(worker: worker)] }
            return [.lost(worker: worker)] + (alive.isEmpty ? [.noWorker(.anyWorker)] : [])
        case "dead": return [.dead(since: facts.number("since") ?? 0, after: facts.history.troubles.last)]
        case "awaited":
            guard let batch = facts["batch"].flatMap({ BatchID($0) }) else { return [.unknown] }
            return [.batch(batch, membersLeft: Int(facts.number("members") ?? 0))]
        case "delayed":
            return [.delayed(until: facts.number("due") ?? 0, after: facts.history.troubles.last)] + obstacles
        case "queued":
            if let limit = limit(facts) { return obstacles + [limit] }
            return obstacles.isEmpty ? [.turn(tenantsAhead: Int(facts.number("ahead") ?? 0))] : obstacles
        default:
            guard let state = TaskState(rawValue: facts.state), state.isTerminal else { return [.unknown] }
            return [.ended(state)]
        }
    }

    /// What there is no live worker for.
    private static func missing(for facts: WhyFacts, _ alive: [WorkerView]) -> Missing? {
        if alive.isEmpty { return .anyWorker }
        let serving = alive.filter { $0.queues.contains(facts["queue"] ?? "") }
        if serving.isEmpty { return .queue }
        return serving.contains { $0.kinds?.contains(facts["kind"] ?? "") ?? true } ? nil : .kind
    }

    /// The limit that has parked its lane, unless it was removed just now.
    private static func limit(_ facts: WhyFacts) -> Cause? {
        guard let name = facts["limit"].flatMap({ try? LimitName($0) }), let terms = facts.terms else { return nil }
        let held = Int(facts.number("held") ?? 0)
        if let most = terms.concurrency, held >= most || terms.rate == nil {
            return .concurrency(name, terms, running: held, holders: facts.holders.compactMap { TaskID($0) }.sorted())
        }
        guard let rate = terms.rate else { return nil }
        let due = (Double(facts.number("paid") ?? 0) - Double(rate.burst - 1) * rate.interval) / 1000
        return .rate(name, terms, until: max(Int64(due.rounded(.up)), facts.number("now") ?? 0))
    }
}

extension Penstock {
    /// Why a job is where it is: its place in line, the limit, pause or missing worker that holds it, when it is due, on
    /// which worker it runs. Looks at most 100,000 places down its lane.
    public func why(_ id: TaskID) async throws(PenstockError) -> Explanation {
        let facts = try await publicly { () throws(StoreError) in try await store.why(id) }
        guard facts["queue"] != nil else { return Explanation(id, facts, workers: []) }
        let workers = try await publicly { () throws(StoreError) in try await store.workers() }
        return Explanation(id, facts, workers: workers)
    }
}
