import Foundation
import Penstock
import PenstockModel
import PenstockStore
import PenstockTesting
import Testing

/// Unique jobs through lives of all kinds. `PENSTOCK_SEED` repeats a run (but for the lengths of real periods),
/// `PENSTOCK_LONG_TESTS=1` makes it ten times as long.
@Suite("Lives of unique jobs", .timeLimit(.minutes(10))) struct UniqueLivesTests {
    @Test("whatever becomes of jobs and workers, no lock is without a living holder")
    func lives() async throws {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["PENSTOCK_LONG_TESTS"] == "1" ? 10_000 : 1_000
        let seed = environment["PENSTOCK_SEED"].flatMap { UInt64($0) } ?? .random(in: 0..<1_000_000_000)
        try await Rig.with { rig in
            var lives = try await Lives(rig, seed: seed)
            func expectSound(_ moment: String, _ findings: [String]) {
                #expect(findings == [], "PENSTOCK_SEED=\(seed), \(moment), after \(lives.last)")
            }
            var nextLook = 0
            while lives.begun < count {
                try await lives.step()
                guard lives.begun >= nextLook else { continue }
                let findings = try await lives.findings()
                expectSound("life \(lives.begun)", findings)
                if !findings.isEmpty { return }
                nextLook += 100
            }
            let findings = try await lives.findings()
            expectSound("at the end of the storm", findings)
            try await lives.drain()
            let rest = try await lives.findings(mayHoldLocks: false)
            expectSound("when all had ended", rest)
            try await lives.expectKeysFree()

            let tally = lives.tally
            // It was worth its name: every end, and every kind of lock, came up.
            for what in Lives.expected { #expect(tally[what, default: 0] > 0, "\(what): \(tally)") }
            let figures = tally.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
            print("PENSTOCK_SEED=\(seed): \(lives.begun) lives of jobs: \(figures)")
            // A lock that did leak would be seen.
            try await rig.command("SET", "{t:0}:unique:ghost", TaskID("nobody").map(\.rawValue) ?? "")
            #expect(try await !lives.findings().isEmpty)
        }
    }
}

/// Random jobs, and workers that are nothing but the calls that workers make.
private struct Lives {
    struct Hand {
        let name: String
        var claim = 0
        var held: [ClaimedTask] = []
    }

    static let lease = Duration.seconds(10)
    static let queues = ["q0", "q1"]
    static let keys = (0..<30).map { "k\($0)" }
    static let expected = [
        "until started", "until finished", "until died", "period", "debounce", "plain", "duplicates", "completed",
        "dead", "retried", "cancelled while it ran", "cancelled while it waited", "handed back", "expired", "purged",
        "discarded", "revived", "workers lost", "recovered", "late commits refused",
    ]

    let rig: Rig
    var random: SplitMix
    var hands: [Hand] = []
    /// Workers of whom nothing is heard; some come back.
    var lost: [Hand] = []
    var names = 0
    var everything: [TaskID] = []
    var tally: [String: Int] = [:]
    /// Jobs that were stored.
    var begun = 0
    var last = ""

    private var store: Store { rig.penstock.store }

    init(_ rig: Rig, seed: UInt64) async throws {
        self.rig = rig
        random = SplitMix(seed: seed)
        for _ in 0..<3 { try await hire() }
    }

    private mutating func number(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &random) }
    private mutating func chance(_ percent: Int) -> Bool { number(1...100) <= percent }
    private mutating func count(_ what: String, _ number: Int = 1) { tally[what, default: 0] += number }

    private mutating func hire() async throws {
        names += 1
        let hand = Hand(name: "w\(names)")
        let facts = WorkerFacts(queues: Self.queues, kinds: nil, concurrency: 8, host: "", pid: 0)
        try await store.register(worker: hand.name, lease: Self.lease, facts: facts)
        hands.append(hand)
    }

    // MARK: One step

    mutating func step() async throws {
        switch number(1...100) {
        case 1...50: try await enqueue()
        case 51...74: try await work(at: number(0...(hands.count - 1)))
        case 75...79: try await lose()
        case 80...81: try await comeBack()
        case 82: try await signOff()
        case 83...88: try await cancel()
        case 89...91: try await handleDead()
        case 92: try await purge()
        default: try await passTime(.milliseconds(number(100...4000)))
        }
    }

    private mutating func enqueue() async throws {
        var options = EnqueueOptions(queue: Self.queues[number(0...1)], tenant: "t\(number(0...2))")
        if chance(20) { options.delay = .milliseconds(number(1...8000)) }
        if chance(10) { options.retention = .seconds(60) }
        let key = Self.keys[number(0...(Self.keys.count - 1))]
        let mode: String
        switch number(1...11) {
        case 1...2: (mode, options.unique) = ("until started", Uniqueness(key, until: .started))
        case 3...5: (mode, options.unique) = ("until finished", Uniqueness(key, until: .finished))
        case 6...7: (mode, options.unique) = ("until died", Uniqueness(key, until: .died))
        case 8: (mode, options.unique) = ("period", .throttle(key, per: .milliseconds(number(1...3000))))
        case 9...10:
            let wait = Duration.milliseconds(number(1...8000))
            options.delay = nil
            (mode, options.unique) = ("debounce", .debounce(key, wait: wait, atMost: wait * 3))
        default: mode = "plain"
        }
        var wait = options.delay ?? .zero
        if case .debounced(let ownWait, _) = options.unique?.until { wait = ownWait }
        if chance(40) { options.expiry = wait + .milliseconds(number(1...5000)) }
        last = "enqueue, \(mode), \(key)"
        let answer = try await rig.penstock.enqueue(Work(number: begun), options)
        if answer.isDuplicate {
            count("duplicates")
            // It names one that lives, or the first of a period.
            let state = try await rig.penstock.status(answer.id).state
            if state == .unknown || state.isTerminal {
                let lock = try await rig.command("GET", "{t:0}:unique:\(key)").text
                #expect(lock?.hasSuffix("\tp") ?? true, "\(last): \(answer.id) is \(state.rawValue) and holds \(key)")
            }
        } else {
            begun += 1
            count(mode)
            everything.append(answer.id)
        }
    }

    /// Ends some of what a worker holds, leaves the rest hanging, and claims more.
    private mutating func work(at place: Int, endsAll: Bool = false, room: Int? = nil) async throws {
        var hand = hands[place]
        var ended: [EndedTask] = []
        var fates: [TaskID: String] = [:]
        for task in hand.held where endsAll || chance(65) {
            let (fate, outcome) = endsAll ? ("completed", Outcome.completed) : outcome(task)
            fates[task.id] = fate
            ended.append(EndedTask(id: task.id, claim: task.claim, outcome: outcome))
        }
        hand.claim += 1
        last = "\(hand.name) ends \(fates.values.sorted())"
        let request = CycleRequest(
            worker: hand.name, lease: Self.lease, claim: hand.claim, room: room ?? number(0...6),
            queues: Self.queues, ended: ended)
        switch try await store.cycle(request) {
        case .dead:
            // So long a pause of this process.
            hands.remove(at: place)
            try await hire()
        case .turn(let turn):
            for (id, fate) in fates where !turn.stale.contains(id) { count(fate) }
            #expect(turn.stale.isEmpty, "\(last): a living worker lost \(turn.stale)")
            hand.held.removeAll { fates[$0.id] != nil }
            hand.held += turn.claimed
            hands[place] = hand
        }
    }

    private mutating func outcome(_ task: ClaimedTask) -> (String, Outcome) {
        switch number(1...20) {
        case 1...8: ("completed", .completed)
        case 9: ("completed", .result([1], retention: .seconds(60)))
        case 10...12:
            (
                "retried",
                .retry(after: .milliseconds(number(0...6000)), counted: true, attempt: task.attempt, message: "no")
            )
        case 13...15: ("dead", .dead(attempt: task.attempt, message: "no"))
        case 16...17: ("cancelled while it ran", .cancelled(reason: "changed my mind"))
        default: ("handed back", .released)
        }
    }

    // MARK: Crashes

    private mutating func lose() async throws {
        let hand = hands.remove(at: number(0...(hands.count - 1)))
        last = "\(hand.name) vanishes with \(hand.held.count)"
        lost.append(hand)
        count("workers lost")
        try await hire()
    }

    /// One who was believed dead commits what it held: too late, or just in time; then it is gone for good.
    private mutating func comeBack() async throws {
        guard !lost.isEmpty else { return }
        let hand = lost.remove(at: number(0...(lost.count - 1)))
        last = "\(hand.name) comes back"
        let ended = hand.held.map { EndedTask(id: $0.id, claim: $0.claim, outcome: .completed) }
        let request = CycleRequest(
            worker: hand.name, lease: Self.lease, claim: hand.claim + 1, room: 0, queues: Self.queues, ended: ended)
        switch try await store.cycle(request) {
        case .dead: count("late commits refused", ended.count)
        case .turn(let turn):
            count("late commits refused", turn.stale.count)
            count("completed", ended.count - turn.stale.count)
        }
    }

    private mutating func signOff() async throws {
        let hand = hands.remove(at: number(0...(hands.count - 1)))
        last = "\(hand.name) signs off with \(hand.held.count)"
        count("handed back", try await store.retire(worker: hand.name))
        try await hire()
    }

    // MARK: From outside

    private mutating func cancel() async throws {
        guard let id = everything.suffix(60).randomElement(using: &random) else { return }
        last = "cancel \(id)"
        // A worker that runs it may hear of it, and may end otherwise.
        if try await rig.penstock.cancel(id) == .cancelled { count("cancelled while it waited") }
    }

    private mutating func handleDead() async throws {
        let queue = Self.queues[number(0...1)]
        let letters = try await rig.penstock.deadLetters(queue: queue).map(\.id).filter { _ in chance(60) }
        guard !letters.isEmpty else { return }
        if chance(50) {
            last = "revive \(letters)"
            count("revived", try await rig.penstock.retry(letters).count { $0 == .ready })
        } else {
            last = "discard \(letters)"
            count("discarded", try await rig.penstock.discard(letters).count { $0 == .discarded })
        }
    }

    private mutating func purge() async throws {
        last = "purge"
        count("purged", try await rig.penstock.purge(queue: Self.queues[number(0...1)]))
    }

    /// Less than half a lease at a time: more would be a standstill of Redis.
    private mutating func passTime(_ time: Duration) async throws {
        last = "\(time) pass"
        try await rig.advanceClock(by: time)
        for hand in hands { _ = try await store.heartbeat(worker: hand.name, lease: Self.lease) }
    }

    // MARK: The end

    /// All workers but one vanish; that one takes over, and everything comes to an end.
    mutating func drain() async throws {
        lost += hands.dropFirst()
        hands = Array(hands.prefix(1))
        for _ in 0..<500 {
            try await passTime(.seconds(4))
            try await work(at: 0, endsAll: true, room: 100)
            for queue in Self.queues {
                let letters = try await rig.penstock.deadLetters(queue: queue).map(\.id)
                if !letters.isEmpty { count("discarded", try await rig.penstock.discard(letters).count) }
            }
            let audit = try await KeyspaceAudit.read(store)
            if audit.heads.isEmpty && audit.workers.count == 1 { break }
        }
        for queue in try await rig.penstock.queues(Self.queues) {
            count("expired", queue.expired)
            count("recovered", queue.recovered)
        }
        last = "the last job"
    }

    /// Every key that no period holds can be taken, and is free again afterwards.
    mutating func expectKeysFree() async throws {
        for key in Self.keys {
            let before = try await rig.command("GET", "{t:0}:unique:\(key)").text
            let answer = try await rig.penstock.enqueue(Work(), .init(unique: .init(key)))
            // A period may end in between, and none begins.
            if before == nil { #expect(!answer.isDuplicate, "\(key)") }
            if answer.isDuplicate { #expect(before?.hasSuffix("\tp") == true, "\(key)") }
            if !answer.isDuplicate { #expect(try await rig.penstock.cancel(answer.id) == .cancelled) }
        }
        #expect(try await findings(mayHoldLocks: false) == [])
    }

    // MARK: What must hold

    /// The audit of everything, and of each lock: its holder lives, and is where this lock may be held.
    func findings(mayHoldLocks: Bool = true) async throws -> [String] {
        let audit = try await KeyspaceAudit.read(store)
        var findings = audit.findings
        let places = audit.places
        // That a lock of a period, and no other, has a TTL is one of the audit's rules.
        for (key, value) in audit.uniques where !value.hasSuffix("\tp") {
            let id = String(value.prefix { $0 != "\t" })
            guard mayHoldLocks, audit.heads[id] != nil, let place = places[id]?.first else {
                findings.append("lock \(key) of \(id), which does not live")
                continue
            }
            let mode = (audit.bonds[id] ?? "").split(separator: "\n").compactMap { line in
                line.first == "u" && line.dropFirst(2) == key ? line.dropFirst().first : nil
            }.first
            switch (mode, place) {
            case ("s", .lane), ("s", .delayed):
                if audit.tries[id] != nil { findings.append("lock \(key) until the start of \(id), which has started") }
            case ("e", _), ("d", .lane), ("d", .delayed), ("d", .held): break
            default: findings.append("lock \(key), \(mode.map(String.init) ?? "?"), of \(id), which is in \(place)")
            }
        }
        if !mayHoldLocks {
            findings += audit.bonds.keys.map { "bonds of \($0)" }
            findings += audit.heads.keys.map { "task \($0)" }
        }
        return findings
    }
}

/// SplitMix64: the same numbers for the same seed everywhere.
private struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
