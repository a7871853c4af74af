/// The ticks of a schedule: moments in ms since 1970, ascending.
package protocol Ticks {
    /// The first tick after a moment; nil when there is none any more.
    func next(after moment: Int64) -> Int64?
    /// The last tick after `start` and not after `end`.
    func latest(notAfter end: Int64, after start: Int64) -> Int64?
}

/// Where a schedule stands.
package struct ScheduleFacts: Sendable, Hashable {
    /// The first tick that nothing was decided about; nil when all have passed.
    package var tick: Int64?
    /// A tick that waits for the end of what goes on (`queueOne`).
    package var waiting: Int64?
    /// How many ticks were fired.
    package var fired: Int
    /// How many of the things that it has started go on; 0 where that is not tracked.
    package var live: Int

    package init(tick: Int64?, waiting: Int64? = nil, fired: Int = 0, live: Int = 0) {
        self.tick = tick
        self.waiting = waiting
        self.fired = fired
        self.live = live
    }
}

/// What became of a tick.
package enum TickFate: Sendable, Hashable {
    case fired
    /// Passed over, since what an earlier tick has started goes on.
    case overlapped
    /// Waits for the end of what goes on.
    case waits
    /// Passed over, since it was found too late, as were all after it up to `through`.
    case missed(through: Int64)
}

/// What is to be done about a schedule now.
package struct TickPlan: Sendable {
    /// In the order of the ticks.
    package var fates: [(tick: Int64, fate: TickFate)] = []
    /// What goes on is cancelled before anything is started.
    package var cancelsLive = false
    package var tick: Int64?
    package var waiting: Int64?
    /// When to look at the schedule again, ms; nil: only when something that goes on has ended, or never.
    package var due: Int64?
    /// Whether the end of something that goes on is a reason to look at it.
    package var wantsEnds = false

    package init() {}

    package var fired: [Int64] { fates.filter { $0.fate == .fired }.map(\.tick) }
    /// No tick will come any more.
    package var isOver: Bool { tick == nil && waiting == nil }
}

