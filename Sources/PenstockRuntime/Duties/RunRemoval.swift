import PenstockModel
import PenstockStore

extension WorkerEngine {
    /// Removes, now and then, runs whose retention has passed. Of all workers one does it at a time.
    func removeExpiredRuns() async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: configuration.lease / 3) } catch { return }
            let name = state.withLock { $0.incarnationName }
            do throws(StoreError) {
                _ = try await store.removeExpiredRuns(worker: name)
            } catch {
                logger.warning("cannot remove runs whose retention has passed", metadata: ["error": "\(error)"])
            }
        }
    }
}
