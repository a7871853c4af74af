import DequeModule
import NIOCore

/// Everything a connection has to decide, without a connection: who waits for which reply, what may be written, when to
/// connect again, and who is told what when it breaks. `ManagedConnection` holds it under a lock and acts.
///
/// A command is `waiting` until its bytes are handed to the channel and `inFlight` from then on. Only the first kind can
/// be called unsent. Replies come in the order of `inFlight`; there is no other way to match them, which is why a
/// command that misses its deadline takes the whole connection with it.
struct ConnectionStateMachine<Waiter> {
    /// A numbered attempt to connect, and the pause before it. Its number is also that of the connection it leads to.
    struct Attempt: Equatable {
        var id: Int
        var delay: TimeAmount
    }

    enum Phase: Equatable {
        /// No connection and nobody who needs one. Exits: `enqueue` to connecting, `shutDown` to closed.
        case idle
        /// An attempt runs or is about to. Exits: `connected`, `connectFailed` to idle or connecting again, `abandon` and
        /// a deadline to idle, `shutDown` to closed.
        case connecting
        /// Exits: `connectionLost`, a deadline and `abandon` to idle or connecting, `shutDown` to closed.
        case connected
        /// For good.
        case closed
    }

    /// One command, or one batch of commands that is answered as a whole.
    struct Entry {
        var waiter: Waiter
        var replyCount: Int
        var isBatch: Bool
        var deadline: NIODeadline
        var byteCount: Int
    }

    /// What the caller of a command has to see to.
    enum SendAction: Equatable {
        case nothing
        /// Write what was gathered.
        case flush
        /// Start an attempt.
        case connect(Attempt)
        /// Look at the deadlines earlier than was planned.
        case checkDeadlines
        /// Tell the waiter; it is not kept.
        case refuse(RedisError)
    }

    /// What a rare event leads to. The parts are independent of each other.
    struct Effects {
        var failures: [(waiter: Waiter, error: RedisError)] = []
        var closesChannel = false
        var flushes = false
        var connect: Attempt?
    }

    enum Delivery: Equatable {
        case one(RedisReply)
        case many([RedisReply])
    }

    enum ReplyAction {
        case deliver(Waiter, Delivery)
        /// A batch is not complete yet.
        case wait
        /// Nobody asked: the peer is confused.
        case unexpected
    }

    /// More than this is not gathered while there is no connection (1 GiB).
    static var maximumGatheredByteCount: Int { 1 << 30 }

    private(set) var phase = Phase.idle
    private var attemptID = 0
    private var waiting: Deque<Entry> = []
    private var inFlight: Deque<Entry> = []
    private var gathered = ByteBuffer()
    private var isFlushScheduled = false
    /// The replies so far of the batch at the head of `inFlight`.
    private var partial: [RedisReply] = []

    private var plannedCheck: NIODeadline?
    private var earliestDeadline = NIODeadline.distantFuture

    private let backoff: ReconnectBackoff
    private var failureCount = 0
    private var notBefore = NIODeadline.uptimeNanoseconds(0)
    private var hasBeenConnected = false
    /// A first connection is tried so often with a peer that hangs up, before callers are told.
    private static var droppedAttempts: Int { 5 }
    private var lastFailure: String?

    init(backoff: ReconnectBackoff) {
        self.backoff = backoff
    }

    /// Whether `id` is the attempt or the connection of now.
    func isCurrent(_ id: Int) -> Bool {
        id == attemptID && (phase == .connecting || phase == .connected)
    }

    /// Whether `id` is an attempt that still runs.
    func isConnecting(_ id: Int) -> Bool {
        id == attemptID && phase == .connecting
    }

    // MARK: Commands

    /// A caller brings a batch, to be answered as a whole.
    mutating func enqueue(
        _ waiter: Waiter, commands: [RedisCommand], deadline: NIODeadline, now: NIODeadline
    ) -> SendAction {
        var byteCount = 0
        for command in commands { byteCount += command.byteCount }
        if let refusal = refusal(byteCount: byteCount) { return .refuse(refusal) }
        for command in commands { command.encode(into: &gathered) }
        return append(
            Entry(
                waiter: waiter, replyCount: commands.count, isBatch: true, deadline: deadline, byteCount: byteCount),
            now: now)
    }

