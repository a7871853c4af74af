import DequeModule

/// Decides, for one proxied connection, what becomes of each request and each reply. Touches no socket.
///
/// - `flowing`: requests and replies are matched by order. Exits: `streaming` by a subscription, `hanging` and `over` by
///   a fault.
/// - `streaming`: replies come unasked and just pass. Exits: none but the end of the connection.
/// - `hanging`: half-open; everything is swallowed. Exits: none but the end of the connection.
/// - `over`: the client's side is being closed; everything is swallowed.
struct Exchange {
    enum RequestAction: Equatable {
        case forward
        case swallow
        case close
    }

    enum ReplyAction: Equatable {
        case deliver
        case deliverLater(by: Duration)
        case deliverPrefixAndReset(bytes: Int)
        case swallow
        case close
    }

    /// A fault that a rule has decided for one request.
    struct Strike: Equatable {
        var fault: Fault
        var rule: FaultRule
    }

    private enum State { case flowing, streaming, hanging, over }

    private var state = State.flowing
    /// One entry per request that Redis has not answered yet.
    private var unanswered: Deque<Strike?> = []

    var isHanging: Bool { state == .hanging }
    var isStreaming: Bool { state == .streaming }

    mutating func request(strike: Strike?, endsRequestReply: Bool = false) -> RequestAction {
        switch state {
        case .streaming: return .forward
        case .hanging, .over: return .swallow
        case .flowing: break
        }
        if case .dropRequest(let aftermath) = strike?.fault { return lose(aftermath) == .close ? .close : .swallow }
        if endsRequestReply {
            // Replies that are still due pass unmatched from here on, and their faults are forgotten.
            state = .streaming
            unanswered.removeAll()
        } else {
            unanswered.append(strike)
        }
        return .forward
    }

    /// What becomes of the next reply, and the rule that decided it.
    mutating func reply() -> (action: ReplyAction, rule: FaultRule?) {
        switch state {
        case .streaming: return (.deliver, nil)
        case .hanging, .over: return (.swallow, nil)
        case .flowing: break
        }
        // A reply to nothing is a message of the server's own, such as "max number of clients reached".
        guard let strike = unanswered.popFirst() ?? nil else { return (.deliver, nil) }
        switch strike.fault {
        case .dropReply(let aftermath): return (lose(aftermath), strike.rule)
        case .cutReply(let bytes):
            state = .over
            return (.deliverPrefixAndReset(bytes: bytes), strike.rule)
        case .delayReply(let duration): return (.deliverLater(by: duration), strike.rule)
        case .dropRequest: preconditionFailure("a dropped request is not sent, so nothing answers it")
        }
    }

    /// Something was swallowed that the client waits for.
    mutating func hang() {
        if state != .over { state = .hanging }
    }

    private mutating func lose(_ aftermath: Fault.Aftermath) -> ReplyAction {
        switch aftermath {
        case .close:
            state = .over
            return .close
        case .hang:
            state = .hanging
            return .swallow
        }
    }
}
