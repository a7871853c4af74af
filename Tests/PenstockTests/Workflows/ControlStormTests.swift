import Foundation
import Penstock
import PenstockTesting
import Testing

/// Pause, resume, cancel, retry, skip, signal and completion at random from eight clients at the same runs: every history is a legal
/// path, and what has ended stays as it is unless somebody runs it again.
@Suite("Many hands on one run", .timeLimit(.minutes(5))) struct ControlStormTests {
    private static let environment = ProcessInfo.processInfo.environment
    static let count = environment["PENSTOCK_LONG_TESTS"] == "1" ? 60 : 6
    static let seed = environment["PENSTOCK_SEED"].flatMap { UInt64($0) } ?? .random(in: 0..<1_000_000)

    @Test("every history is a legal path", arguments: [false, true])
    func storm(rollback: Bool) async throws {
        let token = Lockbox<[RunID: CompletionToken]>([:])
        let name = rollback ? "undone" : "plain"
        let flow = try Workflow(name, input: NoInput.self) { flow in
            let first = flow.step("first") { _, _ in await Task.yield() }
            if rollback { first.rollback { _, _ in await Task.yield() } }
            let approval = flow.signal("approval", of: Int.self, after: first)
            let outside = flow.longRunning("outside", after: first, every: .milliseconds(5)) { _, context in
                let given = context.completionToken
                token.change { $0[context.runID] = given }
                return .inProgress
            } sync: { _, _ -> StepProgress<NoOutput> in
                .inProgress
            }
            let items = flow.forEach("items", after: first, concurrency: 3) { _, _ in
                Array(0..<10)
            } run: { _, _ in
                await Task.yield()
            }
            let last = flow.step("last", after: approval, outside, items, retry: .quick(2)) { _, context in
                if context.attempt == 1 { throw Broken() }
            }
            if rollback { last.rollback { _, _ in } }
        }
        try await withWorkflows {
            $0.handle(flow)
        } _: { rig in
            for round in 0..<Self.count {
                let seed = Self.seed &+ UInt64(round)
                let run = try await rig.penstock.start(flow).run
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for client in 0..<8 {
                        group.addTask {
                            let penstock = try Rig.client(rig.redis.url)
                            let mine = penstock.run(run.id)
                            var random = SeededRandom(seed: seed &* 8 &+ UInt64(client))
                            for _ in 0..<12 {
                                do throws(PenstockError) {
                                    switch Int.random(in: 0..<12, using: &random) {
                                    case 0...1: try await mine.pause()
                                    case 2...4: try await mine.resume()
                                    case 5 where random.chance(0.3): try await mine.cancel(rollBack: rollback)
                                    case 6: try await mine.retry()
                                    case 7: try await mine.signal("approval", 1)
                                    case 8:
                                        if let token = token.value[run.id] {
                                            try await penstock.complete(token, with: NoOutput())
                                        }
                                    case 9 where random.chance(0.3): try await mine.skip("items")
                                    case 10 where random.chance(0.3): try await mine.rerun(from: "first")
                                    default: _ = try await mine.status()
                                    }
                                } catch {
                                    // Not now, or not any more: that is an answer. Anything else is not.
                                    #expect([.notNow, .full].contains(error.code), "\(error)")
                                }
                            }
                            await penstock.shutdown()
                        }
                    }
                    try await group.waitForAll()
                }
                try await settle(run, token, rig)
                try await run.expectLegalHistory("PENSTOCK_SEED=\(seed)")
                // What has ended stays so.
                let end = try await run.status()
                await expectNotNow { try await run.pause() }
                await expectNotNow { try await run.signal("approval", 1) }
                #expect(try await run.status() == end)
            }
        }
    }

    /// Lets a run come to its end, whatever it waits for.
    private func settle(_ run: Run, _ token: Lockbox<[RunID: CompletionToken]>, _ rig: Rig) async throws {
        try await eventually("the run to end", within: .seconds(30)) {
            let status = try await run.status()
            if status.state.isTerminal { return true }
            do throws(PenstockError) {
                if status.state == .paused { try await run.resume() }
                if status.state("approval") == .waiting { try await run.signal("approval", 1) }
                if let token = token.value[run.id], status.state("outside") == .waiting {
                    try await rig.penstock.complete(token, with: NoOutput())
                }
            } catch {
                #expect([.notNow, .full].contains(error.code), "\(error)")
            }
            return false
        }
    }
}
