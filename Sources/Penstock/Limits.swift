import PenstockModel
import PenstockStore

/// A limit as it stands.
public struct LimitStatus: Sendable, Hashable {
    public let name: LimitName
    public let terms: LimitTerms
    /// Jobs that could start now by the rate alone. Nil without a rate, and for `scope:*`: each name has its own tokens.
    public let tokens: Int?
    /// Jobs that run under it; for `scope:*` under all names that it stands for. Nil without a concurrency.
    public let holders: [TaskID]?
    /// Lanes that it has parked; for `scope:*` those of all names that it stands for. A lane holds the jobs that share
    /// queue, tenant, priority and limit keys.
    public let parkedLanes: Int
}

/// What happens to an enqueue that a length cap has no room for.
public enum CapOverflow: String, Sendable, Hashable {
    /// It throws `full`; nothing is stored.
    case reject
    /// The oldest jobs that wait make way: they end as discarded.
    case dropOldest
}

/// A length cap as it stands.
public struct CapStatus: Sendable, Hashable {
    public let queue: String
    /// Nil: the whole queue. `*`: each tenant that has no cap of its own.
    public let tenant: String?
    /// So many jobs may live under it.
    public let most: Int
    public let overflow: CapOverflow
    /// Jobs that count under it now; nil for `*`, where each tenant has its own number.
    public let length: Int?
}

extension Penstock {
    // MARK: Limits

    /// Sets a limit, at once and for all workers, also while they run.
    ///
    /// `queue:NAME`, `kind:NAME` and `tenant:NAME` hold for every job of a queue, kind or tenant; any other scope is for the
    /// keys that jobs bring (`EnqueueOptions.limits`, `Job.limitKeys`). `scope:*` is the limit of each name of a scope that
    /// has none of its own. A job starts only when all its limits let it, and takes from all or none.
    ///
    /// What runs is never stopped: under a lower concurrency it goes on, and nothing starts until fewer run.
    ///
    ///     try await penstock.setLimit("account:*", .init(jobs: 10, per: .seconds(1), concurrency: 5))
    ///
    /// - Throws: `invalidArgument` for a name that is not `scope:name`.
    public func setLimit(_ name: String, _ terms: LimitTerms) async throws(PenstockError) {
        let name = try LimitName(publicly: name)
        try await publicly { () throws(StoreError) in try await store.setLimit(name, terms) }
    }

    /// Removes a limit: what it held back starts at once. A worker that declares it (`Worker.Options.limits`) sets it
    /// again when it starts next.
    /// - Returns: false if it was not set.
    @discardableResult
    public func removeLimit(_ name: String) async throws(PenstockError) -> Bool {
        let name = try LimitName(publicly: name)
        return try await publicly { () throws(StoreError) in try await store.removeLimit(name) }
    }

    /// Every limit that is set, with its present state, sorted by name.
    public func limits() async throws(PenstockError) -> [LimitStatus] {
        try await publicly { () throws(StoreError) in try await store.limits() }.map {
            LimitStatus(
                name: $0.name, terms: $0.terms, tokens: $0.tokens, holders: $0.holders, parkedLanes: $0.parkedLanes)
        }
    }

    // MARK: Length caps

    /// Caps how many jobs of a queue, or of a tenant in it, live at a time: those that wait, ready or delayed, and those
    /// that run, but neither dead letters nor steps of runs. It counts what is enqueued from then on.
    ///
    /// - Parameters:
    ///   - tenant: nil for the whole queue, `*` for each tenant that has no cap of its own.
    ///   - most: 1 to 1,000,000,000 jobs.
    public func setCap(
        queue: String, tenant: String? = nil, most: Int, overflow: CapOverflow = .reject
    ) async throws(PenstockError) {
        _ = try await publicly { () throws(StoreError) in
            try await store.setCap(
                queue: queue, tenant: tenant, most: most, policy: overflow == .reject ? .reject : .drop)
        }
    }

    /// Removes a length cap.
    /// - Returns: false if it was not set.
    @discardableResult
    public func removeCap(queue: String, tenant: String? = nil) async throws(PenstockError) -> Bool {
        try await publicly { () throws(StoreError) in
            try await store.setCap(queue: queue, tenant: tenant, most: nil, policy: .reject)
        }
    }

    /// Every length cap that is set, with the number of jobs under it, sorted by queue and tenant.
    public func caps() async throws(PenstockError) -> [CapStatus] {
        try await publicly { () throws(StoreError) in try await store.caps() }.map {
            CapStatus(
                queue: $0.queue, tenant: $0.tenant, most: $0.most,
                overflow: $0.policy == .reject ? .reject : .dropOldest,
                length: $0.length)
        }
    }
}
