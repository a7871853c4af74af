import PenstockModel
import Synchronization

/// Lets concurrent single enqueues share round trips (group commit): the first caller sends at once; those that come
/// while its call is under way gather, and one of them then sends for all. Nobody waits for a timer, and no task runs
/// in the background.
final class EnqueueCombiner: Sendable {
    private struct Waiting {
        let task: NewTask
        let continuation: CheckedContinuation<Role, Never>
    }

    private enum Role: Sendable {
        case answered(Result<EnqueueAnswer, StoreError>)
        /// Send for these, of which the first is the caller's own.
        case lead([Member])
    }

    private struct Member: Sendable {
        let task: NewTask
        let continuation: CheckedContinuation<Role, Never>?
    }

    private struct State {
        var isBusy = false
        var waiting: [Waiting] = []
    }

    private let state = Mutex(State())
    /// What all callers ask for.
    private let replicas: ReplicaConfirmation?

    init(replicas: ReplicaConfirmation? = nil) { self.replicas = replicas }

    /// Enqueues one task, alone or with others that are asked for at the same time.
    func enqueue(_ task: NewTask, in store: Store) async throws(StoreError) -> EnqueueAnswer {
        try store.validate(task)
        let leads = state.withLock { state in
            defer { state.isBusy = true }
            return !state.isBusy
        }
        var members = [Member(task: task, continuation: nil)]
        if !leads {
            let role = await withCheckedContinuation { continuation in
                let role: Role? = state.withLock { state in
                    if !state.isBusy {
                        state.isBusy = true
                        return .lead([Member(task: task, continuation: nil)])
                    }
                    state.waiting.append(Waiting(task: task, continuation: continuation))
                    return nil
                }
                if let role { continuation.resume(returning: role) }
            }
            switch role {
            case .answered(let result): return try result.get()
            case .lead(let all): members = all
            }
        }
        let result: Result<[EnqueueAnswer], StoreError>
        do throws(StoreError) {
            result = .success(try await store.enqueue(members.map(\.task), replicas: replicas))
        } catch {
            result = .failure(error)
        }
        passOn(store.limits)
        for (place, member) in members.enumerated() {
            member.continuation?.resume(
                returning: .answered(result.map { $0[place] }.mapError { $0.narrowed(to: place) }))
        }
        return try result.mapError { $0.narrowed(to: 0) }.get()[0]
    }

    /// Makes one of those who gathered the next to send, for as many as fit one script call: they share its outcome.
    private func passOn(_ limits: StoreLimits) {
        let next: (CheckedContinuation<Role, Never>, [Member])? = state.withLock { state in
            guard let first = state.waiting.first else {
                state.isBusy = false
                return nil
            }
            var count = 0
            var bytes = 0
            for waiting in state.waiting.prefix(limits.tasksPerCall) {
                bytes += waiting.task.record.payload.count
                if count > 0 && bytes > limits.bytesPerCall { break }
                count += 1
            }
            let batch = state.waiting.prefix(count)
            let members = batch.enumerated().map { place, waiting in
                Member(task: waiting.task, continuation: place == 0 ? nil : waiting.continuation)
            }
            state.waiting.removeFirst(batch.count)
            return (first.continuation, members)
        }
        if let (continuation, members) = next { continuation.resume(returning: .lead(members)) }
    }
}

extension Store {
    /// Enqueues one task; concurrent callers share round trips.
    ///
    /// - Parameter replicas: how many replicas must have it before the call returns.
    package func enqueue(
        _ task: NewTask, replicas: ReplicaConfirmation? = nil
    ) async throws(StoreError) -> EnqueueAnswer {
        if task.role != nil {
            // A role that was lost must not have the jobs of others refused.
            let answers = try await enqueue([task], replicas: replicas)
            return answers[0]
        }
        guard let replicas else { return try await combiner.enqueue(task, in: self) }
        return try await replicaLines.combiner(for: replicas).enqueue(task, in: self)
    }
}
