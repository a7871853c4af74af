import PenstockTesting
import Testing

@testable import PenstockStore

/// What fails is told by few calls.
@Suite(.timeLimit(.minutes(10))) struct ShrinkerTests {
    @Test(arguments: [[7], [0], [99], [3, 4], [0, 99], [10, 50, 51, 80]])
    func `what is needed stays, and nothing else`(needed: [Int]) async {
        var asked = 0
        let shortest = await Shrinker.shrink(Array(0..<100)) { steps in
            asked += 1
            #expect(steps == steps.sorted())
            return Set(needed).isSubset(of: steps)
        }
        #expect(shortest == needed)
        #expect(asked < 200)
    }

    @Test func `any one of several is enough`() async {
        let shortest = await Shrinker.shrink(Array(0..<64)) { steps in steps.contains { $0 % 5 == 3 } }
        #expect(shortest.count == 1 && shortest[0] % 5 == 3)
    }

    @Test func `what comes and goes is not taken for needed`() async {
        // Fails with 5 before 40, or with more than 30 steps of any kind.
        let shortest = await Shrinker.shrink(Array(0..<64)) { steps in
            steps.count > 30 || steps.contains(5) && steps.contains(40)
        }
        #expect(shortest == [5, 40] || shortest.count == 31)
    }

    @Test func `without time it says what it has`() async {
        let steps = Array(0..<10)
        #expect(await Shrinker.shrink(steps, until: .now) { _ in true } == steps)
    }

    @Test func `a model that is wrong is told from Redis by a few calls`() async throws {
        // It counts a job too many with the first pause that comes after a batch.
        let life = FuzzLife(seed: 5) { model, call in
            if call.hasPrefix("pause"), !model.batches.isEmpty { model.count("q0", "completed") }
        }
        let report = try #require(try await life.run(Array(0..<200)))
        let enough = try #require(report.firstMatch(of: /(\d+) of \d+ steps are enough/))
        #expect(Int(enough.1) == 2, "\(report)")
        #expect(report.contains("PENSTOCK_SEED=5 PENSTOCK_FUZZ_ONLY="))
        #expect(report.contains(": open batch"), "\(report)")
        #expect(report.contains(": pause"))
    }
}
