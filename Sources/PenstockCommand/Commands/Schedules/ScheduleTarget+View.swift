import Penstock

extension ScheduleTarget {
    var isJob: Bool { if case .job = self { true } else { false } }

    /// `job send-digest`, `workflow checkout, version 2`.
    var words: String {
        switch self {
        case .job(let kind, _, _): "job \(kind)"
        case .workflow(let name, let version, _, _): "workflow \(name)" + (version.map { ", version \($0)" } ?? "")
        }
    }

    /// Where and how it is started.
    func add(to sheet: inout Sheet, limit: Int) {
        switch self {
        case .job(_, let payload, let options):
            add(to: &sheet, options.queue, options.tenant, options.priority)
            sheet.add("attempts", options.maxAttempts.map { "at most \($0)" })
            sheet.add("timeout", options.timeout.map { HumanText.duration($0) })
            sheet.add("deadline", options.deadline.map { "\(HumanText.duration($0)) from its start by the schedule" })
            sheet.add("expires", options.expiry.map { "if it has not started within \(HumanText.duration($0))" })
            sheet.add("retain", options.retention.map { HumanText.duration($0) })
            sheet.add("limits", options.limits.isEmpty ? nil : printable(options.limits.joined(separator: ", ")))
            for (name, value) in options.headers.sorted(by: { $0.key < $1.key }) {
                sheet.add("header \(printable(name))", printable(value))
            }
            sheet.add("payload", BytesPreview(payload, limit: limit).forPeople)
        case .workflow(_, _, let input, let options):
            add(to: &sheet, options.queue, options.tenant, options.priority)
            sheet.add("tags", options.tags.isEmpty ? nil : printable(options.tags.joined(separator: ", ")))
            sheet.add("callback", options.callback.map { printable($0.url) })
            for (name, value) in (options.callback?.attributes ?? [:]).sorted(by: { $0.key < $1.key }) {
                sheet.add("attribute \(printable(name))", printable(value))
            }
            sheet.add("input", BytesPreview(input, limit: limit).forPeople)
        }
    }

    private func add(to sheet: inout Sheet, _ queue: String, _ tenant: String, _ priority: Priority) {
        sheet.add("queue", queue)
        sheet.add("tenant", tenant.isEmpty ? nil : printable(tenant))
        sheet.add("priority", priority == .normal ? nil : "\(priority.rawValue)")
    }

    struct View: Encodable {
        struct Callback: Encodable {
            let url: String
            let attributes: [String: String]
        }

        /// Of a job.
        var kind: String?
        /// Of a run.
        var workflow: String?
        var version: Int?
        let queue: String
        let tenant: String?
        let priority: Int
        var maxAttempts: Int?
        var timeoutMs: Int64?
        var deadlineMs: Int64?
        var expiresMs: Int64?
        var retainMs: Int64?
        var limits: [String]?
        var headers: [String: String]?
        var payload: BytesPreview?
        var tags: [String]?
        var callback: Callback?
        var input: BytesPreview?

        /// - Parameter limit: so many bytes of payload or input; nil: without.
        init(_ target: ScheduleTarget, limit: Int?) {
            switch target {
            case .job(let kind, let payload, let options):
                self.kind = kind
                queue = options.queue
                tenant = options.tenant.isEmpty ? nil : options.tenant
                priority = options.priority.rawValue
                maxAttempts = options.maxAttempts
                timeoutMs = options.timeout?.milliseconds
                deadlineMs = options.deadline?.milliseconds
                expiresMs = options.expiry?.milliseconds
                retainMs = options.retention?.milliseconds
                limits = options.limits
                headers = options.headers.isEmpty ? nil : options.headers
                self.payload = limit.map { BytesPreview(payload, limit: $0) }
            case .workflow(let name, let version, let input, let options):
                workflow = name
                self.version = version
                queue = options.queue
                tenant = options.tenant.isEmpty ? nil : options.tenant
                priority = options.priority.rawValue
                tags = options.tags
                callback = options.callback.map { Callback(url: $0.url, attributes: $0.attributes) }
                self.input = limit.map { BytesPreview(input, limit: $0) }
            }
        }
    }
}
