import ArgumentParser
import Penstock

struct RunStart: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Start a run of a workflow that a worker has made known.",
        discussion: """
            Prints the id of the run; with --wait its output instead, once it has ended. Exit code 1 if it then ended \
            otherwise than with success, or not in time.

            EXAMPLES
              penstock run start checkout --input '{"order":7}' --foreign-id order-7 --tag web
              penstock run start import --input @job.json --queue slow --wait --timeout 1h
              penstock run start sign-up --input '{"mail":"a@example.org"}' --status verifying
              penstock run start checkout --input - --callback https://example.org/hook --attribute shop=blue
            """)

    @Argument(
        help: ArgumentHelp("The workflow, as penstock workflow list shows it.", valueName: "workflow"),
        transform: RunText.workflow)
    var workflow: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The input (of a state machine: the object), \(JSONArgument.help). Default: {}.",
            valueName: "json"),
        transform: JSONArgument.init)
    var input = JSONArgument("{}")

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Which version. Default: the latest that is known.", valueName: "number"),
        transform: RunText.version)
    var version: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "An id from outside, of which the workflow has at most one live run: if there is one, its id is the answer. Default: none.",
            valueName: "id"),
        transform: RunText.foreignID)
    var foreignID: String?

    @OptionGroup var lane: LaneOptions

    @OptionGroup var told: RunOptions

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Of a state machine: the status to start in. Default: its initial one.", valueName: "status"))
    var status: String?

    @OptionGroup var wait: WaitOptions

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let bytes = try input.bytes(option: "--input")
        var options = StartOptions(foreignID: foreignID, status: status)
        lane.apply(to: &options)
        told.apply(to: &options)
        let settled = options
        let (started, end) = try await Session.run(connection) { penstock in
            let started = try await penstock.start(workflow: workflow, version: version, input: bytes, settled)
            guard let limit = wait.limit else { return (View(started), nil as RunEnding?) }
            return (View(started), try await RunEnding.of(started.run, within: limit))
        }
        if started.existing && !connection.json {
            Console.writeError("The foreign id has a live run: this is it.")
        }
        if let end { return try end.print(json: connection.json) }
        Console.write(connection.json ? JSONText.line(started) : started.id)
    }

    private struct View: Encodable {
        let id: String
        let existing: Bool

        init(_ started: (run: Run, isExisting: Bool)) {
            id = started.run.id.rawValue
            existing = started.isExisting
        }
    }
}