    /// The same for a single command, whose reply is delivered as one.
    mutating func enqueue(
        _ waiter: Waiter, command: RedisCommand, deadline: NIODeadline, now: NIODeadline
    ) -> SendAction {
        let byteCount = command.byteCount
        if let refusal = refusal(byteCount: byteCount) { return .refuse(refusal) }
        command.encode(into: &gathered)
        return append(
            Entry(waiter: waiter, replyCount: 1, isBatch: false, deadline: deadline, byteCount: byteCount), now: now)
    }

    private func refusal(byteCount: Int) -> RedisError? {
        if phase == .closed { return .closed }
        let (total, overflow) = gathered.readableBytes.addingReportingOverflow(byteCount)
        guard overflow || total > Self.maximumGatheredByteCount else { return nil }
        return .unavailable(
            reason: "\(Self.maximumGatheredByteCount >> 20) MiB of commands wait to be sent already; send less at once")
    }

    private mutating func append(_ entry: Entry, now: NIODeadline) -> SendAction {
        waiting.append(entry)
        earliestDeadline = min(earliestDeadline, entry.deadline)
        switch phase {
        case .connected:
            guard !isFlushScheduled else { return .nothing }
            isFlushScheduled = true
            return .flush
        case .idle: return .connect(beginAttempt(now: now))
        case .connecting: return isCheckOverdue ? .checkDeadlines : .nothing
        case .closed: preconditionFailure("a closed connection refuses commands")
        }
    }

    /// The flush runs: everything gathered is now in flight. Nil when there is nothing, or no connection any more.
    mutating func takeGathered() -> ByteBuffer? {
        isFlushScheduled = false
        guard phase == .connected, !waiting.isEmpty else { return nil }
        if inFlight.isEmpty {
            swap(&inFlight, &waiting)
        } else {
            inFlight.append(contentsOf: waiting)
            waiting.removeAll(keepingCapacity: true)
        }
        let bytes = gathered
        gathered = ByteBuffer()
        return bytes
    }

    /// One reply came in on the connection of now.
    mutating func receive(_ reply: RedisReply) -> ReplyAction {
        guard let head = inFlight.first else { return .unexpected }
        failureCount = 0
        guard head.isBatch else {
            inFlight.removeFirst()
            return .deliver(head.waiter, .one(reply))
        }
        partial.append(reply)
        guard partial.count == head.replyCount else { return .wait }
        inFlight.removeFirst()
        let replies = partial
        partial = []
        return .deliver(head.waiter, .many(replies))
    }

    // MARK: The life of the connection

    /// Attempt `id` succeeded. Nil when nobody wants its connection any more.
    mutating func connected(_ id: Int) -> Effects? {
        guard id == attemptID, phase == .connecting else { return nil }
        phase = .connected
        hasBeenConnected = true
        lastFailure = nil
        isFlushScheduled = !waiting.isEmpty
        return Effects(flushes: isFlushScheduled)
    }

    /// Attempt `id` failed. Callers are told when trying again will not help, or when no connection was ever made; once
    /// there was one, the wait for the next lasts as long as their deadlines allow.
    mutating func connectFailed(_ id: Int, _ failure: ConnectFailure, now: NIODeadline) -> Effects {
        guard id == attemptID, phase == .connecting else { return Effects() }
        failureCount += 1
        notBefore = now + backoff.delay(failures: failureCount)
        var effects = Effects(closesChannel: true)
        switch failure {
        case .refused(let error):
            lastFailure = error.description
            failWaiting(error, in: &effects)
        case .unreachable(let reason):
            lastFailure = reason
            if !hasBeenConnected { failWaiting(.unavailable(reason: reason), in: &effects) }
        case .dropped(let reason):
            lastFailure = reason
            if !hasBeenConnected && failureCount >= Self.droppedAttempts {
                failWaiting(.unavailable(reason: reason), in: &effects)
            }
        case .notReady(let error):
            lastFailure = error.description
        }
        reconnectOrRest(now: now, in: &effects)
        return effects
    }

    /// Connection `id` ended, or said something that it should not have.
    mutating func connectionLost(_ id: Int, reason: String, now: NIODeadline) -> Effects {
        guard id == attemptID, phase == .connected else { return Effects() }
        return loseConnection(reason: reason, now: now)
    }

