import ArgumentParser

/// `penstock-bench core [--json]`: what the engine costs, as ratios against `redis-benchmark -P 64 -t set` of the same run.
@main
struct PenstockBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "penstock-bench",
        abstract: "Measures Penstock on a private Redis, against redis-benchmark in the same run.",
        subcommands: [Core.self, Limits.self, Runs.self, DrainWorker.self], defaultSubcommand: Core.self)
}
