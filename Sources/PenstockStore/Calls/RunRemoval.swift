import PenstockModel
import RedisClient

package enum RemovalAnswer: String, Sendable {
    case removed
    /// It has not ended.
    case live
    /// The time for which it is kept is not over.
    case kept
    case unknown
}

extension Store {
    /// Removes a run that has ended and all that belongs to it.
    ///
    /// - Parameter ifExpired: only if the time for which it is kept is over.
    package func remove(_ run: RunID, ifExpired: Bool = false) async throws(StoreError) -> RemovalAnswer {
        while true {
            let text = try await call(Scripts.removeRun, [run.rawValue, ifExpired ? "1" : "0"]).text
            if text == "more" { continue }
            guard let answer = text.flatMap(RemovalAnswer.init) else { throw .unexpectedReply("remove_run") }
            return answer
        }
    }

    /// Removes the runs that have ended and were to be kept no longer than until now; answers how many. To be called by
    /// each worker now and then: one of them does it, for about five seconds at the most, and the others find nothing to do.
    /// One round trip where nothing is due.
    ///
    /// - Parameter worker: its incarnation.
    package func removeExpiredRuns(worker: String) async throws(StoreError) -> Int {
        let end = ContinuousClock.now + .seconds(5)
        var removed = 0
        while ContinuousClock.now < end {
            let ids = try await call(Scripts.expiredRuns, [worker, "100"]).array ?? []
            if ids.isEmpty { break }
            let answers = await withTaskGroup(of: Result<RemovalAnswer, StoreError>.self) { group in
                for id in ids.compactMap({ $0.text.flatMap { RunID($0) } }) {
                    group.addTask {
                        do throws(StoreError) { return .success(try await self.remove(id, ifExpired: true)) } catch {
                            return .failure(error)
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            for answer in answers where try answer.get() == .removed { removed += 1 }
        }
        return removed
    }
}
