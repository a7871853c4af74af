/// Something that goes wrong while the workload runs.
protocol InjectedFault: Sendable {
    /// In small letters and dashes: `worker-stopped`.
    var name: String { get }
    /// In words, for `--list`.
    var words: String { get }
    var plan: Plan { get }
    /// Breaks things, and lasts as long as they are broken.
    @MainActor func inject(_ stage: Stage) async throws
    /// Makes things whole again. What was killed is replaced by itself.
    @MainActor func heal(_ stage: Stage) async throws
}

extension InjectedFault {
    var plan: Plan { Plan() }
    @MainActor func heal(_ stage: Stage) async throws {}
}
