import Synchronization

/// One clock for everything in a worker that happens at a time: the next due task, a batch to flush, attempts to
/// interrupt. It rings at the earliest moment that was set, calls `ring`, and forgets the moment.
final class Alarm: Sendable {
    private let moment = Mutex<ContinuousClock.Instant?>(nil)
    private let changed = Gate()

    /// Rings at this moment, if it is earlier than what is set.
    func set(_ instant: ContinuousClock.Instant) {
        let isEarlier = moment.withLock { moment in
            if let set = moment, set <= instant { return false }
            moment = instant
            return true
        }
        if isEarlier { changed.open() }
    }

    /// Runs until the task is cancelled.
    func run(_ ring: () -> Void) async {
        while !Task.isCancelled {
            guard let instant = moment.withLock({ $0 }) else {
                await changed.wait()
                continue
            }
            if instant > .now { await waitUntil(instant) }
            let isDue = moment.withLock { moment in
                guard let set = moment, set <= .now else { return false }
                moment = nil
                return true
            }
            if isDue { ring() }
        }
    }

    /// Sleeps until the moment comes or an earlier one is set.
    private func waitUntil(_ instant: ContinuousClock.Instant) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await Task.sleep(until: instant, clock: .continuous) }
            group.addTask { await self.changed.wait() }
            await group.next()
            group.cancelAll()
        }
    }
}
