import PenstockStore

extension WorkerEngine {
    /// Renews the lease, once for all that the worker holds, and learns of cancellations whose hint was lost.
    func keepLease() async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: configuration.lease / 3) } catch { return }
            let name = state.withLock { $0.incarnationName }
            do throws(StoreError) {
                let reply = try await store.heartbeat(worker: name, lease: configuration.lease)
                if !reply.isAlive {
                    await beReborn(from: name)
                    continue
                }
                for (id, reason) in reply.cancels { cancel(id, reason: reason) }
            } catch {
                logger.warning("heartbeat failed", metadata: ["error": "\(error)"])
            }
        }
    }
}
