import PenstockModel
import PenstockStore

/// An enqueue as plain Redis commands, for the caller's own connection, MULTI or script.
public struct PreparedEnqueue: Sendable {
    /// The job's id: nobody has it before the command is executed.
    public let id: TaskID
    /// The command and its arguments: an `EVAL`, all or nothing, to be sent as it is, also between MULTI and EXEC. It has
    /// one key, which starts with the namespace's hash tag. Executed twice it answers IDTAKEN and changes nothing while
    /// the job lives.
    public let command: [[UInt8]]
}

extension Penstock {
    /// Prepares the enqueue of a job, to be executed by the caller together with other commands: both happen or none.
    ///
    ///     let prepared = try penstock.prepare(SendWelcome(userID: "42"))
    ///     // MULTI, the caller's own commands, prepared.command, EXEC
    ///
    /// A Lua script cannot call EVAL: from there, add an entry to the inbox (`inboxEntry(for:)`).
    ///
    /// Enqueue middleware is not asked: it stands around calls, and this makes none. Nor is the memory mark looked at.
    ///
    /// - Throws: `invalidArgument`, `codec`: as `enqueue` does; `invalidArgument` also for replicas, for which the caller
    ///   has to wait.
    public func prepare<J: Job>(
        _ job: J, _ options: EnqueueOptions = .init()
    ) throws(PenstockError) -> PreparedEnqueue {
        try prepare(kind: J.name, payload: try encode(job), options.adding(limitKeys: job.limitKeys))
    }

    /// Prepares the enqueue of a payload as it is.
    public func prepare(
        kind: String, payload: [UInt8], _ options: EnqueueOptions = .init()
    ) throws(PenstockError) -> PreparedEnqueue {
        try refuseReplicas(options)
        let task = try options.task(id: store.makeID(), kind: kind, payload: payload)
        do {
            return PreparedEnqueue(id: task.id, command: try store.enqueueCommand(task))
        } catch {
            throw PenstockError(error)
        }
    }

    /// The one plain command (`XADD` to the inbox stream) that becomes this job, once, when a worker of the namespace
    /// takes it in: for scripts and for clients in any language. The page Wire documents its fields.
    ///
    /// - Throws: `invalidArgument` also for options that the inbox does not have (back-off, batch, headers, replicas,
    ///   debounce, throttle).
    public func inboxEntry<J: Job>(
        for job: J, _ options: EnqueueOptions = .init()
    ) throws(PenstockError) -> [[UInt8]] {
        try refuseReplicas(options)
        let task = try options.adding(limitKeys: job.limitKeys)
            .task(id: store.makeID(), kind: J.name, payload: try encode(job))
        do { return try store.inboxCommand(task) } catch { throw PenstockError(error) }
    }

    private func refuseReplicas(_ options: EnqueueOptions) throws(PenstockError) {
        guard options.replicas != nil else { return }
        throw PenstockError(
            .invalidArgument,
            "a prepared enqueue is sent by its caller: leave replicas out, and send WAIT after it on the same connection"
        )
    }
}
