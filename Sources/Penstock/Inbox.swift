import PenstockStore

/// An entry of the inbox stream that could not be read: see the page Wire.
public struct RejectedInboxEntry: Sendable, Hashable {
    /// Its id in the stream.
    public let entry: String
    public let reason: String
    public let fields: [String: String]
}

extension Penstock {
    /// Entries of the inbox that wait to be taken in.
    public func inboxLength() async throws(PenstockError) -> Int {
        try await publicly { () throws(StoreError) in try await store.inboxLength() }
    }

    /// Entries of the inbox that were set aside, the newest first; about the last 1,000 are kept.
    public func rejectedEntries(limit: Int = 100) async throws(PenstockError) -> [RejectedInboxEntry] {
        try await publicly { () throws(StoreError) in try await store.rejectedEntries(limit: limit) }
            .map { RejectedInboxEntry(entry: $0.entry, reason: $0.reason, fields: $0.fields) }
    }
}
