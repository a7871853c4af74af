import PenstockModel

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The events of a shard that were read and are not done with: decides which are next.
///
/// An event whose turn failed waits, and those of its key wait behind it; other keys go on.
struct ShardQueue {
    private struct Blocked {
        var events: [ConnectorEvent] = []
        var due: ContinuousClock.Instant
    }

    private let tries: Int
    private let backoff: Backoff
    /// How old events have to be.
    private let lag: Duration
    private var fresh: [ConnectorEvent] = []
    private var blocked: [String: Blocked] = [:]
    private var failures: [String: Int] = [:]

    init(tries: Int, backoff: Backoff, lag: Duration) {
        self.tries = tries
        self.backoff = backoff
        self.lag = lag
    }

    var count: Int { blocked.values.reduce(fresh.count) { $0 + $1.events.count } }

    /// More may be read: what waits is bounded, by about two batches of a connector beside this.
    var hasRoom: Bool { fresh.isEmpty && count < 1000 }

    var oldest: Date? {
        let times = fresh.prefix(1).compactMap(\.time) + blocked.values.compactMap { $0.events.first?.time }
        return times.min()
    }

    mutating func add(_ batch: [ConnectorEvent]) { fresh += batch }

    /// What is next, in order; it is taken out, and comes back by `putBack` if it is not done with.
    mutating func portion(now: ContinuousClock.Instant, date: Date) -> [ConnectorEvent] {
        var portion: [ConnectorEvent] = []
        for (key, waiting) in blocked.filter({ $0.value.due <= now }).sorted(by: { $0.value.due < $1.value.due }) {
            portion += waiting.events
            blocked[key] = nil
        }
        let ripe = fresh.prefix { $0.time.map { date.timeIntervalSince($0) >= lag.seconds } ?? true }
        for event in ripe {
            if isBlocked(event) { park(event) } else { portion.append(event) }
        }
        fresh.removeFirst(ripe.count)
        return portion
    }

    /// When there will be something next, of what is here.
    func nextMoment(now: ContinuousClock.Instant, date: Date) -> ContinuousClock.Instant? {
        let ripens = fresh.first?.time.map { now + lag - .seconds(date.timeIntervalSince($0)) }
        return ([ripens].compactMap { $0 } + blocked.values.map(\.due)).min()
    }

    /// An earlier event of its key has to come first.
    func isBlocked(_ event: ConnectorEvent) -> Bool { blocked[event.orderKey] != nil }

    /// Puts an event behind those that block it.
    mutating func park(_ event: ConnectorEvent) {
        blocked[event.orderKey, default: Blocked(due: .now)].events.append(event)
    }

    /// Counts a failure. True if the event has had all its tries.
    mutating func failed(_ event: ConnectorEvent, isFinal: Bool) -> Bool {
        let count = failures[event.id, default: 0] + 1
        failures[event.id] = isFinal || count >= tries ? nil : count
        return failures[event.id] == nil
    }

    func failures(of event: ConnectorEvent) -> Int { failures[event.id] ?? 0 }

    /// Puts events, whose turn came and that are not done with, before all others of their keys.
    mutating func putBack(_ events: [ConnectorEvent], now: ContinuousClock.Instant) {
        for event in events.reversed() {
            let count = failures[event.id] ?? 0
            let wait = count == 0 ? .zero : backoff.wait(afterAttempt: count, random: .random(in: 0..<1))
            blocked[event.orderKey, default: Blocked(due: now)].events.insert(event, at: 0)
            blocked[event.orderKey]?.due = now + wait
        }
    }

    mutating func done(_ event: ConnectorEvent) { failures[event.id] = nil }
}

extension Duration {
    var seconds: Double { self / .seconds(1) }
}
