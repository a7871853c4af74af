import ArgumentParser
import Penstock

/// How often and how long a job is tried, what is kept of it, and what travels with it. What is not given stays as it is.
struct AttemptOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How often the job is tried, the first attempt included. Default: as the worker says (10).",
            valueName: "number"),
        transform: parseAttempts)
    var maxAttempts: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Time for one attempt. Default: as the worker says (none).", valueName: "duration"),
        transform: DurationText.parsePositive)
    var timeout: Duration?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Time for all attempts together, from its enqueue on. Default: none.", valueName: "duration"),
        transform: DurationText.parsePositive)
    var deadline: Duration?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Keep the job's end and its result this long, for penstock job show. Default: not at all.",
            valueName: "duration"),
        transform: DurationText.parsePositive)
    var retain: Duration?

    @Option(
        name: .customLong("header"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Metadata that travels with the job to its handler, such as a request id; may be repeated.",
            valueName: "name=value"),
        transform: HeaderArgument.init)
    var headerArguments: [HeaderArgument] = []

    func validate() throws {
        var seen: Set<String> = []
        for header in headerArguments where !seen.insert(header.name).inserted {
            throw ValidationError("--header: \"\(header.name)\" is given twice; a job has each header once.")
        }
        do throws(InvalidHeaders) {
            try Headers.check(headers)
        } catch {
            throw ValidationError("--header: \(error).")
        }
    }

    private var headers: [String: String] {
        Dictionary(headerArguments.map { ($0.name, $0.value) }) { $1 }
    }

    /// The first option that is given, if any is.
    var given: String? {
        [
            ("--max-attempts", maxAttempts != nil), ("--timeout", timeout != nil), ("--deadline", deadline != nil),
            ("--retain", retain != nil), ("--header", !headerArguments.isEmpty),
        ].first(where: \.1)?.0
    }

    func apply(to options: inout EnqueueOptions) {
        options.maxAttempts = maxAttempts ?? options.maxAttempts
        options.timeout = timeout ?? options.timeout
        options.deadline = deadline ?? options.deadline
        options.retention = retain ?? options.retention
        if !headerArguments.isEmpty { options.headers = headers }
    }

    private static func parseAttempts(_ text: String) throws -> Int {
        guard let attempts = Int(text), (1...1_000_000).contains(attempts) else {
            throw ArgumentProblem("it must be a number from 1 to 1000000")
        }
        return attempts
    }
}
