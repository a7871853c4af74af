import PenstockModel
import PenstockTesting
import Testing

@Suite struct RandomGraphTests {
    /// What holds for every run that has come to its end, however it got there.
    static func checkEnd(_ driver: RunDriver, _ seed: UInt64) {
        let interpreter = driver.interpreter
        #expect(interpreter.run.state.isTerminal, "seed \(seed): \(interpreter.run)")
        #expect(interpreter.queue.isEmpty && interpreter.held.isEmpty && interpreter.parked.isEmpty, "seed \(seed)")
        #expect(interpreter.open == 0, "seed \(seed)")
        let ends = interpreter.runMoves.filter(\.isTerminal)
        let begins = interpreter.runMoves.count { $0 == .pending }
        let reopened = zip(interpreter.runMoves, interpreter.runMoves.dropFirst()).count {
            $0 == .failed && $1 == .rollingBack
        }
        #expect(ends.count == begins + reopened + 1, "seed \(seed): \(interpreter.runMoves)")
        for step in driver.graph.shape.steps {
            #expect(!interpreter.standing(step.name).state.isOpen, "seed \(seed): \(step.name)")
            for round in 1...interpreter.run.round {
                let times = driver.executions[step.name, default: []].count { $0 == round }
                #expect(times <= 1, "seed \(seed): \(step.name) was executed \(times) times in round \(round)")
            }
        }
    }

