import Logging
import PenstockModel
import PenstockStore

/// How a worker works. Frozen when it starts.
package struct WorkerConfiguration: Sendable {
    /// What it subscribes to, each served in turn.
    package var queues: [String]
    /// How many attempts run at once.
    package var concurrency = 16
    /// How many attempts of one kind run at once, where fewer than `concurrency`.
    package var kindConcurrency: [String: Int] = [:]
    /// How long the worker's tasks stay its own without a sign of life.
    package var lease: Duration = .seconds(15)
    /// How long running attempts may go on after a graceful shutdown began.
    package var shutdownGrace: Duration = .seconds(25)
    /// How long a handler may take to end after it was cancelled, before its slot is given away.
    package var cancellationGrace: Duration = .seconds(5)
    /// Time for one attempt where neither the job nor its handler says.
    package var attemptTimeout: Duration?
    package var retry: RetryPolicy = .standard
    /// Ends the worker when nothing is ready, delayed or running in its queues.
    package var drains = false
    /// Takes in entries of the inbox stream as soon as they are there.
    package var watchesInbox = true
    package var firesSchedules = true
    /// Made known when the worker registers.
    package var connections: [RunConnection] = []
    package var host = ""
    package var pid = 0

    package init(queues: [String]) { self.queues = queues }

    /// The longest silence between looks for work; what a lost wake-up can cost. Also the worker's pulse when idle.
    var pollInterval: Duration { drains ? .milliseconds(250) : min(fallbackPoll, lease / 3) }
    /// The longest time in which an idle worker does not look for work by itself.
    package var fallbackPoll: Duration = .seconds(5)

    /// How long a call that renews the lease may take: a connection that fell silent must be found, and made again, while
    /// the lease still holds.
    var callTimeout: Duration { min(.seconds(10), max(lease / 3, .milliseconds(300))) }

    package func validate() throws(StoreError) {
        guard !queues.isEmpty else { throw .invalid("a worker needs at least one queue") }
        for queue in queues {
            do { try Name.queue.check(queue) } catch { throw .invalid("\(error)") }
        }
        guard (1...10_000).contains(concurrency) else {
            throw .invalid("concurrency must be 1 to 10000; it is \(concurrency)")
        }
        for (kind, bound) in kindConcurrency where bound < 1 {
            throw .invalid("concurrency of kind \(kind) must be at least 1; it is \(bound)")
        }
        guard lease >= .milliseconds(300), lease <= .seconds(86_400) else {
            throw .invalid("lease must be 300 ms to one day; it is \(lease)")
        }
        guard fallbackPoll >= .milliseconds(1) else {
            throw .invalid("pollInterval must be 1 ms or longer; it is \(fallbackPoll)")
        }
        guard shutdownGrace >= .zero, cancellationGrace >= .zero else {
            throw .invalid("grace times must not be negative")
        }
    }
}

/// What a worker calls for one attempt of one kind.
package struct TaskHandler: Sendable {
    /// Returns the result, to be kept if the task asks for that.
    package var run: @Sendable (ClaimedTask, AttemptContext) async throws -> [UInt8]?
    package var retry: RetryPolicy?
    package var timeout: Duration?

    package init(
        retry: RetryPolicy? = nil, timeout: Duration? = nil,
        run: @escaping @Sendable (ClaimedTask, AttemptContext) async throws -> [UInt8]?
    ) {
        self.retry = retry
        self.timeout = timeout
        self.run = run
    }
}

/// What an attempt knows of its surroundings.
package struct AttemptContext: Sendable {
    package let logger: Logger
    let attempt: Attempt
    let engine: WorkerEngine

    package var maxAttempts: Int { attempt.policy.attempts }

    /// Redis's clock in milliseconds, as far as it is known here.
    package var now: Int64 { engine.store.serverNow }

    /// Notes progress and log lines of the task. False if they were not noted: the lease is lost, or Redis cannot be
    /// reached; neither is a failure of the task.
    package func note(progress: String?, lines: [String]) async -> Bool {
        let worker = engine.state.withLock { $0.incarnation == attempt.incarnation ? $0.incarnationName : nil }
        guard let worker else { return false }
        do throws(StoreError) {
            return try await engine.store.note(
                worker: worker, id: attempt.task.id, claim: attempt.task.claim, progress: progress, lines: lines)
        } catch {
            logger.debug("not noted", metadata: ["job": "\(attempt.task.id)", "error": "\(error)"])
            return false
        }
    }

    /// Why the attempt was cancelled, once it was.
    ///
    /// A worker whose own task is cancelled has its handlers cancelled by that, perhaps before it gives the reason.
    package var interruption: Interruption? { attempt.interruption ?? (Task.isCancelled ? .shutdown : nil) }
}

/// What happens in a worker, for tests and for counting.
package enum WorkerEvent: Sendable, Hashable {
    case registered(incarnation: String)
    case claimed([TaskID])
    case idle
    /// Commits that were refused because the lease had been lost.
    case refused([TaskID])
    /// What a call committed, as Redis took it.
    case committed([Commitment])
    /// Commits that were sent again after a lost reply and had been applied the first time.
    case confirmed([TaskID])
    case incarnationLost(String)
    case interrupted(TaskID, Interruption)
    /// What is declared has been looked at.
    case declared
    case stopped
}

/// What a worker has done since it started.
package struct WorkerStatistics: Sendable, Hashable {
    package var claimed = 0
    package var completed = 0
    package var retried = 0
    package var dead = 0
    package var cancelled = 0
    package var released = 0
    package var refused = 0
    package var incarnations = 0
    package var cycles = 0
}
