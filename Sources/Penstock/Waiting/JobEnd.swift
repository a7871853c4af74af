import PenstockModel
import PenstockStore

/// How a job ended.
public struct JobEnd: Sendable, Hashable {
    public let id: TaskID
    /// `completed`, `dead`, `cancelled`, `discarded` (also purged), `expired`, or `unknown`: it ended while nobody could
    /// tell, and asked for no retention.
    public let state: TaskState
    /// The result of a completed job that asked for retention.
    public let result: [UInt8]?
    /// Why it did not complete, where that is known.
    public let reason: String?
}

extension Penstock {
    /// Waits until a job has ended, in whatever process it runs. A dead letter has ended, too.
    ///
    /// The end is pushed: the script that ends the job tells this client. What gets lost on the way is found by looking
    /// every five seconds.
    ///
    /// - Throws: `notFound` if there is no such job, or it has ended and was not retained; `timedOut`.
    public func wait(for id: TaskID, timeout: Duration = .seconds(60)) async throws(PenstockError) -> JobEnd {
        let limit = ContinuousClock.now + timeout
        let end = try await publicly { () throws(StoreError) in
            try await endings.listeners.listen(for: id) { news throws(StoreError) -> JobEnd? in
                var said: String?
                var isFirst = true
                while true {
                    let answer = try await store.follow(id, waiter: endings.name)
                    switch answer {
                    case .ended(.completed, let bytes):
                        return JobEnd(id: id, state: .completed, result: bytes, reason: nil)
                    case .ended(let state, let bytes):
                        let reason = String(decoding: bytes, as: UTF8.self)
                        return JobEnd(id: id, state: state, result: nil, reason: reason.isEmpty ? nil : reason)
                    case .dead:
                        let trouble = try await store.inspect(id).history.troubles.last
                        return JobEnd(id: id, state: .dead, result: nil, reason: trouble?.message)
                    case .unknown:
                        if isFirst { return nil }
                        let state = said.flatMap { $0 == "purged" ? .discarded : TaskState(rawValue: $0) } ?? .unknown
                        return JobEnd(id: id, state: state, result: nil, reason: said == "purged" ? "purged" : nil)
                    case .waiting: break
                    }
                    isFirst = false
                    let left = limit - .now
                    guard left > .zero, !Task.isCancelled else {
                        return JobEnd(id: id, state: .running, result: nil, reason: nil)
                    }
                    said = await news.next(within: min(left, .seconds(5))) ?? said
                }
            }
        }
        guard let end else {
            throw PenstockError(
                .notFound, "job \(id) is not known: it was never enqueued, or has ended and asked for no retention")
        }
        guard end.state != .running else {
            throw PenstockError(.timedOut, "job \(id) has not ended within \(timeout)")
        }
        return end
    }

    /// Waits for a job's result. The job must have been enqueued with a retention.
    ///
    /// - Throws: as `wait(for:)`; `jobFailed` if it ended otherwise than completed, with the reason; `codec`.
    public func result<Output: Decodable & Sendable>(
        of id: TaskID, as type: Output.Type = Output.self, timeout: Duration = .seconds(60)
    ) async throws(PenstockError) -> Output {
        let end = try await wait(for: id, timeout: timeout)
        guard end.state == .completed else {
            throw PenstockError(
                .jobFailed, "job \(id) ended \(end.state.rawValue)" + (end.reason.map { ": \($0)" } ?? ""))
        }
        guard let bytes = end.result else {
            throw PenstockError(.codec, "job \(id) has no result: enqueue it with a retention")
        }
        do {
            return try configuration.codec.decode(Output.self, from: bytes)
        } catch {
            throw PenstockError(.codec, "result of job \(id) is no \(Output.self): \(error)", cause: error)
        }
    }
}
