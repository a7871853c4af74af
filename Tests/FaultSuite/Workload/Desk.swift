import Penstock
import PenstockModel
import Synchronization

/// Does the operations of a producer, and logs each: `invoke KIND KEY`, then `ok`, `fail` or `unknown`.
///
/// Whatever is unknown can be asked for again under its idempotency key, which tells what became of it or does it.
struct Desk: Sendable {
    typealias Again = @Sendable () async throws(PenstockError) -> String

    let penstock: Penstock
    let log: LogFile
    private let book = Book()

    private final class Book: Sendable {
        struct State {
            var unknown: [(kind: String, key: String, again: Again)] = []
            var cancels: [TaskID] = []
            var last: TaskID?
            var run: RunID?
            var runs: [String: RunID] = [:]
        }
        let state = Mutex(State())
    }

    init(penstock: Penstock, log: LogFile) {
        self.penstock = penstock
        self.log = log
    }

    // MARK: Operations

    func enqueue(_ job: Work, _ options: EnqueueOptions) async {
        var options = options
        options.idempotencyKey = job.key
        let again = enqueuing(job, options, confirmed: false)
        guard options.replicas != nil else {
            _ = await perform("job", job.key, again)
            return
        }
        // Asked again, it need not be confirmed: the replicas may be gone for good.
        await perform("confirmed", job.key, enqueuing(job, options, confirmed: true), again: ("job", again))
    }

    private func enqueuing(_ job: Work, _ options: EnqueueOptions, confirmed: Bool) -> Again {
        var options = options
        if !confirmed { options.replicas = nil }
        return { [penstock, book, options] () async throws(PenstockError) in
            let id = try await penstock.enqueue(job, options).id
            book.state.withLock { $0.last = id }
            return id.rawValue
        }
    }

    /// Starts a run and signals it.
    func order(_ order: Order) async {
        let isOpen = await perform(order.fails ? "failing-run" : "run", order.key) {
            [penstock, book] () async throws(PenstockError) in
            let workflow: Workflow<Order, NoOutput>
            do { workflow = try OrderWorkflow.make { _, _ in } } catch {
                throw PenstockError(.invalidArgument, "the workflow: \(error)")
            }
            let options = StartOptions(
                queue: WorkerChild.queue, foreignID: order.key, tags: ["suite"], idempotencyKey: order.key,
                keyLifetime: .seconds(600))
            let id = try await penstock.start(workflow, order, options).id
            book.state.withLock { state in
                state.run = id
                state.runs[order.key] = id
            }
            return id.rawValue
        }
        if isOpen { await signal(order.key) }
    }

    /// Signals the run that was started under the key. If that is unknown it is known when this is asked for again.
    private func signal(_ key: String) async {
        await perform("signal", key) { [penstock, book] () async throws(PenstockError) in
            guard let id = book.state.withLock({ $0.runs[key] }) else {
                throw PenstockError(.outcomeUnknown, "nobody knows yet whether the run was started")
            }
            try await penstock.run(id).signal(
                OrderWorkflow.signal, 1, idempotencyKey: "s\(key)", keyLifetime: .seconds(600))
            return id.rawValue
        }
    }

    func enqueueAndCancel(_ key: String) async {
        let options = EnqueueOptions(
            queue: WorkerChild.queue, delay: .seconds(3600), idempotencyKey: key, keyLifetime: .seconds(600))
        await perform("idle", key) { [penstock, book] () async throws(PenstockError) in
            let id = try await penstock.enqueue(IdleWork(key: key), options).id
            book.state.withLock { $0.cancels.append(id) }
            return id.rawValue
        }
        await cancelTheRest()
    }

