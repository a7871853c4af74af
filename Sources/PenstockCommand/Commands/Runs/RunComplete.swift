import ArgumentParser
import Penstock

struct RunComplete: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "complete", abstract: "End a long-running step from outside, with its output or as failed.",
        discussion: """
            The token is what the code of the step has handed on. It is good for one attempt of one step: exit code 1 if \
            that is over.

            EXAMPLES
              penstock run complete "$TOKEN" --output '{"file":"report.pdf"}'
              penstock run complete "$TOKEN" --fail "the printer is on fire"
            """)

    @Argument(help: ArgumentHelp("The token.", valueName: "token"), transform: RunText.token) var token: CompletionToken

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The step's output, \(JSONArgument.help). Default: null.", valueName: "json"),
        transform: JSONArgument.init)
    var output: JSONArgument?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Fail the step, with this reason.", valueName: "message"))
    var fail: String?

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func validate() throws {
        if output != nil && fail != nil { throw ValidationError("--output and --fail exclude each other: give one.") }
        if fail?.isEmpty == true { throw ValidationError("--fail: the message is empty; say why the step failed.") }
    }

    func run() async throws {
        let bytes = try (output ?? JSONArgument("null")).bytes(option: "--output")
        try await RunSteering.perform(connection, token.run) { run in
            if let fail {
                try await run.penstock.fail(token, fail)
            } else {
                try await run.penstock.complete(token, output: bytes)
            }
        }
    }
}
