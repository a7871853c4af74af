import Penstock

/// Reads a session of a connector under test, a batch at a time, and is not held up by one that does not end.
final class SessionReader<Session: ConnectorSession>: Sendable {
    private enum Read: Sendable {
        case batch([ConnectorEvent])
        case ended((any Error)?)
    }

    let session: Session
    private let wishes = EventBox<Void>("wishes")
    private let reads = EventBox<Read>("batches of the connector")
    private let ended = TestSignal("end of the iteration")
    private let task: Task<Void, Never>

    init(_ session: Session) {
        self.session = session
        let (wishes, reads, ended) = (wishes, reads, ended)
        // Unstructured: an iteration that ignores its cancellation is a finding, and must not hold up whoever finds it.
        task = Task {
            do {
                var iterator = session.makeAsyncIterator()
                while !Task.isCancelled {
                    try await wishes.next(within: .seconds(86_400))
                    guard let batch = try await iterator.next() else { break }
                    reads.post(.batch(batch))
                }
                reads.post(.ended(nil))
            } catch {
                reads.post(.ended(error))
            }
            ended.raise()
        }
    }

    /// Has the next batch read, and does not wait for it.
    func ask() { wishes.post(()) }

    /// The next batch; nil if none comes in time.
    func batch(within time: Duration) async throws -> [ConnectorEvent]? {
        ask()
        do {
            switch try await reads.next("a batch", within: time) {
            case .batch(let events): return events
            case .ended(let error?): throw error
            case .ended(nil): return nil
            }
        } catch is WaitTimedOut {
            return nil
        }
    }

    /// Ends the iteration. False if it does not end in time.
    func stop(within time: Duration) async -> Bool {
        task.cancel()
        do { try await ended.wait(within: time) } catch { return false }
        return true
    }
}
