import PenstockModel
import PenstockRuntime
import PenstockStore

// Schedules that are part of a worker's code. They are stored when the worker starts. Of several versions that live side by
// side the one that came last is in force, as long as a worker declares it; then the one that is left. What somebody changed
// by hand stays until another version comes; a pause stays in any case.
extension Worker {
    /// Declares a schedule. Any worker fires its ticks.
    ///
    /// - Parameters:
    ///   - recurrence: a cron expression of five or six fields, `@daily` and its like, or an interval like `@every 90s`.
    /// - Throws: `invalidArgument` that says what is wrong with it.
    public func schedule(
        _ name: String, _ recurrence: String, starting target: ScheduleTarget, _ options: ScheduleOptions = .init()
    ) throws(PenstockError) {
        try penstock.checkSchedule(name)
        let (stored, payload) = try target.stored(penstock.store)
        let spec = try options.spec(recurrence, stored)
        register(ScheduleDeclaration(name: name, spec: spec, payload: payload))
    }

    /// Declares a schedule that enqueues a job.
    public func schedule<J: Job>(
        _ name: String, _ recurrence: String, _ job: J, _ options: ScheduleOptions = .init(),
        enqueue: EnqueueOptions = .init()
    ) throws(PenstockError) {
        try schedule(name, recurrence, starting: try penstock.target(job, enqueue), options)
    }

    /// Declares a schedule that starts runs of a workflow.
    public func schedule<Input, Output>(
        _ name: String, _ recurrence: String, _ workflow: Workflow<Input, Output>, _ input: Input,
        _ options: ScheduleOptions = .init(), start: StartOptions = .init()
    ) throws(PenstockError) {
        try schedule(name, recurrence, starting: try penstock.target(workflow.definition, input, start), options)
    }

    /// Declares a schedule that starts runs of a state machine, in its initial status.
    public func schedule<Object, Status>(
        _ name: String, _ recurrence: String, _ machine: StateMachine<Object, Status>, _ object: Object,
        _ options: ScheduleOptions = .init(), start: StartOptions = .init()
    ) throws(PenstockError) {
        try schedule(name, recurrence, starting: try penstock.target(machine.definition, object, start), options)
    }

    // MARK: Made by code

    /// Declares a schedule whose jobs are made by code: what a tick enqueues, or nil for nothing.
    ///
    /// The code runs as a job of its own, of kind `schedule/NAME`, in a worker that declares the schedule: it waits until there
    /// is one, and is retried as any job. What it makes is enqueued once for each tick.
    public func schedule<J: Job>(
        _ name: String, _ recurrence: String, _ options: ScheduleOptions = .init(),
        enqueue: EnqueueOptions = .init(), retry: RetryPolicy? = nil,
        making make: @escaping @Sendable (Tick) async throws -> J?
    ) throws(PenstockError) {
        let penstock = penstock
        // Wrong options are found now.
        _ = try ScheduleTarget.job(kind: J.name, payload: [], enqueue).stored(penstock.store)
        try schedule(name, recurrence, options, queue: enqueue.queue, tenant: enqueue.tenant, enqueue.priority, retry) {
            tick in try await make(tick).map { try penstock.target($0, enqueue) }
        }
    }

    /// Declares a schedule whose runs get an input that is made by code: nil for no run at this tick. See
    /// `schedule(_:_:_:enqueue:retry:making:)`.
    public func schedule<Input, Output>(
        _ name: String, _ recurrence: String, _ workflow: Workflow<Input, Output>,
        _ options: ScheduleOptions = .init(), start: StartOptions = .init(), retry: RetryPolicy? = nil,
        making make: @escaping @Sendable (Tick) async throws -> Input?
    ) throws(PenstockError) {
        try schedule(name, recurrence, workflow.definition, options, start, retry, make)
    }

    /// Declares a schedule whose runs of a state machine get an object that is made by code: nil for no run at this tick. See
    /// `schedule(_:_:_:enqueue:retry:making:)`.
    public func schedule<Object, Status>(
        _ name: String, _ recurrence: String, _ machine: StateMachine<Object, Status>,
        _ options: ScheduleOptions = .init(), start: StartOptions = .init(), retry: RetryPolicy? = nil,
        making make: @escaping @Sendable (Tick) async throws -> Object?
    ) throws(PenstockError) {
        try schedule(name, recurrence, machine.definition, options, start, retry, make)
    }

    private func schedule<Input: Encodable & Sendable>(
        _ name: String, _ recurrence: String, _ definition: Definition, _ options: ScheduleOptions,
        _ start: StartOptions, _ retry: RetryPolicy?, _ make: @escaping @Sendable (Tick) async throws -> Input?
    ) throws(PenstockError) {
        let penstock = penstock
        _ = try ScheduleTarget.workflow(definition.shape.name, input: [], start).stored(penstock.store)
        try schedule(name, recurrence, options, queue: start.queue, tenant: start.tenant, start.priority, retry) {
            tick in try await make(tick).map { try penstock.target(definition, $0, start) }
        }
    }

    private func schedule(
        _ name: String, _ recurrence: String, _ options: ScheduleOptions, queue: String, tenant: String,
        _ priority: Priority, _ retry: RetryPolicy?,
        _ make: @escaping @Sendable (Tick) async throws -> ScheduleTarget?
    ) throws(PenstockError) {
        let kind = "schedule/\(name)"
        let maker = EnqueueOptions(queue: queue, tenant: tenant, priority: priority)
        try schedule(name, recurrence, starting: .job(kind: kind, payload: [], maker), options)
        let penstock = penstock
        register(kind, retry, nil) { _, context in
            guard let tick = context.tick else {
                throw JobFailure.permanent("no tick of a schedule has started this job")
            }
            let target = try await make(tick)
            try await penstock.start(target, at: tick, for: context.id)
            return nil
        }
    }
}

extension Penstock {
    /// Starts what code has made of a tick, once, however often the job that made it runs.
    fileprivate func start(_ target: ScheduleTarget?, at tick: Tick, for maker: TaskID) async throws {
        let moment = tick.moment.milliseconds
        let token = "tick-\(maker)"
        guard let target else {
            _ = try await store.fire(
                TickFire(
                    schedule: tick.schedule, token: token, isTracked: false,
                    notes: [TickNote(tick: moment, fate: "filtered")], start: .nothing))
            return
        }
        let (stored, payload) = try target.stored(store)
        let (_, found) = try await store.schedules([tick.schedule])
        // Policies are the schedule's of now; if it was deleted meanwhile, nobody looks at what goes on.
        let policies = try found[0].map { try ScheduleSpec(stored: $0.spec) }
        var spec = ScheduleSpec(recurrence: .every(milliseconds: 1000), target: stored)
        spec.overlap = policies?.overlap ?? .allow
        _ = try await firer.start(
            tick.schedule, spec, payload: payload, tick: moment, token: token, memory: .seconds(86_400), fate: "made")
    }
}
