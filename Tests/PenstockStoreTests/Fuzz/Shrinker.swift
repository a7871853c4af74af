/// Delta debugging: from a sequence of steps that fails to a short one that still fails.
enum Shrinker {
    /// Leaves out ever smaller parts, down to single steps, as long as what is left fails and there is time.
    ///
    /// - Parameter stillFails: Whether a sequence fails; not asked about `steps` themselves.
    static func shrink(
        _ steps: [Int], until deadline: ContinuousClock.Instant = .now + .seconds(3600),
        isolation: isolated (any Actor)? = #isolation, stillFails: ([Int]) async throws -> Bool
    ) async rethrows -> [Int] {
        var steps = steps
        var chunk = (steps.count + 1) / 2
        while chunk > 0, !steps.isEmpty {
            var hasShrunk = false
            // From the end: what comes late is most often not needed.
            var end = steps.count
            while end > 0 {
                guard ContinuousClock.now < deadline else { return steps }
                let start = max(0, end - chunk)
                let rest = Array(steps[..<start] + steps[end...])
                if !rest.isEmpty, try await stillFails(rest) {
                    steps = rest
                    hasShrunk = true
                }
                end = start
            }
            if chunk == 1, !hasShrunk { break }
            chunk = chunk == 1 ? 1 : chunk / 2
        }
        return steps
    }
}
