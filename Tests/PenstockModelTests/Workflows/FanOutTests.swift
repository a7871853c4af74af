import PenstockModel
import PenstockTesting
import Testing

@Suite struct FanOutTests {
    static func graph(_ fanOut: FanOut, items: Int, failing: Set<Int> = []) -> RandomGraph {
        var random = SeededRandom(seed: 1)
        var graph = RandomGraph(&random, rollback: nil, failFast: true, failures: 0)
        graph.shape = GraphShape([StepShape("many", fanOut: fanOut), StepShape("after", after: [.init("many")])])
        graph.fates = ["many": .success(branch: nil), "after": .success(branch: nil)]
        graph.items = ["many": items]
        graph.failingItems = ["many": failing]
        return graph
    }

    @Test("every item is done once and the results come together", arguments: [0, 1, 2, 7, 100, 1001], [1, 3])
    func all(items: Int, batchSize: Int) throws {
        let fanOut = FanOut(concurrency: 5, batchSize: batchSize)
        var driver = try RunDriver(Self.graph(fanOut, items: items), seed: 3)
        driver.drive()
        #expect(driver.interpreter.run.state == .succeeded)
        let tasks = (items + batchSize - 1) / batchSize
        #expect(driver.interpreter.fans["many"]?.succeeded == Set(0..<tasks))
        #expect(driver.interpreter.standing("after").state == .succeeded)
    }

    @Test("never are more items queued than the window holds, and a plan of an item is one effect")
    func window() throws {
        let planner = GraphPlanner(try GraphIndex(Self.graph(FanOut(concurrency: 10), items: 0).shape))
        var interpreter = RunInterpreter()
        func facts() throws -> StepFacts { interpreter.facts(try #require(planner.graph.step(named: "many"))) }
        func commit(_ plan: Plan, _ id: Int?) {
            #expect(interpreter.commit(plan, revision: interpreter.run.revision, task: id) == .applied)
        }
        commit(planner.start(interpreter.run), nil)
        let step = interpreter.claim(0)
        let opening = planner.ended(step.task, .expanded(items: 100_000), try facts())
        #expect(opening.effects.count == 2)
        commit(opening, step.id)
        var done = 0
        while case .item = interpreter.queue.first?.task, done < 5000 {
            #expect(interpreter.queue.count == 10)
            let item = interpreter.claim(0)
            let plan = planner.ended(item.task, .succeeded(), try facts())
            #expect(plan.effects.count == 1)
            commit(plan, item.id)
            done += 1
        }
        #expect(done == 5000)
    }

    @Test(
        "a failed item stops the others, or lets them go on, and fails the step or not",
        arguments: [
            (FanOut.FailedItems.stop, StepState.failed), (.goOn, .failed), (.collect, .succeeded),
        ])
    func failing(rule: FanOut.FailedItems, state: StepState) throws {
        let graph = Self.graph(FanOut(concurrency: 2, failedItems: rule), items: 50, failing: [3])
        var driver = try RunDriver(graph, seed: 5)
        driver.drive()
        #expect(driver.interpreter.standing("many").state == state)
        let fan = try #require(driver.interpreter.fans["many"])
        #expect(fan.failed == [3])
        #expect(rule == .stop ? fan.succeeded.count < 10 : fan.succeeded.count == 49)
    }

    @Test("G14: a retry does the failed items again, and those that had not begun, and no other", arguments: 0..<20)
    func retry(seed: UInt64) throws {
        for rule in [FanOut.FailedItems.stop, .goOn] {
            let graph = Self.graph(FanOut(concurrency: 3, failedItems: rule), items: 30, failing: [3, 7])
            var driver = try RunDriver(graph, seed: seed)
            driver.drive()
            #expect(driver.interpreter.run.state == .failed)
            let first = try #require(driver.interpreter.fans["many"]).succeeded
            var again = try RunDriver(Self.graph(FanOut(concurrency: 3, failedItems: rule), items: 30), seed: seed)
            again.interpreter = driver.interpreter
            again.commit(try again.planner.retry(again.interpreter.run))
            again.drive()
            #expect(again.interpreter.run.state == .succeeded)
            #expect(again.interpreter.fans["many"]?.succeeded == Set(0..<30))
            #expect(again.itemsDone["many", default: []].isDisjoint(with: first))
        }
    }
}
