import PenstockModel
import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

/// Lists of runs against a filter in Swift over what was started.
@Suite(.timeLimit(.minutes(10))) struct RunListTests {
    static let tags = ["eu", "vip", "big one"]
    static let workflows = ["flow", "a:b", "other"]

    /// Runs of several workflows, in several states; `moments` says at how many different ones they start.
    private func runs(_ count: Int, moments: Int, _ store: Store, _ random: inout SeededRandom) async throws
        -> [RunListing]
    {
        var started: [RunListing] = []
        for number in 0..<count {
            let foreignID = random.chance(0.4) ? ["x", "b:c"].randomElement(using: &random) : nil
            let run: RunBench
            if number % max(count / moments, 1) == 0 { try await store.stepClock(by: .seconds(60)) }
            do {
                run = try await RunBench(
                    store, workflow: Self.workflows.randomElement(using: &random) ?? "", foreignID: foreignID,
                    tags: Self.tags.filter { _ in random.chance(0.4) })
            } catch {
                // A live run has the foreign id.
                continue
            }
            let ways: [[RunState]] = [
                [], [.paused], [.paused, .running], [.succeeded], [.failed], [.cancelling, .cancelled],
                [.failed, .pending], [.failed, .pending, .running, .succeeded],
            ]
            var state = RunState.running
            for next in ways.randomElement(using: &random) ?? [] {
                guard next != .pending || foreignID == nil else { break }
                try await run.apply([.moveRun(from: state, to: next)])
                state = next
            }
            let reading = try #require(try await store.read(RunQuery(run.id, wantsHome: true)))
            #expect(reading.facts.state == state)
            started.append(
                RunListing(
                    id: run.id, workflow: reading.workflow, summary: reading.summary,
                    startedAt: try #require(reading.startedAt), foreignID: reading.foreignID, tags: reading.tags))
        }
        return started.sorted { ($0.startedAt, $0.id) > ($1.startedAt, $1.id) }
    }

    private func all(_ filter: RunFilter, limit: Int, _ store: Store) async throws -> [RunListing] {
        var all: [RunListing] = []
        var after: RunCursor?
        repeat {
            let page = try await store.runs(filter, after: after, limit: limit)
            #expect(page.entries.count <= limit)
            all += page.entries
            after = page.next.flatMap { RunCursor($0.description) }
            #expect(after == page.next)
        } while after != nil
        return all
    }

    @Test(arguments: [0, 1, 2]) func `any filter finds its runs, page by page, the newest first`(seed: UInt64)
        async throws
    {
        try await withStore { store in
            var random = SeededRandom(seed: seed)
            // With one moment the clock stands still: ids alone tell where a page ends.
            if seed == 0 { try await store.raw("HSET", store.keys.clock, "last", "4000000000000") }
            let runs = try await runs(60, moments: seed == 0 ? 1 : 5, store, &random)
            #expect(Set(runs.map(\.startedAt)).count <= (seed == 0 ? 2 : 60))
            for _ in 0..<60 {
                var filter = RunFilter()
                if random.chance(0.5) { filter.workflow = Self.workflows.randomElement(using: &random) }
                if random.chance(0.4) {
                    filter.states = Set(
                        [RunState.succeeded, .failed, .running, .pending].filter { _ in random.chance(0.5) })
                }
                if random.chance(0.3) { filter.foreignID = ["x", "b:c", "none"].randomElement(using: &random) }
                if random.chance(0.4) { filter.tags = Self.tags.shuffled(using: &random).dropLast() }
                if random.chance(0.3) { filter.from = runs.randomElement(using: &random)?.startedAt }
                if random.chance(0.3) { filter.until = runs.randomElement(using: &random)?.startedAt }
                let expected = runs.filter { filter.takes($0) }
                for limit in [1, 7, 100] {
                    let found = try await all(filter, limit: limit, store)
                    #expect(found == expected, "\(filter), \(limit) a page")
                }
            }
        }
    }

    @Test func `a filter that leaves out nearly all looks at a bounded number of runs a page`() async throws {
        try await withStore(audits: false) { store in
            let tagged = try await RunBench(store, tags: ["eu", "rare"])
            // Those that have lost their hash stand for those that are left out.
            for from in stride(from: 0, to: 2500, by: 500) {
                var command = ["ZADD", store.keys.tagged("eu")]
                for number in from..<(from + 500) { command += ["\(5_000_000_000_000 + number)", "gone\(number)"] }
                _ = try await store.redis.send(RedisCommand(command[0], RedisArguments(Array(command.dropFirst()))))
            }
            var after: RunCursor?
            var sizes: [Int] = []
            repeat {
                let page = try await store.runs(RunFilter(tags: ["eu", "rare"]), after: after, limit: 5)
                sizes.append(page.entries.count)
                after = page.next
                if after == nil { #expect(page.entries.map(\.id) == [tagged.id]) }
            } while after != nil
            #expect(sizes == [0, 0, 1])
        }
    }

    @Test func `a run that starts and ends in one call is filed once; a removed one is found nowhere`() async throws {
        try await withStore { store in
            let before = try await Commands.count(store, "zadd")
            let run = try await RunBench(store, effects: [.moveRun(from: .running, to: .succeeded)])
            #expect(try await Commands.count(store, "zadd") == before + 1)
            let other = try await RunBench(
                store, foreignID: "f", effects: [.moveRun(from: .running, to: .failed)], tags: ["eu"])
            #expect(try await store.runs(RunFilter(states: [.succeeded])).entries.map(\.id) == [run.id])
            for id in [run.id, other.id] { #expect(try await store.remove(id) == .removed) }
            for filter in [RunFilter(), RunFilter(tags: ["eu"]), RunFilter(foreignID: "f")] {
                #expect(try await store.runs(filter).entries.isEmpty)
            }
            #expect(try await KeyspaceAudit.read(store).runIndexes.isEmpty)
        }
    }

    @Test func `cursors are read back, and nothing else is`() throws {
        for text in ["", "1", "1.", ".ab", "x.ab", "1.a b"] { #expect(RunCursor(text) == nil, "\(text)") }
        #expect(RunCursor("17.ab-c")?.description == "17.ab-c")
    }

    @Test func `workflows are known by name and version, and by the shape that was kept last`() async throws {
        try await withStore { store in
            var digests: [String] = []
            for (text, name, version) in [("a", "flow", 2), ("b", "flow", 10), ("c", "flow", 2), ("a", "all", 1)] {
                digests.append(try await store.keepShape(Array(text.utf8), workflow: name, version: version))
            }
            #expect(
                try await store.workflows() == [
                    KnownWorkflow(name: "all", version: 1, digest: digests[0]),
                    KnownWorkflow(name: "flow", version: 2, digest: digests[2]),
                    KnownWorkflow(name: "flow", version: 10, digest: digests[1]),
                ])
            await #expect(throws: StoreError.self) {
                try await store.keepShape([1], workflow: "no name", version: 1)
            }
        }
    }
}

extension RunFilter {
    fileprivate func takes(_ run: RunListing) -> Bool {
        (workflow ?? run.workflow) == run.workflow && (states.isEmpty || states.contains(run.summary.facts.state))
            && (foreignID == nil || foreignID == run.foreignID) && tags.allSatisfy(run.tags.contains)
            && run.startedAt >= from ?? .min && run.startedAt < until ?? .max
    }
}
