import ArgumentParser
import Penstock

/// `penstock enqueue KIND`: one job from the command line or a file, or many from the lines of a file.
struct EnqueueCommand: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "enqueue",
        abstract: "Enqueue a job, or one for each line of a file.",
        discussion: """
            Prints the id of the job; with --jsonl a summary, and the ids only where --ids asks for them.

            EXAMPLES
              penstock enqueue send-welcome --queue mail --payload '{"user":42}'
              penstock enqueue resize --payload-file photo.jpg --retain 1h --timeout 30s
              penstock enqueue report --payload '{}' --at 2030-01-31T18:00
              penstock enqueue sync --limit account:42 --unique sync-42 --expires 10m
              penstock enqueue index --debounce doc-7 --debounce-wait 5s --debounce-at-most 1m
              zcat users.jsonl.gz | penstock enqueue import --jsonl - --key-prefix users-1
            """)

    @Argument(help: "What kind of job it is; workers choose by it.", transform: NameText.kind)
    var kind: String

    @OptionGroup(title: "Job") var job: JobOptions

    @OptionGroup(title: "Limits and unique keys") var limits: LimitOptions

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The payload, checked to be JSON unless --raw. Default: empty.", valueName: "json"))
    var payload: String?

    @Flag(help: "Send --payload, or each line of --jsonl, as it is, without checking that it is JSON.")
    var raw = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The payload is this file, byte for byte; - is standard input.", valueName: "file"))
    var payloadFile: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "A job for each line of this file of any size; - is standard input. Each line is JSON; blank ones are skipped.",
            valueName: "file"))
    var jsonl: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Idempotency key: within a day a second enqueue with the same key answers with the first job's id.",
            valueName: "key"),
        transform: NameText.key)
    var key: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "With --jsonl: line n gets the key PREFIX:n, so that running again enqueues nothing twice.",
            valueName: "prefix"),
        transform: NameText.key)
    var keyPrefix: String?

    @Flag(help: "With --jsonl: print the id of each job, one a line.")
    var ids = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Refuse to enqueue while Redis uses more than this share of its maxmemory, above 0 and up to 1. Default: none.",
            valueName: "share"),
        transform: parseMemoryMark)
    var memoryMark: Double?

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func validate() throws {
        let sources = [("--payload", payload), ("--payload-file", payloadFile), ("--jsonl", jsonl)].filter {
            $0.1 != nil
        }
        if sources.count > 1 {
            throw ValidationError("\(sources.map(\.0).joined(separator: " and ")) exclude each other: give one.")
        }
        if jsonl == nil && keyPrefix != nil {
            throw ValidationError("--key-prefix goes with --jsonl; did you mean --key?")
        }
        if jsonl == nil && ids { throw ValidationError("--ids goes with --jsonl.") }
        if jsonl != nil && key != nil {
            throw ValidationError("--key cannot stand for many jobs; with --jsonl use --key-prefix.")
        }
        try limits.check(delay: job.delay, at: job.at, key: key ?? keyPrefix, jsonl: jsonl != nil)
    }

    func run() async throws {
        if let jsonl {
            try await LineEnqueue(
                file: try InputFile(jsonl, option: "--jsonl"), kind: kind, options: job, limits: limits,
                keyPrefix: keyPrefix, checksJSON: !raw, printsIDs: ids, memoryMark: memoryMark, connection: connection
            ).run()
        } else {
            try await enqueueOne()
        }
    }

    private func enqueueOne() async throws {
        let payload = try payloadBytes()
        var options = job.options(key: key)
        limits.apply(to: &options)
        let settled = options
        let answer = try await Session.run(connection, memoryMark: memoryMark) { penstock in
            try await penstock.enqueue(kind: kind, payload: payload, settled)
        }
        if connection.json {
            Console.write(
                JSONText.line(
                    EnqueuedView(
                        id: answer.id.rawValue, duplicate: answer.isDuplicate,
                        confirmedReplicas: answer.confirmedReplicas)))
        } else {
            Console.write(answer.id.rawValue)
            if answer.isDuplicate {
                Console.writeError("The key was known: this is the id of the job that stands for it.")
            }
        }
    }

    private func payloadBytes() throws -> [UInt8] {
        if let payloadFile {
            return try InputFile(payloadFile, option: "--payload-file").readAll(limit: Self.largestPayload)
        }
        guard let payload else { return [] }
        let bytes = Array(payload.utf8)
        if !raw {
            do throws(JSONSyntax.Problem) {
                try JSONSyntax.check(bytes)
            } catch {
                throw CommandFailure.usage("--payload is not JSON: \(error). With --raw it is sent as it is.")
            }
        }
        return bytes
    }

    /// The library's default limit.
    static let largestPayload = Penstock.Configuration().largestPayload

    private struct EnqueuedView: Encodable {
        let id: String
        let duplicate: Bool
        let confirmedReplicas: Int?
    }

    private static func parseMemoryMark(_ text: String) throws -> Double {
        guard let share = Double(text), share > 0, share <= 1 else {
            throw ArgumentProblem("it must be a share above 0 and up to 1, such as 0.9")
        }
        return share
    }
}
