import PenstockTesting
import Synchronization
import Testing

@testable import PenstockStore

/// Random calls against a naive model, compared after each one. `PENSTOCK_SEED` repeats a run, `PENSTOCK_FUZZ_STEPS` makes
/// it longer, `PENSTOCK_FUZZ_ONLY` plays some steps of its first life.
@Suite(.timeLimit(.minutes(600))) struct FuzzTests {
    static let steps = ProcessEnvironment.value("PENSTOCK_FUZZ_STEPS").flatMap { Int($0) } ?? 50_000
    static let seed =
        ProcessEnvironment.value("PENSTOCK_SEED").flatMap { UInt64($0) } ?? .random(in: 0..<1_000_000_000)
    static let only = ProcessEnvironment.value("PENSTOCK_FUZZ_ONLY")?.split(separator: ",").compactMap { Int($0) }
    /// Seconds for shrinking.
    static let patience = ProcessEnvironment.value("PENSTOCK_FUZZ_SHRINK").flatMap { Int($0) } ?? 60
    /// Several short lives reach more states than a long one.
    static let span = 500
    /// They are lived side by side.
    static let slices = 4

    @Test(arguments: 0..<slices)
    func `random calls do what the model says`(slice: Int) async throws {
        let lives = Self.only == nil ? max(1, Self.steps / Self.span) : 1
        for number in stride(from: slice, to: lives, by: Self.slices) {
            let life = FuzzLife(seed: Self.seed &+ UInt64(number), patience: .seconds(Self.patience))
            let steps = Self.only ?? Array(0..<min(Self.span, Self.steps))
            if let report = try await life.run(steps) {
                Issue.record("\(report)")
                return
            }
        }
    }
}
