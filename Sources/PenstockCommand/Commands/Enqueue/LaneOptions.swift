import ArgumentParser
import Penstock

/// Where a job, or the steps of a run, wait for a worker. What is not given stays as it is: at the library's default, or, in
/// what is changed, as it was.
struct LaneOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Where workers look for the job, or for a run's steps. Default: default.", valueName: "name"),
        transform: NameText.queue)
    var queue: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Whose it is; tenants of a queue take turns. Default: none.", valueName: "name"),
        transform: NameText.tenant)
    var tenant: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "-10 to 10, higher first among the jobs of a tenant; a level is worth a minute of waiting. Default: 0.",
            valueName: "level"),
        transform: parsePriority)
    var priority: Priority?

    var isEmpty: Bool { queue == nil && tenant == nil && priority == nil }

    func apply(to options: inout EnqueueOptions) {
        if let queue { options.queue = queue }
        if let tenant { options.tenant = tenant }
        if let priority { options.priority = priority }
    }

    func apply(to options: inout StartOptions) {
        if let queue { options.queue = queue }
        if let tenant { options.tenant = tenant }
        if let priority { options.priority = priority }
    }

    private static func parsePriority(_ text: String) throws -> Priority {
        guard let priority = Int(text).flatMap(Priority.init) else {
            throw ArgumentProblem("it must be a number from -10 to 10")
        }
        return priority
    }
}
