import ArgumentParser
import Penstock

/// `penstock batch`: groups of jobs with an end of their own.
struct BatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batch", abstract: "Open a batch of jobs, seal it, look at it.",
        discussion: """
            A batch ends with its last member, once it is sealed; then its callbacks are enqueued.

              id=$(penstock batch open import --on-done report)
              penstock enqueue row --jsonl rows.jsonl --batch $id
              penstock batch seal $id
            """,
        subcommands: [BatchOpen.self, BatchSeal.self, BatchShow.self])
}

/// Ids of batches on the command line.
enum BatchText {
    static func parse(_ text: String) throws(ArgumentProblem) -> BatchID {
        guard let id = BatchID(text) else {
            throw ArgumentProblem(
                "an id of a batch is up to 64 letters, digits, - and _, as penstock batch open prints it")
        }
        return id
    }

    static let help = ArgumentHelp("The id of the batch, as penstock batch open prints it.", valueName: "batch")
}

struct BatchOpen: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "open", abstract: "Open a batch, and print its id.",
        discussion: "Callbacks are jobs with an empty payload in the queue of --queue; each is enqueued once.")

    @Argument(help: ArgumentHelp("A name for people. Default: none.", valueName: "name")) var name = ""

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Kind of a job to enqueue at the end, if every member completed.", valueName: "kind"),
        transform: NameText.kind)
    var onSuccess: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Kind of a job to enqueue when the first member has failed.", valueName: "kind"),
        transform: NameText.kind)
    var onFailure: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Kind of a job to enqueue at the end, in any case.", valueName: "kind"),
        transform: NameText.kind)
    var onDone: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The queue of the callbacks. Default: default.", valueName: "queue"),
        transform: NameText.queue)
    var queue = "default"

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The batch that it is a member of. Default: none.", valueName: "batch"),
        transform: BatchText.parse)
    var parent: BatchID?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How long it can be asked for after its end. Default: 1d.", valueName: "duration"),
        transform: DurationText.parsePositive)
    var retain: Duration = .seconds(86_400)

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        func callback(_ kind: String?) -> BatchOptions.Callback? {
            kind.map { .raw(kind: $0, payload: [], .init(queue: queue)) }
        }
        let options = BatchOptions(
            onSuccess: callback(onSuccess), onFailure: callback(onFailure), onDone: callback(onDone), retention: retain)
        let batch = try await Session.run(connection) { penstock in
            if let parent { return try await penstock.batch(parent).open(name, options) }
            return try await penstock.openBatch(name, options)
        }
        Console.write(connection.json ? JSONText.line(View(id: batch.id.rawValue)) : batch.id.rawValue)
    }

    private struct View: Encodable { let id: String }
}

struct BatchSeal: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "seal", abstract: "Let a batch end with its last member. Harmless when done again.")

    @Argument(help: BatchText.help, transform: BatchText.parse) var id: BatchID

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let status = try await Session.run(connection) { penstock in
            try await penstock.batch(id).seal()
            return try await penstock.batch(id).status()
        }
        BatchView(status).print(json: connection.json)
    }
}

struct BatchShow: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "How many members of a batch have succeeded, failed, and are left.",
        discussion: "Exit code 1 if it is not known: it never was, or ended longer ago than it is kept.")

    @Argument(help: BatchText.help, transform: BatchText.parse) var id: BatchID

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let status = try await Session.run(connection) { try await $0.batch(id).status() }
        BatchView(status).print(json: connection.json)
    }
}

/// A batch as it is printed.
private struct BatchView: Encodable {
    let id: String
    let name: String
    let state: String
    let total: Int
    let succeeded: Int
    let failed: Int
    let pending: Int
    let parent: String?
    let createdAt: String
    let endedAt: String?

    init(_ status: BatchStatus) {
        id = status.id.rawValue
        name = status.name
        state = status.ended != nil ? "ended" : status.isOpen ? "open" : "sealed"
        total = status.total
        succeeded = status.succeeded
        failed = status.failed
        pending = status.pending
        parent = status.parent?.rawValue
        createdAt = Moment.text(status.since)
        endedAt = status.ended.map(Moment.text)
    }

    func print(json: Bool) {
        if json {
            Console.write(JSONText.line(self))
            return
        }
        let title = name.isEmpty ? "" : " \"\(printable(name))\""
        Console.write(
            "batch \(id)\(title), \(state): \(HumanText.count(succeeded)) of \(HumanText.count(total)) succeeded, \(HumanText.count(failed)) failed, \(HumanText.count(pending)) left"
        )
    }
}