    /// The time of a planned check has come.
    mutating func checkDeadlines(now: NIODeadline) -> Effects {
        if let plannedCheck, plannedCheck > now { return Effects() }
        plannedCheck = nil
        guard earliestDeadline <= now else { return Effects() }
        var effects = Effects()
        failExpiredWaiting(now: now, in: &effects)
        if inFlight.contains(where: { $0.deadline <= now }) {
            let lost = loseConnection(reason: "no reply came in time, so the connection was closed", now: now)
            effects.failures += lost.failures
            effects.closesChannel = true
            effects.connect = lost.connect
        }
        earliestDeadline = min(
            waiting.lazy.map(\.deadline).min() ?? .distantFuture,
            inFlight.lazy.map(\.deadline).min() ?? .distantFuture)
        return effects
    }

    /// When the next check has to be planned; nil when one is planned that is early enough, or none is needed.
    mutating func planCheck() -> NIODeadline? {
        guard isCheckOverdue else { return nil }
        plannedCheck = earliestDeadline
        return earliestDeadline
    }

    /// Throws the connection away, and tells everybody `error`.
    mutating func abandon(_ error: RedisError) -> Effects {
        guard phase != .closed, !waiting.isEmpty || !inFlight.isEmpty else { return Effects() }
        var effects = Effects(closesChannel: true)
        failInFlight(error, in: &effects)
        failWaiting(error, in: &effects)
        attemptID += 1
        phase = .idle
        return effects
    }

    /// The end. Everything later is refused.
    mutating func shutDown() -> Effects {
        guard phase != .closed else { return Effects() }
        var effects = Effects(closesChannel: true)
        failInFlight(.outcomeUnknown(reason: "the client was shut down before the reply came"), in: &effects)
        failWaiting(.closed, in: &effects)
        phase = .closed
        return effects
    }

    // MARK: Shared steps

    private var isCheckOverdue: Bool {
        earliestDeadline < plannedCheck ?? .distantFuture
    }

    private mutating func beginAttempt(now: NIODeadline) -> Attempt {
        attemptID += 1
        phase = .connecting
        isFlushScheduled = false
        return Attempt(id: attemptID, delay: notBefore > now ? notBefore - now : .zero)
    }

    private mutating func reconnectOrRest(now: NIODeadline, in effects: inout Effects) {
        if waiting.isEmpty {
            phase = .idle
        } else {
            effects.connect = beginAttempt(now: now)
        }
    }

    private mutating func loseConnection(reason: String, now: NIODeadline) -> Effects {
        var effects = Effects(closesChannel: true)
        // A peer that accepts and hangs up before its first reply is no better than one that does not accept.
        failureCount += 1
        notBefore = failureCount > 1 ? now + backoff.delay(failures: failureCount - 1) : now
        lastFailure = reason
        failInFlight(.outcomeUnknown(reason: reason), in: &effects)
        reconnectOrRest(now: now, in: &effects)
        return effects
    }

    private mutating func failInFlight(_ error: RedisError, in effects: inout Effects) {
        for entry in inFlight { effects.failures.append((entry.waiter, error)) }
        inFlight.removeAll()
        partial = []
    }

    private mutating func failWaiting(_ error: RedisError, in effects: inout Effects) {
        for entry in waiting { effects.failures.append((entry.waiter, error)) }
        waiting.removeAll()
        gathered = ByteBuffer()
    }

    /// Takes the expired out of the middle of what was gathered, and their bytes with them.
    private mutating func failExpiredWaiting(now: NIODeadline, in effects: inout Effects) {
        guard waiting.contains(where: { $0.deadline <= now }) else { return }
        let error = RedisError.unavailable(reason: "no connection in time (last problem: \(lastFailure ?? "none"))")
        var keptBytes = ByteBuffer()
        var kept: Deque<Entry> = []
        for entry in waiting {
            guard var slice = gathered.readSlice(length: entry.byteCount) else {
                preconditionFailure("every waiting command has its bytes")
            }
            if entry.deadline <= now {
                effects.failures.append((entry.waiter, error))
            } else {
                kept.append(entry)
                keptBytes.writeBuffer(&slice)
            }
        }
        waiting = kept
        gathered = keptBytes
    }
}

extension ConnectionStateMachine: Sendable where Waiter: Sendable {}
extension ConnectionStateMachine.Effects: Sendable where Waiter: Sendable {}
extension ConnectionStateMachine.Entry: Sendable where Waiter: Sendable {}
