import ArgumentParser
import Penstock

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// How jobs are enqueued: the options that are the library's `EnqueueOptions`.
struct JobOptions: ParsableArguments {
    @OptionGroup var lane: LaneOptions

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

    @OptionGroup var attempts: AttemptOptions

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
    }

    func options(key: String?) -> EnqueueOptions {
        var options = EnqueueOptions(
            delay: delay, at: at.map { Date(timeIntervalSince1970: Double($0) / 1000) }, idempotencyKey: key,
            replicas: replicas.map { .replicas($0, within: replicasTimeout ?? .seconds(1)) })
        lane.apply(to: &options)
        attempts.apply(to: &options)
        return options
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
}
