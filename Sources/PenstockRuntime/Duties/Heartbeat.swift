import PenstockModel
import PenstockStore

extension WorkerEngine {
    /// Renews the lease, once for all that the worker holds, and learns of cancellations whose hint was lost.
    /// One that failed is repeated soon: the lease does not wait.
    func keepLease() async {
        var failures = 0
        while !Task.isCancelled {
            let soon = Backoff.exponential(from: .milliseconds(20), cap: configuration.lease / 12, jitter: 0.5)
                .wait(afterAttempt: failures, random: .random(in: 0..<1))
            do { try await Task.sleep(for: failures == 0 ? configuration.lease / 3 : soon) } catch { return }
            let (name, hasLeft) = state.withLock { ($0.incarnationName, $0.phase == .left) }
            if hasLeft { return }
            do throws(StoreError) {
                let reply = try await store.heartbeat(
                    worker: name, lease: configuration.lease, timeout: configuration.callTimeout)
                failures = 0
                if !reply.isAlive {
                    await beReborn(from: name)
                    continue
                }
                for (id, reason) in reply.cancels { cancel(id, reason: reason) }
                state.withLock { $0.reviewLeases() }
                gate.open()
            } catch {
                failures += 1
                logger.warning("heartbeat failed", metadata: ["error": "\(error)"])
            }
        }
    }
}
