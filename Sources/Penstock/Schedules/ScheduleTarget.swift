import PenstockModel
import PenstockStore

/// What a schedule starts at each tick.
public enum ScheduleTarget: Sendable, Hashable {
    /// A job as bytes. Not with unique keys, idempotency keys, batches, replicas, roles, a delay or a time: overlap policies
    /// say whether a job is started, and the tick when.
    case job(kind: String, payload: [UInt8], EnqueueOptions = .init())
    /// A run of a workflow by its name; of the greatest version that is known at each tick, by default. Not with a foreign id,
    /// an idempotency key, a role or a status.
    case workflow(String, version: Int? = nil, input: [UInt8], StartOptions = .init())

    /// From what is stored.
    init(_ stored: ScheduleSpec.Target, _ payload: [UInt8]) throws {
        switch stored {
        case .job(let job):
            guard let record = TaskRecord(Array("\(job.head)\n".utf8)) else {
                throw InvalidSchedule("its job cannot be read by this version")
            }
            let options = record.options
            self = .job(
                kind: record.kind, payload: payload,
                EnqueueOptions(
                    queue: record.queue, tenant: record.tenant, priority: record.priority,
                    limits: options.limits.map(\.rawValue), expiry: job.expiry, maxAttempts: options.maxAttempts,
                    backoff: options.backoff, timeout: options.timeout, deadline: job.deadline,
                    retention: options.retention, headers: options.headers))
        case .workflow(let workflow):
            self = .workflow(
                workflow.name, version: workflow.version, input: payload,
                StartOptions(
                    queue: workflow.queue, tenant: workflow.tenant, priority: workflow.priority, tags: workflow.tags,
                    callback: try workflow.callback.map { try JSONCodec().decode(RunCallback.self, from: $0) }))
        }
    }

    /// As it is stored.
    func stored(_ store: Store) throws(PenstockError) -> (target: ScheduleSpec.Target, payload: [UInt8]) {
        switch self {
        case .job(let kind, let payload, let options):
            for (field, isSet) in [
                ("unique", options.unique != nil), ("idempotencyKey", options.idempotencyKey != nil),
                ("batch", options.batch != nil), ("replicas", options.replicas != nil),
                ("delay", options.delay != nil), ("at", options.at != nil), ("role", options.role != nil),
            ] where isSet {
                throw PenstockError(.invalidArgument, "a schedule's job cannot have \(field): leave it out")
            }
            // Of one such job only what is the same for all is kept.
            let task = try options.task(id: store.makeID(), kind: kind, payload: payload)
            do throws(StoreError) { try store.validate(task) } catch { throw PenstockError(error) }
            return (
                .job(.init(head: task.record.head, deadline: task.deadline, expiry: task.expiry)), payload
            )
        case .workflow(let name, let version, let input, let options):
            for (field, isSet) in [
                ("foreignID", options.foreignID != nil), ("status", options.status != nil),
                ("idempotencyKey", options.idempotencyKey != nil), ("role", options.role != nil),
            ] where isSet {
                throw PenstockError(.invalidArgument, "a schedule's run cannot have \(field): leave it out")
            }
            do {
                try Name.kind.check(name)
                try Name.queue.check(options.queue)
                try Name.tenant.check(options.tenant)
                for tag in options.tags { try Name.key.check(tag) }
            } catch {
                throw PenstockError(.invalidArgument, "\(error)", cause: error)
            }
            guard options.tags.count < NewRun.maximumTags else {
                throw PenstockError(
                    .invalidArgument,
                    "a schedule's run has at most \(NewRun.maximumTags - 1) tags of its own: it is also found by schedule/NAME"
                )
            }
            var callback: [UInt8]?
            if let asked = options.callback {
                do { callback = try JSONCodec().encode(asked) } catch {
                    throw PenstockError(.codec, "the callback cannot be encoded: \(error)", cause: error)
                }
            }
            return (
                .workflow(
                    .init(
                        name: name, version: version, queue: options.queue, tenant: options.tenant,
                        priority: options.priority, tags: options.tags, callback: callback)), input
            )
        }
    }
}

extension ScheduleOptions {
    /// - Throws: `invalidArgument` that names what is wrong and the way out.
    func spec(_ recurrence: String, _ target: ScheduleSpec.Target) throws(PenstockError) -> ScheduleSpec {
        do {
            let spec = ScheduleSpec(
                recurrence: try Recurrence(recurrence), zone: zone, start: start?.milliseconds, end: end?.milliseconds,
                maximumCount: maximumCount, jitter: jitter, overlap: overlap, misfire: misfire, grace: misfireGrace,
                note: note, target: target)
            try spec.check()
            _ = try TimeZoneRules(zone)
            return spec
        } catch let error as PenstockError {
            throw error
        } catch {
            throw PenstockError(.invalidArgument, "\(error)", cause: error)
        }
    }
}