    /// Returns whether it was done, or may have been.
    @discardableResult
    private func perform(
        _ kind: String, _ key: String, _ body: @escaping Again, again: (kind: String, body: Again)? = nil
    ) async -> Bool {
        log.note("invoke", kind, key)
        do throws(PenstockError) {
            log.note("ok", kind, key, try await body())
            return true
        } catch {
            // A run that was started needs its signal.
            let isOpen = error.code.leavesOpen || (kind == "signal" && error.code != .notFound)
            log.note(isOpen ? "unknown" : "fail", kind, key, error.code.rawValue)
            if isOpen { book.state.withLock { $0.unknown.append((again?.kind ?? kind, key, again?.body ?? body)) } }
            return isOpen
        }
    }

    // MARK: The end

    /// Asks again for what is unknown until nothing is, and cancels what was to be cancelled.
    func resolve() async throws {
        for _ in 0..<120 {
            let open = book.state.withLock { state in
                defer { state.unknown = [] }
                return state.unknown
            }
            for operation in open { await askAgain(operation) }
            await cancelTheRest()
            let isDone = book.state.withLock { $0.unknown.isEmpty && $0.cancels.isEmpty }
            if isDone, await isResumed() { return }
            // Sleeps because: what hinders it is somewhere else.
            try await Task.sleep(for: .milliseconds(250))
        }
        for operation in book.state.withLock({ $0.unknown }) { log.note("open", operation.kind, operation.key) }
    }

    /// Takes the operator's pause back.
    private func isResumed() async -> Bool {
        do throws(PenstockError) {
            _ = try await penstock.resume(kind: IdleWork.name)
            return true
        } catch {
            log.note("fail", "look", "resume", error.code.rawValue)
            return false
        }
    }

    /// A refusal now says nothing of the first time.
    private func askAgain(_ operation: (kind: String, key: String, again: Again)) async {
        do throws(PenstockError) {
            log.note("ok", operation.kind, operation.key, try await operation.again())
        } catch {
            log.note("again", operation.kind, operation.key, error.code.rawValue)
            if error.code != .notFound { book.state.withLock { $0.unknown.append(operation) } }
        }
    }

    private func cancelTheRest() async {
        for id in book.state.withLock({ $0.cancels }) {
            do throws(PenstockError) {
                _ = try await penstock.cancel(id, reason: "not wanted")
                book.state.withLock { $0.cancels.removeAll { $0 == id } }
            } catch {
                log.note("fail", "cancel", id.rawValue, error.code.rawValue)
                return
            }
        }
    }

    // MARK: Looking and steering

    /// One of the things that operators do; what comes of it is not judged, only that nothing else suffers.
    func look(_ round: Int) async {
        let (task, run) = book.state.withLock { ($0.last, $0.run) }
        do throws(PenstockError) {
            switch round % 12 {
            case 0: _ = try await penstock.queues(withTenants: true)
            case 1: _ = try await penstock.limits()
            case 2: if let task { _ = try await penstock.status(task) }
            case 3: if let task { _ = try await penstock.why(task) }
            case 4: if let run { _ = try await penstock.run(run).status() }
            case 5: if let run { _ = try await penstock.run(run).history() }
            case 6: _ = try await penstock.workers()
            case 7: try await penstock.setLimit("rated:1", LimitTerms.rated)
            case 8: _ = try await penstock.pause(kind: IdleWork.name, by: "operator")
            case 9: _ = try await penstock.resume(kind: IdleWork.name)
            case 10: _ = try await penstock.schedules()
            default: _ = try await penstock.runs(.init(), limit: 10)
            }
        } catch {
            log.note("fail", "look", String(round % 12), error.code.rawValue)
        }
    }
}

extension LimitTerms {
    /// Of one name of the scope `rated`.
    static var rated: LimitTerms {
        get throws(PenstockError) {
            do { return try LimitTerms(jobs: 60, burst: 5) } catch {
                throw PenstockError(.invalidArgument, "\(error)")
            }
        }
    }
}

extension PenstockError.Code {
    /// Whether the operation may have been done; a code that says it was not is held to that.
    var leavesOpen: Bool {
        switch self {
        case .outcomeUnknown, .notReplicated, .server, .closed, .timedOut: true
        default: false
        }
    }
}