/// Decides which ticks of a schedule are fired. Pure: time and facts come in, a plan goes out.
package struct TickPlanner<Source: Ticks> {
    let ticks: Source
    let rules: TickRules
    /// So that calls stay small: what is left is planned at once after that.
    let mostFires: Int

    package init(ticks: Source, rules: TickRules, mostFires: Int = 100) {
        self.ticks = ticks
        self.rules = rules
        self.mostFires = mostFires
    }

    package func plan(_ facts: ScheduleFacts, now: Int64) -> TickPlan {
        var state = Planning(facts: facts, now: now)
        startWaiting(&state)
        while let tick = state.plan.tick {
            if rules.maximumCount.map({ state.fired >= $0 }) == true {
                state.plan.tick = nil
                break
            }
            guard rules.due(tick) <= now, state.plan.fates.count < mostFires else { break }
            if isMissed(tick, now) {
                makeUp(for: tick, &state)
            } else if !decide(tick, &state) {
                break
            }
        }
        finish(&state)
        return state.plan
    }

    private struct Planning {
        var plan = TickPlan()
        let now: Int64
        var fired: Int
        var live: Int

        init(facts: ScheduleFacts, now: Int64) {
            self.now = now
            fired = facts.fired
            live = facts.live
            plan.tick = facts.tick
            plan.waiting = facts.waiting
        }

        mutating func fire(_ tick: Int64) {
            plan.fates.append((tick, .fired))
            fired += 1
            live += 1
        }
    }

    private func startWaiting(_ state: inout Planning) {
        guard let tick = state.plan.waiting, state.live == 0 else { return }
        state.plan.waiting = nil
        state.fire(tick)
    }

    private func isMissed(_ tick: Int64, _ now: Int64) -> Bool {
        // Where ticks wait for each other, being late is no accident.
        if case .wait = rules.overlap { return false }
        return now - rules.due(tick) > rules.grace
    }

    /// Passes over what was missed, but for what the policy brings back.
    private func makeUp(for tick: Int64, _ state: inout Planning) {
        let surely = state.now - rules.grace - rules.jitter - 1
        var last = ticks.latest(notAfter: max(surely, tick), after: tick - 1) ?? tick
        // By their own jitter some of those that follow have been missed too.
        while let next = ticks.next(after: last), isMissed(next, state.now) { last = next }
        let wanted: Int
        switch rules.misfire {
        case .none: wanted = 0
        case .one: wanted = 1
        case .all(let most): wanted = most
        }
        let back = wanted == 0 ? [] : latest(wanted, from: tick, through: last)
        guard let first = back.first else {
            state.plan.fates.append((tick, .missed(through: last)))
            state.plan.tick = ticks.next(after: last)
            return
        }
        if first > tick, let before = ticks.latest(notAfter: first - 1, after: tick - 1) {
            state.plan.fates.append((tick, .missed(through: before)))
        }
        for tick in back {
            state.plan.tick = tick
            guard state.plan.fates.count < mostFires, rules.maximumCount.map({ state.fired < $0 }) != false,
                decide(tick, &state)
            else { return }
        }
    }

    /// The last `count` ticks of a stretch, in order; no more than one call fires, and the first of them.
    private func latest(_ count: Int, from tick: Int64, through last: Int64) -> [Int64] {
        var back: [Int64] = [last]
        while back.count < count, let earlier = back.last, earlier > tick,
            let before = ticks.latest(notAfter: earlier - 1, after: tick - 1)
        {
            back.append(before)
        }
        return back.reversed()
    }

    /// What becomes of a due tick by the overlap policy. False if it has to wait where it is.
    private func decide(_ tick: Int64, _ state: inout Planning) -> Bool {
        let next = ticks.next(after: tick)
        switch rules.overlap {
        case .allow:
            state.fire(tick)
        case .skip:
            if state.live == 0 { state.fire(tick) } else { state.plan.fates.append((tick, .overlapped)) }
        case .queueOne:
            if state.live == 0 {
                state.fire(tick)
            } else if state.plan.waiting == nil {
                state.plan.waiting = tick
                state.plan.fates.append((tick, .waits))
            } else {
                state.plan.fates.append((tick, .overlapped))
            }
        case .cancelPrevious:
            // One that would be cancelled at once is not started.
            if let next, rules.due(next) <= state.now {
                state.plan.fates.append((tick, .overlapped))
            } else {
                state.plan.cancelsLive = state.plan.cancelsLive || state.live > 0
                state.fire(tick)
            }
        case .wait(let most):
            if state.live >= most { return false }
            state.fire(tick)
        }
        state.plan.tick = next
        return true
    }

    private func finish(_ state: inout Planning) {
        if let count = rules.maximumCount, state.fired >= count {
            state.plan.tick = nil
            state.plan.waiting = nil
        }
        if case .wait(let most) = rules.overlap, state.live >= most, state.plan.tick != nil {
            state.plan.wantsEnds = true
            return
        }
        state.plan.wantsEnds = state.plan.waiting != nil
        state.plan.due = state.plan.tick.map { rules.due($0) }
    }
}

/// By which a schedule's ticks are fired. Times are in ms.
package struct TickRules: Sendable, Hashable {
    package var overlap: OverlapPolicy
    package var misfire: MisfirePolicy
    /// How late a tick may be fired as if it were in time.
    package var grace: Int64
    /// Up to so much later than its tick is each fired; how much follows from the tick and `seed`.
    package var jitter: Int64
    package var seed: UInt64
    /// How many ticks are fired in all.
    package var maximumCount: Int?

    package init(
        overlap: OverlapPolicy = .allow, misfire: MisfirePolicy = .one, grace: Int64 = 60_000, jitter: Int64 = 0,
        seed: UInt64 = 0, maximumCount: Int? = nil
    ) {
        self.overlap = overlap
        self.misfire = misfire
        self.grace = grace
        self.jitter = jitter
        self.seed = seed
        self.maximumCount = maximumCount
    }

    /// When a tick is fired: the same whoever asks.
    package func due(_ tick: Int64) -> Int64 {
        guard jitter > 0 else { return tick }
        // The finaliser of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
        var mixed = UInt64(bitPattern: tick) &* 0x9E37_79B9_7F4A_7C15 ^ seed
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        return tick + Int64(mixed % UInt64(jitter + 1))
    }

    /// A seed made of a schedule's name, so that schedules of the same tick do not come together.
    package static func seed(of name: String) -> UInt64 { name.utf8.fnv1a }
}

extension Sequence<UInt8> {
    /// A hash that is the same in every process (Fowler, Noll, Vo: FNV-1a, 64 bits).
    package var fnv1a: UInt64 {
        reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }
}
