/// How a schedule is stored: durations in whole milliseconds, recurrence and policies as people write them, and no field for
/// what has its default value, so that the same schedule always has the same bytes.
extension ScheduleSpec: Codable {
    private enum CodingKeys: String, CodingKey {
        case recurrence, zone, start, anchor, end, maximumCount, jitter, overlap, misfire, grace, note, job, workflow,
            temporary
    }

    private enum JobKeys: String, CodingKey { case head, deadline, expiry }

    private enum WorkflowKeys: String, CodingKey { case name, version, queue, tenant, priority, tags, callback }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let text = try container.decode(String.self, forKey: .recurrence)
        let recurrence: Recurrence
        do { recurrence = try Recurrence(text) } catch {
            throw DecodingError.dataCorruptedError(forKey: .recurrence, in: container, debugDescription: "\(error)")
        }
        let target: Target
        if container.contains(.job) {
            target = .job(try Self.job(try container.nestedContainer(keyedBy: JobKeys.self, forKey: .job)))
        } else {
            target = .workflow(
                try Self.workflow(try container.nestedContainer(keyedBy: WorkflowKeys.self, forKey: .workflow)))
        }
        self.init(
            recurrence: recurrence, zone: try container.decode(String.self, forKey: .zone),
            start: try container.decodeIfPresent(Int64.self, forKey: .start),
            end: try container.decodeIfPresent(Int64.self, forKey: .end),
            maximumCount: try container.decodeIfPresent(Int.self, forKey: .maximumCount),
            jitter: try container.duration(.jitter) ?? .zero,
            overlap: try container.decodeIfPresent(OverlapPolicy.self, forKey: .overlap) ?? .allow,
            misfire: try container.decodeIfPresent(MisfirePolicy.self, forKey: .misfire) ?? .one,
            grace: try container.duration(.grace) ?? .seconds(60),
            note: try container.decodeIfPresent(String.self, forKey: .note), target: target,
            isTemporary: try container.decodeIfPresent(Bool.self, forKey: .temporary) ?? false)
        anchor = try container.decodeIfPresent(Int64.self, forKey: .anchor)
    }

    private static func job(_ container: KeyedDecodingContainer<JobKeys>) throws -> JobTarget {
        JobTarget(
            head: try container.decode(String.self, forKey: .head), deadline: try container.duration(.deadline),
            expiry: try container.duration(.expiry))
    }

    private static func workflow(_ container: KeyedDecodingContainer<WorkflowKeys>) throws -> WorkflowTarget {
        WorkflowTarget(
            name: try container.decode(String.self, forKey: .name),
            version: try container.decodeIfPresent(Int.self, forKey: .version),
            queue: try container.decode(String.self, forKey: .queue),
            tenant: try container.decodeIfPresent(String.self, forKey: .tenant) ?? "",
            priority: try container.decodeIfPresent(Int.self, forKey: .priority).flatMap { Priority($0) } ?? .normal,
            tags: try container.decodeIfPresent([String].self, forKey: .tags) ?? [],
            callback: try container.decodeIfPresent(String.self, forKey: .callback).map { Array($0.utf8) })
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(recurrence.text, forKey: .recurrence)
        try container.encode(zone, forKey: .zone)
        try container.encodeIfPresent(start, forKey: .start)
        try container.encodeIfPresent(anchor, forKey: .anchor)
        try container.encodeIfPresent(end, forKey: .end)
        try container.encodeIfPresent(maximumCount, forKey: .maximumCount)
        try container.encode(jitter, unless: .zero, forKey: .jitter)
        if overlap != .allow { try container.encode(overlap, forKey: .overlap) }
        if misfire != .one { try container.encode(misfire, forKey: .misfire) }
        try container.encode(grace, unless: .seconds(60), forKey: .grace)
        try container.encodeIfPresent(note, forKey: .note)
        if isTemporary { try container.encode(true, forKey: .temporary) }
        switch target {
        case .job(let job):
            var nested = container.nestedContainer(keyedBy: JobKeys.self, forKey: .job)
            try nested.encode(job.head, forKey: .head)
            try nested.encode(job.deadline, unless: nil, forKey: .deadline)
            try nested.encode(job.expiry, unless: nil, forKey: .expiry)
        case .workflow(let workflow):
            var nested = container.nestedContainer(keyedBy: WorkflowKeys.self, forKey: .workflow)
            try nested.encode(workflow.name, forKey: .name)
            try nested.encodeIfPresent(workflow.version, forKey: .version)
            try nested.encode(workflow.queue, forKey: .queue)
            if !workflow.tenant.isEmpty { try nested.encode(workflow.tenant, forKey: .tenant) }
            if workflow.priority != .normal { try nested.encode(workflow.priority.rawValue, forKey: .priority) }
            if !workflow.tags.isEmpty { try nested.encode(workflow.tags, forKey: .tags) }
            try nested.encodeIfPresent(
                workflow.callback.map { String(decoding: $0, as: UTF8.self) }, forKey: .callback)
        }
    }
}

extension KeyedDecodingContainer {
    fileprivate func duration(_ key: Key) throws -> Duration? {
        try decodeIfPresent(Int64.self, forKey: key).map { .milliseconds($0) }
    }
}

extension KeyedEncodingContainer {
    fileprivate mutating func encode(_ duration: Duration?, unless standard: Duration?, forKey key: Key) throws {
        if let duration, duration != standard { try encode(duration.milliseconds, forKey: key) }
    }
}
