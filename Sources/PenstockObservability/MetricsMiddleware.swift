import Metrics
import Penstock
import Synchronization

/// Counts and times what a process enqueues and executes, for swift-metrics; `kind` and `queue` are the dimensions.
///
/// | label | type | what |
/// | --- | --- | --- |
/// | `penstock_enqueued` | counter | jobs that were stored |
/// | `penstock_duplicates` | counter | jobs that were not, since their idempotency key was known |
/// | `penstock_enqueue_failed` | counter | jobs whose enqueue threw |
/// | `penstock_completed` | counter | attempts that ended well |
/// | `penstock_failed` | counter | attempts that threw, also because of a time-out or a cancellation |
/// | `penstock_released` | counter | attempts that a shutdown or a lost lease ended: they run again elsewhere |
/// | `penstock_execution_duration` | timer | an attempt, however it ended |
/// | `penstock_wait_duration` | timer | from the enqueue to the start of the first attempt, a delay included |
///
/// Waiting is told by the milliseconds in the job's id, which are Redis's as far as the producer knew them: good for people
/// and graphs.
public final class MetricsMiddleware: EnqueueMiddleware, ExecutionMiddleware {
    private struct Names: Hashable {
        let kind: String
        let queue: String
    }

    /// The instruments of one kind in one queue.
    private struct Instruments: Sendable {
        let enqueued, duplicates, enqueueFailed, completed, failed, released: Counter
        let execution, wait: Timer

        init(_ names: Names, _ factory: any MetricsFactory) {
            let dimensions = [("kind", names.kind), ("queue", names.queue)]
            func counter(_ label: String) -> Counter {
                Counter(label: "penstock_\(label)", dimensions: dimensions, factory: factory)
            }
            func timer(_ label: String) -> Timer {
                Timer(label: "penstock_\(label)", dimensions: dimensions, factory: factory)
            }
            enqueued = counter("enqueued")
            duplicates = counter("duplicates")
            enqueueFailed = counter("enqueue_failed")
            completed = counter("completed")
            failed = counter("failed")
            released = counter("released")
            execution = timer("execution_duration")
            wait = timer("wait_duration")
        }
    }

    private let factory: any MetricsFactory
    private let known = Mutex<[Names: Instruments]>([:])

    /// - Parameter factory: Makes the instruments; that of `MetricsSystem` by default.
    public init(factory: any MetricsFactory = MetricsSystem.factory) { self.factory = factory }

    public func enqueue(_ jobs: [JobRequest], next: NextEnqueue) async throws -> [Enqueued] {
        do {
            let answers = try await next(jobs)
            for (job, answer) in zip(jobs, answers) {
                let instruments = instruments(job.kind, job.options.queue)
                (answer.isDuplicate ? instruments.duplicates : instruments.enqueued).increment()
            }
            return answers
        } catch {
            for job in jobs { instruments(job.kind, job.options.queue).enqueueFailed.increment() }
            throw error
        }
    }

    public func execute(_ payload: [UInt8], _ context: JobContext, next: NextAttempt) async throws -> [UInt8]? {
        let instruments = instruments(context.kind, context.queue)
        if context.attempt == 1, context.recoveries == 0, let age = context.age {
            instruments.wait.record(duration: age)
        }
        let began = ContinuousClock.now
        defer { instruments.execution.record(duration: ContinuousClock.now - began) }
        do {
            let result = try await next(payload, context)
            instruments.completed.increment()
            return result
        } catch {
            switch context.cancellation {
            case .shutdown, .leaseLost: instruments.released.increment()
            case .requested, .timedOut, nil: instruments.failed.increment()
            }
            throw error
        }
    }

    private func instruments(_ kind: String, _ queue: String) -> Instruments {
        let names = Names(kind: kind, queue: queue)
        return known.withLock { known in
            if let instruments = known[names] { return instruments }
            let instruments = Instruments(names, factory)
            known[names] = instruments
            return instruments
        }
    }
}
