import PenstockStore

/// A role that is held: see `Penstock.withRole(_:lease:_:)`.
///
/// Calls that are handed a role (`EnqueueOptions.role`, `StartOptions.role`, `Run.signal`) are refused with `roleLost` when its
/// lease is over by Redis's clock, or when somebody else has held it since. So a holder that was stopped and wakes up too
/// late changes nothing.
public struct Role: Sendable, Hashable {
    public let name: String
    /// Greater each time that somebody takes the role, for systems that can refuse what an earlier holder sends. It goes on
    /// growing when Redis was emptied.
    public let fence: Int64

    var claim: RoleClaim { RoleClaim(name: name, fence: fence) }
}

/// A role as others see it.
public struct RoleStatus: Sendable, Hashable {
    public let name: String
    /// Of its present holder, or of the last one.
    public let fence: Int64
    /// Host and process of who holds it; nil if nobody does.
    public let holder: String?
}
