/// What a `FaultProxy` does to one request.
public enum Fault: Sendable, Equatable {
    /// Redis executes it, and the reply never arrives: once the reply is complete at the proxy, the connection is
    /// closed, or left hanging half-open. Replies to earlier requests of a pipeline arrive, later ones do not.
    case dropReply(then: Aftermath = .close)
    /// Redis never sees it.
    case dropRequest(then: Aftermath = .close)
    /// The first bytes of the reply arrive, then the connection is reset (closed, on a unix socket).
    case cutReply(afterBytes: Int)
    /// The reply, and those after it, arrive later.
    case delayReply(by: Duration)

    public enum Aftermath: Sendable, Equatable {
        case close
        /// The connection stays open, nothing comes any more, and what is sent leads nowhere.
        case hang
    }
}

/// What a `FaultProxy` does to all that passes.
public enum Traffic: Sendable, Equatable {
    case passThrough
    /// Every reply arrives this much later.
    case delayed(by: Duration)
    /// Replies trickle at this rate.
    case trickle(bytesPerSecond: Int)
    /// Connections are accepted and nothing is ever answered. One that lost something this way hangs for good, also
    /// when the traffic flows again.
    case blackHole
    /// New connections are closed at once.
    case refused
}
