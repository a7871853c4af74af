import Logging
import PenstockModel
import PenstockStore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Serves one shard for one turn: reads a batch ahead, maps, applies, acknowledges.
struct ShardWorker<Session: ConnectorSession>: Sendable {
    private enum Read: Sendable {
        case batch([ConnectorEvent])
        case ended((any Error)?)
    }

    let session: Session
    let shard: ConnectorShard
    let role: Role
    let connector: String
    let penstock: Penstock
    let options: ConnectorOptions
    let map: @Sendable (ConnectorEvent) async throws -> [ConnectorEffect]
    let logger: Logger
    let lags: LagWatch

    /// How often the worker looks for events that are to be tried again, and at the backlog.
    private let look: Duration = .seconds(2)

    init(
        session: Session, shard: ConnectorShard, role: Role, connector: String, penstock: Penstock,
        options: ConnectorOptions, map: @escaping @Sendable (ConnectorEvent) async throws -> [ConnectorEffect],
        logger: Logger, lags: LagWatch
    ) {
        self.session = session
        self.shard = shard
        self.role = role
        self.connector = connector
        self.penstock = penstock
        self.options = options
        self.map = map
        self.logger = logger
        self.lags = lags
    }

    /// Ends only by an error, be it the cancellation.
    func run() async throws {
        let (reads, permits) = (Letterbox<Read>(), Letterbox<Void>())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.read(into: reads, whenAsked: permits) }
            defer { group.cancelAll() }
            try await consume(reads, permits)
        }
    }

    /// Reads as far as it is asked to.
    private func read(into reads: Letterbox<Read>, whenAsked permits: Letterbox<Void>) async {
        do {
            var iterator = session.makeAsyncIterator()
            while await permits.take() != nil, let batch = try await iterator.next() { reads.put(.batch(batch)) }
            reads.put(.ended(nil))
        } catch {
            reads.put(.ended(error))
        }
    }

    private func consume(_ reads: Letterbox<Read>, _ permits: Letterbox<Void>) async throws {
        var queue = ShardQueue(tries: options.tries, backoff: options.backoff, lag: options.consumeLag)
        var isAsked = false
        var nextLook = ContinuousClock.now
        while true {
            try Task.checkCancellation()
            if .now >= nextLook {
                try await tryAgain()
                lags.note(shard.index, backlog: try await session.backlog())
                nextLook = .now + look
            }
            let portion = queue.portion(now: .now, date: now)
            if !portion.isEmpty {
                let oldest = [queue.oldest, portion.compactMap(\.time).min()].compactMap { $0 }.min()
                lags.note(shard.index, oldest: oldest, pending: queue.count + portion.count)
                try await process(portion, &queue)
            }
            lags.note(shard.index, oldest: queue.oldest, pending: queue.count)
            if !isAsked, queue.hasRoom {
                isAsked = true
                permits.put(())
            }
            let next = min(queue.nextMoment(now: .now, date: now) ?? nextLook, nextLook)
            switch await reads.take(within: next - .now) {
            case .batch(let batch):
                isAsked = false
                queue.add(batch)
                if queue.count < 1000, options.consumeLag == .zero {
                    // One batch is read while this one takes effect.
                    isAsked = true
                    permits.put(())
                }
            case .ended(let error):
                try Task.checkCancellation()
                throw error ?? PenstockError(.server, "the source of connector \"\(connector)\" has ended")
            case nil: break
            }
        }
    }

    private var now: Date { Date(timeIntervalSince1970: Double(penstock.store.serverNow) / 1000) }

    private var applier: EffectApplier {
        EffectApplier(
            penstock: penstock, scope: "connector/\(connector)", keyLifetime: options.keyLifetime, role: role,
            logger: logger)
    }

    private func process(_ portion: [ConnectorEvent], _ queue: inout ShardQueue) async throws {
        var mapped: [(event: ConnectorEvent, effects: [ConnectorEffect])] = []
        var over: [String] = []
        for event in portion {
            if queue.isBlocked(event) {
                queue.park(event)
                continue
            }
            if let deliveries = event.deliveries, deliveries > ConnectorEvent.manyDeliveries + options.tries {
                // Those that are delivered so often come alone: it is this one.
                try await setAside(event, "delivered \(deliveries) times and never done with", deliveries)
                over.append(event.id)
                continue
            }
            do {
                mapped.append((event, try await map(event)))
            } catch {
                try Task.checkCancellation()
                if try await fail(event, error, &queue) {
                    over.append(event.id)
                } else {
                    queue.putBack([event], now: .now)
                }
            }
        }
        let outcomes = try await applier.apply(mapped)
        var back: [ConnectorEvent] = []
        for ((event, _), outcome) in zip(mapped, outcomes) {
            switch outcome {
            case .done:
                queue.done(event)
                over.append(event.id)
            case .skipped: back.append(event)
            case .failed(let error):
                if try await fail(event, error, &queue) { over.append(event.id) } else { back.append(event) }
            }
        }
        queue.putBack(back, now: .now)
        if !over.isEmpty { try await session.acknowledge(over) }
    }

    /// True when the event was set aside.
    private func fail(_ event: ConnectorEvent, _ error: any Error, _ queue: inout ShardQueue) async throws -> Bool {
        let disposition = (error as? any FailureDisposing)?.disposition
        let before = queue.failures(of: event)
        let isLast = queue.failed(event, isFinal: disposition == .permanent)
        logger.log(
            level: isLast ? .error : .warning, isLast ? "event set aside" : "event failed, trying again",
            metadata: ["event": "\(event.id)", "error": "\(error)"])
        if isLast { try await setAside(event, "\(error)", before + 1) }
        return isLast
    }

    private func setAside(_ event: ConnectorEvent, _ reason: String, _ tries: Int) async throws {
        let record = try SetAsideEvent(event: event, reason: reason, tries: tries, at: now).record
        try await publicly { () throws(StoreError) in
            try await penstock.store.setAside(event.id, record, of: connector, role: role.claim)
        }
    }

    /// Tries events again that somebody has asked for.
    private func tryAgain() async throws {
        let wanted = try await publicly { () throws(StoreError) in try await penstock.store.wantedAgain(connector) }
            .compactMap { SetAsideEvent(id: $0.id, record: $0.record) }
            .filter { shard.owns($0.event) }
        for old in wanted {
            var failure: (any Error)?
            do {
                let outcome = try await applier.apply([(old.event, try await map(old.event))]).first
                if case .failed(let error) = outcome { failure = error }
            } catch let error as PenstockError where error.code == .roleLost || error.code == .closed {
                throw error
            } catch {
                try Task.checkCancellation()
                failure = error
            }
            let id = old.event.id
            if let failure {
                try await setAside(old.event, "\(failure)", old.tries + 1)
                try await publicly { () throws(StoreError) in try await penstock.store.forgetAgain(connector, [id]) }
            } else {
                try await penstock.discardSetAside([id], of: connector)
            }
        }
    }
}
