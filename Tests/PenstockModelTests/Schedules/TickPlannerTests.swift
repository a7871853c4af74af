import Foundation
import PenstockTesting
import Testing

@testable import PenstockModel

/// What plans of ticks hold to, whatever happens: random schedules, pauses of their workers, and ends of what they start.
@Suite("Plans of ticks", .timeLimit(.minutes(10))) struct TickPlannerTests {
    /// Ticks at multiples of a step, up to an end.
    struct Steps: Ticks {
        let step: Int64
        let end: Int64

        func next(after moment: Int64) -> Int64? {
            let next = (moment / step + 1) * step
            return next <= end ? next : nil
        }

        func latest(notAfter end: Int64, after start: Int64) -> Int64? {
            let last = min(end, self.end) / step * step
            return last > start ? last : nil
        }
    }

    /// A schedule as a store would keep it.
    struct World {
        var now: Int64 = 0
        var facts: ScheduleFacts
        var due: Int64?
        var wantsEnds = false
        var live: Set<Int64> = []
        /// By tick, in the order in which it was decided.
        var fates: [(tick: Int64, fate: TickFate)] = []
    }

    private func play(_ planner: TickPlanner<Steps>, _ world: inout World) {
        while let due = world.due, due <= world.now {
            let isTracked = planner.rules.overlap.isTracked
            world.facts.live = isTracked ? world.live.count : 0
            let plan = planner.plan(world.facts, now: world.now)
            #expect(plan.fates.count <= planner.mostFires + 1)
            if plan.cancelsLive { world.live = [] }
            world.live.formUnion(plan.fired)
            world.fates += plan.fates
            let before = (world.facts, world.due)
            world.facts = ScheduleFacts(
                tick: plan.tick, waiting: plan.waiting, fired: world.facts.fired + plan.fired.count)
            (world.due, world.wantsEnds) = (plan.due, plan.wantsEnds)
            #expect(world.facts != before.0 || world.due != before.1 || plan.due == nil, "a plan that gets nowhere")
            if world.facts == before.0 && world.due == before.1 { return }
        }
    }

    @Test("each tick has one fate, in order, none early, and policies hold")
    func random() {
        let seed =
            ProcessInfo.processInfo.environment["PENSTOCK_SEED"].flatMap { UInt64($0) } ?? .random(in: 0..<1_000_000)
        var random = SeededRandom(seed: seed)
        for _ in 0..<3000 {
            let step = Int64.random(in: 1...50, using: &random) * 100
            let overlap: OverlapPolicy =
                [
                    .allow, .skip, .queueOne, .cancelPrevious, .wait(atMost: Int.random(in: 1...4, using: &random)),
                ].randomElement(using: &random) ?? .allow
            let misfire: MisfirePolicy =
                [.none, .one, .all(atMost: Int.random(in: 1...8, using: &random))]
                .randomElement(using: &random) ?? .one
            let rules = TickRules(
                overlap: overlap, misfire: misfire, grace: Int64.random(in: 0...3000, using: &random),
                jitter: Bool.random(using: &random) ? 0 : Int64.random(in: 0...step, using: &random), seed: seed,
                maximumCount: Bool.random(using: &random) ? nil : Int.random(in: 1...20, using: &random))
            let end = Int64.random(in: 1...60, using: &random) * step
            let planner = TickPlanner(
                ticks: Steps(step: step, end: end), rules: rules, mostFires: Int.random(in: 1...5, using: &random))
            var world = World(facts: ScheduleFacts(tick: step), due: rules.due(step))
            while world.now < end + step * 10 {
                world.now += Int64.random(in: 0...(Bool.random(using: &random) ? step : step * 12), using: &random)
                if let one = world.live.randomElement(using: &random), Bool.random(using: &random) {
                    world.live.remove(one)
                    if world.wantsEnds { world.due = world.now }
                }
                play(planner, &world)
                switch overlap {
                case .skip, .queueOne, .cancelPrevious: #expect(world.live.count <= 1)
                case .wait(let most): #expect(world.live.count <= most)
                case .allow: break
                }
            }
            check(world, planner, end: end, "seed \(seed), \(rules), step \(step)")
        }
    }

    private func check(_ world: World, _ planner: TickPlanner<Steps>, end: Int64, _ what: String) {
        var decided: [Int64: Int] = [:]
        var waited: Set<Int64> = []
        var last: Int64 = 0
        for (tick, fate) in world.fates {
            switch fate {
            case .waits:
                waited.insert(tick)
                continue
            case .fired where waited.contains(tick): break
            default:
                #expect(tick > last, "in order: \(what)")
            }
            var through = tick
            if case .missed(let to) = fate { through = to }
            var each = tick
            while each <= through {
                decided[each, default: 0] += 1
                each += planner.ticks.step
            }
            last = max(last, through)
        }
        #expect(decided.values.allSatisfy { $0 == 1 }, "one fate each: \(what)")
        let cursor = world.facts.tick ?? .max
        let isOver = planner.rules.maximumCount.map { world.facts.fired >= $0 } ?? false
        if !isOver {
            let passed = stride(from: planner.ticks.step, through: end, by: Int64.Stride(planner.ticks.step))
                .filter { $0 < cursor && !(world.facts.waiting == $0) }
            #expect(Set(decided.keys) == Set(passed), "all that passed: \(what)")
        }
        if let most = planner.rules.maximumCount { #expect(world.facts.fired <= most, "\(what)") }
        if case .wait = planner.rules.overlap {
            #expect(world.fates.allSatisfy { $0.fate == .fired }, "none is passed over: \(what)")
        }
    }
}
