import PenstockModel
import RedisClient

extension RunFilter {
    /// Whether the sorted sets that are read have no other runs, so that each that is looked at is listed.
    fileprivate var isAnsweredBySets: Bool {
        if tags.isEmpty { return foreignID == nil || states.isEmpty }
        return tags.count == 1 && foreignID == nil && workflow == nil && states.isEmpty
    }
}

/// Where a page of runs ends. Its text is for people to hand back, and says nothing to them.
package struct RunCursor: Sendable, Hashable, CustomStringConvertible {
    let startedAt: Int64
    let run: RunID

    init(startedAt: Int64, run: RunID) {
        self.startedAt = startedAt
        self.run = run
    }

    /// Nil for a text that no page has ended with.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let startedAt = Int64(parts[0]), let run = RunID(String(parts[1])) else { return nil }
        self.init(startedAt: startedAt, run: run)
    }

    package var description: String { "\(startedAt).\(run)" }
}

/// A run in a list.
package struct RunListing: Sendable, Hashable {
    package let id: RunID
    package let workflow: String
    package let summary: RunSummary
    /// When it was stored, milliseconds since 1970 by Redis's clock.
    package let startedAt: Int64
    package let foreignID: String?
    package let tags: [String]
}

extension Store {
    /// The most runs of a page.
    package static let runsPerPage = 500

    /// Runs by the moment of their start, the newest first. One round trip, two without a workflow.
    ///
    /// What Redis reads is bounded: a filter that leaves out most of what is found by a tag, or by a foreign id, may give a
    /// page of fewer runs than asked for, or of none, that goes on all the same. Only a page without `next` is the last.
    ///
    /// - Parameters:
    ///   - after: where the page before has ended, of the same filter.
    ///   - limit: 1 to `runsPerPage`.
    package func runs(
        _ filter: RunFilter = RunFilter(), after: RunCursor? = nil, limit: Int = 50
    ) async throws(StoreError) -> (entries: [RunListing], next: RunCursor?) {
        let limit = min(max(limit, 1), Self.runsPerPage)
        let sets = try await runSets(filter)
        var arguments = RedisArguments([
            String(limit), String(filter.isAnsweredBySets ? limit : max(limit, 1000)),
            filter.from.map { String($0) } ?? "-inf",
            after.map { String($0.startedAt) } ?? filter.until.map { "(\($0)" } ?? "+inf", after?.run.rawValue ?? "",
            (filter.states.isEmpty ? Set(RunState.allCases) : filter.states).map(\.letter).joined(),
            filter.workflow ?? "", filter.foreignID ?? "",
        ])
        for list in [filter.tags, sets] {
            arguments.append(list.count)
            for text in list { arguments.append(text) }
        }
        guard let reply = try await call(Scripts.listRuns, arguments).array, reply.count >= 3,
            (reply.count - 3).isMultiple(of: 6)
        else { throw .unexpectedReply("list_runs") }
        var entries: [RunListing] = []
        for at in stride(from: 3, to: reply.count, by: 6) {
            guard let id = reply[at].text.flatMap({ RunID($0) }),
                let summary = reply[at + 1].text.flatMap({ RunSummary(field: $0) }), let workflow = reply[at + 2].text,
                let startedAt = reply[at + 3].text.flatMap({ Int64($0) })
            else { throw .unexpectedReply("list_runs") }
            entries.append(
                RunListing(
                    id: id, workflow: workflow, summary: summary, startedAt: startedAt,
                    foreignID: RunFields.foreignID(reply[at + 4].text), tags: RunFields.tags(reply[at + 5].text)))
        }
        guard reply[0].text == "1" else { return (entries, nil) }
        guard let startedAt = reply[1].text.flatMap({ Int64($0) }), let last = reply[2].text.flatMap({ RunID($0) })
        else { throw .unexpectedReply("list_runs") }
        return (entries, RunCursor(startedAt: startedAt, run: last))
    }

    /// The sorted sets that have all runs of a filter: the fewest there are.
    private func runSets(_ filter: RunFilter) async throws(StoreError) -> [String] {
        if filter.foreignID == nil, let tag = filter.tags.first { return [keys.tagged(tag)] }
        let workflows: [String]
        if let workflow = filter.workflow {
            workflows = [workflow]
        } else {
            workflows = Set(try await self.workflows().map(\.name)).sorted()
        }
        if let foreignID = filter.foreignID { return workflows.map { keys.named($0, foreignID) } }
        let states = filter.states.isEmpty ? RunState.allCases : RunState.allCases.filter(filter.states.contains)
        return workflows.flatMap { workflow in states.map { keys.runs(workflow, $0.letter) } }
    }
}

extension Store {
    /// The live run of a workflow that has a foreign id.
    package func liveRun(of workflow: String, foreignID: String) async throws(StoreError) -> RunID? {
        try await send(RedisCommand("HGET", keys.foreign, "\(workflow)\t\(foreignID)")).text.flatMap { RunID($0) }
    }
}
