import PenstockModel
import PenstockStore

extension WorkerEngine {
    /// Blocks on the worker's own list until somebody tells it of work or of a cancellation.
    func listenForHints() async {
        let connection = store.redis.makeBlockingConnection()
        var failures = 0
        while !Task.isCancelled {
            let name = state.withLock { $0.incarnationName }
            do throws(StoreError) {
                let hints = try await store.hints(for: name, on: connection, timeout: configuration.pollInterval)
                failures = 0
                for hint in hints { follow(hint) }
                // The claim loop, on this same thread, first: its call starts the work, the next wait can wait.
                if !hints.isEmpty { await Task.yield() }
            } catch {
                if Task.isCancelled { break }
                failures += 1
                if failures == 1 {
                    logger.warning("cannot listen for work; polling", metadata: ["error": "\(error)"])
                }
                // Whatever was said meanwhile is lost: look.
                lookForWork()
                let wait = Backoff.exponential(from: .milliseconds(20), cap: .seconds(1), jitter: 0.5)
                    .wait(afterAttempt: failures, random: .random(in: 0..<1))
                try? await Task.sleep(for: wait)
            }
        }
        await connection.close()
    }

    private func follow(_ hint: Hint) {
        switch hint {
        case .work:
            lookForWork()
        case .cancel(let id, let reason):
            cancel(id, reason: reason)
        }
    }

    func cancel(_ id: TaskID, reason: String) {
        if let attempt = state.withLock({ $0.cancel(id, reason: reason) }) {
            interrupt(attempt, .cancelled(reason: reason))
        } else {
            gate.open()
        }
    }

    func lookForWork() {
        state.withLock { $0.lookForWork() }
        gate.open()
    }
}
