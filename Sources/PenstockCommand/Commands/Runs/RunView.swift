import Penstock
import PenstockModel

/// A run as it is printed.
struct RunView {
    let status: RunStatus
    /// Nil: of a state machine.
    let graph: GraphShape?
    let times: RunTimes
    var why: [String] = []
    var input: [UInt8]?
    /// Of a state machine that has not ended: its object.
    var output: [UInt8]?

    init(_ run: Run, shape: WorkflowShape, now: Int64? = nil) async throws {
        // History after status: what ended meanwhile is then at worst shown with the time of its end.
        status = try await run.status()
        times = RunTimes(try await run.history(), now: now)
        if case .graph(let graph) = shape.body { self.graph = graph } else { graph = nil }
    }

    /// - Parameter limit: so many bytes of input and output.
    func forPeople(limit: Int) -> String {
        var sheet = Sheet()
        sheet.add("run", status.id.rawValue)
        sheet.add("workflow", "\(status.workflow), version \(status.version)")
        sheet.add("state", stateText)
        sheet.add("status", status.status.map(printable))
        sheet.add("round", status.round > 1 ? "\(status.round)" : nil)
        sheet.add("started", status.startedAt.map(Moment.textWithAge))
        sheet.add("ended", times.endedAt.map(Moment.textWithAge))
        sheet.add("took", duration.map(HumanText.duration))
        sheet.add("queue", status.queue)
        sheet.add("tenant", status.tenant.isEmpty ? nil : printable(status.tenant))
        sheet.add("foreign id", status.foreignID.map(printable))
        sheet.add("tags", status.tags.isEmpty ? nil : printable(status.tags.joined(separator: ", ")))
        sheet.add("parent", status.parent?.rawValue)
        for step in status.steps {
            sheet.add("child of \(step.name)", step.child?.rawValue)
            sheet.add(
                "items of \(step.name)",
                step.fanOut.map { "\($0.done) of \($0.total) ended" + ($0.failed > 0 ? ", \($0.failed) failed" : "") })
        }
        sheet.add("input", input.map { BytesPreview($0, limit: limit).forPeople })
        sheet.add(
            graph == nil && !status.state.isTerminal ? "object" : "output",
            output.map { BytesPreview($0, limit: limit).forPeople })
        for error in status.errors {
            sheet.add(
                error.isOfRollback ? "rollback of \(error.step)" : "error of \(error.step)",
                printableLines(error.message))
        }
        sheet.add("why", why.isEmpty ? nil : why.map(printableLines).joined(separator: "\n"))
        return ([sheet.render()] + [drawing()].filter { !$0.isEmpty }).joined(separator: "\n\n")
    }

    /// The steps, or the statuses that a machine went through.
    func drawing(_ style: Style = .output) -> String {
        if let graph {
            var standings: [String: StepStanding] = [:]
            var details = times.steps
            for step in status.steps {
                standings[step.name] = StepStanding(step.state, branch: step.branch)
                details[step.name, default: .init()].error = step.rollbackError ?? step.error
            }
            return StepDrawing(rows: StepRow.rows(of: graph, standings: standings, details: details), style: style)
                .lines()
                .joined(separator: "\n")
        }
        if times.statuses.isEmpty { return "" }
        var table = Table([.text("status"), .text("entered"), .text("lasted"), .text("by")])
        let ends = times.statuses.dropFirst().map(\.at) + [times.endedAt ?? Moment.now]
        for (visit, end) in zip(times.statuses, ends) {
            table.add([
                Table.Cell(visit.status, paint: Style.output.bold), Table.Cell(Moment.text(visit.at)),
                Table.Cell(HumanText.duration(milliseconds: max(0, end - visit.at))), Table.Cell(visit.by),
            ])
        }
        return table.render(style)
    }

    /// One line: what it is and where.
    var headline: String {
        "\(status.id)  \(status.workflow)  \(stateText)" + (status.status.map { ", \(printable($0))" } ?? "")
    }

    private var stateText: String { status.state.painted() + (status.isFailing ? ", a step has failed" : "") }

    private var duration: Duration? {
        guard let start = status.startedAt, let end = times.endedAt else { return nil }
        return .milliseconds(end - start)
    }
}

extension RunState {
    /// In words, painted.
    func painted(_ style: Style = .output) -> String { paint(style)(words) }

    func paint(_ style: Style = .output) -> (String) -> String {
        switch self {
        case .pending, .dataDeleted, .deletingData: style.dim
        case .running: style.cyan
        case .paused, .cancelling, .rollingBack, .cancelled, .rolledBack: style.yellow
        case .succeeded: style.green
        case .failed: style.red
        }
    }
}

extension RunView {
    func json(limit: Int) -> some Encodable { JSON(self, limit: limit) }

    private struct JSON: Encodable {
        struct Step: Encodable {
            struct Items: Encodable {
                let total: Int
                let done: Int
                let failed: Int
            }

            let name: String
            let state: String
            let branch: String?
            let dependencies: [String]
            let attempts: Int?
            let durationMs: Int64?
            let fanOut: Items?
            let child: String?
            let error: String?
            let rollbackError: String?
        }

        struct Visit: Encodable {
            let status: String
            let at: String
            let by: String
        }

        let id: String
        let workflow: String
        let version: Int
        let state: String
        let failing: Bool
        let round: Int
        let startedAt: String?
        let endedAt: String?
        let durationMs: Int64?
        let queue: String
        let tenant: String
        let foreignId: String?
        let tags: [String]
        let parent: String?
        /// Of a state machine.
        let status: String?
        let statuses: [Visit]?
        /// Of a graph.
        let steps: [Step]?
        let errors: [RunErrorView]
        let why: [String]
        let input: BytesPreview?
        let output: BytesPreview?

        init(_ view: RunView, limit: Int) {
            let status = view.status
            id = status.id.rawValue
            workflow = status.workflow
            version = status.version
            state = snakeCase(status.state.rawValue)
            failing = status.isFailing
            round = status.round
            startedAt = status.startedAt.map(Moment.text)
            endedAt = view.times.endedAt.map(Moment.text)
            durationMs = view.duration?.milliseconds
            queue = status.queue
            tenant = status.tenant
            foreignId = status.foreignID
            tags = status.tags
            parent = status.parent?.rawValue
            self.status = status.status
            let isMachine = view.graph == nil
            statuses =
                isMachine
                ? view.times.statuses.map { Visit(status: $0.status, at: Moment.text($0.at), by: $0.by) } : nil
            steps = isMachine ? nil : status.steps.map { Self.step($0, view.times.steps[$0.name]) }
            errors = status.errors.map(RunErrorView.init)
            why = view.why
            input = view.input.map { BytesPreview($0, limit: limit) }
            output = view.output.map { BytesPreview($0, limit: limit) }
        }

        private static func step(_ step: StepStatus, _ detail: StepRow.Detail?) -> Step {
            Step(
                name: step.name, state: snakeCase(step.state.rawValue), branch: step.branch,
                dependencies: step.dependencies, attempts: detail?.attempts,
                durationMs: detail?.duration?.milliseconds,
                fanOut: step.fanOut.map { .init(total: $0.total, done: $0.done, failed: $0.failed) },
                child: step.child?.rawValue, error: step.error, rollbackError: step.rollbackError)
        }
    }
}
