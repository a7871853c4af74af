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
            "The input (of a state machine: the object), JSON; @FILE is a file, - is standard input. Default: {}.",
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
            valueName: "id"))
    var foreignID: String?

    @Option(
        name: .customLong("tag"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A word to find the run by; may be repeated, up to 16 times.", valueName: "word"))
    var tags: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Where workers look for its steps. Default: default.", valueName: "name"),
        transform: NameText.queue)
    var queue: String = "default"

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Whose run it is; tenants of a queue take turns. Default: none.", valueName: "name"),
        transform: NameText.tenant)
    var tenant: String = ""

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("-10 to 10, higher first among the jobs of a tenant. Default: 0.", valueName: "level"),
        transform: JobOptions.parsePriority)
    var priority: Priority = .normal

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Of a state machine: the status to start in. Default: its initial one.", valueName: "status"))
    var status: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Where to POST what becomes of the run and its steps; workers need a sender for it. Default: nowhere.",
            valueName: "url"))
    var callback: String?

    @Option(
        name: .customLong("attribute"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Sent along with each callback; may be repeated.", valueName: "name=value"),
        transform: HeaderArgument.init)
    var attributes: [HeaderArgument] = []

    @Flag(help: "Wait until the run has ended, and print its output.") var wait = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("With --wait: how long. Default: 1m.", valueName: "duration"),
        transform: DurationText.parsePositive)
    var timeout: Duration?

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func validate() throws {
        if callback == nil && !attributes.isEmpty { throw ValidationError("--attribute goes with --callback.") }
        if let callback, !callback.hasPrefix("https://"), !callback.hasPrefix("http://") {
            throw ValidationError("--callback: write a URL that begins with https:// or http://.")
        }
        var seen: Set<String> = []
        for attribute in attributes where !seen.insert(attribute.name).inserted {
            throw ValidationError("--attribute: \"\(attribute.name)\" is given twice; a callback has each once.")
        }
        if timeout != nil && !wait { throw ValidationError("--timeout goes with --wait.") }
    }

    func run() async throws {
        let bytes = try input.bytes(option: "--input")
        let options = StartOptions(
            queue: queue, tenant: tenant, priority: priority, foreignID: foreignID, tags: tags,
            callback: callback.map { url in
                RunCallback(url: url, attributes: Dictionary(attributes.map { ($0.name, $0.value) }) { $1 })
            },
            status: status)
        let (started, end) = try await Session.run(connection) { penstock in
            let started = try await penstock.start(workflow: workflow, version: version, input: bytes, options)
            guard wait else { return (View(started), nil as RunEnding?) }
            return (View(started), try await RunEnding.of(started.run, within: timeout ?? .seconds(60)))
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
