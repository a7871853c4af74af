/// Why a running attempt is asked to end.
package enum Interruption: Sendable, Hashable {
    /// Somebody cancelled the job.
    case cancelled(reason: String)
    /// Its time for one attempt is over.
    case timedOut(Duration)
    /// The total deadline has passed.
    case deadlinePassed
    /// The worker stops and its grace time is over.
    case shutdown
    /// Another worker has the job now.
    case leaseLost
}
