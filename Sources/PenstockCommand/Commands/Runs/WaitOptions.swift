import ArgumentParser
import Penstock

/// Whether and how long to wait for the end of a run.
struct WaitOptions: ParsableArguments {
    @Flag(help: "Wait until the run has ended, and print its output.") var wait = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("With --wait: how long. Default: 1m.", valueName: "duration"),
        transform: DurationText.parsePositive)
    var timeout: Duration?

    func validate() throws {
        if timeout != nil && !wait { throw ValidationError("--timeout goes with --wait.") }
    }

    /// Nil: not at all.
    var limit: Duration? { wait ? timeout ?? .seconds(60) : nil }
}
