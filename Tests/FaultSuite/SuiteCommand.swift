import ArgumentParser
import Glibc
import PenstockTesting

/// Goes through the faults, round after round, until the time is over.
struct SuiteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "FaultSuite",
        abstract: "Breaks things under a workload, heals them, and judges what became of it.",
        discussion: "Exit code 0 if nothing was violated, 1 otherwise.")

    @Option(help: "How long to go on, in seconds. A fault that has begun is played to its end.")
    var seconds = 1800
    @Option(help: "Repeats a run. By default another one each time; it is printed.")
    var seed: UInt64?
    @Option(help: ArgumentHelp("Only faults whose name begins so; may be given several times.", valueName: "fault"))
    var only: [String] = []
    @Option(help: "How many rounds at most.")
    var rounds = Int.max
    @Flag(help: "Lists the faults.")
    var list = false
    @Flag(help: "Breaks scripts on purpose, and sees that the suite complains.")
    var selfTest = false

    func run() async throws {
        let faults = Catalogue.all.filter { fault in only.isEmpty || only.contains { fault.name.hasPrefix($0) } }
        if list {
            for fault in faults { FaultSuite.say("\(fault.name.padded(to: 30))\(fault.words)") }
            return
        }
        if selfTest { return try await testItself() }
        guard !faults.isEmpty else { throw ValidationError("no fault begins with \(only.joined(separator: " or "))") }
        let seed = seed ?? .random(in: 1..<1_000_000)
        FaultSuite.say("SEED=\(seed) SECONDS=\(seconds), \(faults.count) faults")
        FaultSuite.say(Line.head)
        let program = try Self.ownPath()
        let end = ContinuousClock.now + .seconds(seconds)
        var sum = Verdict()
        var (trials, broken, round) = (0, 0, 0)
        suite: while round < rounds {
            for (place, fault) in faults.enumerated() {
                guard .now < end else { break suite }
                // The seed of a trial follows from that of the run, the round and the fault, so `--only` repeats it.
                let own = seed &+ UInt64(round) &* 1000 &+ UInt64(Catalogue.place(of: fault.name) ?? place)
                let result = try await play(fault, program, own)
                FaultSuite.say(Line(fault: fault.name, result: result).text)
                for violation in result.verdict.violations {
                    FaultSuite.say("    VIOLATION \(fault.name) SEED=\(seed) round \(round + 1): \(violation)")
                }
                sum = sum + result.verdict
                trials += 1
                if !result.verdict.isGood { broken += 1 }
            }
            round += 1
        }
        FaultSuite.say(Line.total(sum, trials: trials, rounds: round))
        FaultSuite.say(
            "SEED=\(seed): \(broken == 0 ? "nothing violated" : "\(broken) of \(trials) trials with violations")")
        if broken > 0 { throw ExitCode(1) }
    }

    /// Each sabotage has to be noticed.
    private func testItself() async throws {
        let program = try Self.ownPath()
        var missed = 0
        for sabotage in Sabotage.all {
            let trial = Trial(
                fault: Sabotaged(sabotage: sabotage), program: program, seed: seed ?? 1, keepsEvidence: false)
            let result = try await trial.run()
            if result.verdict.isGood { missed += 1 }
            let told = result.verdict.violations.first.map { "noticed: \($0.prefix(120))" } ?? "NOT NOTICED"
            FaultSuite.say("\(sabotage.name.padded(to: 20))\(told)")
        }
        if missed > 0 { throw ExitCode(1) }
    }

    /// Once, and again where somebody stopped the suite meanwhile and something is violated.
    private func play(_ fault: any InjectedFault, _ program: String, _ seed: UInt64) async throws -> Trial.Result {
        for _ in 0..<3 {
            let result = try await Trial(fault: fault, program: program, seed: seed).run()
            if result.verdict.isGood || result.standstill < StandstillWatch.most { return result }
            FaultSuite.say("    \(fault.name) is played again: the suite stood still for \(result.standstill)")
        }
        return try await Trial(fault: fault, program: program, seed: seed).run()
    }

    private static func ownPath() throws -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        guard readlink("/proc/self/exe", &buffer, 4095) > 0 else {
            throw SuiteError("cannot tell the own path: errno \(errno)")
        }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
