import PenstockModel
import PenstockStore
import ServiceLifecycle

extension Penstock {
    /// Runs `body` while nobody else in the namespace holds the role: waits for the turn, keeps the lease, gives it back.
    ///
    ///     try await penstock.withRole("nightly-export") { role in
    ///         try await penstock.enqueue(Export(), .init(role: role))
    ///     }
    ///
    /// The lease is renewed every third of it. If that fails for too long, `body` is cancelled before Redis gives the role to
    /// somebody else; it should end soon then. What it sends too late nonetheless is refused where the call is handed the
    /// `role`, or where the receiver compares `role.fence`. Cancellation and graceful shutdown end the wait, and cancel `body`.
    ///
    /// - Parameters:
    ///   - name: letters, digits and `. _ - : / @`, up to 200 bytes.
    ///   - lease: how long the role stays ours without a sign of life, 300 ms to a day; 10 s by default. Who waits has it
    ///     at once when it is given back, and after the lease when the holder dies.
    /// - Throws: `roleLost` if the role was lost before `body` had ended; what `body` throws; what keeps the client from
    ///   reaching Redis while it waits; `CancellationError`.
    public func withRole<Value: Sendable>(
        _ name: String, lease: Duration = .seconds(10),
        _ body: @escaping @Sendable (Role) async throws -> Value
    ) async throws -> Value {
        try await withRole(name, lease: lease, note: { "" }, body)
    }

    /// - Parameter note: what the holder tells of itself, in few words, asked with each renewal.
    func withRole<Value: Sendable>(
        _ name: String, lease: Duration, note: @escaping @Sendable () -> String,
        _ body: @escaping @Sendable (Role) async throws -> Value
    ) async throws -> Value {
        let turn = RoleTurn(self, name: name, lease: lease, note: note)
        return try await cancelWhenGracefulShutdown { try await turn.run(body) }
    }

    /// Who holds a role; nil if nobody ever has.
    public func role(_ name: String) async throws(PenstockError) -> RoleStatus? {
        do { try Name.role.check(name) } catch { throw PenstockError(.invalidArgument, "\(error)", cause: error) }
        let views = try await publicly { () throws(StoreError) in try await store.roles([name]) }
        guard let view = views.first ?? nil else { return nil }
        return RoleStatus(name: name, fence: view.fence, holder: view.holder)
    }
}
