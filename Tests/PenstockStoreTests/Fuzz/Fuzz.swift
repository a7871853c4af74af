import PenstockModel
import PenstockTesting
import RedisClient

@testable import PenstockStore

/// One life of a namespace: random calls from several clients, made in Redis and in the model, and compared after each.
///
/// What a step does follows from the seed, its number and what the model holds by then. So steps can be left out, and the
/// others still make sense: see `FuzzLife`.
struct Fuzz {
    enum Call {
        case enqueue, inbox, limit, cap, batch, note, follow, cycle, heartbeat, retire, cancel, revive, discard, pause
        case purge, clock, loseWorkers, ask, saveSchedule, turnSchedule, deleteSchedule, fireTicks
        case takeRole, renewRole, leaveRole, setAside
    }

    static let mix: [(call: Call, weight: Int)] = [
        (.enqueue, 20), (.inbox, 3), (.limit, 3), (.cap, 1), (.batch, 3), (.note, 2), (.follow, 2), (.cycle, 38),
        (.heartbeat, 5), (.retire, 1), (.cancel, 6), (.revive, 3), (.discard, 3), (.pause, 4), (.purge, 1), (.clock, 5),
        (.loseWorkers, 2), (.ask, 2), (.saveSchedule, 3), (.turnSchedule, 2), (.deleteSchedule, 1), (.fireTicks, 6),
        (.takeRole, 2), (.renewRole, 1), (.leaveRole, 1), (.setAside, 1),
    ]
    static let sum = mix.reduce(0) { $0 + $1.weight }

    /// Makes the model wrong on purpose: for the test of those who look for the shortest sequence.
    typealias Flaw = @Sendable (_ model: inout StoreModel, _ call: String) -> Void

    let store: Store
    let seed: UInt64
    var random: SeededRandom
    var model = StoreModel()
    private var reader: KeyspaceReader
    var audit: KeyspaceAudit
    var players: [Player] = []
    var names = 0
    var everything: [TaskID] = []
    /// Parked lanes that no limit blocks: since when, and how many more looks at their limit they may wait for.
    var patience: [String: (since: Int64, looked: Int64, looks: Int)] = [:]
    /// When each worker looks again of itself, and whether it took less than it might in its last turn.
    var alarms: [String: (at: Int64, isChoosy: Bool)] = [:]
    /// Schedules as they were read some time ago.
    var readings: [String: StoredSchedule] = [:]
    /// Every fourth life goes without.
    let hasLimits: Bool
    /// Every other life has little to do, and is often through with it.
    let most: Int
    let flaw: Flaw?
    /// The call that was made last.
    var last = ""

    static let weights = ["t0": 3.0, "t1": 0.5]

    init(_ store: Store, seed: UInt64, flaw: Flaw? = nil) async throws {
        self.store = store
        self.seed = seed
        self.flaw = flaw
        random = SeededRandom(seed: seed)
        hasLimits = seed % 4 != 0
        most = seed % 2 == 0 ? 12 : 50
        for (tenant, weight) in Self.weights { try await store.setWeight(weight, tenant: tenant, queue: "q0") }
        reader = KeyspaceReader(store)
        audit = try await reader.read()
        for place in 0..<3 { players.append(try await newPlayer(place)) }
        try await look()
    }

    // MARK: Chance

    mutating func number(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &random) }
    mutating func chance(_ percent: Int) -> Bool { number(1...100) <= percent }
    mutating func pick<Elements: RandomAccessCollection>(_ all: Elements) -> Elements.Element {
        all[all.index(all.startIndex, offsetBy: number(0...(all.count - 1)))]
    }

    /// Chance of its own for each step, whatever the others do.
    mutating func begin(_ step: Int) {
        var start = SeededRandom(seed: seed)
        random = SeededRandom(seed: start.next() &+ UInt64(step) &* 0xD134_2543_DE82_EF95)
    }

    private mutating func someCall() -> Call {
        var left = number(1...Self.sum)
        for (call, weight) in Self.mix {
            left -= weight
            if left > 0 { continue }
            switch call {
            case .enqueue where model.items.count >= most, .inbox where model.items.count >= most: return .cycle
            case .limit where !hasLimits: return .cycle
            default: return call
            }
        }
        return .cycle
    }

    /// The first serves everything, the second some kinds, the third one queue.
    mutating func newPlayer(_ place: Int) async throws -> Player {
        names += 1
        return try await Player(
            store, "w\(place)-\(names)", queues: place == 2 ? ["q1"] : ["q0", "q1", "q2"],
            kinds: place == 1 ? ["k0", "k1"] : nil)
    }

    /// Often one that is not waiting; of the others the younger ones, which are mostly alive.
    mutating func someID() -> TaskID {
        let special = model.held.values.flatMap(\.keys) + model.dead.values.flatMap { $0 }
        if chance(50), !special.isEmpty, let id = TaskID(pick(special.sorted())) { return id }
        return everything.isEmpty ? store.makeID() : pick(everything.suffix(100))
    }

    // MARK: One step

    /// What deviates after it; empty when all is well.
    mutating func step(_ number: Int) async throws -> [String] {
        begin(number)
        do {
            try await make(someCall())
            flaw?(&model, last)
            try await forgetBatches()
            model.settle(audit)
            var findings = audit.findings + model.differences(from: audit) + fairness() + sleepers()
            if chance(5) { findings += try await counts() }
            try await hear()
            return findings
        } catch let wrong as StoreModel.Wrong {
            return [wrong.description] + model.differences(from: audit)
        } catch let error as StoreError {
            return ["\(error)"]
        }
    }

    private mutating func make(_ call: Call) async throws {
        switch call {
        case .enqueue: try await enqueue()
        case .inbox: try await addToInbox()
        case .limit: try await limit()
        case .cap: try await cap()
        case .batch: try await batch()
        case .note: try await note()
        case .follow: try await follow()
        case .cycle: try await cycle(pick(0..<3))
        case .heartbeat: try await heartbeat()
        case .retire: try await retire()
        case .cancel: try await cancel()
        case .revive: try await revive()
        case .discard: try await discard()
        case .pause: try await pause()
        case .purge: try await purge()
        case .clock: try await stepClock()
        case .loseWorkers: try await loseWorkers()
        case .ask: try await ask()
        case .saveSchedule: try await saveSchedule()
        case .turnSchedule: try await turnSchedule()
        case .deleteSchedule: try await deleteSchedule()
        case .fireTicks: try await fireTicks()
        case .takeRole: try await takeRole()
        case .renewRole: try await renewRole()
        case .leaveRole: try await leaveRole()
        case .setAside: try await setAside()
        }
    }

    /// Batches that are over would be looked at for the rest of the test; parents know theirs no more.
    private mutating func forgetBatches() async throws {
        for name in model.batches.filter(\.value.hasEnded).keys.sorted() where chance(20) {
            try await store.raw("DEL", store.keys.batch(name))
            model.batches[name] = nil
            try await look()
        }
    }

    /// The waiters take their hints: left alone they would go by Redis's own time, which no test can step.
    mutating func hear() async throws {
        for waiter in model.hints.keys.sorted() { try await store.raw("DEL", store.keys.wake(waiter)) }
        model.hints = [:]
    }

    mutating func look() async throws { audit = try await reader.read() }
}
