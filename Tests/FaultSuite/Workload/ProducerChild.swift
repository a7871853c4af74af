import CTimerCalls
import Glibc
import Penstock
import PenstockModel
import PenstockTesting
import Synchronization

/// What `FaultSuite producer` is: it enqueues jobs, starts runs, signals them and steers things, in several loops at once, and logs
/// each operation before and after. Once the file `halt` is there it asks again for all that is unknown, and ends.
struct ProducerChild {
    static let loops = 4

    let url: String
    let folder: String
    let ordinal: Int
    let seed: UInt64
    /// Whether some enqueues ask for the confirmation of a replica.
    let confirms: Bool

    /// `producer URL FOLDER ORDINAL SEED plain|confirms`
    init?(_ arguments: [String]) {
        guard arguments.count == 5, let ordinal = Int(arguments[2]), let seed = UInt64(arguments[3]) else { return nil }
        (url, folder, self.ordinal, self.seed) = (arguments[0], arguments[1], ordinal, seed)
        confirms = arguments[4] == "confirms"
    }

    func run() async throws {
        keep_timers_real()
        let log = try LogFile("\(folder)/producer-\(ordinal).log")
        let penstock = try Penstock(.init(url: url, namespace: "t"), logger: WorkerChild.quiet)
        let desk = Desk(penstock: penstock, log: log)
        await withTaskGroup(of: Void.self) { group in
            for loop in 0..<Self.loops {
                group.addTask { await produce(desk, loop) }
            }
            group.addTask { await steer(desk) }
        }
        try await desk.resolve()
        await penstock.shutdown()
        log.note("gone")
    }

    private var isHalted: Bool { access("\(folder)/halt", F_OK) == 0 }

    private func produce(_ desk: Desk, _ loop: Int) async {
        var random = SeededRandom(seed: seed &+ UInt64(ordinal * 100 + loop))
        for number in 0... {
            if isHalted { return }
            let key = "\(ordinal).\(loop).\(number)"
            switch Int.random(in: 0..<20, using: &random) {
            case 0, 1:
                let order = Order(
                    key: "r\(key)", fails: random.chance(0.3), milliseconds: .random(in: 0...20, using: &random))
                await desk.order(order)
            case 2: await desk.enqueueAndCancel("c\(key)")
            default:
                let job = job("j\(key)", &random)
                await desk.enqueue(job, options(job, &random))
            }
            // Sleeps because: it is the pace of the workload.
            try? await Task.sleep(for: .milliseconds(.random(in: 5...35, using: &random)))
        }
    }

    private func job(_ key: String, _ random: inout SeededRandom) -> Work {
        Work(
            key: key, milliseconds: random.chance(0.5) ? 0 : .random(in: 1...40, using: &random),
            failures: random.chance(0.1) ? .random(in: 1...2, using: &random) : 0,
            slot: random.chance(0.3) ? "slots:\(Int.random(in: 0..<3, using: &random))" : nil)
    }

    private func options(_ job: Work, _ random: inout SeededRandom) -> EnqueueOptions {
        var options = EnqueueOptions(queue: WorkerChild.queue, keyLifetime: .seconds(600))
        options.tenant = ["", "a", "b", "c"].randomElement(using: &random) ?? ""
        options.priority = Priority(clamping: .random(in: -2...2, using: &random))
        if random.chance(0.2) { options.delay = .milliseconds(.random(in: 1...900, using: &random)) }
        if random.chance(0.3) { options.limits = ["rated:\(Int.random(in: 0..<3, using: &random))"] }
        if let slot = job.slot { options.limits.append(slot) }
        if confirms, random.chance(0.4) { options.replicas = .replicas(1, within: .seconds(2)) }
        return options
    }

    /// What an operator does: looks, and steers, so that the verbs of that are under way as well when things break.
    private func steer(_ desk: Desk) async {
        for round in 0... {
            if isHalted { return }
            await desk.look(round)
            // Sleeps because: it is the pace of the operator.
            try? await Task.sleep(for: .milliseconds(40))
        }
    }
}