    /// What holds for rollbacks.
    static func checkRollback(_ driver: RunDriver, _ seed: UInt64) {
        let graph = driver.graph
        let interpreter = driver.interpreter
        guard let policy = graph.shape.rollback, interpreter.runMoves.contains(.rollingBack) else { return }
        let moves = interpreter.stepMoves
        func forward(_ name: String) -> StepState { moves[name, default: []].last { $0.isEnded } ?? .pending }
        func isDone(_ state: StepState) -> Bool {
            state == .rolledBack || (policy == .always && state == .rollbackFailed)
        }
        for step in graph.shape.steps {
            let state = interpreter.standing(step.name).state
            let wasCalled = driver.rollbackCalls[step.name, default: 0]
            let mayHaveActed = [.succeeded, .failed, .interrupted].contains(forward(step.name))
            if forward(step.name) == .pending {
                #expect(state == .rolledBack && wasCalled == 0, "seed \(seed): \(step.name) never started")
                continue
            }
            let next = graph.dependents(of: step.name).filter { forward($0.name) != .pending }
            let isFree = next.allSatisfy { isDone(interpreter.standing($0.name).state) }
            if isFree {
                #expect(
                    state == .rolledBack || state == .rollbackFailed, "seed \(seed): \(step.name) was left \(state)")
                if step.hasRollback && mayHaveActed {
                    #expect(wasCalled == 1, "seed \(seed): \(step.name) was rolled back \(wasCalled) times")
                } else {
                    #expect(wasCalled == 0, "seed \(seed): \(step.name) had nothing to roll back")
                }
            } else {
                #expect(state.isEnded && wasCalled == 0, "seed \(seed): \(step.name) was rolled back too early")
            }
            if let then = driver.statesAtRollback[step.name] {
                #expect(next.allSatisfy { isDone(then[$0.name] ?? .pending) }, "seed \(seed): order at \(step.name)")
            }
        }
        let isStuck =
            policy == .preserve
            && graph.shape.steps.contains { interpreter.standing($0.name).state == .rollbackFailed }
        #expect(interpreter.run.state == (isStuck ? .failed : .rolledBack), "seed \(seed)")
    }

    @Test(
        "a run that nothing stops gets every step where the rules say, in any order and under faults", arguments: 0..<16
    )
    func undisturbed(block: Int) throws {
        for number in 0..<60 {
            let seed = UInt64(block * 1000 + number)
            var random = SeededRandom(seed: seed)
            let graph = RandomGraph(&random, rollback: nil, failFast: false, failures: 0.2)
            var driver = try RunDriver(graph, seed: seed)
            driver.drive()
            Self.checkEnd(driver, seed)
            let expected = graph.undisturbed()
            for step in graph.shape.steps {
                #expect(driver.interpreter.standing(step.name) == expected[step.name], "seed \(seed): \(step.name)")
            }
            let fails = expected.contains { $0.value.state == .failed && !graph.isCaught($0.key) }
            #expect(driver.interpreter.run.state == (fails ? .failed : .succeeded), "seed \(seed)")
        }
    }

    @Test("a run that fails fast ends, cleans up, and starts nothing else", arguments: 0..<16)
    func failFast(block: Int) throws {
        for number in 0..<60 {
            let seed = UInt64(100_000 + block * 1000 + number)
            var random = SeededRandom(seed: seed)
            let graph = RandomGraph(&random, rollback: nil, failFast: true, failures: 0.2)
            var driver = try RunDriver(graph, seed: seed)
            driver.drive()
            Self.checkEnd(driver, seed)
            let interpreter = driver.interpreter
            let fails = graph.shape.steps.contains {
                interpreter.standing($0.name).state == .failed && !graph.isCaught($0.name)
            }
            #expect(interpreter.run.state == (fails ? .failed : .succeeded), "seed \(seed)")
            guard fails else {
                for (name, standing) in graph.undisturbed() {
                    #expect(interpreter.standing(name) == standing, "seed \(seed): \(name)")
                }
                continue
            }
            for step in graph.shape.steps where step.dependencies.contains(where: { $0.phase == .end }) {
                // All that it waits for has ended, so it was decided, and by the rules.
                let standings = step.dependencies.map { interpreter.standing($0.step) }
                #expect(standings.allSatisfy { $0.state.isEnded }, "seed \(seed): \(step.name)")
                // With another join it may have been decided before the end that would have made it clean up.
                guard step.join == .all else { continue }
                let state = interpreter.standing(step.name).state
                if !zip(step.dependencies, standings).allSatisfy({ $0.isTaken(by: $1) }) {
                    #expect(state == .skipped || state == .cancelled, "seed \(seed): \(step.name) \(state)")
                } else {
                    #expect(interpreter.standing(step.name) == graph.end(of: step), "seed \(seed): \(step.name)")
                }
            }
        }
    }

    @Test(
        "a run that fails is rolled back: each step once, in reverse order, under faults",
        arguments: RollbackPolicy.allCases, 0..<12)
    func rollback(policy: RollbackPolicy, block: Int) throws {
        for number in 0..<60 {
            let seed = UInt64(200_000 + block * 1000 + number)
            var random = SeededRandom(seed: seed)
            let graph = RandomGraph(&random, rollback: policy, failFast: true, failures: 0.15)
            var driver = try RunDriver(graph, seed: seed)
            driver.drive()
            Self.checkEnd(driver, seed)
            Self.checkRollback(driver, seed)
            if driver.interpreter.run.state == .succeeded {
                for (name, standing) in graph.undisturbed() {
                    #expect(driver.interpreter.standing(name) == standing, "seed \(seed): \(name)")
                }
            }
        }
    }

    @Test(
        "whatever is done to a run, it ends once and leaves nothing behind",
        arguments: [nil, RollbackPolicy.preserve, .always], 0..<12)
    func controls(policy: RollbackPolicy?, block: Int) throws {
        for number in 0..<60 {
            let seed = UInt64(300_000 + block * 1000 + number)
            var random = SeededRandom(seed: seed)
            let graph = RandomGraph(&random, rollback: policy, failFast: random.chance(0.5), failures: 0.1)
            var driver = try RunDriver(graph, seed: seed)
            driver.controls = 0.05
            driver.drive()
            Self.checkEnd(driver, seed)
        }
    }

    @Test("a failed run that is retried without its troubles ends as if there had been none", arguments: 0..<16)
    func retry(block: Int) throws {
        for number in 0..<60 {
            let seed = UInt64(400_000 + block * 1000 + number)
            var random = SeededRandom(seed: seed)
            let policy: RollbackPolicy? = random.chance(0.5) ? .always : nil
            let graph = RandomGraph(&random, rollback: policy, failFast: random.chance(0.5), failures: 0.15)
            var driver = try RunDriver(graph, seed: seed)
            driver.controls = 0.02
            driver.drive()
            guard driver.interpreter.run.state != .succeeded else { continue }
            var mended = graph
            for (name, fate) in graph.fates where fate == .failure && !graph.isCaught(name) {
                mended.fates[name] = .success(branch: graph.step(name)?.branches.first)
            }
            for step in graph.shape.steps where !graph.isCaught(step.name) { mended.failingItems[step.name] = [] }
            var again = try RunDriver(mended, seed: seed)
            again.interpreter = driver.interpreter
            again.executions = driver.executions
            let answer = again.commit(try again.planner.retry(again.interpreter.run))
            #expect(answer == .applied)
            again.drive()
            Self.checkEnd(again, seed)
            #expect(again.interpreter.run.state == .succeeded, "seed \(seed)")
            guard !again.interpreter.steps.values.contains(where: { $0.state == .waived }) else { continue }
            for (name, standing) in mended.undisturbed() {
                #expect(again.interpreter.standing(name) == standing, "seed \(seed): \(name)")
            }
        }
    }

    @Test("a rerun executes the step and all that depends on it once more, and the rest not", arguments: 0..<16)
    func rerun(block: Int) throws {
        for number in 0..<60 {
            let seed = UInt64(500_000 + block * 1000 + number)
            var random = SeededRandom(seed: seed)
            let graph = RandomGraph(&random, rollback: nil, failFast: false, failures: 0.2)
            var driver = try RunDriver(graph, seed: seed)
            driver.drive()
            let name = try #require(graph.shape.steps.randomElement(using: &random)).name
            let wasUncaught = driver.interpreter.steps.filter { $0.value.state == .failed && !graph.isCaught($0.key) }
            driver.commit(try driver.planner.rerun(from: name, driver.interpreter.run))
            driver.drive()
            Self.checkEnd(driver, seed)
            let expected = graph.undisturbed()
            for step in graph.shape.steps {
                #expect(driver.interpreter.standing(step.name) == expected[step.name], "seed \(seed): \(step.name)")
            }
            var again = Set(wasUncaught.keys).union([name])
            var front = Array(again)
            while let next = front.popLast() {
                for step in graph.dependents(of: next) where again.insert(step.name).inserted {
                    front.append(step.name)
                }
            }
            for step in graph.shape.steps where !again.contains(step.name) {
                #expect(driver.executions[step.name, default: []].allSatisfy { $0 == 1 }, "seed \(seed): \(step.name)")
            }
            let wasRun = !driver.executions[name, default: []].isEmpty
            guard wasRun, graph.step(name)?.fanOut == nil else { continue }
            #expect(driver.executions[name, default: []].contains(2), "seed \(seed): \(name) was not run again")
        }
    }

    @Test(
        "the data of a run that has ended are deleted in parts, once more if asked for, and its states stay",
        arguments: 0..<16)
    func deletion(block: Int) throws {
        for number in 0..<30 {
            let seed = UInt64(700_000 + block * 1000 + number)
            var random = SeededRandom(seed: seed)
            let policy: RollbackPolicy? = random.chance(0.5) ? .always : nil
            let graph = RandomGraph(&random, rollback: policy, failFast: random.chance(0.5), failures: 0.15)
            var driver = try RunDriver(graph, seed: seed)
            #expect(throws: RunControlError.hasNotEnded(.running)) {
                try driver.planner.deleteData(driver.interpreter.run)
            }
            driver.drive()
            let before = driver.interpreter
            for times in 1...2 {
                #expect(driver.commit(try driver.planner.deleteData(driver.interpreter.run)) == .applied)
                #expect(try driver.planner.deleteData(driver.interpreter.run) == .nothing)
                // What tries to come in between.
                driver.controls = 0.1
                driver.drive()
                let after = driver.interpreter
                #expect(after.run.state == .dataDeleted && after.queue.isEmpty && after.held.isEmpty, "seed \(seed)")
                #expect(after.outputs.isEmpty && after.fans.isEmpty && after.hasInput == graph.leavesInput)
                #expect(after.steps == before.steps && after.open == 0 && after.toldParent == before.toldParent)
                #expect(after.runMoves.suffix(2) == [.deletingData, .dataDeleted])
                #expect(after.runMoves.count == before.runMoves.count + 2 * times, "seed \(seed)")
            }
            #expect(throws: RunControlError.dataDeleted) { try driver.planner.retry(driver.interpreter.run) }
            let part = driver.planner.erase(from: 0, RunFacts(state: .deletingData))
            #expect(part.effects.count <= min(7, graph.shape.steps.count) + 2)
        }
    }

    @Test("a step that failed is skipped by hand after the end, and what waited for it runs", arguments: 0..<16)
    func skipAfterEnd(block: Int) throws {
        for number in 0..<60 {
            let seed = UInt64(600_000 + block * 1000 + number)
            var random = SeededRandom(seed: seed)
            let graph = RandomGraph(&random, rollback: nil, failFast: random.chance(0.5), failures: 0.1)
            var driver = try RunDriver(graph, seed: seed)
            driver.drive()
            let failed = graph.shape.steps.filter {
                driver.interpreter.standing($0.name).state == .failed && !graph.isCaught($0.name)
            }
            guard failed.count == 1, let step = failed.first else { continue }
            driver.commit(try driver.planner.skip(step.name, driver.interpreter.facts(step)))
            driver.drive()
            Self.checkEnd(driver, seed)
            #expect(driver.interpreter.standing(step.name).state == .waived, "seed \(seed)")
            for next in graph.dependents(of: step.name) {
                #expect(
                    driver.interpreter.standing(next.name).state != .cancelled
                        || driver.interpreter.run.state == .failed)
                guard next.dependencies.count == 1, next.dependencies[0].phase != .failure else { continue }
                guard next.dependencies[0].branch == nil, graph.fates[next.name] == .success(branch: nil) else {
                    continue
                }
                guard driver.interpreter.run.state == .succeeded else { continue }
                #expect(driver.interpreter.standing(next.name).state == .succeeded, "seed \(seed): \(next.name)")
            }
        }
    }
}
