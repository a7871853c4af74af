import ArgumentParser

/// `penstock-bench [SCENARIO...]`: what the engine does and costs, as ratios against `redis-benchmark -P 64 -t set` of the
/// same run.
@main
struct PenstockBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "penstock-bench",
        abstract: "Measures Penstock on private Redis servers, against redis-benchmark in the same run.",
        subcommands: [Bench.self, List.self, BenchWorker.self, OwnProgram.self], defaultSubcommand: Bench.self)
}

/// Tells the scenarios.
struct List: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Tells the scenarios.")

    func run() {
        for scenario in Catalogue.all {
            let name = scenario.name.padded(to: 16)
            print("\(name)\(scenario.summary)\(scenario.isQuick ? "" : " (only when named)")")
        }
    }
}
