import PenstockModel
import PenstockStore

/// A run in a list.
public struct RunListEntry: Sendable, Hashable {
    public let id: RunID
    public let workflow: String
    public let state: RunState
    public let isFailing: Bool
    public let startedAt: Int64
    public let foreignID: String?
    public let tags: [String]
}

/// A workflow that a worker has made known.
public struct WorkflowInfo: Sendable, Hashable {
    public let name: String
    public let version: Int
    public let isStateMachine: Bool
    /// Of its steps or statuses.
    public let steps: [String]
}

extension Penstock {
    /// Lists runs, the latest first, a page at a time. Read from indexes: what it costs depends on the page alone.
    ///
    /// - Parameters:
    ///   - after: where the page before has ended: `next` of its answer.
    ///   - limit: entries of a page, 1 to 500. A page may have fewer, and go on all the same.
    /// - Returns: the page, and where the next one begins; nil if there is none.
    public func runs(
        _ filter: RunFilter = .init(), after: String? = nil, limit: Int = 50
    ) async throws(PenstockError) -> (entries: [RunListEntry], next: String?) {
        guard (1...500).contains(limit) else {
            throw PenstockError(.invalidArgument, "a page has 1 to 500 runs; asked for are \(limit)")
        }
        var cursor: RunCursor?
        if let after {
            cursor = RunCursor(after)
            if cursor == nil {
                throw PenstockError(
                    .invalidArgument, "\"\(InvalidName.printable(after))\" is no place in a list of runs")
            }
        }
        let page = try await publicly { () throws(StoreError) in
            try await store.runs(filter, after: cursor, limit: limit)
        }
        let entries = page.entries.map { entry in
            RunListEntry(
                id: entry.id, workflow: entry.workflow, state: entry.summary.facts.state,
                isFailing: entry.summary.facts.isFailing, startedAt: entry.startedAt, foreignID: entry.foreignID,
                tags: entry.tags)
        }
        return (entries, page.next?.description)
    }

    /// The live run of a workflow that has this foreign id.
    public func liveRun(of workflow: String, foreignID: String) async throws(PenstockError) -> Run? {
        try await publicly { () throws(StoreError) in try await store.liveRun(of: workflow, foreignID: foreignID) }
            .map { Run($0, self) }
    }

    /// The workflows that workers have made known, all versions.
    public func workflows() async throws(PenstockError) -> [WorkflowInfo] {
        try await publicly { () throws(StoreError) in
            var infos: [WorkflowInfo] = []
            for known in try await store.workflows() {
                let shape = try await library.planner(known.digest).shape
                let (isMachine, steps) =
                    switch shape.body {
                    case .graph(let graph): (false, graph.steps.map(\.name))
                    case .machine(let machine): (true, machine.states.map(\.name))
                    }
                infos.append(
                    WorkflowInfo(name: known.name, version: known.version, isStateMachine: isMachine, steps: steps))
            }
            return infos
        }
    }

    /// A picture of a workflow that a worker has made known, in Mermaid's language; the latest version by default.
    ///
    /// - Throws: `notFound` if no worker has made such a workflow known.
    public func mermaid(
        workflow name: String, version: Int? = nil, direction: DiagramDirection = .topToBottom
    ) async throws(PenstockError) -> String {
        try await shape(workflow: name, version: version).shape.mermaid(direction: direction)
    }
}
