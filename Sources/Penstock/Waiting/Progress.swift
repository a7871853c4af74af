import PenstockModel
import PenstockStore

/// What a running job says of its progress.
public struct JobProgress: Sendable, Hashable {
    /// 0 to 1.
    public let fraction: Double
    public let message: String

    init(fraction: Double, message: String) {
        self.fraction = fraction
        self.message = message
    }

    var text: String { "\(fraction)\t\(message)" }

    init?(text: String) {
        let parts = text.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
        guard let fraction = parts.first.flatMap({ Double($0) }) else { return nil }
        self.init(fraction: fraction, message: parts.count > 1 ? String(parts[1]) : "")
    }
}

extension JobContext {
    /// Tells how far the job is: replaces what it said before, and goes when the job ends. Fenced by the lease: a worker
    /// that has lost the job changes nothing.
    ///
    /// - Parameters:
    ///   - fraction: 0 to 1; brought into that range.
    ///   - message: for people; cut at 4,096 bytes.
    /// - Returns: false if it was not noted: the lease is lost, or Redis is out of reach. No failure of the job.
    @discardableResult
    public func progress(_ fraction: Double, _ message: String = "") async -> Bool {
        let fraction = fraction.isNaN ? 0 : min(max(fraction, 0), 1)
        return await note(JobProgress(fraction: fraction, message: Self.cut(message)).text, [])
    }

    /// Appends lines to the job's log: the newest 1,000 are kept, each cut at 4,096 bytes, as long as the job lives and
    /// for its retention after that. Fenced by the lease like `progress`.
    @discardableResult
    public func log(_ lines: String...) async -> Bool {
        await note(nil, lines.map(Self.cut))
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > Store.noteBytes else { return text }
        var out = ""
        var count = 0
        for scalar in text.unicodeScalars {
            count += UTF8.width(scalar)
            if count > Store.noteBytes { break }
            out.unicodeScalars.append(scalar)
        }
        return out
    }
}

extension Penstock {
    /// What a running job said last of its progress; nil if it said nothing, or does not run.
    public func progress(of id: TaskID) async throws(PenstockError) -> JobProgress? {
        try await publicly { () throws(StoreError) in try await store.progress(id) }.flatMap { JobProgress(text: $0) }
    }

    /// The newest lines of a job's log, the oldest first; empty if it has none.
    public func log(of id: TaskID, last count: Int = 100) async throws(PenstockError) -> [String] {
        try await publicly { () throws(StoreError) in try await store.logLines(id, last: count) }
    }
}
