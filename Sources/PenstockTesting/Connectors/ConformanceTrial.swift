import Penstock

/// One connector on one source, and what was found wrong with it.
struct ConformanceTrial<Source: Connector> {
    typealias Entry = ConnectorConformance.Entry

    let subject: ConnectorConformance.Subject<Source>
    let limits: ConnectorConformance.Limits
    var findings: [String] = []
    private var published = 0

    init(subject: ConnectorConformance.Subject<Source>, limits: ConnectorConformance.Limits) {
        self.subject = subject
        self.limits = limits
    }

    // MARK: Checks

    /// Every event once, those of a key in order, each under an id of its own.
    mutating func delivery() async throws {
        let entries = try await publish(300, keys: 7)
        let events = try await reading { trial, reader in
            try await trial.collect(reader, entries.count, acknowledges: true)
        }
        compare(events, entries)
        let ids = Set(events.map(\.id))
        if ids.count < Set(events.map(\.payload)).count { findings.append("two events have the same id") }
    }

    /// What was not acknowledged comes again, first and under the same id; what was acknowledged does not.
    mutating func redelivery() async throws {
        let entries = try await publish(60, keys: 3)
        let first = try await reading { trial, reader in
            let events = try await trial.collect(reader, 20)
            // Of a key the first ones: what comes after them must come again.
            try await reader.session.acknowledge(events.prefix(10).map(\.id))
            return events
        }
        let done = Set(first.prefix(10).map(\.payload))
        let rest = entries.filter { !done.contains($0.payload) }
        let again = try await reading { trial, reader in
            try await trial.collect(reader, rest.count, acknowledges: true)
        }
        if again.contains(where: { done.contains($0.payload) }) {
            findings.append("an event that was acknowledged is delivered again")
        }
        compare(again.filter { !done.contains($0.payload) }, rest)
        let ids = Dictionary(first.map { ($0.payload, $0.id) }) { id, _ in id }
        if let changed = again.first(where: { event in ids[event.payload].map { $0 != event.id } ?? false }) {
            findings.append(
                "an event has another id when it is delivered again: \(ids[changed.payload] ?? ""), then \(changed.id)")
        }
    }

    /// A later session goes on where the last one ended.
    mutating func position() async throws {
        let before = try await publish(20, keys: 2)
        _ = try await reading { trial, reader in
            try await trial.collect(reader, before.count, acknowledges: true)
        }
        let after = try await publish(20, keys: 2)
        let events = try await reading { trial, reader in
            try await trial.collect(reader, after.count, acknowledges: true)
        }
        compare(events, after)
    }

    /// An iteration that waits ends when it is cancelled.
    mutating func cancellation() async throws {
        _ = try await reading { trial, reader in
            reader.ask()
            // Sleeps because: nothing tells that a session waits.
            try await Task.sleep(for: .milliseconds(200))
            return []
        }
    }

    /// Batches are bounded, and what was read ahead of what was asked for is not lost.
    mutating func boundedReads() async throws {
        let entries = try await publish(limits.largestBatch * 2 + 1, keys: 5)
        let first = try await reading { trial, reader in try await reader.batch(within: trial.limits.patience) ?? [] }
        if first.count > limits.largestBatch {
            findings.append("a batch has \(first.count) events; \(limits.largestBatch) are allowed")
        }
        let events = try await reading { trial, reader in
            try await trial.collect(reader, entries.count, acknowledges: true)
        }
        compare(events, entries)
    }

    /// Ids that are not known, or acknowledged twice, change nothing.
    mutating func unknownAcknowledgements() async throws {
        let entries = try await publish(20, keys: 2)
        let events = try await reading { trial, reader in
            do {
                try await reader.session.acknowledge(["no-such-event", "0-1", ""])
                try await reader.session.acknowledge([])
            } catch {
                trial.findings.append("it throws at an id that is not known: \(error)")
            }
            let events = try await trial.collect(reader, entries.count, acknowledges: true)
            do { try await reader.session.acknowledge(events.map(\.id)) } catch {
                trial.findings.append("it throws at what was acknowledged before: \(error)")
            }
            return events
        }
        compare(events, entries)
    }

