import EmbeddedRedis
import Penstock
import PenstockTesting
import RedisClient
import Testing

@Suite(.timeLimit(.minutes(10))) struct ConformanceTests {
    @Test func `the connector of Redis streams conforms`() async throws {
        try await Rig.with { rig in
            let count = Lockbox(0)
            let findings = await ConnectorConformance.check {
                count.change { $0 += 1 }
                let stream = "events-\(count.value)"
                let connector = try RedisStreamConnector(rig.penstock, stream: stream, group: "g")
                return .init(connector) { entries in
                    for entry in entries {
                        var words = RedisArguments([stream, "*", "key", entry.key, "payload"])
                        words.append(entry.payload)
                        _ = try await rig.penstock.store.redis.send(RedisCommand("XADD", words))
                    }
                }
            }
            #expect(findings == [])
        }
    }

    @Test(arguments: MemorySource.Fault.allCases)
    func `a connector that is broken is found`(fault: MemorySource.Fault) async throws {
        var limits = ConnectorConformance.Limits()
        limits.patience = .milliseconds(500)
        limits.promptness = .milliseconds(500)
        let findings = await ConnectorConformance.check(limits: limits) {
            let source = MemorySource(fault: fault)
            return .init(source) { entries in source.publish(entries.map { ($0.key, $0.payload) }) }
        }
        if fault == .none {
            #expect(findings == [])
        } else {
            #expect(findings.contains { $0.contains(fault.finding) }, "\(findings)")
        }
    }
}

/// A source in memory, as simple as a connector can be, with one thing wrong.
struct MemorySource: Connector {
    enum Fault: CaseIterable, Sendable {
        case none, losesEvents, losesWhatWasReadAhead, acknowledgesEarly, redeliversAll, changesIDs, sharesIDs, reorders
        case reordersRedelivery, ignoresCancellation, readsEverything, refusesUnknown, ignoresShards, losesKeys

        /// Words of what has to be found.
        var finding: String {
            switch self {
            case .none: ""
            case .losesEvents: "delivery: 30 of 300 events are not delivered"
            case .losesWhatWasReadAhead: "are not delivered"
            case .acknowledgesEarly: "redelivery: 10 of 50 events are not delivered"
            case .redeliversAll: "that was acknowledged is delivered again"
            case .changesIDs: "has another id when it is delivered again"
            case .sharesIDs: "two events have the same id"
            case .reorders: "delivery: events of key \"key0\" are not delivered in their order"
            case .reordersRedelivery: "redelivery: events of key \"key0\" are not delivered in their order"
            case .ignoresCancellation: "cancellation: the iteration goes on"
            case .readsEverything: "bounded reads: a batch has"
            case .refusesUnknown: "throws at an id that is not known"
            case .ignoresShards: "delivers an event of another one"
            case .losesKeys: "has key \"\""
            }
        }
    }

    struct State: Sendable {
        var log: [ConnectorEvent] = []
        var done: Set<String> = []
        var sessions = 0
    }

    let fault: Fault
    let state = Watched(State())
    var summary: String { "memory" }

    func publish(_ entries: [(key: String, payload: [UInt8])]) {
        state.change { state in
            for entry in entries {
                state.log.append(ConnectorEvent(id: "\(state.log.count)", key: entry.key, payload: entry.payload))
            }
        }
    }

    func open(_ shard: ConnectorShard) async throws -> MemorySession {
        state.change { $0.sessions += 1 }
        return MemorySession(source: self, shard: shard, number: state.value.sessions)
    }
}

final class MemorySession: ConnectorSession {
    typealias Element = [ConnectorEvent]

    let source: MemorySource
    let shard: ConnectorShard
    let number: Int
    private let handedOut = Lockbox<Set<String>>([])

    init(source: MemorySource, shard: ConnectorShard, number: Int) {
        self.source = source
        self.shard = shard
        self.number = number
    }

    struct Iterator: AsyncIteratorProtocol {
        let session: MemorySession
        mutating func next() async throws -> [ConnectorEvent]? { try await session.next() }
    }

    func makeAsyncIterator() -> Iterator { Iterator(session: self) }

    func acknowledge(_ ids: [String]) async throws {
        if source.fault == .refusesUnknown, ids.contains("no-such-event") { throw Broken("unknown") }
        if source.fault != .redeliversAll { source.state.change { $0.done.formUnion(ids) } }
    }

    private func next() async throws -> [ConnectorEvent] {
        let (fault, shard, out) = (source.fault, shard, handedOut.value)
        let number = number
        let find: @Sendable (inout MemorySource.State) -> [ConnectorEvent]? = { state in
            let open = state.log.filter { event in
                !state.done.contains(event.id) && !out.contains(event.id)
                    && (fault == .ignoresShards || shard.owns(event))
            }
            let batch = Array(open.prefix(fault == .readsEverything ? .max : 20))
            return batch.isEmpty ? nil : batch
        }
        let read = { @Sendable [state = source.state] in
            try await state.wait(for: "events", within: .seconds(3600), until: find)
        }
        var batch: [ConnectorEvent]
        if fault == .ignoresCancellation {
            // Unstructured: it is what must not be done. It ends when the next test of the source publishes, or with them all.
            batch = try await Task { try await withDeadline(.seconds(3), for: "events", read) }.value
        } else {
            batch = try await read()
        }
        let ids = batch.map(\.id)
        handedOut.change { $0.formUnion(ids) }
        switch fault {
        case .losesEvents: batch.removeAll { $0.id.hasSuffix("3") }
        case .losesWhatWasReadAhead:
            source.state.change { $0.done.formUnion($0.log.prefix { !ids.contains($0.id) }.map(\.id)) }
            source.state.change { state in state.done.formUnion(state.log.dropFirst(ids.count).prefix(5).map(\.id)) }
        case .acknowledgesEarly: source.state.change { $0.done.formUnion(ids) }
        case .reorders: batch.reverse()
        case .reordersRedelivery where number > 1: batch.reverse()
        case .changesIDs: for i in batch.indices where number > 1 { batch[i].id += "-again" }
        case .sharesIDs: for i in batch.indices { batch[i].id = String(batch[i].id.dropLast()) + "0" }
        case .losesKeys: for i in batch.indices { batch[i].key = nil }
        default: break
        }
        return batch
    }
}
