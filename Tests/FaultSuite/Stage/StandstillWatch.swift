import Synchronization

/// Notices when the suite does not get to run: then a trial says nothing about what it tries.
final class StandstillWatch: Sendable {
    /// Longer gaps than this disturb a trial.
    static let most = Duration.seconds(1)

    private let gap = Mutex(Duration.zero)
    var longest: Duration { gap.withLock { $0 } }

    func run() async {
        var last = ContinuousClock.now
        while !Task.isCancelled {
            // Sleeps because: it is how late it wakes that is measured.
            try? await Task.sleep(for: .milliseconds(50))
            let now = ContinuousClock.now
            gap.withLock { $0 = max($0, now - last - .milliseconds(50)) }
            last = now
        }
    }
}