    /// Shards deal the events among them, by key.
    mutating func shards() async throws {
        let entries = try await publish(120, keys: 11)
        var all: [ConnectorEvent] = []
        for index in 0..<3 {
            let shard = ConnectorShard(index: index, count: 3)
            let expected = entries.filter { shard.owns($0.key) }
            let events = try await reading(shard) { trial, reader in
                try await trial.collect(reader, expected.count, acknowledges: true)
            }
            if let stranger = events.first(where: { !shard.owns($0) }) {
                findings.append("shard \(shard) delivers an event of another one, of key \"\(stranger.orderKey)\"")
            }
            all += events
        }
        compare(all, entries)
    }

    // MARK: Means

    private mutating func publish(_ count: Int, keys: Int) async throws -> [Entry] {
        let entries = (0..<count).map { i in
            Entry(key: "key\(i % keys)", payload: Array("event \(published + i)".utf8))
        }
        published += count
        try await subject.publish(entries)
        return entries
    }

    /// Opens a session for as long as `body` runs, and then ends it, which has to be soon.
    private mutating func reading(
        _ shard: ConnectorShard = .whole,
        _ body: (inout ConformanceTrial, SessionReader<Source.Session>) async throws -> [ConnectorEvent]
    ) async throws -> [ConnectorEvent] {
        let reader = SessionReader(try await subject.connector.open(shard))
        let events: [ConnectorEvent]
        do { events = try await body(&self, reader) } catch {
            await end(reader)
            throw error
        }
        await end(reader)
        return events
    }

    private mutating func end(_ reader: SessionReader<Source.Session>) async {
        if await !reader.stop(within: limits.promptness) {
            findings.append("the iteration goes on \(limits.promptness) after its cancellation")
        }
        await reader.session.close()
    }

    /// Reads until it has so many events, or no more come.
    private func collect(
        _ reader: SessionReader<Source.Session>, _ count: Int, acknowledges: Bool = false
    ) async throws -> [ConnectorEvent] {
        var events: [ConnectorEvent] = []
        while events.count < count, let batch = try await reader.batch(within: limits.patience) {
            events += batch
            if acknowledges { try await reader.session.acknowledge(batch.map(\.id)) }
        }
        return events
    }

    /// Events are these entries, each once, those of a key in order.
    private mutating func compare(_ events: [ConnectorEvent], _ entries: [Entry]) {
        let counts = Dictionary(grouping: events, by: \.payload).mapValues(\.count)
        let lost = entries.filter { counts[$0.payload] == nil }
        if let first = lost.first {
            findings.append(
                "\(lost.count) of \(entries.count) events are not delivered, such as \"\(Self.text(first.payload))\"")
        }
        if let twice = counts.first(where: { $0.value > 1 }) {
            findings.append("\"\(Self.text(twice.key))\" is delivered \(twice.value) times in one session")
        }
        let strangers = Set(counts.keys).subtracting(entries.map(\.payload))
        if let stranger = strangers.first { findings.append("\"\(Self.text(stranger))\" should not be delivered") }
        let keys = Dictionary(entries.map { ($0.payload, $0.key) }) { first, _ in first }
        if let changed = events.first(where: { keys[$0.payload] != nil && $0.key != keys[$0.payload] }) {
            findings.append("an event of key \"\(keys[changed.payload] ?? "")\" has key \"\(changed.key ?? "")\"")
        }
        for key in Set(entries.map(\.key)).sorted() {
            let expected = entries.filter { $0.key == key && counts[$0.payload] == 1 }.map(\.payload)
            let found = events.filter { keys[$0.payload] == key && counts[$0.payload] == 1 }.map(\.payload)
            if expected != found {
                findings.append("events of key \"\(key)\" are not delivered in their order")
                break
            }
        }
    }

    private static func text(_ payload: [UInt8]) -> String { String(decoding: payload, as: UTF8.self) }
}
