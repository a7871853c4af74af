import ArgumentParser
import Penstock

/// What holds a job back, and for how long it may wait. What is not given stays as it is.
struct LimitKeyOptions: ParsableArguments {
    @Option(
        name: .customLong("limit"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "A limit key that the job is subject to, like account:42; again for each, at most 8. Default: none.",
            valueName: "key"),
        transform: LimitText.key)
    var limits: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "End the job if it has not started within this time; live workers see to it. Default: never.",
            valueName: "duration"),
        transform: DurationText.parsePositive)
    var expires: Duration?

    func validate() throws {
        if limits.count > 8 { throw ValidationError("--limit may be given 8 times; here it is \(limits.count).") }
        if let twice = limits.first(where: { limit in limits.count { $0 == limit } > 1 }) {
            throw ValidationError("--limit \(twice) is given twice: leave one out.")
        }
    }

    /// The first option that is given, if any is.
    var given: String? { limits.isEmpty ? expires.map { _ in "--expires" } : "--limit" }

    func apply(to options: inout EnqueueOptions) {
        if !limits.isEmpty { options.limits = limits }
        options.expiry = expires ?? options.expiry
    }
}
