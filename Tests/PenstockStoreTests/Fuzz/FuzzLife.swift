import PenstockModel
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

/// One life of the fuzz from its seed: played, and, if it deviates, played again with fewer and fewer steps.
struct FuzzLife {
    struct Deviation {
        /// The step after which it was seen; nil: at the end.
        let step: Int?
        let findings: [String]
        /// What was called, each with the number of its step.
        let calls: [String]
    }

    let seed: UInt64
    var flaw: Fuzz.Flaw?
    /// For how long a shorter sequence is looked for.
    var patience: Duration = .seconds(60)
    /// Steps between two looks of the doctor.
    static let round = 125

    /// What deviates, told with a short sequence of calls that does; nil when all is well.
    func run(_ steps: [Int]) async throws -> String? {
        guard let deviation = try await alone(steps) else { return nil }
        let first = deviation.step.map { step in steps.filter { $0 <= step } } ?? steps
        var (shortest, told) = (first, deviation)
        _ = try await Shrinker.shrink(first, until: .now + patience) { some in
            guard let deviation = try await alone(some) else { return false }
            // What comes after it adds nothing.
            (shortest, told) = (some, deviation)
            return true
        }
        func place(_ deviation: Deviation) -> String { deviation.step.map { "after step \($0)" } ?? "at the end" }
        return """
            PENSTOCK_SEED=\(seed) deviates \(place(deviation)):
            \(deviation.findings.joined(separator: "\n"))
            \(shortest.count) of \(first.count) steps are enough, found in at most \(patience): \
            PENSTOCK_SEED=\(seed) PENSTOCK_FUZZ_ONLY=\(shortest.map(String.init).joined(separator: ","))
            \(told.calls.joined(separator: "\n"))
            deviates \(place(told)):
            \(told.findings.joined(separator: "\n"))
            """
    }

    /// These steps in a Redis of their own.
    private func alone(_ steps: [Int]) async throws -> Deviation? {
        var deviation: Deviation?
        try await withStore(audits: false) { store in deviation = try await play(steps, on: store) }
        return deviation
    }

    /// These steps, the end, and what is left after it.
    func play(_ steps: [Int], on store: Store) async throws -> Deviation? {
        var fuzz = try await Fuzz(store, seed: seed, flaw: flaw)
        var calls: [String] = []
        for (place, step) in steps.enumerated() {
            var findings = try await fuzz.step(step)
            calls.append("  \(step): \(fuzz.last)")
            if findings.isEmpty, (place + 1) % Self.round == 0 { findings = try await fuzz.doctor() }
            if !findings.isEmpty { return Deviation(step: step, findings: findings, calls: calls) }
            try Task.checkCancellation()
        }
        var findings = try await fuzz.doctor()
        if findings.isEmpty { findings = try await fuzz.drain() }
        if findings.isEmpty { findings = try await fuzz.doctor() }
        if findings.isEmpty { return nil }
        return Deviation(step: nil, findings: findings, calls: calls + ["  end: \(fuzz.last)"])
    }
}

extension Fuzz {
    /// What `penstock doctor` says.
    func doctor() async throws -> [String] { try await store.audited().map { "doctor: \($0)" } }
}
