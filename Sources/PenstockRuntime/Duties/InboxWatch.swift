import PenstockModel
import PenstockStore

extension WorkerEngine {
    /// Blocks on the inbox stream, which any client writes to without telling a worker, and looks for work when an entry
    /// is there: every turn of the claim loop takes entries in.
    func watchInbox() async {
        let connection = store.redis.makeBlockingConnection()
        var seen = InboxPosition.start
        var failures = 0
        while !Task.isCancelled {
            do throws(StoreError) {
                if try await store.inboxEntry(after: &seen, on: connection, timeout: .seconds(30)) { lookForWork() }
                failures = 0
            } catch {
                if Task.isCancelled { break }
                failures += 1
                let wait = Backoff.exponential(from: .milliseconds(100), cap: .seconds(5), jitter: 0.5)
                    .wait(afterAttempt: failures, random: .random(in: 0..<1))
                try? await Task.sleep(for: wait)
            }
        }
        await connection.close()
    }
}
