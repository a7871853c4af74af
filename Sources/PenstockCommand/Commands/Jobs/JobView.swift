import Penstock

/// A job as it is printed.
struct JobView: Encodable {
    struct TroubleView: Encodable {
        let at: String
        let attempt: Int
        let message: String
    }

    struct Limits: Encodable {
        let maxAttempts: Int?
        let timeoutMs: Int64?
        let retainMs: Int64?
        let deadline: String?
    }

    let id: String
    let state: String
    let kind: String?
    let queue: String?
    let tenant: String?
    let priority: Int?
    let createdAt: String?
    let position: Int?
    /// What holds it, in a sentence.
    let why: String?
    let limits: [String]?
    let uniqueKeys: [String]?
    /// The batch that it is a member of.
    let batch: String?
    let expiresAt: String?
    /// Delayed: when it is due.
    let dueAt: String?
    /// Dead: since when.
    let deadAt: String?
    let endedAt: String?
    let worker: String?
    let cancelReason: String?
    let isRetrying: Bool
    let failedAttempts: Int
    let recoveries: Int
    let history: [TroubleView]
    let options: Limits?
    let headers: [String: String]?
    let payload: BytesPreview?
    let result: BytesPreview?

    enum CodingKeys: String, CodingKey {
        case id, state, kind, queue, tenant, priority, createdAt, position, why, limits, uniqueKeys, batch, expiresAt,
            dueAt, deadAt, endedAt, worker, cancelReason
        case isRetrying = "retrying"
        case failedAttempts, recoveries, history, options, headers, payload, result
    }

    private let status: JobStatus

    init(_ status: JobStatus, why explanation: Explanation? = nil, limit: Int) {
        self.status = status
        // Of an ended job only the id, its end and its result are kept.
        let isKnown = !status.kind.isEmpty
        id = status.id.rawValue
        state = status.state.rawValue
        kind = isKnown ? status.kind : nil
        queue = isKnown ? status.queue : nil
        tenant = isKnown ? status.tenant : nil
        priority = isKnown ? status.priority.rawValue : nil
        createdAt = status.state == .unknown ? nil : status.id.milliseconds.map(Moment.text)
        position = status.position
        let explained = explanation.map(ExplanationView.init)
        why = explained?.text
        limits = isKnown ? status.options.limits.map(\.rawValue) : nil
        uniqueKeys = explained?.uniqueKeys
        batch = status.options.batch?.rawValue
        expiresAt = explained?.expiresAt
        dueAt = status.state == .delayed ? status.at.map(Moment.text) : nil
        deadAt = status.state == .dead ? status.at.map(Moment.text) : nil
        endedAt = status.state.isTerminal ? status.at.map(Moment.text) : nil
        worker = status.worker
        cancelReason = status.cancelReason
        isRetrying = status.isRetrying
        failedAttempts = status.failedAttempts
        recoveries = status.recoveries
        history = status.history.map { .init(at: Moment.text($0.at), attempt: $0.attempt, message: $0.message) }
        options =
            isKnown
            ? Limits(
                maxAttempts: status.options.maxAttempts, timeoutMs: status.options.timeout?.milliseconds,
                retainMs: status.options.retention?.milliseconds, deadline: status.options.deadline.map(Moment.text))
            : nil
        headers = status.options.headers.isEmpty ? nil : status.options.headers
        payload = isKnown ? BytesPreview(status.payload, limit: limit) : nil
        result = status.result.map { BytesPreview($0, limit: limit) }
    }

    var forPeople: String {
        var sheet = Sheet()
        sheet.add("id", id)
        sheet.add("state", stateText)
        sheet.add("kind", kind)
        sheet.add("queue", queue)
        sheet.add("tenant", tenant.flatMap { $0.isEmpty ? nil : printable($0) })
        sheet.add("priority", priority.flatMap { $0 == 0 ? nil : "\($0)" })
        sheet.add("why", status.state == .queued || status.state == .delayed ? why : nil)
        sheet.add("limits", limits.flatMap { $0.isEmpty ? nil : printable($0.joined(separator: ", ")) })
        sheet.add("unique", uniqueKeys.flatMap { $0.isEmpty ? nil : printable($0.joined(separator: ", ")) })
        sheet.add("batch", batch)
        sheet.add("expires", expiresAt)
        sheet.add("created", createdAt == nil ? nil : status.id.milliseconds.map(Moment.textWithAge))
        sheet.add("worker", worker.map(printable))
        sheet.add("cancel reason", cancelReason.flatMap { $0.isEmpty ? nil : printable($0) })
        if kind != nil {
            sheet.add("attempts", "\(failedAttempts) failed" + (status.options.maxAttempts.map { " of \($0)" } ?? ""))
        }
        sheet.add("recoveries", recoveries == 0 ? nil : "\(recoveries)")
        sheet.add("timeout", status.options.timeout.map { HumanText.duration($0) })
        sheet.add("deadline", status.options.deadline.map(Moment.textWithAge))
        sheet.add("retain", status.options.retention.map { HumanText.duration($0) })
        for (name, value) in status.options.headers.sorted(by: { $0.key < $1.key }) {
            sheet.add("header \(printable(name))", printable(value))
        }
        sheet.add("payload", payload.map(\.forPeople))
        sheet.add("result", result.map(\.forPeople))
        for trouble in status.history {
            sheet.add(
                "attempt \(trouble.attempt)",
                "\(Moment.textWithAge(trouble.at))\n" + printableLines(trouble.message))
        }
        return sheet.render()
    }

    private var stateText: String {
        let style = Style.output
        switch status.state {
        case .queued:
            return style.cyan("queued") + (position.map { ", \(HumanText.count($0)) before it in its lane" } ?? "")
        case .delayed:
            return style.yellow(isRetrying ? "delayed until its next attempt" : "delayed")
                + (status.at.map { ", due \(Moment.textWithAge($0))" } ?? "")
        case .running: return style.cyan("running") + (cancelReason == nil ? "" : ", asked to end")
        case .dead: return style.red("dead") + (status.at.map { " since \(Moment.textWithAge($0))" } ?? "")
        case .completed: return style.green("completed") + (status.at.map { " \(Moment.textWithAge($0))" } ?? "")
        case .cancelled, .discarded, .expired:
            return style.yellow(state) + (status.at.map { " \(Moment.textWithAge($0))" } ?? "")
        case .unknown: return "unknown: never enqueued, or ended and not retained"
        }
    }
}
