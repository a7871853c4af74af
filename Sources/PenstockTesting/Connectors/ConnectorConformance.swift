import Penstock

/// Whether a connector keeps what `Connector` promises.
///
///     let findings = await ConnectorConformance.check {
///         let topic = Topic()
///         return .init(TopicConnector(topic)) { entries in
///             for entry in entries { try await topic.publish(entry.payload, key: entry.key) }
///         }
///     }
///     #expect(findings == [])
public enum ConnectorConformance {
    /// Something to be published.
    public struct Entry: Sendable, Hashable {
        public let key: String
        /// No two entries have the same one.
        public let payload: [UInt8]
    }

    /// A connector to a source that is new and empty, and the way to publish there, in order.
    public struct Subject<Source: Connector>: Sendable {
        let connector: Source
        let publish: @Sendable ([Entry]) async throws -> Void

        public init(_ connector: Source, publish: @escaping @Sendable ([Entry]) async throws -> Void) {
            self.connector = connector
            self.publish = publish
        }
    }

    public struct Limits: Sendable {
        /// How long a batch may take to come; 5 s by default.
        public var patience: Duration = .seconds(5)
        /// How long an iteration may take to end after its cancellation; 2 s by default.
        public var promptness: Duration = .seconds(2)
        /// The most events in a batch; 1,000 by default.
        public var largestBatch = 1000

        public init() {}
    }

    /// Checks all of it, each on a source of its own.
    ///
    /// - Returns: what was found wrong, a sentence each; nothing if the connector conforms.
    public static func check<Source: Connector>(
        limits: Limits = .init(), _ makeSubject: @Sendable () async throws -> Subject<Source>
    ) async -> [String] {
        var findings: [String] = []
        let checks: [(String, (inout ConformanceTrial<Source>) async throws -> Void)] = [
            ("delivery", { try await $0.delivery() }), ("redelivery", { try await $0.redelivery() }),
            ("position", { try await $0.position() }), ("cancellation", { try await $0.cancellation() }),
            ("bounded reads", { try await $0.boundedReads() }),
            ("unknown acknowledgements", { try await $0.unknownAcknowledgements() }),
            ("shards", { try await $0.shards() }),
        ]
        for (name, check) in checks {
            do {
                var trial = ConformanceTrial(subject: try await makeSubject(), limits: limits)
                do { try await check(&trial) } catch { trial.findings.append("it throws: \(error)") }
                findings += trial.findings.map { "\(name): \($0)" }
            } catch {
                findings.append("\(name): no source could be made: \(error)")
            }
        }
        return findings
    }
}
