import Logging
import PenstockStore
import Synchronization

/// One turn at a role: waits for it, keeps it while the work is done, gives it back.
final class RoleTurn: Sendable {
    private enum Event<Value: Sendable>: Sendable {
        case ended(Result<Value, any Error>)
        case lost
        /// The duty was cancelled.
        case over
    }

    private let penstock: Penstock
    private let name: String
    private let lease: Duration
    /// What the holder tells of itself with each renewal.
    private let note: @Sendable () -> String
    /// No other turn has it, so that a repeated call is known for one.
    private let holder = "turn-\(String(UInt64.random(in: .min ... .max), radix: 36))"
    /// Up to when the role is certainly ours, by the clock of this process.
    private let safeUntil = Mutex(ContinuousClock.now)

    init(_ penstock: Penstock, name: String, lease: Duration, note: @escaping @Sendable () -> String) {
        self.penstock = penstock
        self.name = name
        self.lease = lease
        self.note = note
    }

    func run<Value: Sendable>(_ body: @escaping @Sendable (Role) async throws -> Value) async throws -> Value {
        let role: Role
        do {
            role = try await take()
        } catch {
            // It may have been given to us all the same.
            await leave()
            throw error
        }
        do {
            let value = try await hold(role, body)
            await leave()
            return value
        } catch {
            await leave()
            throw error
        }
    }

    /// A connection that fell silent must be found, and made again, while the lease still holds.
    private var callTimeout: Duration { min(.seconds(10), max(lease / 3, .milliseconds(300))) }

    // MARK: Waiting for the turn

    private func take() async throws -> Role {
        if let role = try await ask().role { return role }
        return try await penstock.roles.listeners.listen(for: name) { news in
            while true {
                let (role, wait) = try await ask()
                if let role { return role }
                try Task.checkCancellation()
                // All who wait ask at the lease's end, unless they hear before that the role was left.
                _ = await news.next(within: wait + .milliseconds(Int64.random(in: 1...20)))
                try Task.checkCancellation()
            }
        }
    }

    private func ask() async throws -> (role: Role?, wait: Duration) {
        let asked = ContinuousClock.now
        let answer = try await publicly { () throws(StoreError) in
            try await penstock.store.takeRole(
                name, holder: holder, lease: lease, waiter: penstock.roles.name, by: penstock.actor, note: note())
        }
        switch answer {
        case .held(let fence):
            trust(from: asked)
            return (Role(name: name, fence: fence), .zero)
        case .taken(let wait): return (nil, wait)
        case .lost: throw PenstockError(.roleLost, "role \"\(name)\" was lost before it was held; ask again")
        }
    }

    /// Redis counts the lease from a later moment than that of the question. A tenth of it is left for the work to stop.
    private func trust(from asked: ContinuousClock.Instant) {
        safeUntil.withLock { $0 = max($0, asked + lease * 9 / 10) }
    }

    // MARK: Keeping it

    private func hold<Value: Sendable>(
        _ role: Role, _ body: @escaping @Sendable (Role) async throws -> Value
    ) async throws -> Value {
        var isLost = false
        let result: Result<Value, any Error>? = await withTaskGroup(of: Event<Value>.self) { group in
            group.addTask {
                do { return .ended(.success(try await body(role))) } catch { return .ended(.failure(error)) }
            }
            group.addTask { await self.renew(role) ? .lost : .over }
            group.addTask { await self.watchClock() ? .lost : .over }
            var result: Result<Value, any Error>?
            for await event in group {
                switch event {
                case .ended(let outcome): result = outcome
                case .lost: isLost = result == nil
                case .over: continue
                }
                group.cancelAll()
            }
            return result
        }
        if isLost {
            var cause: (any Error)?
            if case .failure(let error) = result { cause = error }
            throw PenstockError(
                .roleLost, "role \"\(name)\" was lost: it could not be renewed in time, or another holder has it",
                cause: cause)
        }
        guard let result else { throw CancellationError() }
        return try result.get()
    }

    /// Renews the role every third of the lease, sooner after a failure. True when it is lost.
    private func renew(_ role: Role) async -> Bool {
        var pause = lease / 3
        while true {
            do { try await Task.sleep(for: pause) } catch { return false }
            let asked = ContinuousClock.now
            do throws(StoreError) {
                let answer = try await penstock.store.renewRole(
                    role.claim, holder: holder, lease: lease, note: note(),
                    timeout: callTimeout)
                guard case .held = answer else { return true }
                trust(from: asked)
                pause = lease / 3
            } catch {
                penstock.logger.debug(
                    "role not renewed, trying again", metadata: ["role": "\(name)", "error": "\(error)"])
                pause = lease / 20
            }
        }
    }

    /// True when the time is over for which the role is certainly held.
    private func watchClock() async -> Bool {
        while true {
            let end = safeUntil.withLock { $0 }
            if end <= .now { return true }
            do { try await Task.sleep(until: end) } catch { return false }
        }
    }

    // MARK: Giving it back

    /// Calls that are under way do not react to cancellation, so that it is given back in any case.
    private func leave() async {
        do throws(StoreError) { try await penstock.store.leaveRole(name, holder: holder, timeout: callTimeout) } catch {
            // Its lease ends by itself.
            penstock.logger.debug("role not given back", metadata: ["role": "\(name)", "error": "\(error)"])
        }
    }
}

/// Hears for a client that roles were left.
struct LeftRoles: Sendable {
    /// Whose list the hints go to.
    let name: String
    let listeners: Listeners<String, Void>

    init(store: Store, logger: Logger) {
        let name = "client-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        self.name = name
        listeners = Listeners(store: store, logger: logger) { _, connection throws(StoreError) in
            try await store.leftRoles(for: name, on: connection, timeout: .seconds(1)).map { ($0, ()) }
        }
    }
}
