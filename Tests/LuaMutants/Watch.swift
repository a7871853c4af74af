/// Notices when the machine, or this process, stood still: tests that were running then may fail for that.
actor Watch {
    private var last = ContinuousClock.now
    private var woke: ContinuousClock.Instant?

    init() {
        // Unstructured: it looks as long as the program runs.
        Task { await look() }
    }

    private func look() async {
        while !Task.isCancelled {
            // Sleeps because: time that passes otherwise than it should is what it looks for.
            try? await Task.sleep(for: .milliseconds(500))
            note()
        }
    }

    private func note() {
        if ContinuousClock.now - last > .seconds(3) { woke = .now }
        last = .now
    }

    func slept(since start: ContinuousClock.Instant) -> Bool {
        note()
        return woke.map { $0 > start } ?? false
    }
}
