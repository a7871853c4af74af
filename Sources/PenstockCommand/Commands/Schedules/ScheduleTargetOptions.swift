import ArgumentParser
import Penstock

/// What a schedule starts: a job or a run of a workflow, with the options that `enqueue` and `run start` have for them. What
/// is not given stays as it is.
struct ScheduleTargetOptions: ParsableArguments {
    @Option(
        parsing: .unconditional, help: ArgumentHelp("Start a job of this kind.", valueName: "kind"),
        transform: NameText.kind)
    var kind: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Of the job, \(JSONArgument.help). Default: empty.", valueName: "json"),
        transform: JSONArgument.init)
    var payload: JSONArgument?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Start a run of this workflow instead.", valueName: "workflow"),
        transform: RunText.workflow)
    var workflow: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Which version of it. Default: at each tick the latest that is known.", valueName: "number"),
        transform: RunText.version)
    var workflowVersion: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Of the run (of a state machine: the object), \(JSONArgument.help). Default: {}.", valueName: "json"),
        transform: JSONArgument.init)
    var input: JSONArgument?

    @OptionGroup var lane: LaneOptions
    @OptionGroup var attempts: AttemptOptions
    @OptionGroup var limits: LimitKeyOptions
    @OptionGroup var told: RunOptions

    func validate() throws {
        let (ofJob, ofRun) = (ofJob, ofRun)
        if kind != nil && workflow != nil {
            throw ValidationError("--kind and --workflow exclude each other: a schedule starts jobs or runs.")
        }
        if let ofJob, let ofRun {
            throw ValidationError("\(ofJob) is about a job, \(ofRun) about a run: a schedule starts one of both.")
        }
    }

    var isEmpty: Bool { ofJob == nil && ofRun == nil && lane.isEmpty }

    /// The first option that is given and is about jobs only, if any is.
    private var ofJob: String? {
        kind.map { _ in "--kind" } ?? payload.map { _ in "--payload" } ?? attempts.given ?? limits.given
    }

    private var ofRun: String? {
        workflow.map { _ in "--workflow" } ?? workflowVersion.map { _ in "--workflow-version" }
            ?? input.map { _ in "--input" } ?? told.given
    }

    /// For a new schedule.
    func target(_ read: Given) throws(CommandFailure) -> ScheduleTarget {
        if let kind { return try change(.job(kind: kind, payload: []), read, of: "") }
        if let workflow { return try change(.workflow(workflow, input: Array("{}".utf8)), read, of: "") }
        throw .usage("Say what it starts: --kind KIND for a job, or --workflow WORKFLOW for a run.")
    }

    /// What is given, read before anything is connected to: files and standard input.
    struct Given: Sendable {
        let payload: [UInt8]?
        let input: [UInt8]?
    }

    func given() throws(CommandFailure) -> Given {
        Given(payload: try payload?.bytes(option: "--payload"), input: try input?.bytes(option: "--input"))
    }

    /// - Parameter name: of the schedule that starts `present`.
    func change(_ present: ScheduleTarget, _ read: Given, of name: String) throws(CommandFailure) -> ScheduleTarget {
        switch present {
        case .job(let known, let payload, var options):
            // From a job to a run nothing is taken along.
            if let workflow { return try change(.workflow(workflow, input: Array("{}".utf8)), read, of: name) }
            if let ofRun { throw .usage("\(ofRun) is about a run, and schedule \(name) starts jobs: add --workflow.") }
            lane.apply(to: &options)
            attempts.apply(to: &options)
            limits.apply(to: &options)
            return .job(kind: kind ?? known, payload: read.payload ?? payload, options)
        case .workflow(let known, let version, let input, var options):
            if let kind { return try change(.job(kind: kind, payload: []), read, of: name) }
            if let ofJob { throw .usage("\(ofJob) is about a job, and schedule \(name) starts runs: add --kind.") }
            lane.apply(to: &options)
            told.apply(to: &options)
            // A version belongs to its workflow.
            let kept = workflow == nil || workflow == known ? version : nil
            return .workflow(
                workflow ?? known, version: workflowVersion ?? kept, input: read.input ?? input, options)
        }
    }
}
