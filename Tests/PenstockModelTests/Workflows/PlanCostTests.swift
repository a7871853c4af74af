import PenstockModel
import PenstockTesting
import Testing

/// The cost of a plan is that of a step's neighbours, whatever the size of the run.
@Suite struct PlanCostTests {
    @Test("completing a step of 100,000 has effects for its edges, and a few more")
    func bounded() async throws {
        try await apart {
            var random = SeededRandom(seed: 11)
            var steps: [StepShape] = []
            for number in 0..<100_000 {
                let dependencies = number == 0 ? 0 : Int.random(in: 0...min(3, number), using: &random)
                let places = Set(
                    (0..<dependencies).map { _ in Int.random(in: max(0, number - 50)..<number, using: &random) })
                steps.append(
                    StepShape("s\(number)", after: places.sorted().map { Dependency("s\($0)") }, hasRollback: true))
            }
            let planner = GraphPlanner(try GraphIndex(GraphShape(steps, rollback: .preserve)))
            let run = RunFacts(state: .running, hasCallback: true)
            let back = RunFacts(state: .rollingBack, isFailing: true, hasCallback: true)
            let clock = ContinuousClock()
            let time = clock.measure {
                for step in steps {
                    let edges = planner.graph.dependents(of: step.name).count
                    let facts = StepFacts(
                        run: run, round: 1, state: .active,
                        dependencies: step.dependencies.map { _ in StepStanding(.succeeded) })
                    #expect(planner.ended(.step(step.name), .succeeded(), facts).effects.count <= edges + 5)
                    #expect(planner.ended(.step(step.name), .failed, facts).effects.count <= edges + 5)
                    var rolledBack = facts
                    rolledBack.run = back
                    rolledBack.state = .rollingBack
                    let plan = planner.ended(.rollBack(step.name, call: true), .succeeded(), rolledBack)
                    #expect(plan.effects.count <= step.dependencies.count + 4)
                }
            }
            // 300,000 plans; a plan that looked at all steps would take hours.
            #expect(time < .seconds(120))
            #expect(planner.start(RunFacts(state: .pending)).effects.count <= 502)
            let standing = { (_: String) in StepStanding(.succeeded) }
            #expect(planner.planRollback(from: 0, back, standing: standing).effects.count <= 503)
            #expect(planner.sweep(from: 0, run, standing: standing).effects.count <= 3)
        }
    }

    @Test("a run of 100,000 steps without dependencies starts in chunks, and ends")
    func wide() async throws {
        try await apart {
            let steps = (0..<100_000).map { StepShape("s\($0)") }
            let planner = GraphPlanner(try GraphIndex(GraphShape(steps)))
            var run = RunFacts(state: .pending)
            var plan = planner.start(run)
            run.state = .running
            var launched = 0
            while true {
                launched += plan.effects.count { if case .launch = $0 { true } else { false } }
                let next = plan.effects.lazy.compactMap { effect -> Int? in
                    if case .schedule(.start(let from), _) = effect { from } else { nil }
                }.first
                guard let next else { break }
                plan = planner.start(from: next, run) { _ in StepStanding(.pending) }
                #expect(plan.effects.count <= 503)
            }
            #expect(launched == 100_000)
        }
    }
}
