import Dispatch

/// Does what keeps a processor busy for seconds on a thread apart: on one of the few that all tests share, it would stop
/// those that wait for something. It stays in the task of the caller, so expectations know their test.
package func apart<Value>(_ work: () throws -> Value) async rethrows -> Value {
    try await withTaskExecutorPreference(ThreadApart.shared) { try work() }
}

/// One thing at a time: two processors with nothing but this to do would be no better.
private final class ThreadApart: TaskExecutor {
    static let shared = ThreadApart()
    private let queue = DispatchQueue(label: "apart")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
