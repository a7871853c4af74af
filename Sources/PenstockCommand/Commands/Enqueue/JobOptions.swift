import ArgumentParser
import Penstock

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// How jobs are enqueued: the options that are the library's `EnqueueOptions`.
struct JobOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Where workers look for the job. Default: default.", valueName: "name"),
        transform: NameText.queue)
    var queue: String = "default"

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Whose job it is; tenants of a queue take turns. Default: none.", valueName: "name"),
        transform: NameText.tenant)
    var tenant: String = ""

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "-10 to 10, higher first among the jobs of a tenant; a level is worth a minute of waiting. Default: 0.",
            valueName: "level"),
        transform: parsePriority)
    var priority: Priority = .normal

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Wait this long before the first attempt: 500ms, 5s, 10m, 2h, 1d, 1h30m. Default: start now.",
            valueName: "duration"),
        transform: DurationText.parse)
    var delay: Duration?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Do not start before this moment, in ISO 8601; local time unless it names a zone. Not with --delay.",
            valueName: "time"),
        transform: MomentText.parse)
    var at: Int64?

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
        help: ArgumentHelp("Time for all attempts together, from now. Default: none.", valueName: "duration"),
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

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Wait until so many replicas of Redis have the job, 1 to 100. Default: do not wait.", valueName: "number"),
        transform: parseReplicas)
    var replicas: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How long replicas have for that, 1ms to 60s. Default: 1s.", valueName: "duration"),
        transform: parseReplicasTimeout)
    var replicasTimeout: Duration?

    func validate() throws {
        if delay != nil && at != nil {
            throw ValidationError("--delay and --at exclude each other: leave one out.")
        }
        if replicasTimeout != nil && replicas == nil {
            throw ValidationError("--replicas-timeout goes with --replicas.")
        }
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

    func options(key: String?) -> EnqueueOptions {
        EnqueueOptions(
            queue: queue, tenant: tenant, priority: priority, delay: delay,
            at: at.map { Date(timeIntervalSince1970: Double($0) / 1000) }, idempotencyKey: key,
            maxAttempts: maxAttempts,
            timeout: timeout, deadline: deadline, retention: retain, headers: headers,
            replicas: replicas.map { .replicas($0, within: replicasTimeout ?? .seconds(1)) })
    }

    private static func parseReplicas(_ text: String) throws -> Int {
        guard let count = Int(text), (1...100).contains(count) else {
            throw ArgumentProblem("it must be a number from 1 to 100")
        }
        return count
    }

    private static func parseReplicasTimeout(_ text: String) throws -> Duration {
        let limit = try DurationText.parsePositive(text)
        guard limit <= .seconds(60) else { throw ArgumentProblem("it must be at most 60s") }
        return limit
    }

    static func parsePriority(_ text: String) throws -> Priority {
        guard let priority = Int(text).flatMap(Priority.init) else {
            throw ArgumentProblem("it must be a number from -10 to 10")
        }
        return priority
    }

    private static func parseAttempts(_ text: String) throws -> Int {
        guard let attempts = Int(text), (1...1_000_000).contains(attempts) else {
            throw ArgumentProblem("it must be a number from 1 to 1000000")
        }
        return attempts
    }
}
